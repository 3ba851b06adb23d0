"""Disclose: the only door through which a resource leaves. Each caller gets its own view, and every look is recorded.

Hidden equals absent: the predicate is part of the query, so a hidden resource is not found, not counted and not paged. What
is found is cut to the data classes whose keys the caller holds. The AuditEvent is durable before the answer leaves.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, lru_cache

from hub import errors
from hub.consent.actors import marks
from hub.consent.keys import PUBLIC, held, opened, own, permitted_by
from hub.errors import HubError
from hub.exchange import Hub, Page, Part, View
from hub.exchange.chains import followed
from hub.exchange.denial import Look, explain
from hub.exchange.includes import gather
from hub.exchange.trace import record, record_each
from hub.fhir.definitions import Profile, load
from hub.fhir.excerpt import excerpt, is_whole
from hub.fhir.query import Include, Query
from hub.fhir.serial import dumps
from hub.ports import Caller, Found, Kept, Line, Narrowed, Scan, Stored, Visible
from hub.search import classes as classes_read
from hub.search.numbers import resolved, resolved_matches
from hub.search.parameters import PARAMETERS

ALL = frozenset({"*"})
IN_THE_DIRECTORY = frozenset({"directory"})
EVERY_TYPE = frozenset(PARAMETERS)


def read(type_: str, id_: str, caller: Caller, *, hub: Hub, reach: str = "read") -> View:
    """The caller's view of one resource; HubError(NOT_FOUND) when it is absent or hidden, which look the same.

    `reach`: by which interaction its token must reach it, `update` for what is to be changed.
    """
    now = hub.clock.now()
    visible = _visible(type_, caller, now)
    narrowed = _narrowed(type_, reach, caller, hub)
    found = hub.store.read(type_, id_, _within(visible, narrowed))
    if found is None:
        is_gone = known_gone(type_, id_, caller, hub=hub) is not None and not narrowed
        record(hub, caller, now, "read", [explain(type_, id_, caller, visible, hub)])
        raise HubError(errors.GONE if is_gone else errors.NOT_FOUND)
    if found.person:
        record(hub, caller, now, "read", _looks((found,), caller, now))
    return view(found, caller, now, hub=hub)


def known_gone(type_: str, id_: str, caller: Caller, *, hub: Hub) -> Stored | None:
    """The version that says that a resource is deleted: who kept it knows, to all others it is as absent as what never was."""
    gone = hub.store.gone(type_, id_, caller.organization)
    reached = gone and (not caller.bound or Kept(gone.person or "", gone.custodian or "") in caller.bound)
    return gone if reached else None


def search(query: Query, caller: Caller, *, hub: Hub, types: Container[str] = EVERY_TYPE) -> Page:
    """One page of what the caller may see, and the total if it is told. A parameter reads a class: without its key, no match.

    `types`: those that its token reaches, and so may be included.
    """
    asking = Asking(caller, hub.clock.now(), hub)
    ready = followed(asking.numbered(query), asking.ids)
    return asking.page(asking.found(ready), query.includes, types)


def search_all(queries: Sequence[Query], caller: Caller, *, hub: Hub, types: Container[str] = EVERY_TYPE) -> Page:
    """The same over several types, the last change first. Page, count and includes are those of the first query."""
    asking = Asking(caller, hub.clock.now(), hub)
    ready = [followed(asking.numbered(query), asking.ids) for query in queries]
    found = hub.store.search_all([(query, asking.reaching(query)) for query in ready])
    return asking.page(found, queries[0].includes, types)


@dataclass(frozen=True)
class Asking:
    """One caller's search at one moment: each query that it takes, be it a step of a chain, carries what the caller may see."""

    caller: Caller
    now: datetime
    hub: Hub

    def numbered(self, query: Query) -> Query:
        return resolved(query, _numbers_of(self.caller, self.hub))

    def reaching(self, query: Query) -> Visible:
        visible = _visible(query.type, self.caller, self.now, query)
        return _within(visible, _narrowed(query.type, "search", self.caller, self.hub))

    def ids(self, query: Query, limit: int, through: tuple[str, str] | None) -> tuple[str, ...]:
        ready = self.numbered(query)
        return self.hub.store.ids(ready, self.reaching(ready), limit, through)

    def found(self, query: Query) -> Found:
        return self.hub.store.search(query, self.reaching(query))

    def seen(self, stored: Stored) -> View:
        return view(stored, self.caller, self.now, hub=self.hub)

    def page(self, found: Found, includes: Sequence[Include], types: Container[str]) -> Page:
        along = gather(found.page, includes, types, self) if includes else ()
        looks = _looks((*found.page, *along), self.caller, self.now) or [Look()]
        record(self.hub, self.caller, self.now, "search", looks)
        return Page(found.total, tuple(map(self.seen, found.page)), found.after, tuple(map(self.seen, along)))


