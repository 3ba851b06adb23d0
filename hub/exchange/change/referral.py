"""The change of a referral, or of a request about one: judged by its state machine, stamped with the hub's own times, sent only
under a consent.

https://hl7.org/fhir/R4/task.html#statemachine
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from hub import errors
from hub.consent.belonging import OPENS_THE_PAYLOAD
from hub.errors import HubError
from hub.exchange.change.conforming import without
from hub.exchange.change.draft import Draft
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.fhir.instants import instant
from hub.fhir.serial import written_alike
from hub.fhir.tasks import CANCELLATION, INFORMATION, REFERRAL, is_open_to_claim, is_unclaimed, kind, party
from hub.ports import Caller
from hub.referral.machine import Actor, business_status
from hub.referral.requests import machine_of
from hub.referral.steps import said
from hub.referral.transitions import HUB_ALONE, as_parties_say, targets

VERBS: Final[Mapping[str, Mapping[str, str]]] = {
    REFERRAL: {
        "received": "referral.receive", "accepted": "referral.accept", "rejected": "referral.reject",
        "in-progress": "referral.start", "on-hold": "referral.hold", "completed": "referral.complete", "failed": "referral.fail",
        "cancelled": "referral.cancel", "draft": "referral.draft", "requested": "referral.send",
        "entered-in-error": "referral.void",
    },
    CANCELLATION: {
        "requested": "cancellation.request", "received": "cancellation.receive", "accepted": "cancellation.accept",
        "rejected": "cancellation.reject", "cancelled": "cancellation.close", "entered-in-error": "cancellation.void",
    },
    INFORMATION: {
        "requested": "information.request", "received": "information.receive", "in-progress": "information.start",
        "completed": "information.give", "rejected": "information.reject", "cancelled": "information.close",
        "entered-in-error": "information.void",
    },
}  # fmt: skip
SENT: Final = "referral.send"
CLAIMED: Final = "referral.claim"
GIVEN: Final = "information.give"


def judge(before: Resource, after: Resource, caller: Caller) -> str:
    """The verb of a change, once the state machine agrees. Raises HubError."""
    machine, actor = machine_of(before), actor_of(before, caller)
    if machine is None:
        raise HubError(errors.NOT_SUPPORTED, type="Task")
    if actor is None:
        raise HubError(errors.NOT_YOURS, path="Task.status")
    machine.check(before, after, actor)
    if actor == "claimant":
        if party(after, "owner") != _me(caller):
            raise HubError(errors.NOT_YOURS, path="Task.owner")
        return CLAIMED
    return VERBS[kind(before)][after["status"]] if before["status"] != after["status"] else "referral.update"


def actor_of(task: Resource, caller: Caller) -> Actor | None:
    """Which side the caller is on. Who sees what is open to claim without having sent it, may claim it."""
    if party(task, "owner") == _me(caller):
        return "owner"
    if party(task, "requester") == _me(caller):
        return "requester"
    return "claimant" if is_unclaimed(task) and task["status"] == "requested" else None


def _me(caller: Caller) -> str:
    return f"Organization/{caller.organization}"


def require_consent(person: Person, task: Resource, custodian: str, now: datetime) -> None:
    """A referral waits as a draft until a consent covers it."""
    if not person.may_be_told(task, custodian, now):
        allowed = ", ".join(targets("draft", "requester"))
        raise HubError(
            errors.ILLEGAL_TRANSITION, path="Task.status", text="consent.none", status="draft", allowed=allowed
        )


def require_answers(task: Resource, person: Person, caller: Caller) -> None:
    """Answers are a form of the same survivor's that who answers keeps. Raises UNKNOWN_REFERENCE."""
    named = [output["valueReference"].get("reference", "") for output in task["output"] if "valueReference" in output]
    for one in named:
        if person.get(one) is None or person.custodian(one) != caller.organization:
            raise HubError(errors.UNKNOWN_REFERENCE, path="Task.output")


def was_claimed(type_: str, id_: str, draft: Draft) -> bool:
    """Open to the caller until somebody else was faster. That it is taken is told to those who could have taken it on, under
    the same consents, and to nobody else."""
    seen = draft.hub.store.read(type_, id_, None) if type_ == "Task" else None
    if seen is None or not is_open_to_claim(seen.resource()):  # of all others no more is read than of what is not there
        return False
    person = draft.holding(f"Task/{id_}")
    task = person.get(f"Task/{id_}") if person else None
    if person is None or task is None or not is_open_to_claim(task) or task["status"] not in OPENS_THE_PAYLOAD:
        return False
    open_ = without(task, {"owner"})
    return draft.caller.organization in person.may_be_told(open_, person.custodian(f"Task/{id_}") or "", draft.now)


def stamp(before: Resource, after: Resource, now: datetime) -> Resource:
    """Times are the hub's: when it last changed, when work started and ended. What it said of an earlier state goes; of a
    refused referral it says that the need is to be referred anew."""
    after = {**after, "lastModified": instant(now)}
    if kind(before) != REFERRAL or before["status"] == after["status"]:
        return after
    if business_status(after) in HUB_ALONE:
        after = as_parties_say(after)
    if after["status"] == "rejected":
        after = said(after, "re-routing")
    period = dict(after.get("executionPeriod", {}))
    if after["status"] == "in-progress":
        period.setdefault("start", instant(now))
    if after["status"] in {"completed", "failed"}:
        period.setdefault("end", instant(now))
        period.setdefault("start", before.get("executionPeriod", {}).get("start", instant(now)))
    return after | ({"executionPeriod": period} if period else {})


def is_said_already(stored: Resource, sent: Resource) -> bool:
    """The same change sent again by who got no answer: all but what the hub writes into it stands there already."""
    given, period = {"lastModified"}, sent.get("executionPeriod", {})
    if isinstance(period, dict) and period.items() <= stored.get("executionPeriod", {}).items():
        given |= {"executionPeriod"}
    if business_status(stored) in HUB_ALONE and "businessStatus" not in sent:
        given |= {"businessStatus"}
    return written_alike(without(stored, given), without(sent, given))
