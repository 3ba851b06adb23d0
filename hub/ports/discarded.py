"""Records in quarantine that somebody decided not to try any more."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Discarded:
    """When, for which reason (a code), and until when that can be undone: then what the record said is deleted."""

    at: datetime
    reason: str
    until: datetime


@dataclass(frozen=True)
class Discard:
    """A record in quarantine is discarded, or (None) no longer. `seen`: when it was set aside, by which it is known that nothing
    became of it meanwhile. `listed`: the ledger knows the record; of an answer it does not."""

    key: str
    seen: datetime
    listed: bool
    discarded: Discarded | None
