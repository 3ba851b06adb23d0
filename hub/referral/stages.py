"""Where a referral stands in time: its stage, since when, and until when. Pure.

Everything that waits for somebody has a stage: a draft for consent, a sent referral for its answer, an accepted one for its
outcome, one on hold, and a request for information or for cancellation. https://hl7.org/fhir/R4/task.html#statemachine
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.instants import instant, span
from hub.ports import FOREVER
from hub.referral.calendars import Calendar
from hub.referral.deadlines import Deadlines, Do, Stage, deadline
from hub.referral.transitions import as_parties_say, business_status

_STAGES: Final[dict[str, Stage]] = {
    "draft": "consent",
    "requested": "acceptance",
    "received": "acceptance",
    "accepted": "outcome",
    "in-progress": "outcome",
    "on-hold": "hold",
}
_REFERRAL: Final = frozenset({"fulfill"})
_QUESTIONS: Final = frozenset({"provide-information", "abort"})
"""Task.code of what one side asks the other about a referral."""

OVERDUE: Final[dict[str, str]] = {"acceptance": "acceptance-overdue", "outcome": "outcome-overdue"}
ESCALATED: Final = "escalated"
LATE: Final = frozenset({*OVERDUE.values(), ESCALATED})
STAYS: Final = frozenset(
    {"awaiting-consent", "awaiting-information", "consent-withdrawn", "cancellation-requested", "re-routing"}
)
"""Business statuses that say what is waited for: to be late does not take their place, it is told beside them."""

AN_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Window:
    """A stage from `start`, when it began, to `end`, when it should have ended."""

    stage: Stage
    start: datetime
    end: datetime
    priority: str = "routine"


def stage(task: Resource) -> Stage | None:
    """None for what waits for nobody, and for Tasks of another kind."""
    if task.get("resourceType") != "Task" or task.get("status") not in _STAGES:
        return None
    codes = {coding.get("code") for coding in task.get("code", {}).get("coding", ())}
    if codes & _REFERRAL:
        return _STAGES[task["status"]]
    return "answer" if codes & _QUESTIONS else None


def run(task: Resource) -> tuple[object, ...]:
    """What stays the same while a stage goes on: where it changes, time begins anew."""
    now = stage(task)
    return now, task.get("priority"), _end(task) if now == "acceptance" else None


def window(task: Resource, start: datetime, deadlines: Deadlines, calendar: Calendar) -> Window:
    """Of a Task in a stage that began at `start`. The deadline of an answer is what the Task itself says."""
    current = cast(Stage, stage(task))
    said = _end(task) if current == "acceptance" else ""
    if said:
        return Window(current, start, _moment(said), _priority(task))
    end = deadlines.stages[current].of(_priority(task)).after(start, calendar)
    return Window(current, start, end, _priority(task))


def earliest(task: Resource, now: datetime, deadlines: Deadlines) -> datetime:
    """Before this moment no step of a stage that begins `now` is due, whatever calendar there is."""
    current = cast(Stage, stage(task))
    pace = deadlines.stages[current]
    if not pace.steps:
        return FOREVER
    said = _end(task) if current == "acceptance" else ""
    length = _moment(said) - now if said else pace.of(_priority(task)).amount - AN_HOUR  # as a clock may be put forward
    return now + max(length, timedelta()) * min(pace.steps[0].at, 100) / 100


def timed(
    before: Resource | None, after: Resource, now: datetime, deadlines: Deadlines, calendar: Calendar
) -> Resource:
    """The Task with its deadline: counted from when it is sent, and anew when its priority changes. What its requester says of it
    in the same change holds."""
    sent = stage(after) == "acceptance" and (before is None or stage(before) == "consent")
    moved = before is not None and stage(after) == "acceptance" and before.get("priority") != after.get("priority")
    unsaid = {"", _end(before) if before else "", _first_guess(after, now)}
    if not (sent or moved) or _end(after) not in unsaid:
        return after
    end = deadlines.stages["acceptance"].of(_priority(after)).after(now, calendar)
    kept = as_parties_say(after) if business_status(after) in LATE else after
    return {**kept, "restriction": {**after.get("restriction", {}), "period": _until(after, end)}}


def late(task: Resource, do: Do, now: datetime) -> Resource:
    """The Task after a step that changes it: late, escalated, or ended because the time is over. Its status is never changed but
    by the last, which a deployment must have asked for. What a party said (an appointment) is said second, and alone again once
    somebody has acted."""
    current = stage(task)
    if do == "cancel" and current in {"consent", "acceptance"}:
        kept = {name: value for name, value in task.items() if name != "businessStatus"}
        over = {**_concept("referral-status-reason", "timeout"), "text": "timeout"}
        return {**kept, "status": "cancelled", "lastModified": instant(now), "statusReason": over}
    if current is None:
        return task
    says = {"overdue": OVERDUE.get(current, ""), "escalate": ESCALATED if current in OVERDUE else ""}.get(do, "")
    if not says or business_status(task) in {*STAYS, says}:
        return task
    before = as_parties_say(task).get("businessStatus", {}).get("coding", ())
    codings = [*_concept("referral-business-status", says)["coding"], *before]
    return {**task, "businessStatus": {"coding": codings}, "lastModified": instant(now)}


def service(task: Resource) -> str:
    """The code of the service that is asked for; "" where the Task does not say."""
    for one in task.get("input", ()):
        if any(coding.get("code") == "service-type" for coding in one["type"].get("coding", ())):
            codes: list[Resource] = one.get("valueCodeableConcept", {}).get("coding", [])
            return next((str(coding["code"]) for coding in codes if "code" in coding), "")
    return ""


def _first_guess(task: Resource, now: datetime) -> str:
    """What the hub writes when it sends what has waited, before a calendar is asked."""
    return instant(deadline(_priority(task), now))


def _until(task: Resource, end: datetime) -> Resource:
    return {**task.get("restriction", {}).get("period", {}), "end": instant(end)}


def _end(task: Resource) -> str:
    return str(task.get("restriction", {}).get("period", {}).get("end", ""))


def _moment(end: str) -> datetime:
    """The end of a Period is inclusive, to its precision."""
    return span(end)[0 if "T" in end else 1]


def _priority(task: Resource) -> str:
    return str(task.get("priority", "routine"))


def _concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": code_system(system), "code": code}]}
