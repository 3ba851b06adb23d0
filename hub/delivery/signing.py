"""Signatures of what is posted to others, as Standard Webhooks say (pure): the receiver knows that it comes from this hub, has
not been changed, is not old, and whether it had it before.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

PREFIX: Final = "whsec_"
LENGTHS: Final = range(24, 65)  # bytes of a secret
TOLERANCE: Final = timedelta(minutes=5)
VERSION: Final = "v1"


def secret(random: bytes) -> str:
    """A secret as both sides write it. Raises ValueError for one that is too short or too long."""
    if len(random) not in LENGTHS:
        raise ValueError("no secret")
    return PREFIX + base64.b64encode(random).decode("ascii")


def signed(id_: str, at: datetime, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of one message. `id_`: the same at every attempt; `at`: of this attempt. `secrets`: the present one first, and,
    while it takes the place of another, that one too: the receiver knows at least one of them."""
    if not secrets:
        raise ValueError("no secret")
    stamp = str(int(at.timestamp()))
    signatures = " ".join(f"{VERSION},{_signature(id_, stamp, body, one)}" for one in secrets)
    return {"webhook-id": id_, "webhook-timestamp": stamp, "webhook-signature": signatures}


def is_signed(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> bool:
    """What a receiver does. `headers`: by small letters."""
    id_, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (id_ and stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        return False
    if abs(int(now.timestamp()) - int(stamp)) > TOLERANCE.total_seconds():
        return False
    wanted = [f"{VERSION},{_signature(id_, stamp, body, one)}".encode() for one in secrets]
    given = headers.get("webhook-signature", "").encode().split(b" ")
    return any(hmac.compare_digest(one, other) for one in wanted for other in given)


def _signature(id_: str, stamp: str, body: bytes, written: str) -> str:
    if "." in id_:
        raise ValueError("an id without dots, or another message could be signed by it")
    content = f"{id_}.{stamp}.".encode() + body
    return base64.b64encode(hmac.new(_key(written), content, hashlib.sha256).digest()).decode("ascii")


def _key(written: str) -> bytes:
    """Raises ValueError, which does not quote it."""
    try:
        found = base64.b64decode(written.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("no secret") from None
    if len(found) not in LENGTHS:
        raise ValueError("no secret")
    return found