def everything(person: str, asked: Sequence[Query], caller: Caller, *, hub: Hub, count: int, after: str = "") -> Part:
    """A page of what the caller may see of one survivor, type by type; HubError(NOT_FOUND) where her own record is hidden from
    it. Of "": of each survivor whom it may see, one after the other."""
    if person:
        read("Patient", person, caller, hub=hub)
    now = hub.clock.now()
    wanted = [(query, _searched(query, caller, now, hub)) for query in asked]
    if person:
        found = hub.store.gather(wanted, count, after, person=person)
    else:
        found = hub.store.gather_all(wanted, count, after, patients=_searched(Query("Patient"), caller, now, hub))
    record(hub, caller, now, "search", _looks(found.page, caller, now) or [Look()])
    return Part(found.total, tuple(view(stored, caller, now, hub=hub) for stored in found.page), found.after)


def choose(
    queries: Iterable[Query], choice: Callable[[Sequence[View]], Sequence[View]], caller: Caller, *, hub: Hub
) -> tuple[View, ...]:
    """The views that `choice` takes of those that these queries find: what it judges by is what the caller may see, only what it
    takes leaves, and only that look is recorded."""
    now = hub.clock.now()
    found: dict[tuple[str, str], Stored] = {}
    for query in (resolved(query, _numbers_of(caller, hub)) for query in queries):
        page = hub.store.search(query, _searched(query, caller, now, hub)).page
        found |= {(stored.type, stored.id): stored for stored in page}
    chosen = tuple(choice([view(stored, caller, now, hub=hub) for stored in found.values()]))
    taken = tuple(found[one.type, one.id] for one in chosen)
    record(hub, caller, now, "search", _looks(taken, caller, now) or [Look()])
    return chosen


def _searched(query: Query, caller: Caller, now: datetime, hub: Hub) -> Visible:
    return _within(_visible(query.type, caller, now, query), _narrowed(query.type, "search", caller, hub))


def listed(asked: Sequence[Query], caller: Caller, scan: Scan, *, hub: Hub) -> tuple[Line, ...]:
    """What the caller may see of one type that meets one of these queries: which documents, and what classes of each."""
    now = hub.clock.now()
    queries = [resolved(query, _numbers_of(caller, hub)) for query in asked]
    narrowed = _narrowed(queries[0].type, "search", caller, hub)
    found = hub.store.scan([(one, _within(_visible(one.type, caller, now, one), narrowed)) for one in queries], scan)
    record(hub, caller, now, "operation", _looks(found, caller, now))
    return tuple(Line(one.id, one.version, _allowed(one, caller, now)) for one in found)


