"""Timeline: what happened to one referral, as whoever asks may see it: its Tasks, what was asked about it, to whom it was passed
on, messages and reminders.

The same keys decide as everywhere: what the caller may not see is not there, and what it sees is cut to its classes before
anything is worked out of it. https://hl7.org/fhir/R4/task.html
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import Final

from hub.exchange import Hub, disclose, versions
from hub.exchange.change.referral import VERBS
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.instants import span
from hub.fhir.query import Match, Query, Token
from hub.fhir.references import reference, split
from hub.fhir.serial import loads
from hub.fhir.tasks import asked_of, kind, passed_on_from
from hub.ports import Caller, Stored, Versions
from hub.referral.stages import Window, run, stage, window
from hub.referral.timeline import HUB, Event, Version, ordered, steps

ACTIONS: Final = code_system("audit-action")
TOLD: Final = tuple(
    dict.fromkeys(
        ["referral.remind", "referral.overdue", "referral.escalate", "referral.claim"]
        + [verb for of_kind in VERBS.values() for verb in of_kind.values()]
    )
)
"""Verbs of the trail that a timeline tells."""
IN_THE_TRAIL: Final = Match("subtype", "token", tuple(Token(ACTIONS, verb) for verb in TOLD))
ALONG: Final = ("Task", "Communication", "AuditEvent")
MOST: Final = 500


@dataclass(frozen=True, repr=False)
class Due:
    """What a Task waits for, since when, and until when it should have come."""

    about: str
    window: Window


@dataclass(frozen=True, repr=False)
class Course:
    """`events`: in the order in which they happened. `due`: of those that are not over."""

    events: tuple[Event, ...]
    due: tuple[Due, ...]


def timeline(task: str, caller: Caller, *, hub: Hub, types: Collection[str] = ALONG) -> tuple[Event, ...]:
    """The events alone."""
    return course(task, caller, hub=hub, types=types).events


def course(task: str, caller: Caller, *, hub: Hub, types: Collection[str] = ALONG) -> Course:
    """Raises NOT_FOUND or GONE, as a read does. `types`: those that its token reaches, and so may be told of."""
    disclose.read("Task", task, caller, hub=hub)
    asking = disclose.Asking(caller, hub.clock.now(), hub)
    seen = [(one, loads(asking.seen(one).text)) for one in _hers(task, asking, types)]
    tasks = _of_this(f"Task/{task}", [resource for one, resource in seen if one.type == "Task"])
    past = _past([task, *tasks], asking)
    about = {f"Task/{task}", *(f"Task/{one}" for one in tasks)}
    others = [(one, resource) for one, resource in seen if one.type != "Task" and _about(resource) & about]
    disclose.look([*past, *(one for one, _ in others)], caller, asking.now, "operation", hub=hub)
    messages = [event for one, said in others if one.type == "Communication" for event in _message(said)]
    trail = [event for one, said in others if one.type == "AuditEvent" for event in _in_the_trail(said, about)]
    courses = list(_courses(past, asking))
    stepped = [event for one in courses for event in steps(one, VERBS, ACTIONS, hub.deadlines.calendar)]
    return Course(ordered([*stepped, *messages], trail), tuple(due for one in courses for due in _due(one, hub)))


def awaited(tasks: Iterable[str], caller: Caller, *, hub: Hub) -> dict[str, Window]:
    """Until when each of these Tasks, of those that this caller has just looked at, waits: by its reference."""
    asking = disclose.Asking(caller, hub.clock.now(), hub)
    ids = list(tasks)
    courses = _courses(_past(ids, asking), asking) if ids else ()
    return {due.about: due.window for one in courses for due in _due(one, hub)}


def _hers(task: str, asking: disclose.Asking, types: Collection[str]) -> Iterator[Stored]:
    """All of the same survivor that could belong to it."""
    stored = asking.hub.store.read("Task", task, asking.reaching(Query("Task")))
    if stored is None or not stored.person:
        return
    queries = [Query(one, (IN_THE_TRAIL,) if one == "AuditEvent" else ()) for one in ALONG if one in types]
    wanted, after = [(query, asking.reaching(query)) for query in queries], ""
    while wanted:
        part = asking.hub.store.gather(wanted, MOST, after, person=stored.person)
        yield from part.page
        if part.after is None:
            return
        after = part.after


def _of_this(root: str, tasks: Iterable[Resource]) -> list[str]:
    """Ids of the Tasks that ask something about it, that are a part of it, and so on."""
    above = {reference(task): asked_of(task) or passed_on_from(task) for task in tasks if kind(task)}
    found, level = list[str](), {root}
    while level:
        level = {name for name, of in above.items() if of in level and name != root} - {f"Task/{id_}" for id_ in found}
        found += [split(name)[1] for name in sorted(level)]
    return found


def _past(ids: Iterable[str], asking: disclose.Asking) -> list[Stored]:
    """All versions of all of them: one query of the database, and another for each further page."""
    past = versions.past("Task", "read", asking.caller, asking.now, asking.hub)
    found, after = list[Stored](), None
    while True:
        page = asking.hub.store.history([past], Versions(ids=tuple(ids), count=MOST, after=after))
        found += [versions.of_its_keeper(one) for one in page.page if not one.gone]
        after = page.after
        if after is None:
            return found


def _courses(past: Iterable[Stored], asking: disclose.Asking) -> Iterator[list[Version]]:
    """The versions of each Task in their order, as the caller sees them."""
    in_order = sorted(past, key=lambda one: (one.id, one.version))
    for _, group in groupby(in_order, key=lambda one: one.id):
        yield [Version(loads(asking.seen(one).text), one.at) for one in group]


def _due(versions: list[Version], hub: Hub) -> Iterator[Due]:
    """Since the first of the last versions that all say the same of it. By the hours of the deployment, as all that is told here:
    when a shelter is open is nobody's to know."""
    last = versions[-1].task
    if stage(last) is None:
        return
    same = takewhile(lambda one: run(one.task) == run(last), reversed(versions))
    yield Due(reference(last), window(last, min(one.at for one in same), hub.deadlines, hub.deadlines.calendar))


def _about(resource: Resource) -> set[str]:
    if resource["resourceType"] == "Communication":
        return {one.get("reference", "") for one in resource.get("about", ())}
    return {one.get("what", {}).get("reference", "") for one in resource.get("entity", ())}


def _message(message: Resource) -> Iterator[Event]:
    """Who to whom, when and of what kind: never its content."""
    if "sent" not in message or message.get("status") == "entered-in-error":
        return
    category: Resource = next((one for said in message.get("category", ()) for one in said.get("coding", ())), {})
    yield Event(
        span(message["sent"])[0],
        reference(message),
        (category.get("system", ""), category.get("code", "")),
        who=message.get("sender", {}).get("reference", ""),
        to=tuple(one["reference"] for one in message.get("recipient", ()) if "reference" in one),
    )


def _in_the_trail(event: Resource, about: set[str]) -> Iterator[Event]:
    """An act is told under its own verb, not under those of what followed from it."""
    verb = next(one["code"] for one in event["subtype"] if one.get("system") == ACTIONS)
    if verb not in TOLD:
        return
    named = [one.get("what", {}).get("reference", "") for one in event.get("entity", ())]
    asked = (one.get("who", {}).get("reference", "") for one in event["agent"] if one.get("requestor"))
    who = next((one for one in asked if one.startswith("Organization/")), HUB)
    to = tuple(one for one in named if one.startswith("Organization/"))
    for one in named:
        if one in about:
            yield Event(span(event["recorded"])[0], one, (ACTIONS, verb), who, to)
