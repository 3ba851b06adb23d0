"""The life of a referral, as FHIR Task.status transitions: who may make each, and what it must carry.

https://hl7.org/fhir/R4/task.html#statemachine, narrowed by closed-loop referral practice (SDOH Clinical Care, BSeR, Clinical
Order Workflows): either side withdraws before work starts, only the owner answers, every refusal has a reason and every
completion an outcome. Each side writes its own part of the Task, and what the hub says of it nobody else says.
"""

from dataclasses import dataclass
from typing import Final, Literal

from hub import errors
from hub.errors import HubError
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, identifier_system

Actor = Literal["requester", "owner", "hub"]


_BUSINESS_STATUS: Final = code_system("referral-business-status")
_TASK_OUTPUT: Final = code_system("task-output")
_OWN_NUMBER: Final = identifier_system("referral-at-recipient")


@dataclass(frozen=True)
class Edge:
    actors: frozenset[str]
    needs: frozenset[str] = frozenset()  # "reason", "outcome"


TERMINAL: Final = frozenset({"rejected", "cancelled", "failed", "completed", "entered-in-error"})
"""Work does not begin again. What was entered in error can still be called so."""


def _edges() -> dict[tuple[str, str], Edge]:
    requester, owner, hub = frozenset({"requester"}), frozenset({"owner"}), frozenset({"hub"})
    either, reason, outcome = requester | owner, frozenset({"reason"}), frozenset({"outcome"})
    table = {
        ("draft", "requested"): Edge(requester | hub),
        ("draft", "cancelled"): Edge(requester | hub, reason),
        ("requested", "received"): Edge(owner | hub),
    }
    for start in ("requested", "received"):
        table[start, "accepted"] = Edge(owner)
    for start in ("requested", "received", "accepted"):
        table[start, "rejected"] = Edge(owner, reason)
        table[start, "cancelled"] = Edge(either | hub, reason)
    table["accepted", "in-progress"] = Edge(owner)
    for to in ("accepted", "in-progress"):
        table["on-hold", to] = Edge(owner)
    for start in ("accepted", "in-progress"):
        table[start, "on-hold"] = Edge(owner | hub, reason)
    for start in ("accepted", "in-progress", "on-hold"):
        table[start, "completed"] = Edge(owner, outcome)
        table[start, "failed"] = Edge(owner, reason)
    for start in ("in-progress", "on-hold"):
        table[start, "cancelled"] = Edge(owner | hub, reason)
    for start in {start for start, _ in table} | TERMINAL - {"entered-in-error"}:
        table[start, "entered-in-error"] = Edge(requester, reason)
    return table


TRANSITIONS: Final = _edges()
IMMUTABLE: Final = (
    "requester", "owner", "for", "focus", "basedOn", "partOf", "code", "intent", "authoredOn", "identifier",
)  # fmt: skip
OWN_NUMBER: Final = "identifier:filler"
"""Of Task.identifier, the recipient's own number of the referral: the one that its owner may add."""
_MOVED: Final = frozenset({"status", "statusReason", "businessStatus", "meta", "lastModified"})
WRITES: Final = {
    "requester": _MOVED | {"priority", "restriction", "input"},
    "owner": _MOVED | {"output", "executionPeriod", OWN_NUMBER},
    "hub": _MOVED | {"restriction"},
}
"""The elements that each side may change. All others are as they were sent."""

HUB_ALONE: Final = frozenset(
    {"awaiting-consent", "consent-withdrawn", "acceptance-overdue", "outcome-overdue", "escalated", "re-routing"}
)
"""Business statuses that the hub acts on or answers for."""


def targets(status: str, actor: str) -> list[str]:
    """The statuses that `actor` may set from `status`, in alphabetical order."""
    return sorted(to for (start, to), edge in TRANSITIONS.items() if start == status and actor in edge.actors)


def check(before: Resource, after: Resource, actor: Actor) -> None:
    """Return when `actor` may change the Task from `before` to `after`; else raise HubError naming element and way out."""
    _check_elements(before, after, actor)
    start, to = before["status"], after["status"]
    if start == to:
        if start in TERMINAL:
            raise HubError(errors.ILLEGAL_TRANSITION, path="Task.status", status=start, allowed="-")
        return
    edge = TRANSITIONS.get((start, to))
    if edge is None:
        allowed = ", ".join(targets(start, actor)) or "-"
        raise HubError(errors.ILLEGAL_TRANSITION, path="Task.status", status=start, allowed=allowed)
    if actor not in edge.actors:
        raise HubError(errors.NOT_YOURS, path="Task.status")
    if "reason" in edge.needs and not _has_reason(after):
        raise HubError(errors.MISSING_REASON, path="Task.statusReason", status=to)
    if "outcome" in edge.needs and not _has_outcome(after):
        raise HubError(errors.MISSING_OUTCOME, path="Task.output")


def _check_elements(before: Resource, after: Resource, actor: Actor) -> None:
    then, now = _by_writer(before), _by_writer(after)
    changed = [element for element in {**then, **now} if then.get(element) != now.get(element)]
    for element in changed:
        if element in IMMUTABLE:
            raise HubError(errors.IMMUTABLE, path=f"Task.{element}", element=element)
        if element not in WRITES[actor]:
            raise HubError(errors.NOT_YOURS, path=f"Task.{element.partition(':')[0]}")
    if actor != "hub" and business_status(after) != business_status(before) and business_status(after) in HUB_ALONE:
        raise HubError(errors.NOT_YOURS, path="Task.businessStatus")


def _by_writer(task: Resource) -> Resource:
    """The elements, the owner's own number apart from the reference that both sides know."""
    numbers = task.get("identifier", ())
    own = [one for one in numbers if isinstance(one, dict) and one.get("system") == _OWN_NUMBER]
    return {**task, "identifier": [one for one in numbers if one not in own], OWN_NUMBER: own}


def business_status(task: Resource) -> str:
    """The code of Task.businessStatus; empty where there is none."""
    codings = task.get("businessStatus", {}).get("coding", ())
    return next((coding["code"] for coding in codings if coding.get("system") == _BUSINESS_STATUS), "")


def _has_reason(task: Resource) -> bool:
    reason = task.get("statusReason", {})
    return bool(reason.get("coding")) and bool(reason.get("text"))


def _has_outcome(task: Resource) -> bool:
    types = (coding for output in task.get("output", ()) for coding in output["type"].get("coding", ()))
    return any((coding.get("system"), coding.get("code")) == (_TASK_OUTPUT, "outcome") for coding in types)
