"""A referral that its recipient passed on: what becomes of it follows from what becomes of those to whom it was passed on.

SDOH Clinical Care, indirect referral: the coordinating organisation makes a request of its own (`filler-order`, based on the
one that it received) and a Task that is a part of the one that it owns, https://hl7.org/fhir/us/sdoh-clinicalcare.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from hub.fhir import Resource
from hub.fhir.instants import instant
from hub.fhir.references import reference
from hub.fhir.tasks import party, passed_on_from
from hub.referral.machine import missing
from hub.referral.steps import Step, moved, said
from hub.referral.transitions import LATE, TERMINAL, business_status

TAKEN_ON: Final = frozenset({"accepted", "in-progress", "on-hold", "completed"})
_NOT_BEGUN: Final = frozenset({"draft", "requested", "received", "accepted"})
_WAITING: Final = frozenset({"requested", "received"})
_AT_WORK: Final = frozenset({"accepted", "in-progress", "on-hold"})


def is_passed_on(need: Resource) -> bool:
    return need.get("intent") == "filler-order"


def parent_of(need: Resource, referrals: Sequence[Resource]) -> str | None:
    """The reference of the referral that a need passes on; "" where it passes on none, None where that has ended."""
    if not is_passed_on(need):
        return ""
    based_on = {one.get("reference") for one in need.get("basedOn", ())}
    mine = (one for one in referrals if one["focus"]["reference"] in based_on)
    live = (one for one in mine if party(one, "owner") == party(need, "requester") and one["status"] not in TERMINAL)
    return next((reference(one) for one in live), None)


def follow(referrals: Sequence[Resource], now: datetime) -> Iterator[Step]:
    """Steps for referrals that were passed on, and for those by which they were."""
    parts: dict[str, list[Resource]] = {}
    for task in referrals:
        parts.setdefault(passed_on_from(task), []).append(task)
    if parts.keys() <= {""}:
        return
    for task in referrals:
        if mine := parts.get(reference(task)):
            if task["status"] in TERMINAL:
                yield from _ended(task, mine, now)
            elif task["status"] != "draft" and business_status(task) != "consent-withdrawn":
                yield from _follows(task, mine, now)


def _ended(referral: Resource, parts: list[Resource], now: datetime) -> Iterator[Step]:
    """Nobody asks any more for what was not begun. What was begun, who passed it on asks to cancel."""
    for one in parts:
        if referral["status"] != "completed" and one["status"] in _NOT_BEGUN:
            yield Step(moved(one, "cancelled", now, reason="not-selected"), "referral.cancel")


def _follows(referral: Resource, parts: list[Resource], now: datetime) -> Iterator[Step]:
    status, says = referral["status"], business_status(referral)
    open_ = [one for one in parts if one["status"] not in TERMINAL]
    done = [one for one in parts if one["status"] == "completed" and missing(one, "outcome") is None]
    if status in _WAITING and any(one["status"] in TAKEN_ON for one in parts):
        yield Step(moved(referral, "accepted", now), "referral.accept")
    elif done and not open_ and status in _AT_WORK:
        yield Step(_completed(referral, done[-1], now), "referral.complete")
    elif not open_ and not done and says not in LATE | {"re-routing"} and _was_refused(parts):
        yield Step(said(referral, "re-routing") | {"lastModified": instant(now)}, "referral.update")
    elif open_ and says == "re-routing":
        yield Step(said(referral, "") | {"lastModified": instant(now)}, "referral.update")


def _was_refused(parts: list[Resource]) -> bool:
    return any(one["status"] in {"rejected", "failed"} for one in parts)


def _completed(referral: Resource, part: Resource, now: datetime) -> Resource:
    """With the outcome that was reported to who passed it on: its code, which is all that goes back without a look."""
    period = {"start": instant(now), **part.get("executionPeriod", {}), **referral.get("executionPeriod", {})}
    outcome = [one for one in part["output"] if missing({"output": [one]}, "outcome") is None]
    others = [one for one in referral.get("output", ()) if missing({"output": [one]}, "outcome") is not None]
    ended = {"output": [*others, *outcome], "executionPeriod": period | {"end": instant(now)}}
    return moved(referral, "completed", now) | ended
