"""Deletions in an export: what a caller's own organisation kept and has deleted since, and nobody else's.

https://hl7.org/fhir/uv/bulkdata/export.html#deletions. To all others a deletion looks as a withdrawal does:
they are told of neither.
"""

from collections.abc import Sequence

from hub.exchange import Hub, disclose
from hub.exchange.versions import of_its_keeper, past
from hub.ports import Caller, Line, Scan, Stored


def listed(type_: str, caller: Caller, scan: Scan, *, hub: Hub) -> tuple[Line, ...]:
    """What of one type is deleted."""
    return tuple(Line(one.id, one.version, frozenset()) for one in _deleted(type_, caller, scan, hub))


def again(type_: str, lines: Sequence[Line], caller: Caller, *, hub: Hub) -> tuple[str, ...]:
    """References to what was listed before and is still deleted."""
    scan = Scan(limit=len(lines), ids=tuple(line.id for line in lines))
    return tuple(f"{type_}/{one.id}" for one in _deleted(type_, caller, scan, hub))


def _deleted(type_: str, caller: Caller, scan: Scan, hub: Hub) -> tuple[Stored, ...]:
    now = hub.clock.now()
    mine = past(type_, "search", caller, now, hub)
    found = hub.store.deletions(mine, scan) if mine.keeper else ()
    if found:
        disclose.look(map(of_its_keeper, found), caller, now, "operation", hub=hub)
    return found
