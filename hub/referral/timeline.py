"""The course of a referral: from the versions of its Tasks, one event for each step, with how long it took. Pure.

https://hl7.org/fhir/R4/task.html#statemachine. Whose step it is follows from the state machine: where only one side may take it,
it is that side's, and the hub's where it says so itself. What the machine leaves open is not guessed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from hub.fhir import Resource
from hub.fhir.instants import span
from hub.fhir.references import reference
from hub.fhir.tasks import REFERRAL, kind, party
from hub.referral.calendars import Calendar, working_time
from hub.referral.machine import business_status
from hub.referral.requests import machine_of
from hub.referral.stages import OVERDUE
from hub.referral.transitions import HUB_ALONE

Verbs = Mapping[str, Mapping[str, str]]
"""What a Task asks for → status → the verb of the step that leads there."""

HUB: Final = "hub"
BY_THE_HUB: Final = frozenset({"consent-withdrawn", "timeout"})
"""Reasons that the hub alone gives."""
LATE: Final[Mapping[str, str]] = {
    **dict.fromkeys(OVERDUE.values(), "referral.overdue"), "escalated": "referral.escalate",
}  # fmt: skip


REMINDS: Final = frozenset({"referral.remind", "referral.overdue", "referral.escalate"})
"""Verbs of what may leave a Task as it was."""
_FIRST: Final = frozenset({"referral.remind"})
"""Of what happened at one moment."""


@dataclass(frozen=True, repr=False)
class Event:
    """`who`: a reference, `HUB`, or "" where it is not known. `to`: who was told. `reasons`: why, in codes alone. `took` and
    `worked`: since the step before it of the same Task, by the clock and in working time."""

    at: datetime
    about: str
    action: tuple[str, str]
    who: str = ""
    to: tuple[str, ...] = ()
    status: str = ""
    business: str = ""
    reasons: tuple[Resource, ...] = ()
    took: timedelta | None = None
    worked: timedelta | None = None


@dataclass(frozen=True, repr=False)
class Version:
    """A Task as it was from a moment on, cut to what may be seen of it."""

    task: Resource
    written: datetime

    @property
    def at(self) -> datetime:
        """When the act was, which the hub says in the Task itself; else when it was written."""
        return span(self.task["lastModified"])[0] if "lastModified" in self.task else self.written


def steps(versions: Sequence[Version], verbs: Verbs, system: str, calendar: Calendar) -> Iterator[Event]:
    """The events of one Task, from its versions in their order. `system`: of the verbs."""
    before: Version | None = None
    moved: datetime | None = None
    for version in versions:
        verb = _verb(before.task if before else None, version.task, verbs)
        if verb:
            event = _event(before.task if before else None, version, (system, verb))
            yield _timed(event, moved, calendar) if _moves(before, version) else event
        if _moves(before, version):
            moved = version.at
        before = version


def ordered(course: Iterable[Event], trail: Iterable[Event]) -> tuple[Event, ...]:
    """All in the order in which it happened. `trail`: what the audit trail tells; of it is taken that somebody was reminded, and
    who took a step of which the machine leaves that open."""
    found = {(event.at, event.about, event.action): event for event in course}
    for event in trail:
        key = event.at, event.about, event.action
        if known := found.get(key):
            found[key] = replace(known, who=known.who or event.who, to=event.to)
        elif event.action[1] in REMINDS:
            found[key] = event
    return tuple(sorted(found.values(), key=lambda one: (one.at, one.action[1] not in _FIRST)))


def _moves(before: Version | None, after: Version) -> bool:
    return before is None or before.task.get("status") != after.task.get("status")


def _timed(event: Event, since: datetime | None, calendar: Calendar) -> Event:
    if since is None:
        return event
    return replace(event, took=event.at - since, worked=working_time(calendar, since, event.at))


def _verb(before: Resource | None, after: Resource, verbs: Verbs) -> str:
    """ "" for a version in which nothing changed that is told, and for Tasks of another kind."""
    asks = kind(after)
    if asks not in verbs or "status" not in after:
        return ""
    if before is None or before.get("status") != after["status"]:
        claimed = before is not None and not party(before, "owner") and party(after, "owner")
        return "referral.claim" if claimed else verbs[asks].get(after["status"], "")
    if business_status(before) != business_status(after):
        return LATE.get(business_status(after), "referral.update")
    return "referral.update" if asks == REFERRAL and _says(before) != _says(after) else ""


def _says(task: Resource) -> tuple[object, ...]:
    return tuple(task.get(name) for name in ("priority", "restriction", "input", "output"))


def _event(before: Resource | None, version: Version, action: tuple[str, str]) -> Event:
    task = version.task
    reason = task.get("statusReason") if before is None or before.get("status") != task["status"] else None
    return Event(
        version.at,
        reference(task),
        action,
        who=_who(before, task),
        status=task["status"],
        business=business_status(task),
        reasons=tuple([{"coding": reason["coding"]}] if reason and "coding" in reason else []),
    )


def _who(before: Resource | None, after: Resource) -> str:
    """Whose step it is; "" where the machine leaves it open."""
    if _by_the_hub(before, after):
        return HUB
    if before is None:
        return party(after, "requester")
    machine = machine_of(after)
    edge = machine.edges.get((before["status"], after["status"])) if machine else None
    sides = {"owner" if one == "claimant" else one for one in edge.actors} - {"hub"} if edge else set()
    return party(after, sides.pop()) if len(sides) == 1 else ""


def _by_the_hub(before: Resource | None, after: Resource) -> bool:
    said = business_status(after)
    if before is not None and before.get("status") == after["status"]:
        return said in HUB_ALONE and said != business_status(before)
    codes = {coding.get("code") for coding in after.get("statusReason", {}).get("coding", ())}
    return before is not None and bool(codes & BY_THE_HUB)
