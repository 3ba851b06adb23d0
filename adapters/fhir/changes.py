"""How far a server was read: the instant of the last Task, and what was seen around it.

Servers show what they have stored a little later, and several Tasks can have one instant. So each pull asks again for the
seconds before, and passes over the versions that it has seen.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hub.errors import Retriable
from hub.ports import Watermark

REMEMBERED: Final = 2000
"""More than these are read again and found unchanged by the hub."""


@dataclass
class Mark:
    """`seen`: the digest of a version → when it came to be. `asked`: from when on this pull asks, and what it must not forget."""

    signature: str
    overlap: timedelta
    instant: datetime | None = None
    seen: dict[str, datetime] = field(default_factory=dict)
    asked: datetime | None = None

    @classmethod
    def of(cls, since: Watermark | None, signature: str, overlap: int) -> "Mark":
        """From the beginning where the watermark is of other settings, or of none that is known."""
        mark = cls(signature, timedelta(seconds=overlap))
        said, _, rest = (since.value if since else "").partition(" ")
        if said == signature:
            try:
                instant, *seen = rest.split(" ")
                mark.seen = {one[:16]: _when(one[17:]) for one in seen}
                mark.instant = _when(instant)
                mark.asked = mark.instant - mark.overlap
            except ValueError:
                return cls(signature, timedelta(seconds=overlap))
        return mark

    def since(self) -> str | None:
        """From when on to ask."""
        return (self.instant - self.overlap).isoformat(timespec="milliseconds") if self.instant else None

    @property
    def far(self) -> datetime | None:
        """How far earlier pulls have read: what they saw beside Tasks counts where it lies well behind the last Task."""
        last = max(self.seen.values(), default=None)
        return last if last and self.instant and last > self.instant + self.overlap else self.instant

    def take(self, version: str, at: datetime) -> bool:
        """Whether it is new."""
        key = hashlib.sha256(version.encode("utf-8", "replace")).hexdigest()[:16]
        if key in self.seen:
            return False
        self.seen[key] = at
        return True

    def reach(self, at: datetime) -> None:
        self.instant = max(at, self.instant or at)

    def watermark(self) -> Watermark | None:
        if self.instant is None:
            return None
        least = self.instant - self.overlap
        kept = sorted(((at, key) for key, at in self.seen.items() if at >= least), reverse=True)[:REMEMBERED]
        if self.asked is None:
            self.seen = {key: at for at, key in kept}
        told = " ".join(f"{key}@{at.isoformat()}" for at, key in sorted(kept))
        return Watermark(f"{self.signature} {self.instant.isoformat()}{' ' if told else ''}{told}")


def stamp(resource: Mapping[str, Any]) -> datetime:
    """`meta.lastUpdated`. Raises Retriable: who does not say when something changed cannot be asked what did."""
    meta = resource.get("meta")
    try:
        return _when(str(meta["lastUpdated"] if isinstance(meta, Mapping) else ""))
    except (ValueError, KeyError):
        raise Retriable("adapters.fhir-not-understood") from None


def _when(told: str) -> datetime:
    found = datetime.fromisoformat(told)
    if found.tzinfo is None:
        raise ValueError
    return found.astimezone(UTC)
