"""A referral in plain words: its number, what is asked, its state, and how much time is left. In the reader's language."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub import texts
from hub.console import pages
from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system
from hub.fhir.definitions import load
from hub.fhir.instants import span
from hub.fhir.references import split
from hub.fhir.tasks import is_unclaimed, notice_of, party
from hub.referral.machine import business_status
from hub.referral.stages import LATE, Window
from hub.texts import durations

PRIORITY: Final = "http://hl7.org/fhir/request-priority"
BCP_47: Final = "urn:ietf:bcp:47"
OF_NOTICE: Final = {"province": "province", "age-band": "age-band", "language": BCP_47}
"""What the notice says of her, and in which code system."""
_NUMBER: Final = identifier_system("referral")


@dataclass(frozen=True)
class Left:
    """How much time there is until `until`, in words. `is_over`: how long it has been over."""

    until: str
    words: str
    is_over: bool


@dataclass(frozen=True)
class Line:
    """A referral in a list."""

    id: str
    number: str
    asked: str
    priority: str
    is_pressing: bool
    sender: str
    recipient: str
    state: str
    also: str
    is_late: bool
    left: Left | None
    is_mine: bool


def line(task: Resource, window: Window | None, organization: str, now: datetime, hub: Hub) -> Line:
    said = business_status(task)
    time = left(window, now) if window else None
    return Line(
        id=task["id"],
        number=number(task),
        asked=asked(task),
        priority=display(PRIORITY, task.get("priority", "routine")),
        is_pressing=task.get("priority") in {"stat", "asap", "urgent"},
        sender=organization_name(party(task, "requester"), hub),
        recipient=pages.tell("to-anybody") if is_unclaimed(task) else organization_name(party(task, "owner"), hub),
        state=state(task["status"]),
        also=display("referral-business-status", said) if said else "",
        is_late=said in LATE or bool(time and time.is_over),
        left=time,
        is_mine=party(task, "requester") == f"Organization/{organization}",
    )


def number(task: Resource) -> str:
    """The one that both sides know."""
    return next((one.get("value", "") for one in task.get("identifier", ()) if one.get("system") == _NUMBER), "")


def asked(task: Resource) -> str:
    return display("service-type", notice_of(task).get("service-type", ""))


def notice(task: Resource) -> list[tuple[str, str]]:
    """What the notice says beside the service: a label and a value for each."""
    said = notice_of(task)
    return [(display("task-input", name), display(OF_NOTICE[name], said[name])) for name in OF_NOTICE if name in said]


def state(status: str) -> str:
    return texts.say(f"referral.{status}", pages.language())


def display(system: str, code: str) -> str:
    return load().display(system, code, pages.language()) or code


def concept(value: Resource) -> str:
    """A CodeableConcept: its first known label, and the words beside it."""
    labels = [display(one.get("system", ""), one["code"]) for one in value.get("coding", ())[:1] if "code" in one]
    return " · ".join(dict.fromkeys([*labels, *([value["text"]] if value.get("text") else [])]))


def organization_name(reference: str, hub: Hub) -> str:
    return hub.directory.name(split(reference)[1], pages.language()) if reference else ""


def left(window: Window, now: datetime) -> Left:
    span = window.end - now
    is_over = span < timedelta()
    words = pages.tell("late-by" if is_over else "still", time=duration(abs(span)))
    return Left(pages.day(window.end), words, is_over)


def duration(span: timedelta) -> str:
    return durations.roughly(span, pages.language())


def outcome(task: Resource) -> str:
    """What came of it, where it was completed."""
    found = (one["valueCodeableConcept"] for one in task.get("output", ()) if "valueCodeableConcept" in one)
    return " · ".join(map(concept, found))


def appointment(task: Resource) -> str:
    """When it is, where its recipient has said so."""
    found = (one["valueDateTime"] for one in task.get("output", ()) if "valueDateTime" in one)
    return " · ".join(pages.day(span(one)[0]) for one in found)
