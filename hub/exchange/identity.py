"""How source records and persons are recognised again without keeping their source identifiers in clear."""

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.exchange import Hub


def fingerprint(pepper: bytes, *parts: str) -> str:
    """A keyed hash of a source id or business identity: equal for equal parts, unreadable without the deployment's secret."""
    return hmac.digest(pepper, "\x1f".join(parts).encode(), "sha256").hex()


def record_key(connection: str, kind: str, id_: str, *, hub: "Hub") -> str:
    """Under which the ledger knows a source record."""
    return fingerprint(hub.pepper, connection, kind, id_)
