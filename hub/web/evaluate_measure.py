"""Measure/monthly-report/$evaluate-measure: the monthly report of the organisation that asks, on the referrals that it keeps.

https://hl7.org/fhir/R4/operation-measure-evaluate-measure.html. Of one whole month that is over: periods that overlap
could be set against each other. Of others' referrals nobody is told by this door.
"""

from datetime import date
from typing import Final

from hub.errors import BAD_PARAMETER, NOT_FOUND, ONE_OF_REQUIRED, SCOPE_LACKING, HubError
from hub.exchange.statistics import is_over, month, note, statistics
from hub.fhir import Resource
from hub.oauth import scopes
from hub.referral.reporting import MEASURE, report
from hub.web.operations import Inputs, Operation
from hub.web.service import Call, Service

TYPE: Final = "Measure"
COUNTED: Final = "Task"


def answer_measure(inputs: Inputs, call: Call, service: Service) -> Resource:
    _require_all_referrals(call)
    named = call.id or MEASURE.rpartition("/")[2]
    if f"{MEASURE.rpartition('/')[0]}/{named}" != MEASURE or inputs.get("measure", [MEASURE])[0] != MEASURE:
        raise HubError(NOT_FOUND)
    first, last = (_day(inputs, name) for name in ("periodStart", "periodEnd"))
    if (first, last) != month(first.year, first.month) or not is_over(last, service.hub.clock.now()):
        raise _bad("periodEnd", "2026-05-01 … 2026-05-31")
    caller, hub = call.caller, service.hub
    found = statistics(caller.organization, first.year, first.month, hub.smallest_cell, hub=hub)
    note(caller, hub=hub)
    known = hub.directory.organization(caller.organization) or {}
    return report(found, str(known.get("province", "")))


def _require_all_referrals(call: Call) -> None:
    """A token that reaches some of them, or one survivor's, counts nothing."""
    caller = call.caller
    narrowed = bool(caller.bound) or any(one.type == COUNTED for one in caller.within)
    if narrowed or not scopes.permits(caller.scopes, COUNTED, "search"):
        raise HubError(SCOPE_LACKING, expected=f"system/{COUNTED}.{scopes.LETTERS['search']}")


def _day(inputs: Inputs, name: str) -> date:
    if name not in inputs:
        raise HubError(ONE_OF_REQUIRED, path=f"http.{name}", expected=name)
    try:
        return date.fromisoformat(inputs[name][0])
    except ValueError:
        raise _bad(name, "2026-05-01") from None


def _bad(name: str, expected: str) -> HubError:
    return HubError(BAD_PARAMETER, path=f"http.{name}", parameter=name, expected=expected)


OPERATIONS: Final = (
    Operation(
        "evaluate-measure", TYPE, {"periodStart": "date", "periodEnd": "date", "measure": "canonical"}, answer_measure
    ),
)
