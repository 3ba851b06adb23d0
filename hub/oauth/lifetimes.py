"""How long what people sign in with lasts. A deployment may set it (`[people]` in `hub.toml`); the access token's is fixed.

https://profiles.ihe.net/ITI/IUA/index.html: a code at most 5 minutes, an access token 5 minutes recommended.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

ACCESS: Final = timedelta(seconds=300)
CODE: Final = timedelta(seconds=60)
INVITATION: Final = timedelta(hours=48)


@dataclass(frozen=True)
class Lifetimes:
    """`idle`: without being used; `most`: in all, however much it is used."""

    session_idle: timedelta = timedelta(minutes=30)
    session_most: timedelta = timedelta(hours=8)
    refresh_idle: timedelta = timedelta(hours=8)
    refresh_most: timedelta = timedelta(hours=8)