def again(type_: str, lines: Sequence[Line], caller: Caller, *, hub: Hub) -> tuple[View, ...] | None:
    """The present views of what was listed before; None where the caller sees less of any of them than then."""
    now = hub.clock.now()
    visible = _visible(type_, caller, now)
    seen = Query(type_), _within(visible, _narrowed(type_, "search", caller, hub))
    scan = Scan(limit=len(lines), ids=tuple(line.id for line in lines))
    found = {stored.id: stored for stored in hub.store.scan([seen], scan)}
    lost = next((line.id for line in lines if _sees_less(line, found.get(line.id), caller, now)), None)
    if lost is not None:
        record(hub, caller, now, "operation", [explain(type_, lost, caller, visible, hub)])
        return None
    record(hub, caller, now, "operation", _looks(tuple(found.values()), caller, now))
    return tuple(view(found[line.id], caller, now, hub=hub) for line in lines)


def _sees_less(line: Line, stored: Stored | None, caller: Caller, now: datetime) -> bool:
    if stored is None:
        return True
    allowed = _allowed(stored, caller, now)
    return allowed is not ALL and not line.classes <= allowed


def reach(type_: str, interaction: str, caller: Caller, now: datetime, *, hub: Hub) -> Visible:
    """The predicate of what a caller may see of a type, by the scopes that its token has for this interaction."""
    return _within(_visible(type_, caller, now), _narrowed(type_, interaction, caller, hub))


def look(found: Iterable[Stored], caller: Caller, now: datetime, interaction: str, *, hub: Hub) -> None:
    """Record that this was looked at, before it leaves."""
    found = tuple(found)
    looks = _looks(found, caller, now)
    if looks or not found:  # nobody's record was among what was found; that nothing was found is a look
        record(hub, caller, now, interaction, looks or [Look()])


def look_each(found: Iterable[tuple[Caller, Iterable[Stored]]], now: datetime, interaction: str, *, hub: Hub) -> None:
    """The same of several callers in one commit: nothing of one for whom nothing was found."""
    looks = [(caller, look) for caller, those in found for look in _looks(tuple(those), caller, now)]
    record_each(hub, looks, now, interaction)


def deny(type_: str, id_: str, caller: Caller, now: datetime, interaction: str, *, hub: Hub) -> None:
    """Record that nothing was found, and why: the same work whether it is hidden or never was."""
    record(hub, caller, now, interaction, [explain(type_, id_, caller, _visible(type_, caller, now), hub)])


def view(stored: Stored, caller: Caller, now: datetime, *, hub: Hub) -> View:
    """The document cut to what the caller's open keys cover."""
    allowed = _allowed(stored, caller, now)
    text = stored.text if allowed is ALL else _cut(stored, allowed, caller, hub)
    return View(stored.type, stored.id, stored.version, stored.at, text)


def foresee(stored: Stored, caller: Caller, now: datetime, *, hub: Hub) -> View | None:
    """What a read would answer if this document were stored so: its view, or None where it would be hidden."""
    visible = _visible(stored.type, caller, now)
    is_open = any(
        key.grant in visible.grants and key.since <= now < key.until and key.unless.isdisjoint(visible.marks)
        for key in stored.keys
    )
    return view(stored, caller, now, hub=hub) if is_open else None


def _cut(stored: Stored, allowed: frozenset[str], caller: Caller, hub: Hub) -> str:
    """What is left of a survivor's record goes by the reader's own number, never by her keeper's code."""
    if is_whole(stored.kept, stored.type, stored.id, allowed):
        return stored.text
    number = hub.pseudonyms.of(stored.id, caller.organization) if stored.type == "Patient" else ""
    left = excerpt(stored.opened(allowed), allowed, number)
    return stored.text if left is None else dumps(left)


def _numbers_of(caller: Caller, hub: Hub) -> Callable[[str], str | None]:
    return lambda number: hub.pseudonyms.person(number, caller.organization)


def _allowed(stored: Stored, caller: Caller, now: datetime) -> frozenset[str]:
    open_now = [key for key in stored.keys if key.since <= now < key.until]
    grants = {key.grant for key in open_now}
    if own(caller.organization) in grants:
        return ALL
    if PUBLIC in grants:
        return IN_THE_DIRECTORY
    return opened(open_now, caller.organization, caller.purpose, _marks(caller), now)


