"""HealthcareService/$match: which services answer a need, with what speaks for and against each.

`profiles/operation-definitions/match-services.json`. By POST alone, as its parameters are no primitives; and strictly in codes:
a label, a text, an id, whatever could hold a name, is refused, so that nothing about a person can be sent at all.
"""

import re
from datetime import datetime, timedelta
from typing import Any, Final

from hub.directory.matching import Reason, Wanted
from hub.directory.openings import AHEAD
from hub.directory.telling import explained
from hub.errors import BAD_PARAMETER, ONE_OF_REQUIRED, SCOPE_LACKING, HubError
from hub.exchange.orient import Answer, orient
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile
from hub.fhir.definitions import load
from hub.fhir.instants import instant, span
from hub.oauth import scopes
from hub.web.bodies import read_json
from hub.web.operations import Inputs, Operation
from hub.web.searchset import entry, searchset
from hub.web.service import Call, Service

TYPE: Final = "HealthcareService"
INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
PARAMETERS: Final = {
    "service": "Coding", "area": "Coding", "priority": "code", "age-band": "code", "language": "code*", "eligibility": "code*",
    "characteristic": "code*", "required": "code*", "at": "instant", "open": "boolean",
}  # fmt: skip
CODED_BY: Final = {
    "service": "service-type",
    "area": "area",
    "priority": "http://hl7.org/fhir/ValueSet/request-priority",
    "age-band": "age-band",
    "language": "language",
    "eligibility": "service-eligibility",
    "characteristic": "service-characteristic",
    "required": "service-characteristic",
}
"""Parameter → the value set that its code must be of."""
_KEYS: Final = {"Coding": "valueCoding", "code": "valueCode", "instant": "valueInstant", "boolean": "valueBoolean"}


def answer_match(inputs: Inputs, call: Call, service: Service) -> str:
    """A searchset, the most fitting first, each with its score and its reasons."""
    if not scopes.permits(call.caller.scopes, TYPE, "search"):
        raise HubError(SCOPE_LACKING, expected=f"system/{TYPE}.{scopes.LETTERS['search']}")
    _require_codes_alone(read_json(call.request) if inputs else {})
    found = orient(_wanted(inputs, service), call.caller, hub=service.hub)
    return searchset(len(found), [], (entry(one.view, service.base, _how(one, call.language)) for one in found))


def _require_codes_alone(body: Resource) -> None:
    """Raises BAD_PARAMETER, which repeats nothing of what was sent."""
    if body.keys() - {"resourceType", "parameter"}:
        raise HubError(BAD_PARAMETER, path="http.parameter", parameter="Parameters", expected="resourceType, parameter")
    for one in body.get("parameter", ()):
        name = one["name"]
        key = _KEYS[PARAMETERS[name].rstrip("*")]
        value = one.get(key)
        if one.keys() != {"name", key} or (isinstance(value, dict) and value.keys() != {"system", "code"}):
            raise _bad(name, f"{key}{' {system, code}' if key == 'valueCoding' else ''}")


def _wanted(inputs: Inputs, service: Service) -> Wanted:
    """Each code is one of its value set. Raises BAD_PARAMETER, ONE_OF_REQUIRED."""
    if "service" not in inputs:
        raise HubError(ONE_OF_REQUIRED, path="http.service", expected="service")
    codes = {name: tuple(_code(name, one) for one in given) for name, given in inputs.items() if name in CODED_BY}
    one = {name: found[0] for name, found in codes.items()}
    return Wanted(
        one["service"],
        _at(inputs, service.hub.clock.now()),
        one.get("area", ""),
        one.get("priority", "routine"),
        one.get("age-band", ""),
        codes.get("language", ()),
        codes.get("eligibility", ()),
        codes.get("characteristic", ()),
        codes.get("required", ()),
        inputs.get("open", [False])[0] is True,
    )


def _at(inputs: Inputs, now: datetime) -> datetime:
    """Now, or a time to come for which openings are known."""
    if "at" not in inputs:
        return now
    at = _moment(inputs["at"][0])
    if at is None or not now <= at <= now + timedelta(days=AHEAD):
        raise _bad("at", f"{instant(now)} … {instant(now + timedelta(days=AHEAD))}")
    return at


def _moment(text: str) -> datetime | None:
    try:
        return span(text)[0] if INSTANT.fullmatch(text) else None
    except (ValueError, OverflowError):
        return None


def _code(name: str, given: Any) -> str:
    known = load().value_set(CODED_BY[name]).codes
    wanted = (given["system"], given["code"]) if isinstance(given, dict) else given
    found = next((code for system, code in known if wanted in ((system, code), code)), None)
    if found is None:
        raise _bad(name, ", ".join(code for _, code in known))
    return found


def _bad(name: str, expected: str) -> HubError:
    return HubError(BAD_PARAMETER, path=f"http.{name}", parameter=name, expected=expected)


def _how(answer: Answer, language: str) -> Resource:
    reasons = [reason(one, language) for one in answer.fit.reasons]
    return {"extension": reasons, "score": answer.fit.score}


def reason(found: Reason, language: str) -> Resource:
    """A finding as an extension of `Bundle.entry.search`."""
    coding = {"system": code_system("match-reason"), "code": found.code}
    said = {"coding": [coding], "text": explained(found, language)}
    return {"url": profile("match-reason"), "valueCodeableConcept": said}


OPERATIONS: Final = (
    Operation(
        "match", TYPE, PARAMETERS, answer_match, instance=False, ours=True, changes=True, defined_as="match-services"
    ),
)
"""`changes`: nothing does, but what is asked stands in no URL: those are written down on their way."""
