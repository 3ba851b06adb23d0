"""The life of a referral, as FHIR Task.status transitions: who may make each, and what it must carry.

https://hl7.org/fhir/R4/task.html#statemachine, narrowed by closed-loop referral practice (SDOH Clinical Care, BSeR, Clinical
Order Workflows): either side withdraws before work starts, only the owner answers, every refusal has a reason and every
completion an outcome. Each side writes its own part of the Task, and what the hub says of it nobody else says.
"""

from typing import Final

from hub.fhir import Resource
from hub.referral.machine import MOVED, OWN_NUMBER, Actor, Edge, Machine, business_status

__all__ = [
    "HUB_ALONE", "IMMUTABLE", "LATE", "OWN_NUMBER", "REFERRAL", "TERMINAL", "TRANSITIONS", "WRITES", "Actor", "Edge",
    "as_parties_say", "business_status", "check", "targets",
]  # fmt: skip

TERMINAL: Final = frozenset({"rejected", "cancelled", "failed", "completed", "entered-in-error"})
"""Work does not begin again. What was entered in error can still be called so."""


def _edges() -> dict[tuple[str, str], Edge]:
    requester, owner, hub = frozenset({"requester"}), frozenset({"owner"}), frozenset({"hub"})
    claimant = frozenset({"claimant"})
    either, reason, outcome = requester | owner, frozenset({"reason"}), frozenset({"outcome"})
    table = {
        ("draft", "requested"): Edge(requester | hub),
        ("draft", "cancelled"): Edge(requester | hub, reason),
        ("requested", "received"): Edge(owner | hub),
        ("requested", "accepted"): Edge(owner | claimant | hub),
        ("received", "accepted"): Edge(owner | hub),
    }  # the hub: of an intermediary's, when the first to whom it passed it on accepts
    for start in ("requested", "received", "accepted"):
        table[start, "rejected"] = Edge(owner, reason)
        table[start, "cancelled"] = Edge(either | hub, reason)
    table["accepted", "in-progress"] = Edge(owner)
    for to in ("accepted", "in-progress"):
        table["on-hold", to] = Edge(owner)
    for start in ("accepted", "in-progress"):
        table[start, "on-hold"] = Edge(owner | hub, reason)
    for start in ("accepted", "in-progress", "on-hold"):
        table[start, "completed"] = Edge(owner | hub, outcome)
        table[start, "failed"] = Edge(owner, reason)
    for start in ("in-progress", "on-hold"):
        table[start, "cancelled"] = Edge(owner | hub, reason)
    for start in {start for start, _ in table} | TERMINAL - {"entered-in-error"}:
        table[start, "entered-in-error"] = Edge(requester, reason)
    return table


TRANSITIONS: Final = _edges()
IMMUTABLE: Final = frozenset(
    {"requester", "owner", "for", "focus", "basedOn", "partOf", "code", "intent", "authoredOn", "identifier"}
)
"""But that who takes on what was sent to nobody by name becomes its owner, once."""
WRITES: Final = {
    "requester": MOVED | {"priority", "restriction", "input"},
    "owner": MOVED | {"output", "executionPeriod", OWN_NUMBER},
    "claimant": MOVED | {"owner", "executionPeriod", OWN_NUMBER},
    "hub": MOVED | {"restriction", "output", "executionPeriod"},
}
"""The elements that each side may change. All others are as they were sent."""

LATE: Final = frozenset({"acceptance-overdue", "outcome-overdue", "escalated"})
"""Business statuses that stand until somebody acts: nothing less urgent takes their place."""
HUB_ALONE: Final = LATE | {"awaiting-consent", "consent-withdrawn", "re-routing", "cancellation-requested"}
"""Business statuses that the hub acts on or answers for."""


def as_parties_say(task: Resource) -> Resource:
    """Without the business statuses that the hub alone says: what a party said before them (an appointment) is said again."""
    said = task.get("businessStatus", {}).get("coding", ())
    left = [one for one in said if one.get("code") not in HUB_ALONE]
    rest = {name: value for name, value in task.items() if name != "businessStatus"}
    return {**rest, "businessStatus": {"coding": left}} if left else rest


REFERRAL: Final = Machine(TRANSITIONS, TERMINAL, IMMUTABLE, WRITES, HUB_ALONE)


def targets(status: str, actor: str) -> list[str]:
    """The statuses that `actor` may set from `status`, in alphabetical order."""
    return REFERRAL.targets(status, actor)


def check(before: Resource, after: Resource, actor: Actor) -> None:
    """Return when `actor` may change the Task from `before` to `after`; else raise HubError naming element and way out."""
    REFERRAL.check(before, after, actor)
