"""Keys that follow from the pepper of a deployment, one for each use, and what is encrypted with them.

HKDF, https://www.rfc-editor.org/rfc/rfc5869 · AES-GCM with a random nonce in front, NIST SP 800-38D.
"""

import hashlib
import hmac
import os
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE: Final = 12


def key(pepper: bytes, use: str) -> bytes:
    """32 bytes that tell nothing of the pepper, nor of the key of another use."""
    return HKDF(SHA256(), 32, salt=None, info=use.encode()).derive(pepper)


def seal(plain: bytes, key_: bytes, of: str) -> bytes:
    """`of`: whose it is; it cannot be opened as another's."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key_).encrypt(nonce, plain, of.encode())


def unseal(sealed: bytes, key_: bytes, of: str) -> bytes:
    """b"" where it cannot be opened: another's, changed, or sealed under another pepper."""
    try:
        return AESGCM(key_).decrypt(sealed[:_NONCE], sealed[_NONCE:], of.encode())
    except (InvalidTag, ValueError):
        return b""


def new_secret() -> str:
    """256 random bits, in 43 characters that any URL, cookie or form takes."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """What is kept of such a secret. It is random and long: one unsalted hash cannot be turned back."""
    return hashlib.sha256(secret.encode()).hexdigest()


def keyed(key_: bytes, *of: str) -> str:
    """What is kept in the place of texts that could be guessed. Lengths stand in it: no two lists of texts are one text."""
    text = "|".join(f"{len(one)}:{one}" for one in of)
    return hmac.digest(key_, text.encode(), hashlib.sha256).hex()
