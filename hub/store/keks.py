"""Key-encryption keys: what the data keys in the database are wrapped with. They are kept outside it.

The first wraps, all of them unwrap: during a rotation there are two. They are read again when they have changed, so that a
running server follows. A provider that never hands its key out (KMIP, a cloud's KMS) would take the place of this module.
https://www.mongodb.com/docs/manual/core/csfle/fundamentals/keys-key-vaults/
"""

import os
from collections.abc import Callable, Sequence
from typing import Final

from hub.errors import BAD_FILE, SECRET_MISSING, HubError
from hub.ports import Kek

VARIABLE: Final = "IHALA_KEK"
FILE: Final = "secrets/kek"


def written(text: str) -> Sequence[Kek]:
    """The keys of a text, one a line or between commas. Raises HubError(BAD_FILE) without a word of them."""
    try:
        return tuple(Kek.of(one) for one in text.replace(",", "\n").split())
    except ValueError:
        pass
    raise HubError(BAD_FILE, place=FILE, detail="kek")


class Keks:
    """`read` gives their text as it is now, and is asked whenever a key is needed: it should cost little."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._text = ""
        self._known: Sequence[Kek] = ()

    @classmethod
    def of_environment(cls) -> "Keks":
        return cls(lambda: os.environ.get(VARIABLE, ""))

    def current(self) -> Kek:
        """Raises HubError(SECRET_MISSING)."""
        found = self._all()
        if not found:
            raise HubError(SECRET_MISSING, name="kek", env=VARIABLE, file=FILE)
        return found[0]

    def find(self, id_: str) -> Kek | None:
        return next((one for one in self._all() if one.id == id_), None)

    def _all(self) -> Sequence[Kek]:
        text = self._read()
        if text != self._text:
            self._known, self._text = written(text), text
        return self._known
