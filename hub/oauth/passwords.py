"""Passwords: long rather than odd, kept as argon2id.

https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver ·
https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id (46 MiB, one pass, one lane: many at
once do not exhaust the server). To check the password of somebody who does not exist costs the same.
"""

import unicodedata
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.oauth.vault import new_secret

SHORTEST: Final = 12
LONGEST: Final = 128
_HASHER: Final = PasswordHasher(time_cost=1, memory_cost=47104, parallelism=1)


def flaw(password: str, name: str) -> str:
    """What is wrong with a new password: `short`, `long`, `name`, or ""."""
    told = _spelled(password)
    if len(told) < SHORTEST or len(set(told)) < 5:
        return "short"
    if len(told) > LONGEST:
        return "long"
    return "name" if name.casefold() in told.casefold() else ""


def hashed(password: str) -> str:
    return _HASHER.hash(_spelled(password))


def matches(password: str, kept: str) -> bool:
    """False, after the same work, where nothing is kept."""
    try:
        right = _HASHER.verify(kept or _nobodys(), _spelled(password)[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return right and bool(kept)


def _spelled(password: str) -> str:
    """One letter can be typed as one code point or as two, depending on the keyboard."""
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys() -> str:
    return _HASHER.hash(new_secret())
