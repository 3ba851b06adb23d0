"""A step that the hub itself takes, and how it says so in the Task."""

from dataclasses import dataclass
from datetime import datetime

from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.instants import instant


@dataclass(frozen=True)
class Step:
    """A Task after something followed. `action`: noun.verb for audit and outbox."""

    task: Resource
    action: str


def moved(task: Resource, status: str, now: datetime, *, reason: str = "", business: str = "") -> Resource:
    """The Task in this status, with what the hub says of it; what it said of an earlier state goes."""
    changed = {key: value for key, value in task.items() if key != "businessStatus"}
    changed |= {"status": status, "lastModified": instant(now)}
    if reason:
        changed["statusReason"] = concept("referral-status-reason", reason) | {"text": reason}
    return said(changed, business) if business else changed


def said(task: Resource, business: str) -> Resource:
    """With this business status; without any where it is empty."""
    rest = {key: value for key, value in task.items() if key != "businessStatus"}
    return rest | {"businessStatus": concept("referral-business-status", business)} if business else rest


def concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": code_system(system), "code": code}]}
