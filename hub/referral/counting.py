"""What is counted of referrals, and of needs that were not referred: how many, by what, and how long survivors waited. Pure,
and of nobody in particular.

`profiles/measures/monthly-report.json`. A referral counts in the period in which it was sent, such a need in that in which it was
found.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final, Literal

from hub.fhir import Resource, instants
from hub.fhir.needs import no_referral_reason
from hub.ports import Course
from hub.referral.courses import UNSAID, Dimension
from hub.referral.crossing import CROSSED

Group = Literal["referrals-sent", "referrals-completed", "referrals-refused", "needs-not-referred"]

BROKEN_DOWN_BY: Final[Mapping[Group, tuple[Dimension, ...]]] = {
    "referrals-sent": ("service", "area", "violence-type", "age-band"),
    "referrals-completed": ("outcome", *CROSSED),
    "referrals-refused": ("reason", *CROSSED),
    "needs-not-referred": ("no-referral-reason",),
}
REFERRALS: Final[tuple[Group, ...]] = ("referrals-sent", "referrals-completed", "referrals-refused")
WAITS: Final = ("acceptance", "first-service", "completion")


@dataclass(frozen=True)
class Case:
    """One referral. `said`: by dimension, a code. `waited`: since it was sent, until each of `WAITS` that came. Or one need that
    was not referred, `sent` when it was found."""

    sent: datetime
    status: str
    said: Mapping[str, str]
    waited: Mapping[str, timedelta]


Strata = dict[str, int]
Breakdowns = Mapping[Dimension, Strata]


@dataclass(frozen=True)
class Counted:
    """A group: its whole, and by each dimension."""

    group: Group
    whole: int
    by: Breakdowns


def case(course: Course, violence: str = "") -> Case:
    """A referral that was sent, from its course. `violence`: the main type that its survivor has suffered."""
    first, sent = course.first, course.first["requested"]
    ends = {
        "acceptance": first.get("accepted"),
        "first-service": first.get("in-progress", first.get("completed")),
        "completion": first.get("completed"),
    }
    waited = {name: at - sent for name, at in ends.items() if at is not None}
    return Case(sent, course.status, {**course.said, "violence-type": violence or UNSAID}, waited)


def unreferred(need: Resource) -> Case | None:
    """A need that says why it was not referred; None of any other, and of one that was written down in error."""
    reason = no_referral_reason(need)
    if not reason or need["status"] == "entered-in-error" or "authoredOn" not in need:
        return None
    return Case(instants.span(need["authoredOn"])[0], need["status"], {"no-referral-reason": reason}, {})


def count_unreferred(cases: Iterable[Case]) -> tuple[Counted, ...]:
    """The group of needs that were not referred: no part of any other, nor any other of it."""
    return (_counted("needs-not-referred", list(cases)),)


def count(cases: Iterable[Case]) -> tuple[Counted, ...]:
    """Every group of referrals, whole and broken down."""
    cases = list(cases)
    ended = {"referrals-completed": "completed", "referrals-refused": "rejected"}
    return tuple(
        _counted(group, [one for one in cases if group not in ended or one.status == ended[group]])
        for group in REFERRALS
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
    by = {name: dict(Counter(one.said.get(name, UNSAID) for one in cases)) for name in BROKEN_DOWN_BY[group]}
    return Counted(group, len(cases), by)
