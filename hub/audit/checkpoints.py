"""Checkpoints: the ends of all chains at one moment, signed by the hub and numbered. What they have seen can no longer be
cut off or written anew; kept outside the database, not even by someone who owns it.

JWS, https://www.rfc-editor.org/rfc/rfc7515, with ES256, https://www.rfc-editor.org/rfc/rfc7518#section-3.4
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from hub.audit.canonical import canonical
from hub.audit.chain import GENESIS
from hub.fhir.instants import instant
from hub.ports import Head

ALGORITHM: Final = "ES256"
EVERY: Final = 1000  # events
OLDEST: Final = timedelta(hours=1)


class Unsigned(ValueError):  # noqa: N818 — said of a text
    """This is no checkpoint that one of the keys has signed."""


@dataclass(frozen=True)
class Checkpoint:
    """`previous`: hash of the checkpoint before. `unchained`: the events from before the chains, counted and hashed in order."""

    number: int
    at: datetime
    heads: Mapping[int, Head] = field(default_factory=dict)
    unchained: Head = GENESIS
    previous: str = ""

    @property
    def events(self) -> int:
        return sum(head.sequence for head in self.heads.values())


def is_due(last: Checkpoint | None, heads: Mapping[int, Head], now: datetime) -> bool:
    """After so many events; after a while when there was any."""
    events = sum(head.sequence for head in heads.values())
    since = events - (last.events if last else 0)
    return since >= EVERY or (since > 0 and (last is None or now - last.at >= OLDEST))


def new_key() -> dict[str, Any]:
    """A new private key with a `kid` of its own."""
    key = ECKey.generate_key("P-256", auto_kid=True)
    return dict(key.as_dict(private=True, use="sig", alg=ALGORITHM))


def sign(checkpoint: Checkpoint, key: Mapping[str, Any]) -> str:
    """One line of text."""
    told = {
        "number": checkpoint.number,
        "at": instant(checkpoint.at),
        "previous": checkpoint.previous,
        "unchained": [checkpoint.unchained.sequence, checkpoint.unchained.hash],
        "heads": {str(shard): [head.sequence, head.hash] for shard, head in checkpoint.heads.items()},
    }
    private = ECKey.import_key(dict(key))
    header = {"alg": ALGORITHM, "kid": key["kid"]}
    return jws.serialize_compact(header, canonical(told), private, algorithms=[ALGORITHM])


def hash_of(line: str) -> str:
    return sha256(line.encode()).hexdigest()


def read(line: str, keys: Iterable[Mapping[str, Any]]) -> Checkpoint:
    """The checkpoint that a line holds. Raises Unsigned unless one of the keys has signed it."""
    try:
        kid = jws.extract_compact(line.encode()).headers()["kid"]
        key = next(key for key in keys if key["kid"] == kid)
        verified = jws.deserialize_compact(line, ECKey.import_key(dict(key)), algorithms=[ALGORITHM])
        return _checkpoint(orjson.loads(verified.payload))
    except (JoseError, ValueError, LookupError, TypeError, AttributeError, StopIteration):
        raise Unsigned from None


def _checkpoint(told: Mapping[str, Any]) -> Checkpoint:
    return Checkpoint(
        number=told["number"],
        at=datetime.fromisoformat(told["at"]),
        heads={int(shard): Head(*head) for shard, head in told["heads"].items()},
        unchained=Head(*told["unchained"]),
        previous=told["previous"],
    )


def known(checkpoints: Iterable[Checkpoint]) -> dict[int, dict[int, str]]:
    """Chain → place → hash, as told by all of them."""
    places: dict[int, dict[int, str]] = {}
    for checkpoint in checkpoints:
        for shard, head in checkpoint.heads.items():
            places.setdefault(shard, {})[head.sequence] = head.hash
    return places
