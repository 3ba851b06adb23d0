"""Pairwise pseudonyms: the number by which one organisation knows a survivor that another keeps. Nothing is stored of them.

A number is her id, encrypted under a key of that organisation's own (AES-SIV, RFC 5297: deterministic and authenticated; keys by
HKDF, RFC 5869, from the deployment's secret). So it is always the same for one organisation, says nothing beside that of
another, and only the hub turns it back. It is written in the letters of Crockford's base 32, which are hard to mistake
(https://www.crockford.com/base32.html), with a check character by Luhn mod N.
"""

import base64
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
USE: Final = b"hub.exchange.pseudonyms|"
KEY: Final = 64  # bytes: AES-256 twice
GROUP: Final = 4
LONGEST: Final = 200

_STANDARD: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_WRITTEN: Final = bytes.maketrans(_STANDARD.encode(), ALPHABET.encode())
_PLACES: Final = bytes.maketrans(ALPHABET.encode(), bytes(range(len(ALPHABET))))
_DOUBLED: Final = bytes.maketrans(
    bytes(range(len(ALPHABET))), bytes(2 * n // len(ALPHABET) + 2 * n % len(ALPHABET) for n in range(len(ALPHABET)))
)
_READ: Final = str.maketrans(ALPHABET, _STANDARD)
_MISTAKEN: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_CANONICAL: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UUID, _TEXT = b"\0", b"\1"


class Pseudonyms:
    """Numbers of one deployment. `pepper`: its secret."""

    def __init__(self, pepper: bytes) -> None:
        self._pepper = pepper
        self._cipher = lru_cache(maxsize=1024)(self._derived)
        self.of = lru_cache(maxsize=16_384)(self._of)

    def __repr__(self) -> str:
        return "<Pseudonyms>"

    def _of(self, person: str, organization: str) -> str:
        """The number by which an organisation knows a person."""
        sealed = self._cipher(organization).encrypt(_packed(person), None)
        digits = base64.b32encode(sealed).rstrip(b"=").translate(_WRITTEN).decode()
        return "-".join(_groups(digits + check(digits)))

    def person(self, number: str, organization: str) -> str | None:
        """Whom this organisation knows by a number; None for what is no number of its own, whatever else it may be."""
        digits = number.upper().translate(_MISTAKEN) if len(number) <= LONGEST and number.isascii() else ""
        if len(digits) < 2 or not set(digits) <= set(ALPHABET) or check(digits[:-1]) != digits[-1]:
            return None
        body = digits[:-1].translate(_READ)
        try:
            sealed = base64.b32decode(body + "=" * (-len(body) % 8))
            return _unpacked(self._cipher(organization).decrypt(sealed, None))
        except (ValueError, InvalidTag):
            return None

    def _derived(self, organization: str) -> AESSIV:
        key = HKDF(SHA256(), KEY, None, USE + organization.encode()).derive(self._pepper)
        return AESSIV(key)


def check(digits: str) -> str:
    """The character after these, by which one wrong character is noticed, and nearly every two that changed places."""
    places = digits.encode("ascii").translate(_PLACES)
    total = sum(places[-2::-2]) + sum(places[::-2].translate(_DOUBLED))
    return ALPHABET[-total % len(ALPHABET)]


def _groups(digits: str) -> Iterator[str]:
    return (digits[start : start + GROUP] for start in range(0, len(digits), GROUP))


def _packed(person: str) -> bytes:
    """An id of ours is a UUID, of which 16 bytes are enough; others are written out."""
    if _CANONICAL.fullmatch(person):
        return _UUID + bytes.fromhex(person.replace("-", ""))
    return _TEXT + person.encode()


def _unpacked(packed: bytes) -> str:
    kind, rest = packed[:1], packed[1:]
    return str(UUID(bytes=rest)) if kind == _UUID else rest.decode()
