"""Tell: which of what has happened each listener may know at this moment. An id, a version and a verb; nothing of a record.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/payloads.html#id-only. A search would find the same: what a listener may not
see now is not told, and is not missed, since nothing counts what was left out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.exchange import Hub, disclose
from hub.fhir.query import Query
from hub.fhir.references import split
from hub.ports import Caller, Happened, Scan, Stored, Visible


@dataclass(frozen=True)
class Listening:
    """Who wants to know, and of which types."""

    caller: Caller
    types: frozenset[str]

    def wants(self, row: Happened) -> bool:
        return row.recipient in {"", self.caller.organization} and split(row.reference)[0] in self.types


@dataclass(frozen=True)
class Told:
    """`asked`: the moment at which consent was."""

    row: Happened
    version: int
    at: datetime
    asked: datetime


def tell(rows: Sequence[Happened], to: Iterable[Listening], *, hub: Hub) -> dict[Listening, list[Told]]:
    """By whoever may know something. Every look is recorded, all in one commit, before this returns: one for each person and
    system, however many tokens listen in its name."""
    now = hub.clock.now()
    wanted = {one: [row for row in rows if one.wants(row)] for one in to}
    seen = _seen({one: wanted[one] for one in wanted if wanted[one]}, now, hub)
    told = {one: list(_told(wanted[one], seen.get(_nameless(one), {}), now)) for one in wanted}
    return {one: those for one, those in told.items() if those}


def _told(rows: Iterable[Happened], seen: Mapping[str, Stored], now: datetime) -> Iterator[Told]:
    for row in rows:
        if stored := seen.get(row.reference):
            yield Told(row, row.version or stored.version, row.at or stored.at, now)


def _nameless(one: Listening) -> Listening:
    """Of the same system or person by another token the same is true."""
    return replace(one, caller=replace(one.caller, token=""))


def _seen(
    wanted: Mapping[Listening, Sequence[Happened]], now: datetime, hub: Hub
) -> dict[Listening, dict[str, Stored]]:
    """What each of them may see, by reference."""
    each = {_nameless(one): one for one in wanted}
    types = sorted({split(row.reference)[0] for rows in wanted.values() for row in rows})
    found: dict[Listening, dict[str, Stored]] = {one: {} for one in each}
    for type_ in types:
        ids = {one: _ids(type_, wanted[named]) for one, named in each.items()}
        for one, possible in _possible(type_, ids, now, hub):
            stored = _scanned(type_, possible, disclose.reach(type_, "search", one.caller, now, hub=hub), hub)
            found[one] |= {f"{type_}/{document.id}": document for document in stored}
    disclose.look_each([(each[one].caller, those.values()) for one, those in found.items()], now, "operation", hub=hub)
    return found


def _ids(type_: str, rows: Iterable[Happened]) -> tuple[str, ...]:
    references = dict.fromkeys(row.reference for row in rows)
    return tuple(id_ for found, id_ in map(split, references) if found == type_)


def _possible(
    type_: str, ids: Mapping[Listening, tuple[str, ...]], now: datetime, hub: Hub
) -> Iterator[tuple[Listening, tuple[str, ...]]]:
    """For whom it is worth to ask, and about which: one query tells on which each could hold a key, so that of hundreds who
    listen the few whom it concerns are asked about exactly."""
    grants = {one: _grants(disclose.reach(type_, "search", one.caller, now, hub=hub)) for one in ids}
    every = tuple(dict.fromkeys(id_ for some in ids.values() for id_ in some))
    there = _scanned(type_, every, Visible(frozenset[str]().union(*grants.values()), now), hub)
    keys = {document.id: {key.grant for key in document.keys} for document in there}
    for one, some in ids.items():
        if possible := tuple(id_ for id_ in some if not grants[one].isdisjoint(keys.get(id_, ()))):
            yield one, possible


def _grants(visible: Visible) -> frozenset[str]:
    return visible.grants.union(*(other.grants for other in visible.others))


def _scanned(type_: str, ids: tuple[str, ...], visible: Visible, hub: Hub) -> tuple[Stored, ...]:
    return hub.store.scan([(Query(type_), visible)], Scan(limit=len(ids), ids=ids)) if ids else ()
