"""Measure/monthly-report/$evaluate-measure: the report of the organisation that asks, on the referrals that it keeps.

https://hl7.org/fhir/R4/operation-measure-evaluate-measure.html. Of one whole period of the calendar
that is over: a month, a quarter, half a year or a year, none shorter than the deployment says. Of others' referrals nobody is
told by this door; their reports a coordinator or a ministry may have, which the deployment names.
"""

from datetime import date
from typing import Final

from hub.errors import BAD_PARAMETER, NOT_FOUND, ONE_OF_REQUIRED, REPORT_NOT_YOURS, SCOPE_LACKING, HubError
from hub.exchange.statistics import is_over, may_have, note, period, statistics
from hub.fhir import Resource
from hub.fhir.references import split
from hub.oauth import scopes
from hub.referral.reporting import MEASURE, report
from hub.web.operations import Inputs, Operation
from hub.web.service import Call, Service

TYPE: Final = "Measure"
COUNTED: Final = "Task"


def answer_measure(inputs: Inputs, call: Call, service: Service) -> Resource:
    _require_all_referrals(call)
    hub, named = service.hub, call.id or MEASURE.rpartition("/")[2]
    if f"{MEASURE.rpartition('/')[0]}/{named}" != MEASURE or inputs.get("measure", [MEASURE])[0] != MEASURE:
        raise HubError(NOT_FOUND)
    first, last = (_day(inputs, name) for name in ("periodStart", "periodEnd"))
    months = _months(first, last, service)
    organization = _reporter(inputs, call, service)
    found = statistics(organization, first.year, first.month, hub=hub, months=months)
    note(call.caller, hub=hub)
    known = hub.directory.organization(organization) or {}
    return report(found, str(known.get("province", "")))


def _months(first: date, last: date, service: Service) -> int:
    """How long the period is: one of the calendar that is over."""
    hub = service.hub
    known = {period(first.year, first.month, length): length for length in hub.reporting.periods}
    if (first, last) not in known or not is_over(last, hub.clock.now()):
        raise _bad("periodEnd", ", ".join(f"{one.isoformat()} … {other.isoformat()}" for one, other in known))
    return known[first, last]


def _reporter(inputs: Inputs, call: Call, service: Service) -> str:
    """Whose report; its own, where it says nothing. R5 has the parameter:
    https://hl7.org/fhir/R5/measure-operation-evaluate-measure.html."""
    caller, hub = call.caller, service.hub
    type_, organization = split(inputs.get("reporter", [f"Organization/{caller.organization}"])[0])
    if type_ != "Organization" or hub.directory.organization(organization) is None:
        raise _bad("reporter", f"Organization/{caller.organization}")
    if not may_have(caller, organization, hub=hub):
        raise HubError(REPORT_NOT_YOURS, path="http.reporter")
    return organization


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
        "evaluate-measure",
        TYPE,
        {"periodStart": "date", "periodEnd": "date", "measure": "canonical", "reporter": "string"},
        answer_measure,
    ),
)
