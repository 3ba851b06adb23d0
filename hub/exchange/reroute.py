"""Re-route: to whom a need could be referred next, once somebody has refused it; and whether her consent covers telling each.

For who sent the referral and for who keeps her records, and for nobody else: to all others, to whom it was sent among them, it is
as absent. What is looked for is what the notice says, in codes; nothing is changed, and who refused is not asked again.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from hub import errors
from hub.consent.refusals import refused_on
from hub.directory.matching import Wanted
from hub.errors import HubError
from hub.exchange import Hub, disclose
from hub.exchange.orient import MOST, Answer, orient
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.fhir.references import reference, split
from hub.fhir.serial import loads
from hub.fhir.tasks import REFERRAL, kind, notice_of, party, passed_on_from
from hub.ports import Caller, Stored
from hub.referral.transitions import TERMINAL

Consent = Literal["permitted", "needs-consent", "refused"]

REFUSED: Final = frozenset({"rejected", "failed"})
OVER: Final = frozenset({"completed", "entered-in-error"})
NO_NEED: Final = frozenset({"revoked", "completed", "entered-in-error"})


@dataclass(frozen=True, repr=False)
class Alternative:
    """One service, how well it fits, and whether a consent that is in force lets its organisation be told of the referral."""

    answer: Answer
    consent: Consent


def alternatives(
    id_: str, caller: Caller, *, hub: Hub, count: int = MOST, remembering: bool = False
) -> tuple[Alternative, ...]:
    """The most fitting first. HubError(NOT_FOUND) to all but who sent or keeps it; OUT_OF_TURN where nothing is to be sent.
    `remembering`: as `orient` says."""
    now = hub.clock.now()
    stored = _sent(id_, caller, now, hub)
    task: Resource = loads(disclose.view(stored, caller, now, hub=hub).text)
    person = Person.of(hub.store.compartments([stored.person or ""])[stored.person or ""], hub.rules)
    need = person.get(task["focus"]["reference"])
    if need is None or need["status"] in NO_NEED or kind(task) != REFERRAL or task["status"] in OVER:
        raise HubError(errors.OUT_OF_TURN, path="Task.status")
    keeper = stored.custodian or ""
    others = (one for one in person.tasks() if _is_sender(one, person.custodian(reference(one)) or "", caller))
    found = orient(
        wanted(task, now), caller, hub=hub, excluded=_asked(task, others), count=count, remembering=remembering
    )
    may = person.telling(keeper, now, *_whole(task, person))
    declined = _declined(need, person, caller, now, hub)
    return tuple(Alternative(one, _consent(one, may, declined)) for one in found)


def _sent(id_: str, caller: Caller, now: datetime, hub: Hub) -> Stored:
    """The Task, of those that the caller sees and sent, or keeps; that it looked is recorded, as for what is not there."""
    found = hub.store.read("Task", id_, disclose.reach("Task", "read", caller, now, hub=hub))
    if found is None or not found.person or not _is_sender(found.resource(), found.custodian or "", caller):
        disclose.deny("Task", id_, caller, now, "operation", hub=hub)
        raise HubError(errors.NOT_FOUND)
    disclose.look([found], caller, now, "operation", hub=hub)
    return found


def _is_sender(task: Resource, keeper: str, caller: Caller) -> bool:
    return keeper == caller.organization or party(task, "requester") == f"Organization/{caller.organization}"


def wanted(task: Resource, now: datetime) -> Wanted:
    """What the notice says of a need."""
    said = notice_of(task)
    return Wanted(
        said.get("service-type", ""),
        now,
        said.get("province", ""),
        task.get("priority", "routine"),
        said.get("age-band", ""),
        (said["language"],) if "language" in said else (),
    )


def _asked(task: Resource, others: Iterable[Resource]) -> frozenset[str]:
    """The organisations that refused this need, or failed it, or are asked already, and the one that sends it. What was passed on
    is one need, in as many parts as the caller knows of."""
    whole = {reference(task), passed_on_from(task)} - {""}
    same = [one for one in others if one.get("focus") == task["focus"] or passed_on_from(one) in whole]
    past = (one for one in same if one["status"] in REFUSED or one["status"] not in TERMINAL)
    return frozenset(split(one)[1] for one in (party(task, "requester"), *(party(one, "owner") for one in past)) if one)


def _whole(task: Resource, person: Person) -> Iterator[str]:
    """The need, and those that it is a part of: whichever of them she refuses."""
    above: Resource | None = task
    while above:
        yield above["focus"]["reference"]
        above = person.get(passed_on_from(above)) if passed_on_from(above) else None


def _declined(need: Resource, person: Person, caller: Caller, now: datetime, hub: Hub) -> frozenset[str]:
    """To whom she does not agree that it be referred, for who may see in the need that she does not: who keeps her records. For
    others it is as if nobody had asked her."""
    stored = person.stored(reference(need))
    if stored is None or not refused_on(loads(disclose.view(stored, caller, now, hub=hub).text)):
        return frozenset()
    return frozenset(split(one.get("reference", ""))[1] for one in need.get("performer", ()))


def _consent(answer: Answer, may: Callable[[str], bool], declined: frozenset[str]) -> Consent:
    by = split(answer.fit.service["providedBy"]["reference"])[1]
    if may(by):
        return "permitted"
    return "refused" if by in declined else "needs-consent"
