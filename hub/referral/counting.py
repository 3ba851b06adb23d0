"""What is counted of referrals: how many, by what, and how long survivors waited. Pure, and of nobody in particular.

`profiles/measures/monthly-report.json`. A referral counts in the period in which it was sent.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final, Literal

from hub.fhir import Resource
from hub.fhir.tasks import notice_of
from hub.referral.stages import service
from hub.referral.timeline import Version

Group = Literal["referrals-sent", "referrals-completed", "referrals-refused"]
Dimension = Literal["service", "area", "outcome", "reason"]

BROKEN_DOWN_BY: Final[Mapping[Group, tuple[Dimension, ...]]] = {
    "referrals-sent": ("service", "area"),
    "referrals-completed": ("outcome",),
    "referrals-refused": ("reason",),
}
"""How those that ended are spread over services and places is not told: set against those that were sent it would give small
numbers away."""
UNSAID: Final = "unsaid"
"""The stratum of what says nothing of it, so that a breakdown always adds up to its whole."""
WAITS: Final = ("acceptance", "first-service", "completion")


@dataclass(frozen=True)
class Case:
    """One referral. `said`: by dimension, a code. `waited`: since it was sent, until each of `WAITS` that came."""

    sent: datetime
    status: str
    said: Mapping[Dimension, str]
    waited: Mapping[str, timedelta]


Strata = Mapping[str, int]
Breakdowns = Mapping[Dimension, Strata]


@dataclass(frozen=True)
class Counted:
    """A group: its whole, and by each dimension."""

    group: Group
    whole: int
    by: Breakdowns


def case(versions: Sequence[Version]) -> Case | None:
    """A referral from its versions, in their order. None where it was never sent."""
    first: dict[str, datetime] = {}
    for version in versions:
        first.setdefault(version.task["status"], version.at)
    sent = first.get("requested")
    if sent is None or "entered-in-error" in first:
        return None
    last = versions[-1].task
    ends = {
        "acceptance": first.get("accepted"),
        "first-service": first.get("in-progress", first.get("completed")),
        "completion": first.get("completed"),
    }
    waited = {name: at - sent for name, at in ends.items() if at is not None}
    return Case(sent, last["status"], _said(last), waited)


def count(cases: Iterable[Case]) -> tuple[Counted, ...]:
    """Every group, whole and broken down."""
    cases = list(cases)
    ended = {"referrals-completed": "completed", "referrals-refused": "rejected"}
    return tuple(
        _counted(group, [one for one in cases if group not in ended or one.status == ended[group]])
        for group in BROKEN_DOWN_BY
    )


def waits(cases: Iterable[Case], least: int) -> dict[str, timedelta | None]:
    """The median of each wait, to the hour; None where fewer than `least` waited so."""
    found: dict[str, list[timedelta]] = {name: [] for name in WAITS}
    for one in cases:
        for name, span in one.waited.items():
            found[name].append(span)
    return {name: _median(spans) if len(spans) >= least else None for name, spans in found.items()}


def _median(spans: Sequence[timedelta]) -> timedelta:
    return _to_the_hour(median(span.total_seconds() for span in spans))


def _to_the_hour(seconds: float) -> timedelta:
    return timedelta(hours=round(seconds / 3600))


def _counted(group: Group, cases: Sequence[Case]) -> Counted:
    by = {name: dict(Counter(one.said[name] for one in cases)) for name in BROKEN_DOWN_BY[group]}
    return Counted(group, len(cases), by)


def _said(task: Resource) -> dict[Dimension, str]:
    return {
        "service": service(task) or UNSAID,
        "area": notice_of(task).get("province") or UNSAID,
        "outcome": _outcome(task) or UNSAID,
        "reason": _code(task.get("statusReason", {})) or UNSAID,
    }


def _outcome(task: Resource) -> str:
    kinds = (one for one in task.get("output", ()) if _code(one["type"]) == "outcome")
    return next((_code(one.get("valueCodeableConcept", {})) for one in kinds), "")


def _code(concept: Resource) -> str:
    return next((str(one["code"]) for one in concept.get("coding", ()) if "code" in one), "")
