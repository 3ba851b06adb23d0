"""The second factor: six digits from an application on a phone, each good once; and recovery codes for a lost phone.

RFC 6238 §5.2: a code is accepted one step (30 s) early or late, and never twice.
"""

import base64
import hmac
import secrets
import unicodedata
from datetime import datetime
from typing import Final

import pyotp

from hub.oauth import vault

STEP_S: Final = 30
ISSUER: Final = "Ihala"
RECOVERY_CODES: Final = 10
_SIZE: Final = 20  # bytes: RFC 4226 §4
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # no two that look alike
_NOBODYS: Final = base64.b32encode(secrets.token_bytes(_SIZE)).decode()


def from_invitation(secret: str, pepper: bytes) -> str:
    """The secret that an invitation offers: the same each time that its page is shown, and kept nowhere until it is taken."""
    digest = vault.keyed(vault.key(pepper, "hub.oauth.second_factor.offer"), secret)
    return base64.b32encode(bytes.fromhex(digest)[:_SIZE]).decode()


def address(secret: str, account: str) -> str:
    """What an application on the phone is set up with (`otpauth:`)."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=ISSUER)


def sealed(secret: str, account: str, pepper: bytes) -> bytes:
    return vault.seal(secret.encode(), vault.key(pepper, "hub.oauth.second_factor"), account)


def unsealed(kept: bytes, account: str, pepper: bytes) -> str:
    """Somebody's who does not exist where nothing is kept, so that the same work is done."""
    return vault.unseal(kept, vault.key(pepper, "hub.oauth.second_factor"), account).decode() or _NOBODYS


def step_of(code: str, secret: str, now: datetime) -> int | None:
    """The step whose code this is; None where it is none of now."""
    asked, here = plain(code), int(now.timestamp()) // STEP_S
    generator = pyotp.TOTP(secret, interval=STEP_S)
    found = [
        step
        for step in (here - 1, here, here + 1)
        if hmac.compare_digest(generator.generate_otp(step).encode(), asked.encode())
    ]
    return found[-1] if found else None


def new_recovery_codes() -> list[str]:
    """Each with 59 random bits."""
    return [
        "-".join("".join(secrets.choice(_ALPHABET) for _ in range(6)) for _ in range(2)) for _ in range(RECOVERY_CODES)
    ]


def recovery_hash(code: str, account: str, pepper: bytes) -> str:
    return vault.keyed(vault.key(pepper, "hub.oauth.recovery"), account, plain(code))


def plain(code: str) -> str:
    """As it was meant: Arabic digits as Latin ones, without blanks and hyphens."""
    folded = unicodedata.normalize("NFKC", code)[:64]
    return "".join(_letter(letter) for letter in folded if letter not in " -‐–").casefold()


def _letter(letter: str) -> str:
    return str(unicodedata.digit(letter)) if letter.isdigit() else letter
