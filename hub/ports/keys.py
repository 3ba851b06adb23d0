"""Keys of what is encrypted."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

KEK_LENGTH = 96


@dataclass(frozen=True)
class Kek:
    """A key-encryption key. Its id says nothing of it, and stands beside each data key that it wraps."""

    id: str
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, text: str) -> "Kek":
        """As it is written in the deployment's secrets: base64 of 96 bytes. Raises ValueError."""
        secret = b64decode(text, validate=True)
        if len(secret) != KEK_LENGTH:
            raise ValueError("not a key-encryption key")
        return cls(f"k{sha256(secret).hexdigest()[:16]}", secret)


@dataclass(frozen=True)
class KeyProof:
    """What can be said of a data key without giving it away: its UUID, and the SHA-256 of its bytes."""

    id: str
    fingerprint: str


class DataKeys(Protocol):
    """The data keys in the database, for those who look after them."""

    def wrapped(self) -> Mapping[str, int]:
        """How many data keys each key-encryption key wraps, by its id."""

    def rewrap(self) -> int:
        """Wrap some that the current one does not wrap yet, and say how many: 0 when nothing is left to do."""


class KeyEncryption(Protocol):
    """The key-encryption keys as they are now: asked at each use, since they may be rotated while the hub runs."""

    def current(self) -> Kek:
        """The one that wraps new data keys."""

    def find(self, id_: str) -> Kek | None:
        """One that unwraps."""
