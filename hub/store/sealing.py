"""Values encrypted as MongoDB's drivers do it, so that any of them reads what is written here, given the keys.

AEAD_AES_256_CBC_HMAC_SHA_512-Random, BSON binary subtype 6:
https://github.com/mongodb/specifications/blob/master/source/bson-binary-encrypted/binary-encrypted.md
https://datatracker.ietf.org/doc/html/draft-mcgrew-aead-aes-cbc-hmac-sha2-05. Written with `cryptography` because a value costs
8 µs so and 50 through libmongocrypt; a test holds both to the same bytes.
"""

import hmac
import os
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from bson.binary import Binary
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.hmac import HMAC

from hub.errors import KEY_UNREADABLE, HubError

SUBTYPE: Final = 6
KEY_LENGTH: Final = 96
_RANDOM: Final = b"\x02"
_STRING: Final = b"\x02"  # BSON's type of what is encrypted
_HEAD: Final = 18  # algorithm, key, type
_IV: Final = 16
_BLOCK: Final = 16
_TAG: Final = 32
_PADDING: Final = [bytes([rest]) * rest for rest in range(_BLOCK, 0, -1)]
"""By how much stands in the last block."""


class Unreadable(HubError):  # noqa: N818 — said of a value
    """Not encrypted with this key, or changed since. Nothing of it is quoted."""

    def __init__(self) -> None:
        super().__init__(KEY_UNREADABLE)


class _Chance:
    """Random bytes, drawn from the system in blocks: one call costs as much for four kilobytes as for sixteen bytes."""

    def __init__(self) -> None:
        self._own = threading.local()

    def take(self, count: int) -> bytes:
        drawn: bytes = getattr(self._own, "drawn", b"")
        if len(drawn) < count or self._own.process != os.getpid():  # a forked process must not repeat them
            drawn, self._own.process = os.urandom(4096), os.getpid()
        self._own.drawn = drawn[count:]
        return drawn[:count]


_chance: Final = _Chance()
random_bytes: Final = _chance.take


@dataclass(frozen=True)
class DataKey:
    """`id`: the 16 bytes of its UUID. `material`: the 96 bytes that a driver makes a data key of."""

    id: bytes
    material: bytes = field(repr=False)

    @cached_property
    def encryption(self) -> "Encryption":
        """Ready for all that is encrypted while the key is at hand, and gone with it."""
        return Encryption(self.material)

    def seal(self, text: str) -> Binary:
        return Seal(self).seal(text)

    def open(self, sealed: bytes) -> str:
        """Raises Unreadable."""
        head = sealed[:_HEAD]
        if head != _RANDOM + self.id + _STRING:
            raise Unreadable
        return _decrypt(self.material, sealed[_HEAD:], head)[4:-1].decode()


class Seal:
    """A data key made ready for the many values of one act."""

    __slots__ = ("_encryption", "_head")

    def __init__(self, key: DataKey) -> None:
        self._head = _RANDOM + key.id + _STRING
        self._encryption = key.encryption

    def seal(self, text: str) -> Binary:
        raw = text.encode()
        value = (len(raw) + 1).to_bytes(4, "little") + raw + b"\0"
        return Binary(self._head + self._encryption.of(value, self._head), SUBTYPE)


def key_of(sealed: bytes) -> bytes:
    """The id of the data key that a value was encrypted with."""
    return sealed[1:17]


def wrap(kek: bytes, material: bytes) -> bytes:
    """A data key's material under a key-encryption key, as the `local` provider of the drivers does it."""
    return Encryption(kek).of(material)


def unwrap(kek: bytes, wrapped: bytes) -> bytes:
    """Raises Unreadable."""
    return _decrypt(kek, wrapped, b"")


class Encryption:
    """96 bytes of key, ready to encrypt one value after the other: to make a cipher costs more than to use it. Threads share it.

    The chain of blocks is never ended, so before each value goes a block of chance. As a cipher is a permutation, what comes
    out for it is as random as what went in, and is the initialization vector of what follows.
    """

    __slots__ = ("_hash", "_turn", "_update")

    def __init__(self, key: bytes) -> None:
        self._hash = HMAC(key[:32], SHA512())
        self._update = Cipher(algorithms.AES(key[32:64]), modes.CBC(random_bytes(_IV))).encryptor().update
        self._turn = threading.Lock()

    def of(self, plain: bytes, head: bytes = b"") -> bytes:
        whole = random_bytes(_IV) + plain + _PADDING[len(plain) % _BLOCK]
        with self._turn:
            body = self._update(whole)
        hash_ = self._hash.copy()
        hash_.update(_signed(head, body))
        return body + hash_.finalize()[:_TAG]


def _decrypt(key: bytes, whole: bytes, head: bytes) -> bytes:
    body, tag = whole[:-_TAG], whole[-_TAG:]
    if len(body) < _IV + _BLOCK or len(body) % _BLOCK or not hmac.compare_digest(tag, _tag(key, head, body)):
        raise Unreadable
    cipher = Cipher(algorithms.AES(key[32:64]), modes.CBC(body[:_IV])).decryptor()
    plain = cipher.update(body[_IV:]) + cipher.finalize()
    return plain[: -plain[-1]]


def _tag(key: bytes, head: bytes, body: bytes) -> bytes:
    return hmac.digest(key[:32], _signed(head, body), "sha512")[:_TAG]


def _signed(head: bytes, body: bytes) -> bytes:
    return head + body + (len(head) * 8).to_bytes(8, "big")
