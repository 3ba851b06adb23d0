"""What the parties of a referral ask of each other about it, each a Task with a small life of its own.

https://build.fhir.org/ig/HL7/fhir-cow-ig/ (cancellation request; sub-tasks are part of the Task that they are about),
https://hl7.org/fhir/us/bser (the recipient confirms a cancellation, or answers with an outcome). A cancellation is asked by the
requester once work may have begun and is answered by the owner; information is asked by the owner, of whom sent the referral.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hub.fhir import Resource
from hub.fhir.tasks import CANCELLATION, INFORMATION, kind
from hub.fhir.tasks import REFERRAL as CARRIES
from hub.referral.machine import MOVED, Edge, Machine
from hub.referral.transitions import REFERRAL

PENDING: Final = frozenset({"requested", "received", "in-progress"})
_REQUESTER, _OWNER, _HUB = frozenset({"requester"}), frozenset({"owner"}), frozenset({"hub"})
_CODE: Final = frozenset({"code"})
_IMMUTABLE: Final = REFERRAL.immutable | {"reasonCode", "input", "priority"}
_ENDED: Final = frozenset({"accepted", "rejected", "completed", "cancelled", "entered-in-error"})


def _machine(answers: Mapping[tuple[str, str], Edge], writes: frozenset[str]) -> Machine:
    """What every request has: it is received, taken back by who asked, closed by the hub when it has no object any more."""
    table = dict(answers) | {("requested", "received"): Edge(_OWNER | _HUB)}
    for start in PENDING & ({start for start, _ in table} | {to for _, to in table}):
        table[start, "rejected"] = Edge(_OWNER, _CODE)
        table[start, "cancelled"] = Edge(_REQUESTER | _HUB)
    for start in {start for start, _ in table} | _ENDED - {"entered-in-error"}:
        table[start, "entered-in-error"] = Edge(_REQUESTER)
    moved = MOVED - {"businessStatus"}
    return Machine(table, _ENDED, _IMMUTABLE, {"requester": moved, "owner": moved | writes, "hub": moved})


MACHINES: Final[Mapping[str, Machine]] = {
    CARRIES: REFERRAL,
    CANCELLATION: _machine(
        {("requested", "accepted"): Edge(_OWNER), ("received", "accepted"): Edge(_OWNER)},
        frozenset(),
    ),
    INFORMATION: _machine(
        {
            ("requested", "in-progress"): Edge(_OWNER),
            ("received", "in-progress"): Edge(_OWNER),
            **{(start, "completed"): Edge(_OWNER, frozenset({"answers"})) for start in PENDING},
        },
        frozenset({"output"}),
    ),
}


@dataclass(frozen=True)
class Asking:
    """When a request may be made. `asks` and `answers`: the sides of the referral. `during`: the statuses of the referral in
    which it means something. `says`: what the referral's business status says as long as it waits for the answer."""

    asks: str
    answers: str
    during: frozenset[str]
    says: str


ASKED: Final[Mapping[str, Asking]] = {
    CANCELLATION: Asking(
        "requester", "owner", frozenset({"accepted", "in-progress", "on-hold"}), "cancellation-requested"
    ),
    INFORMATION: Asking(
        "owner", "requester", frozenset({"requested", "received", "accepted", "in-progress"}), "awaiting-information"
    ),
}


def machine_of(task: Resource) -> Machine | None:
    """By which states it lives; None for a task that is neither a referral nor a request about one."""
    return MACHINES.get(kind(task))
