"""What must follow for a person's referrals when her needs, consents or referrals have changed: opened, sent, stopped.

One rule for every act (import, consent, withdrawal, answer), so that no door can forget a step:
a need with a recipient has a Task; the Task is sent once consent covers it and stopped when consent no longer does; a need
that was revoked, or given to somebody else, stops its Task.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.fhir import Resource
from hub.fhir.canonicals import code_system, identifier_system, profile
from hub.fhir.instants import instant
from hub.fhir.references import reference, split
from hub.referral.deadlines import deadline
from hub.referral.transitions import TERMINAL, business_status

STARTED: Final = frozenset({"accepted", "in-progress"})
WAITING: Final = frozenset({"requested", "received"})
NOT_BEGUN: Final = frozenset({"draft", "requested", "received", "accepted"})
NO_MORE: Final = frozenset({"revoked", "entered-in-error"})


@dataclass(frozen=True)
class Step:
    """A Task after something followed. `action`: noun.verb for audit and outbox."""

    task: Resource
    action: str


def follow(
    needs: Sequence[Resource],
    tasks: Sequence[Resource],
    patient: Resource | None,
    permitted: Callable[[str], bool],
    *,
    now: datetime,
    new_id: Callable[[], str],
) -> Iterator[Step]:
    """Steps that follow from one person's present state. `permitted(organization)`: may it receive the notice now?"""
    about: dict[str, list[Resource]] = {}
    for task in tasks:
        about.setdefault(task["focus"]["reference"], []).append(task)
    for need in needs:
        recipient = need.get("performer", [{}])[0].get("reference", "")
        mine = about.get(reference(need), [])
        for task in mine:
            if task["status"] not in TERMINAL:
                yield from _advance(task, need, recipient, permitted(_owner(task)), now)
        kept = (task for task in mine if task["owner"]["reference"] == recipient and not _over(task, permitted))
        if recipient and need["status"] == "active" and not any(kept):
            yield _open(need, recipient, patient, permitted(split(recipient)[1]), now=now, new_id=new_id)


def _owner(task: Resource) -> str:
    return split(task["owner"]["reference"])[1]


def _over(task: Resource, permitted: Callable[[str], bool]) -> bool:
    """Stopped by the hub, for a reason that is gone. A stopped Task never re-opens: a new one takes its place."""
    if task["status"] != "cancelled":
        return False
    stopped_for = business_status(task)
    return stopped_for == "re-routing" or (stopped_for == "consent-withdrawn" and permitted(_owner(task)))


def _advance(task: Resource, need: Resource, recipient: str, permitted: bool, now: datetime) -> Iterator[Step]:
    status = task["status"]
    if need["status"] in NO_MORE or task["owner"]["reference"] != recipient:
        if status in NOT_BEGUN or not permitted:  # unseen by its owner, nobody else could end it
            yield Step(_stopped(task, need, permitted, now), "referral.cancel")
    elif status == "draft" and permitted:
        due = {"restriction": {"period": {"end": instant(deadline(task["priority"], now))}}}
        yield Step(_set(task, "requested", now) | due, "referral.send")
    elif status in WAITING and not permitted:
        task = _set(task, "cancelled", now, reason="consent-withdrawn", business="consent-withdrawn")
        yield Step(task, "referral.cancel")
    elif status in STARTED and not permitted:
        task = _set(task, "on-hold", now, reason="consent-withdrawn", business="consent-withdrawn")
        yield Step(task, "referral.hold")


def _stopped(task: Resource, need: Resource, permitted: bool, now: datetime) -> Resource:
    """Cancelled, for the reason that says most: her will, then the recipient's change, then the need's end."""
    if task["status"] != "draft" and not permitted:
        return _set(task, "cancelled", now, reason="consent-withdrawn", business="consent-withdrawn")
    if need["status"] not in NO_MORE:
        return _set(task, "cancelled", now, reason="not-selected", business="re-routing")
    return _set(task, "cancelled", now, reason="entered-in-error")


def _open(
    need: Resource,
    recipient: str,
    patient: Resource | None,
    permitted: bool,
    *,
    now: datetime,
    new_id: Callable[[], str],
) -> Step:
    priority = need.get("priority", "routine")
    task: Resource = {
        "resourceType": "Task",
        "id": (id_ := new_id()),
        "meta": {"profile": [profile("referral-task")]},
        "identifier": [{"system": identifier_system("referral"), "value": id_[:8].upper()}],
        "status": "requested" if permitted else "draft",
        "intent": "order",
        "priority": priority,
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
        "focus": {"reference": reference(need)},
        "for": need["subject"],
        "authoredOn": instant(now),
        "lastModified": instant(now),
        "requester": need["requester"],
        "owner": {"reference": recipient},
        "restriction": {"period": {"end": instant(deadline(priority, now))}},
        "input": list(_notice(need, patient)),
    }
    if not permitted:
        task["businessStatus"] = _concept("referral-business-status", "awaiting-consent")
    return Step(task, "referral.send" if permitted else "referral.draft")


def _notice(need: Resource, patient: Resource | None) -> Iterator[Resource]:
    """The minimal notice: enough to decide on capacity and eligibility, nothing that points to a person."""
    yield {"type": _concept("task-input", "service-type"), "valueCodeableConcept": need["code"]}
    if patient is None:
        return
    for address in patient.get("address", ())[:1]:
        if "state" in address:
            yield {"type": _concept("task-input", "province"), "valueCode": address["state"]}
    for extension in patient.get("extension", ()):
        if extension["url"] == profile("age-band"):
            yield {"type": _concept("task-input", "age-band"), "valueCode": extension["valueCode"]}
    for communication in patient.get("communication", ())[:1]:
        yield {"type": _concept("task-input", "language"), "valueCodeableConcept": communication["language"]}


def _set(task: Resource, status: str, now: datetime, *, reason: str = "", business: str = "") -> Resource:
    changed = {key: value for key, value in task.items() if key != "businessStatus"}
    changed |= {"status": status, "lastModified": instant(now)}
    if reason:
        changed["statusReason"] = _concept("referral-status-reason", reason) | {"text": reason}
    if business:
        changed["businessStatus"] = _concept("referral-business-status", business)
    return changed


def _concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": code_system(system), "code": code}]}
