"""How far the cases of one type were read, by `indexed_on`, which the server's documentation recommends.

The server's clocks differ a little, so that each pull begins some minutes before the end of the last one. What was read there
already is remembered, as digests of case and moment, and is not read again.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.commcare.cases import Case, instant
from adapters.commcare.standing import Standing
from hub.ports import Watermark

OVERLAP: Final = timedelta(minutes=5)
REMEMBERED: Final = 5000  # at most; what is forgotten is read again, and found unchanged


class Progress:
    """Of one type of case."""

    def __init__(self, said: object) -> None:
        known = said if isinstance(said, Mapping) else {}
        seen = known.get("seen")
        self.until = instant(known.get("until"))
        self._before = frozenset(one for one in seen if isinstance(one, str)) if isinstance(seen, list) else frozenset()
        self._met: dict[str, datetime] = {}
        self._last: datetime | None = None
        self.is_ordered = True

    @property
    def since(self) -> datetime | None:
        """From when to ask; None: from the beginning."""
        try:
            return self.until - OVERLAP if self.until else None
        except OverflowError:
            return None

    def meet(self, case: Case) -> bool:
        """Whether this case, at this moment of it, was not read before."""
        assert case.indexed is not None
        self.is_ordered &= self._last is None or case.indexed >= self._last
        self._last = case.indexed
        self.until = max(self.until or case.indexed, case.indexed)
        change = f"{case.id} {case.indexed.isoformat()}".encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(change).hexdigest()[:16]
        is_new = digest not in self._before and digest not in self._met
        self._met[digest] = case.indexed
        return is_new

    def end(self) -> None:
        """All was met that there is."""
        self._before = frozenset()

    def said(self) -> dict[str, Any]:
        since = self.since
        recent = [digest for digest, moment in self._met.items() if since is None or moment >= since][-REMEMBERED:]
        self._met = {digest: self._met[digest] for digest in recent}
        return {"until": self.until.isoformat() if self.until else None, "seen": sorted({*recent, *self._before})}


def remembered(since: Watermark | None, terms: str) -> Mapping[str, Any]:
    """What the watermark holds; nothing when it was written under other terms (another project space, other settings)."""
    try:
        said = json.loads(since.value) if since else {}
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) and said.get("terms") == terms else {}


def watermark(terms: str, forwarded: str, passes: Mapping[str, Progress], standing: Standing) -> Watermark:
    """`forwarded`: the number of the last that was read of those that were forwarded."""
    said = {kind: one.said() for kind, one in passes.items()}
    return Watermark(json.dumps({"terms": terms, "forwarded": forwarded, "standing": standing.said(), **said}))
