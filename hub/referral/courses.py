"""The course of a referral: when it first came to each status, where it stands, and what its notice says in codes. Pure.

It is carried on with each version, so that to count referrals nobody has to read their histories.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal

from hub.fhir import Resource
from hub.fhir.instants import span
from hub.fhir.tasks import REFERRAL, kind, notice_of
from hub.ports import LONG_AGO, Course
from hub.referral.stages import service

Dimension = Literal["service", "area", "violence-type", "age-band", "outcome", "reason", "no-referral-reason"]
UNSAID: Final = "unsaid"
"""The stratum of what says nothing of it, so that a breakdown always adds up to its whole."""


def step(task: Resource, written: datetime) -> Course | None:
    """What one version tells; None of a Task that carries no referral. The act was when the hub says in the Task that it was."""
    if kind(task) != REFERRAL:
        return None
    at = span(task["lastModified"])[0] if "lastModified" in task else written
    return Course({task["status"]: at}, task["status"], _said(task))


def carried(before: Course, now: Course) -> Course:
    """The course after one more version."""
    return Course({**now.first, **before.first}, now.status, now.said, now.person or before.person)


def completed(course: Course, task: Resource) -> Course:
    """With what the present version says of a dimension that was not kept when this was written."""
    return replace(course, said={**_said(task), **course.said})


def course(steps: Iterable[Course | None]) -> Course | None:
    """Of all versions, in their order."""
    found: Course | None = None
    for one in steps:
        found = carried(found, one) if found and one else one or found
    return found


def sent(course: Course) -> datetime:
    """`LONG_AGO` of what does not count: never sent, or in error."""
    never = "entered-in-error" in course.first
    return LONG_AGO if never else course.first.get("requested", LONG_AGO)


def _said(task: Resource) -> dict[str, str]:
    notice = notice_of(task)
    return {
        "service": service(task) or UNSAID,
        "area": notice.get("province") or UNSAID,
        "age-band": notice.get("age-band") or UNSAID,
        "outcome": _outcome(task) or UNSAID,
        "reason": _code(task.get("statusReason", {})) or UNSAID,
    }


def _outcome(task: Resource) -> str:
    kinds = (one for one in task.get("output", ()) if _code(one["type"]) == "outcome")
    return next((_code(one.get("valueCodeableConcept", {})) for one in kinds), "")


def _code(concept: Resource) -> str:
    return next((str(one["code"]) for one in concept.get("coding", ()) if "code" in one), "")
