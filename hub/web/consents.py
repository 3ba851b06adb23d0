"""Consent/$simulate and Consent/$withdraw: for systems of the association that keeps the consent, and for nobody else.

`profiles/operation-definitions/consent-simulate.json` and `consent-withdraw.json`. Each record that is spoken of is read
first as the caller reads it, through the one door: hidden is absent, and the look is recorded.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from hub import texts
from hub.errors import BAD_PARAMETER, NOT_FOUND, NOT_YOURS, ONE_OF_REQUIRED, SCOPE_LACKING, HubError
from hub.exchange import disclose
from hub.exchange.simulate import Answer, Course, Line, Simulation, record, simulate
from hub.exchange.withdraw import Withdrawal, active, withdraw
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY
from hub.fhir.instants import instant
from hub.fhir.references import split
from hub.fhir.serial import loads
from hub.oauth import scopes
from hub.ports import FOREVER
from hub.web.operations import Inputs, Operation
from hub.web.service import Call, Service

TYPE: Final = "Consent"


def answer_simulate(inputs: Inputs, call: Call, service: Service) -> Resource:
    """Parameters: what would be seen by whom, in the caller's language."""
    _require_scope(call, "read")
    if "patient" not in inputs:
        raise HubError(ONE_OF_REQUIRED, path="http.patient", expected="patient")
    person = _kept_by_caller(_one_of("patient", inputs["patient"], "Patient"), call, service)
    withdrawn = [f"{TYPE}/{_one_of('withdraw', [one], TYPE)}" for one in inputs.get("withdraw", ())]
    only = {_one_of("recipient", [one], "Organization") for one in inputs.get("recipient", ())}
    for one in withdrawn:
        disclose.read(*split(one), call.caller, hub=service.hub)
    found = simulate(
        person, sign=[_consent(one) for one in inputs.get("consent", ())], withdraw=withdrawn, hub=service.hub
    )
    record(found, call.caller, hub=service.hub)
    return _parameters(_simulated(found, only, call.language))


def answer_withdraw(inputs: Inputs, call: Call, service: Service) -> Resource:
    """Parameters: what has ended, who is told, and what cannot be recalled from them."""
    _require_scope(call, "update")
    if bool(call.id) == ("patient" in inputs):
        raise HubError(ONE_OF_REQUIRED, path="http.patient", expected=f"patient, {TYPE}/[id]")
    person, consents = _of_consent(call, service) if call.id else _of_person(inputs, call, service)
    for one in consents:
        disclose.read(*split(one), call.caller, hub=service.hub, reach="update")
    recipient = _one_of("recipient", inputs["recipient"], "Organization") if "recipient" in inputs else ""
    done = withdraw(person, call.caller, consents=consents, recipient=recipient, hub=service.hub)
    return _parameters(_withdrawn(done))


OPERATIONS: Final = (
    Operation(
        "simulate",
        TYPE,
        {"patient": "Reference", "consent": "Resource*", "withdraw": "Reference*", "recipient": "Reference*"},
        answer_simulate,
        instance=False,
        ours=True,
        changes=True,
    ),
    Operation(
        "withdraw",
        TYPE,
        {"patient": "Reference", "recipient": "Reference"},
        answer_withdraw,
        ours=True,
        changes=True,
    ),
)


# --- what is asked ----------------------------------------------------------------------------------------------------


def _require_scope(call: Call, interaction: str) -> None:
    if not scopes.permits(call.caller.scopes, TYPE, interaction):
        raise HubError(SCOPE_LACKING, expected=f"system/{TYPE}.{scopes.LETTERS[interaction]}")


def _one_of(name: str, values: list[Any], type_: str) -> str:
    """The id that a reference to this type holds."""
    found, id_ = split(values[0]["reference"])
    if found != type_ or not id_:
        raise HubError(BAD_PARAMETER, path=f"http.{name}", parameter=name, expected=f"{type_}/[id]")
    return id_


def _consent(given: Resource) -> Resource:
    if given.get("resourceType") != TYPE:
        raise HubError(BAD_PARAMETER, path="http.consent", parameter="consent", expected=TYPE)
    return given


