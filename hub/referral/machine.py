"""A state machine of a Task, as data: who may go from where to where, with what, and who writes which element.

https://hl7.org/fhir/R4/task.html#statemachine. The machines themselves: `transitions.py` (a referral), `requests.py` (what is
asked about one).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from hub import errors
from hub.errors import HubError, Problem
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, identifier_system

Actor = Literal["requester", "owner", "claimant", "hub"]
"""`claimant`: whoever may take on what is sent to nobody by name."""

OWN_NUMBER: Final = "identifier:filler"
"""Of Task.identifier, the recipient's own number of the referral: the one that its owner may add."""
MOVED: Final = frozenset({"status", "statusReason", "businessStatus", "meta", "lastModified"})

_BUSINESS_STATUS: Final = code_system("referral-business-status")
_TASK_OUTPUT: Final = code_system("task-output")
_OWN_NUMBER: Final = identifier_system("referral-at-recipient")


@dataclass(frozen=True)
class Edge:
    """`needs`: "reason" (code and words), "code" (of a reason), or the kind of output without which it is not gone."""

    actors: frozenset[str]
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Machine:
    """`terminal`: where work does not begin again. `writes`: the elements that each side may change. `hub_alone`: business
    statuses that the hub acts on or answers for."""

    edges: Mapping[tuple[str, str], Edge]
    terminal: frozenset[str]
    immutable: frozenset[str]
    writes: Mapping[str, frozenset[str]]
    hub_alone: frozenset[str] = frozenset()

    def targets(self, status: str, actor: str) -> list[str]:
        """The statuses that `actor` may set from `status`, in alphabetical order."""
        return sorted(to for (start, to), edge in self.edges.items() if start == status and actor in edge.actors)

    def check(self, before: Resource, after: Resource, actor: Actor) -> None:
        """Return when `actor` may change the Task so; else raise HubError naming element and way out."""
        self._check_elements(before, after, actor)
        start, to = before["status"], after["status"]
        if start == to and start not in self.terminal and actor != "claimant":
            return
        edge = self.edges.get((start, to))
        if edge is None and not (start == to and start not in self.terminal):
            allowed = ", ".join(self.targets(start, actor)) or "-"
            raise HubError(errors.ILLEGAL_TRANSITION, path="Task.status", status=start, allowed=allowed)
        if edge is None or actor not in edge.actors:
            raise HubError(errors.NOT_YOURS, path="Task.status")
        if actor == "claimant" and not after.get("owner"):
            raise HubError(errors.NOT_YOURS, path="Task.owner")
        for need in sorted(edge.needs):
            if problem := missing(after, need):
                raise HubError(problem[0], path=problem[1], status=to)

    def _check_elements(self, before: Resource, after: Resource, actor: Actor) -> None:
        then, now = _by_writer(before), _by_writer(after)
        changed = [element for element in {**then, **now} if then.get(element) != now.get(element)]
        for element in changed:
            claimed = actor == "claimant" and element == "owner" and element not in then
            if element in self.immutable and not claimed:
                raise HubError(errors.IMMUTABLE, path=f"Task.{element}", element=element)
            if element not in self.writes[actor]:
                raise HubError(errors.NOT_YOURS, path=f"Task.{element.partition(':')[0]}")
        said = business_status(after)
        if actor != "hub" and said != business_status(before) and said in self.hub_alone:
            raise HubError(errors.NOT_YOURS, path="Task.businessStatus")


def missing(task: Resource, need: str) -> tuple[Problem, str] | None:
    """What a Task lacks of what an edge needs, and in which element."""
    if need in {"reason", "code"}:
        reason = task.get("statusReason", {})
        has = bool(reason.get("coding")) and (need == "code" or bool(reason.get("text")))
        return None if has else (errors.MISSING_REASON, "Task.statusReason")
    types = (coding for output in task.get("output", ()) for coding in output["type"].get("coding", ()))
    has = any((coding.get("system"), coding.get("code")) == (_TASK_OUTPUT, need) for coding in types)
    return None if has else (errors.MISSING_OUTCOME, "Task.output")


def business_status(task: Resource) -> str:
    """The code of Task.businessStatus; empty where there is none."""
    codings = task.get("businessStatus", {}).get("coding", ())
    return next((coding["code"] for coding in codings if coding.get("system") == _BUSINESS_STATUS), "")


def _by_writer(task: Resource) -> Resource:
    """The elements, the owner's own number apart from the reference that both sides know."""
    numbers = task.get("identifier", ())
    own = [one for one in numbers if isinstance(one, dict) and one.get("system") == _OWN_NUMBER]
    return {**task, "identifier": [one for one in numbers if one not in own], OWN_NUMBER: own}
