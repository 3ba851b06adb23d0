"""Export: all that a client may see, as lists first and as lines when they are fetched.

https://hl7.org/fhir/uv/bulkdata/export.html. An export keeps which documents its client saw, and how much of each, never what
stands in them. Whoever fetches a file asks `disclose` again: where less of any line is seen than when it was listed, the file is
void, and nothing of it is given. A document that changed since is given as it is now.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qsl

from hub import errors
from hub.errors import HubError
from hub.exchange import Hub, View, deletions, disclose
from hub.fhir.issues import Issue
from hub.fhir.query import Query
from hub.fhir.references import split
from hub.fhir.serial import loads
from hub.ports import Caller, Export, Kind, Line, Part, Scan, Wanted, Within
from hub.search import parse

LEASE: Final = timedelta(seconds=60)
LONGEST: Final = timedelta(days=1)
SETTLES: Final = timedelta(seconds=20)
"""A commit is stamped when it begins, and may take so long: who asks for what changed since a time before it misses none."""

WAIT_S: Final = 30
"""What a client is told to wait where it has too many under way."""

Narrowings = Callable[[frozenset[str]], tuple[Within, ...]]


def begin(wanted: Wanted, caller: Caller, *, hub: Hub, issues: Sequence[Issue] = ()) -> Export:
    """A new export. Raises TOO_OFTEN where the client has too many under way: of several that begin at once, all may be."""
    now = hub.clock.now()
    exports = hub.store.exports
    exports.forget_old(now)
    stripped = replace(caller, within=(), request="")
    export = Export(hub.ids.new(), stripped, wanted, now, now + LONGEST, issues=tuple(issues))
    exports.begin(export)
    if exports.running(caller.client, now) > hub.exports.running:
        exports.forget(export.id)
        raise HubError(errors.TOO_OFTEN, text="exports.too-many", wait=str(WAIT_S))
    return export


def members(group: str, caller: Caller, *, hub: Hub) -> frozenset[str]:
    """The persons of a Group, in the caller's view of it. Raises NOT_FOUND."""
    seen = loads(disclose.read("Group", group, caller, hub=hub).text)
    entities = (one["entity"] for one in seen.get("member", ()) if "entity" in one and not one.get("inactive"))
    targets = (split(entity.get("reference", "")) for entity in entities)
    return frozenset(id_ for type_, id_ in targets if type_ == "Patient")


def find(id_: str, caller: Caller, *, hub: Hub) -> Export:
    """An export for whoever began it. Raises NOT_FOUND: for everybody else it never was."""
    export = hub.store.exports.find(id_, hub.clock.now())
    if export is None or _who(export.caller) != _who(caller):
        raise HubError(errors.NOT_FOUND)
    return export


def _who(caller: Caller) -> tuple[str, str, str]:
    return caller.client, caller.organization, caller.practitioner


def cancel(export: Export, *, hub: Hub) -> None:
    hub.store.exports.forget(export.id)


def advance(narrowings: Narrowings, *, hub: Hub, id_: str = "") -> int | None:
    """One step of this export, or of the one that has waited longest: how many lines it found; None where there is none to do.

    `narrowings`: what scopes narrow a caller to.
    """
    now = hub.clock.now()
    export = hub.store.exports.lease(now, now + LEASE, id_)
    if export is None:
        return None
    caller = replace(export.caller, within=narrowings(export.caller.scopes))
    done, lines = _step(export, caller, hub)
    hub.store.exports.save(done, lines, hub.clock.now())
    return len(lines)


def _step(export: Export, caller: Caller, hub: Hub) -> tuple[Export, tuple[Line, ...]]:
    """The next file, after however many stages in which there is nothing; or the end."""
    wanted, limit = export.wanted, hub.exports.lines
    while export.place < len(wanted.stages):
        kind, type_ = wanted.stages[export.place]
        scan = Scan(limit, export.after, wanted.since, export.at, wanted.of_people, wanted.persons)
        if kind == "deleted":
            lines = deletions.listed(type_, caller, scan, hub=hub)
        else:
            lines = disclose.listed(tuple(queries(type_, wanted)), caller, scan, hub=hub)
        is_last = len(lines) < limit
        place, after = (export.place + 1, "") if is_last else (export.place, lines[-1].id)
        export = replace(export, place=place, after=after)
        if lines:
            part = Part(hub.ids.new(), type_, len(lines), kind)
            return replace(export, parts=(*export.parts, part)), lines
    issues = (*export.issues, *_not_found(wanted, caller, hub))
    return replace(export, state="done", until=hub.clock.now() + hub.exports.lifetime, issues=issues), ()


def _not_found(wanted: Wanted, caller: Caller, hub: Hub) -> Iterator[Issue]:
    """Of those who were named, whom the caller does not see: hidden, absent, or no member, which look the same."""
    if not wanted.patients:
        return
    scan = Scan(len(wanted.patients), ids=wanted.patients, persons=wanted.persons)
    seen = {line.id for line in disclose.listed((Query("Patient"),), caller, scan, hub=hub)}
    for number, patient in enumerate(wanted.patients):
        if patient not in seen:
            path = f"Parameters.parameter.where(name='patient')[{number}]"
            yield Issue("error", "not-found", errors.NOT_FOUND.text, path)


def queries(type_: str, wanted: Wanted) -> Iterator[Query]:
    """What one of which must be met. Raises BAD_PARAMETER, UNKNOWN_PARAMETER."""
    for text in wanted.filters.get(type_, ("",)):
        query, _ = parse(type_, parse_qsl(text, keep_blank_values=True), strict=True, base=wanted.base)
        yield query


def fetch(export: Export, number: int, caller: Caller, *, hub: Hub) -> tuple[View, ...]:
    """The resources of a file, counted from 1. Raises NOT_FOUND, or EXPORT_VOID where it may not be given any more."""
    part = _part(export, number, "output")
    lines = hub.store.exports.lines(part)
    seen = disclose.again(part.type, lines, caller, hub=hub) if len(lines) == part.count else None
    if seen is None:
        raise HubError(errors.EXPORT_VOID)
    return seen


def fetch_deleted(export: Export, number: int, caller: Caller, *, hub: Hub) -> tuple[str, ...]:
    """References to what is deleted. What was brought back since is left out. Raises NOT_FOUND."""
    part = _part(export, number, "deleted")
    return deletions.again(part.type, hub.store.exports.lines(part), caller, hub=hub)


def _part(export: Export, number: int, kind: Kind) -> Part:
    if export.state != "done" or not 0 < number <= len(export.parts) or export.parts[number - 1].kind != kind:
        raise HubError(errors.NOT_FOUND)
    return export.parts[number - 1]
