"""How far a form was read, so that the next pull asks for what came or changed since and misses nothing.

A submission has the moment it was sent in and, once it was edited or reviewed, that of its last change. Both are those of the
server's database, in which a change may become visible a little after its moment: so each pull goes back by OVERLAP, and what it
has seen there is remembered by a digest. No moment after the beginning of a pull is taken as reached: an edit during the
pull of what was read already is found by the next.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hub.ports import Watermark

OVERLAP: Final = timedelta(minutes=5)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Mark:
    """`reached`: all changes before are read. `seen`: digests of those in the overlap. `deleted`: what the server told as
    deleted, with the moment it was sent in. Of an interrupted pull: `sent`: what was sent in before is read; `until`: when
    it began; `high`: the latest change that it met."""

    reached: str = ""
    seen: frozenset[str] = frozenset()
    deleted: Mapping[str, str] = field(default_factory=dict)
    sent: str = ""
    until: str = ""
    high: str = ""

    @property
    def condition(self) -> str:
        """What is still to be read, in OData's words. It is made of moments only: quotes cannot be escaped in a filter."""
        parts = []
        if since := _back(self.reached):
            parts.append(f"(__system/submissionDate ge {since} or __system/updatedAt ge {since})")
        if self.sent:
            parts.append(f"__system/submissionDate ge {self.sent}")
        return " and ".join(parts)

    def through(self, page: Sequence[Row], now: datetime | None) -> "Mark":
        """After a page. `now`: the server's clock when the pull began; without one no more is reached than before."""
        until = self.until or (written(now) if now else self.reached)
        high = max(self.high, *map(changed, page))
        return replace(self, sent=max(self.sent, sent(page[-1])), high=high, until=until)

    @property
    def is_within_a_pull(self) -> bool:
        """Whether it comes from a pull that was interrupted."""
        return bool(self.sent)

    def is_far_from(self, before: str) -> bool:
        """Whether so much was reached since that it is worth a watermark of its own."""
        return _back(self.reached) > before

    def ended(self, rows: Iterable[tuple[str, str]]) -> "Mark":
        """After the last page. `rows`: moment and digest of every submission that was read."""
        reached = max(self.reached, min(self.high, self.until))
        since = _back(reached)
        return Mark(reached, frozenset(digest for moment, digest in rows if moment >= since), self.deleted)


def sent(row: Row) -> str:
    """When it was sent in, as all moments here are written, so that they can be compared as text."""
    return written(row["__system"].get("submissionDate"))


def changed(row: Row) -> str:
    """When it was last changed."""
    return max(sent(row), written(row["__system"].get("updatedAt")))


def digest(row: Row) -> str:
    """Of the state in which a submission was read."""
    system = row["__system"]
    said = [row["__id"], *(system.get(name) for name in ("updatedAt", "edits", "reviewState", "status"))]
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()[:12]


def written(moment: object) -> str:
    """In UTC and milliseconds; "" for what is no moment."""
    if isinstance(moment, datetime):
        parsed = moment
    else:
        try:
            parsed = datetime.fromisoformat(str(moment))
        except ValueError:
            return ""
    parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    try:
        return parsed.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except OverflowError:
        return ""


def remembered(since: Watermark | None, terms: str) -> Mark:
    """What the watermark says; nothing when it was written under other terms (another form, other settings)."""
    try:
        said = json.loads(since.value) if since else {}
    except ValueError:
        return Mark()
    if not isinstance(said, dict) or said.get("terms") != terms:
        return Mark()
    return Mark(said["reached"], frozenset(said["seen"]), said["deleted"], said["sent"], said["until"], said["high"])


def watermark(mark: Mark, terms: str) -> Watermark:
    said = {"terms": terms, "reached": mark.reached, "seen": sorted(mark.seen), "deleted": dict(mark.deleted)}
    said |= {"sent": mark.sent, "until": mark.until, "high": mark.high}
    return Watermark(json.dumps(said, sort_keys=True))


def _back(moment: str) -> str:
    if not moment:
        return ""
    try:
        return written(datetime.fromisoformat(moment) - OVERLAP)
    except OverflowError:
        return ""
