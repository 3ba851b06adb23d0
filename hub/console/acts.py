"""What a person may do with a referral now, or with a request about one: the edges of its state machine that her side has.

https://hl7.org/fhir/R4/task.html#statemachine. The table is `hub.referral`'s, and it judges again what is sent: here stands only
how an edge is offered, and what of a form becomes which element.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hub.exchange.change.referral import CLAIMED, VERBS, actor_of
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.definitions import load
from hub.fhir.tasks import kind
from hub.oauth import scopes
from hub.ports import Caller
from hub.referral.machine import Actor
from hub.referral.requests import machine_of
from hub.referral.timeline import BY_THE_HUB

REASONS: Final = "referral-status-reason"
OUTCOMES: Final = "referral-outcome"
LONGEST: Final = 500
"""Of the words of a reason, as the profile of a referral says."""
FIRST: Final = ("requested", "accepted", "completed", "in-progress", "received")
"""What most people come for stands first; the order says nothing else."""


MAIN: Final = frozenset(FIRST) - {"received"}
"""What is shown as the next step."""


@dataclass(frozen=True)
class Act:
    """`verb`: how it is called; what was on hold is taken up `-again`. `needs`: as in `hub.referral.machine.Edge`."""

    to: str
    verb: str
    needs: frozenset[str] = frozenset()


def permitted(task: Resource, caller: Caller) -> list[Act]:
    """The acts that are hers now."""
    machine, side = machine_of(task), actor_of(task, caller)
    if machine is None or side is None or not scopes.permits(caller.scopes, "Task", "update"):
        return []
    targets = sorted(machine.targets(task["status"], side), key=lambda to: (to not in FIRST, to))
    return [Act(to, _verb(task, to, side), machine.edges[task["status"], to].needs) for to in targets]


def _verb(task: Resource, to: str, side: Actor) -> str:
    if side == "claimant":
        return CLAIMED
    again = "-again" if task["status"] == "on-hold" and to in {"accepted", "in-progress"} else ""
    return VERBS[kind(task)][to] + again


def choices(need: str) -> tuple[str, ...]:
    """The codes of which one is chosen for a need; what only the hub says is not among them."""
    name = OUTCOMES if need == "outcome" else REASONS
    return tuple(code for _, code in load().value_set(name).codes if code not in BY_THE_HUB)


def lacking(act: Act, form: Mapping[str, str]) -> dict[str, str]:
    """Field → what is wrong with it, as the key of a sentence."""
    wrong = {}
    if act.needs & {"reason", "code"} and form.get("reason") not in choices("reason"):
        wrong["reason"] = "act.no-reason"
    words = form.get("words", "").strip()
    if "reason" in act.needs and not 0 < len(words) <= LONGEST:
        wrong["words"] = "act.too-many-words" if words else "act.no-words"
    if "outcome" in act.needs and form.get("outcome") not in choices("outcome"):
        wrong["outcome"] = "act.no-outcome"
    return wrong


def moved(task: Resource, to: str, form: Mapping[str, str], caller: Caller) -> Resource:
    """The Task after the act, as this side would write it. What was said of an earlier state goes."""
    after = {name: value for name, value in task.items() if name != "statusReason"} | {"status": to}
    if actor_of(task, caller) == "claimant":
        after["owner"] = {"reference": f"Organization/{caller.organization}"}
    if form.get("reason"):
        words = {"text": form["words"].strip()} if form.get("words", "").strip() else {}
        after["statusReason"] = _concept(REASONS, form["reason"]) | words
    if form.get("outcome"):
        given = {
            "type": _concept("task-output", "outcome"),
            "valueCodeableConcept": _concept(OUTCOMES, form["outcome"]),
        }
        others = [one for one in task.get("output", ()) if one["type"] != given["type"]]
        after["output"] = [given, *others]
    return after


def _concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": code_system(system), "code": code}]}
