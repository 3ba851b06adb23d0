"""The change of a referral: judged by the state machine, stamped with the hub's own times, sent only under a consent.

https://hl7.org/fhir/R4/task.html#statemachine
"""

from datetime import datetime

from hub import errors
from hub.errors import HubError
from hub.exchange.change.conforming import without
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.fhir.instants import instant
from hub.fhir.references import split
from hub.ports import Caller
from hub.referral.transitions import HUB_ALONE, Actor, business_status, check, targets

VERBS = {
    "received": "referral.receive", "accepted": "referral.accept", "rejected": "referral.reject",
    "in-progress": "referral.start", "on-hold": "referral.hold", "completed": "referral.complete", "failed": "referral.fail",
    "cancelled": "referral.cancel", "requested": "referral.send", "entered-in-error": "referral.void",
}  # fmt: skip
SENT = "referral.send"


def judge(before: Resource, after: Resource, caller: Caller) -> str:
    """The verb of a referral's change, once the state machine agrees."""
    me = f"Organization/{caller.organization}"
    actor: Actor = "owner" if before.get("owner", {}).get("reference") == me else "requester"
    check(before, after, actor)
    return VERBS.get(after["status"], "referral.update") if before["status"] != after["status"] else "referral.update"


def require_consent(person: Person, task: Resource, custodian: str, now: datetime) -> None:
    """A referral waits as a draft until a consent covers it; then it is sent by itself."""
    if not person.may_be_referred_to(split(task["owner"]["reference"])[1], custodian, now):
        allowed = ", ".join(targets("draft", "requester"))
        raise HubError(
            errors.ILLEGAL_TRANSITION, path="Task.status", text="consent.none", status="draft", allowed=allowed
        )


def stamp(before: Resource, after: Resource, now: datetime) -> Resource:
    """Times are the hub's: when it last changed, when work started and ended. What it said of an earlier state goes."""
    period = dict(after.get("executionPeriod", {}))
    if before["status"] != after["status"]:
        if business_status(after) in HUB_ALONE:
            after = without(after, {"businessStatus"})
        if after["status"] == "in-progress":
            period.setdefault("start", instant(now))
        if after["status"] in {"completed", "failed"}:
            period.setdefault("end", instant(now))
            period.setdefault("start", before.get("executionPeriod", {}).get("start", instant(now)))
    return {**after, "lastModified": instant(now), **({"executionPeriod": period} if period else {})}