def _visible(type_: str, caller: Caller, now: datetime, query: Query | None = None) -> Visible:
    """Documents whose own class the caller holds, and each class that the query reads in them: of a type with several profiles
    both are asked by profile."""
    first, *others = (
        Visible(
            _held(caller, frozenset({own_class})),
            now,
            tuple(_held(caller, frozenset({name})) for name in sorted(asked)),
            names,
            marks=_marks(caller),
        )
        for (own_class, asked), names in _needs(type_, query).items()
    )
    return replace(first, others=tuple(others), bound=caller.bound) if others or caller.bound else first


def _held(caller: Caller, classes: frozenset[str]) -> frozenset[str]:
    return _held_by(caller.organization, caller.purpose, classes, _marks(caller))


_held_by = lru_cache(maxsize=4096)(held)


def _marks(caller: Caller) -> frozenset[str]:
    return marks(caller.practitioner, caller.roles)


_Needs = Mapping[tuple[str, frozenset[str]], frozenset[str]]
"""A document's own class and the others that a query reads in it → the profiles of the type for which this is so."""


def _needs(type_: str, query: Query | None) -> _Needs:
    if query is None or not (query.matches or query.sort):
        return _own_needs(type_)
    return _by_need(type_, lambda profile: classes_read(query, profile.name) - {profile.base_class})


@cache
def _own_needs(type_: str) -> _Needs:
    return _by_need(type_, lambda _: frozenset())


def _by_need(type_: str, read: Callable[[Profile], frozenset[str]]) -> _Needs:
    meant = load().for_type(type_)
    if meant is None:
        return {("custodian", frozenset()): frozenset()}
    needs: dict[tuple[str, frozenset[str]], frozenset[str]] = {}
    for profile in load().of_type(type_):
        need = (profile.base_class, read(profile))
        names = {profile.name, ""} if profile is meant else {profile.name}  # "": stored before the name was kept
        needs[need] = needs.get(need, frozenset()) | names
    return needs


def _narrowed(type_: str, reach: str, caller: Caller, hub: Hub) -> tuple[Narrowed, ...]:
    """What a granular scope matches, by the same rules as a search: also that a match reads data classes, by profile."""
    within = [match for one in caller.within if (one.type, one.interaction) == (type_, reach) for match in one.any_of]
    any_of = [resolved_matches(type_, matches, _numbers_of(caller, hub)) for matches in within]
    return tuple(
        Narrowed(
            matches,
            tuple(_held(caller, frozenset({name})) for name in sorted(asked)),
            names if len(needs) > 1 else frozenset(),
        )
        for matches in any_of
        for needs in (_needs(type_, Query(type_, matches)),)
        for (_, asked), names in needs.items()
    )


def _within(visible: Visible, narrowed: tuple[Narrowed, ...]) -> Visible:
    return replace(visible, narrowed=narrowed) if narrowed else visible


def _looks(page: tuple[Stored, ...], caller: Caller, now: datetime) -> list[Look]:
    """One look per person present in the results, with the Consents or review Tasks that its keys followed from."""
    by_person: dict[tuple[str, str | None], list[Stored]] = {}
    for stored in page:
        if stored.person:
            by_person.setdefault((stored.person, stored.custodian), []).append(stored)
    return [
        Look(person, tuple(f"{one.type}/{one.id}" for one in found), custodian, under=_under(found, caller, now))
        for (person, custodian), found in by_person.items()
    ]


def _under(found: Iterable[Stored], caller: Caller, now: datetime) -> tuple[str, ...]:
    """Nothing permits an organisation to see what it keeps itself: it is its own."""
    asked = (caller.organization, caller.purpose, _marks(caller), now)
    others = (one for one in found if one.custodian != caller.organization)
    return tuple(dict.fromkeys(reason for one in others for reason in permitted_by(one.keys, *asked)))