def _kept_by_caller(person: str, call: Call, service: Service) -> str:
    """A survivor whom the caller accompanies; one whom it only sees is not its to decide for."""
    seen = loads(disclose.read("Patient", person, call.caller, hub=service.hub).text)
    if seen.get("managingOrganization", {}).get("reference") != f"Organization/{call.caller.organization}":
        raise HubError(NOT_YOURS, path="http.patient")
    return person


def _of_consent(call: Call, service: Service) -> tuple[str, list[str]]:
    seen = loads(disclose.read(TYPE, call.id, call.caller, hub=service.hub, reach="update").text)
    return split(seen["patient"]["reference"])[1], [f"{TYPE}/{call.id}"]


def _of_person(inputs: Inputs, call: Call, service: Service) -> tuple[str, list[str]]:
    person = _kept_by_caller(_one_of("patient", inputs["patient"], "Patient"), call, service)
    found = active(person, call.caller, hub=service.hub)
    if not found:
        raise HubError(NOT_FOUND)
    return person, found


# --- what is answered -------------------------------------------------------------------------------------------------


def _parameters(found: Iterable[Resource]) -> Resource:
    listed = list(found)
    return {"resourceType": "Parameters", **({"parameter": listed} if listed else {})}


def _simulated(found: Simulation, only: set[str], language: str) -> Iterator[Resource]:
    signed = frozenset(found.signed)  # their ids are drawn for this answer alone
    for line in found.lines:
        if not only or line.recipient in only:
            yield {"name": "view", "part": list(_view(line, signed, language))}
    for course in found.courses:
        if not only or course.recipient in only:
            yield {"name": "referral", "part": list(_course(course))}
    for recipient in found.told:
        if not only or recipient in only:
            yield _organization("told", recipient)


def _view(line: Line, signed: frozenset[str], language: str) -> Iterator[Resource]:
    yield _organization("recipient", line.recipient)
    yield {"name": "purpose", "valueCoding": {"system": f"{TERMINOLOGY}/v3-ActReason", "code": line.purpose}}
    yield {"name": "class", "valueCode": line.data_class}
    yield {"name": "now", "valueCode": line.now.state}
    yield {"name": "then", "valueCode": line.then.state}
    yield {"name": "permitted", "valueBoolean": line.then.is_open}
    if line.then.reason:
        yield {"name": "because", "valueString": texts.say(line.then.reason, language)}
    yield from _details(line.then, signed)


def _details(answer: Answer, signed: frozenset[str]) -> Iterator[Resource]:
    for reference in answer.because:
        if reference not in signed:
            yield {"name": "consent", "valueReference": {"reference": reference}}
    if answer.until not in {None, FOREVER}:
        yield {"name": "until", "valueDateTime": instant(answer.until)}
    for element in sorted(answer.elements):
        yield {"name": "element", "valueString": element}


def _course(course: Course) -> Iterator[Resource]:
    yield {"name": "need", "valueCodeableConcept": course.need}
    yield _organization("recipient", course.recipient)
    if course.now:
        yield {"name": "now", "valueCode": course.now}
    yield {"name": "then", "valueCode": course.then}


def _withdrawn(done: Withdrawal) -> Iterator[Resource]:
    for name, references in (("ended", done.ended), ("written", done.written)):
        for reference in references:
            yield {"name": name, "valueReference": {"reference": reference}}
    for seen in done.told:
        at = [(name, value) for name, value in (("first-seen", seen.first), ("last-seen", seen.last)) if value]
        classes = [{"name": "class", "valueCode": code} for code in seen.classes]
        looks = [{"name": name, "valueDateTime": instant(value)} for name, value in at]
        yield {"name": "told", "part": [_organization("recipient", seen.recipient), *classes, *looks]}
    for one in done.stopped:
        yield {
            "name": "referral",
            "part": [_organization("recipient", one.recipient), {"name": "then", "valueCode": one.status}],
        }


def _organization(name: str, id_: str) -> Resource:
    return {"name": name, "valueReference": {"reference": f"Organization/{id_}"}}
