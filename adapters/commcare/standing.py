"""Which cases there are, so that one that is on the list no more is known to be deleted.

The API tells of no deletion: a deleted case is on no list any more, while one that was closed is, and says so. So every pull asks
for the bare lists, and where one is another than last time, tells all. A case that was forwarded is read before the server's
index has it: until the index has gone past it by far, it counts as there.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from adapters.commcare.cases import Case, instant
from hub.ports import Complete, Present

PATIENCE: Final = timedelta(hours=1)
AWAITED: Final = 5000  # at most, of a kind


class Standing:
    """By kind of record. `said`: what the last watermark held."""

    def __init__(self, kinds: Iterable[str], said: object) -> None:
        known = said if isinstance(said, Mapping) else {}
        awaited = known.get("awaited")
        told = awaited if isinstance(awaited, Mapping) else {}
        self._digest = known.get("listed")
        self._awaited = {kind: _moments(told.get(kind)) for kind in kinds}
        self._listed: Mapping[str, Mapping[str, str]] = {}

    def told(
        self, listed: Mapping[str, Mapping[str, str]], until: Mapping[str, datetime | None]
    ) -> Iterator[Present | Complete]:
        """`listed`: of each kind, when which case was indexed. `until`: what was indexed last, of what was read before."""
        self._listed = listed
        self._awaited = {kind: self._waiting(kind, until[kind]) for kind in listed}
        said = orjson.dumps(
            [listed, {kind: sorted(ids) for kind, ids in self._awaited.items()}], option=orjson.OPT_SORT_KEYS
        )
        digest = hashlib.sha256(said).hexdigest()[:20]
        if digest != self._digest:
            self._digest = digest
            for kind, ids in listed.items():
                yield Present(kind, tuple(sorted({*ids, *self._awaited[kind]})))
                yield Complete(kind)

    def _waiting(self, kind: str, until: datetime | None) -> dict[str, datetime]:
        known = {id_: moment for id_, moment in self._awaited[kind].items() if id_ not in self._listed[kind]}
        return {id_: moment for id_, moment in known.items() if until is None or until - moment < PATIENCE}

    def forwarded(self, kind: str, cases: Iterable[Case]) -> None:
        for case in cases:
            is_new = case.id not in self._listed.get(kind, {}) and len(self._awaited[kind]) < AWAITED
            if is_new and case.modified:
                self._awaited[kind][case.id] = case.modified

    def said(self) -> dict[str, Any]:
        awaited = {
            kind: {id_: moment.isoformat() for id_, moment in known.items()} for kind, known in self._awaited.items()
        }
        return {"listed": self._digest, "awaited": awaited}


def _moments(told: object) -> dict[str, datetime]:
    said = told.items() if isinstance(told, Mapping) else ()
    return {str(id_): moment for id_, one in said if (moment := instant(one)) is not None}
