"""Patient/$break-glass and Patient/[id]/$disclose-by-duty: what no consent covers, by a policy and for a reason.

`profiles/operation-definitions/patient-break-glass.json` and `patient-disclose-by-duty.json`. Who is meant stands in the body
alone. A person who is not known and one of whom nothing may be opened are answered alike, and few attempts are answered at all.
"""

from typing import Any, Final

from hub.consent.overrides import opened_by
from hub.errors import BAD_PARAMETER, ONE_OF_REQUIRED, SCOPE_LACKING, TOO_OFTEN, HubError
from hub.exchange import overrides
from hub.exchange.overrides import Duty, Emergency
from hub.exchange.whom import Known
from hub.fhir import Resource
from hub.fhir.instants import instant
from hub.fhir.references import split
from hub.oauth import scopes
from hub.oauth.limits import EMERGENCIES_OF_CLIENT, EMERGENCIES_OF_ORGANIZATION, spend
from hub.web.operations import Inputs, Operation
from hub.web.read import ID
from hub.web.service import Call, Service

TYPE: Final = "Patient"


def break_glass(inputs: Inputs, call: Call, service: Service) -> Resource:
    """What is open now, and until when."""
    _require_scope(call, "read")
    _require_few(call, service)
    emergency = Emergency(_whom(inputs), _text(inputs, "reason"), _text(inputs, "text"), _text(inputs, "policy"))
    tasks = overrides.break_glass(emergency, call.caller, hub=service.hub)
    return {"resourceType": "Parameters", "parameter": [_opened(task) for task in tasks]}


def disclose_by_duty(inputs: Inputs, call: Call, service: Service) -> Resource:
    """To whom it is open now, what, and until when."""
    _require_scope(call, "update")
    duty = Duty(
        person=call.id if ID.fullmatch(call.id) else "",
        recipient=_reference(inputs, "recipient", "Organization"),
        policy=_text(inputs, "policy"),
        reason=_text(inputs, "reason"),
        words=_text(inputs, "text"),
        informed=_text(inputs, "informed"),
    )
    return {
        "resourceType": "Parameters",
        "parameter": [_opened(overrides.disclose(duty, call.caller, hub=service.hub))],
    }


def _require_scope(call: Call, interaction: str) -> None:
    if not scopes.permits(call.caller.scopes, TYPE, interaction):
        raise HubError(SCOPE_LACKING, expected=f"system/{TYPE}.{scopes.LETTERS[interaction]}")


def _require_few(call: Call, service: Service) -> None:
    spent = {EMERGENCIES_OF_CLIENT: [call.caller.client], EMERGENCIES_OF_ORGANIZATION: [call.caller.organization]}
    now = service.hub.clock.now()
    wait = spend(spent, registry=service.registry, secret=service.counting, now=now)
    if wait:
        if service.witness.is_worth_telling(now, TOO_OFTEN.code, call.caller.client):
            overrides.refuse(call.caller, TOO_OFTEN, hub=service.hub)
        raise HubError(TOO_OFTEN, wait=str(wait))


def _whom(inputs: Inputs) -> Known:
    if ("identifier" in inputs) == ("patient" in inputs):
        raise HubError(ONE_OF_REQUIRED, expected="identifier, patient")
    custodian = _reference(inputs, "custodian", "Organization") if "custodian" in inputs else ""
    if "patient" in inputs:
        return Known(person=_reference(inputs, "patient", TYPE), custodian=custodian)
    identifier = inputs["identifier"][0]
    system, value = identifier.get("system"), identifier.get("value")
    if not (isinstance(system, str) and isinstance(value, str) and system and value):
        raise _bad("identifier", "valueIdentifier.system, valueIdentifier.value")
    return Known(system=system, value=value, custodian=custodian)


def _reference(inputs: Inputs, name: str, type_: str) -> str:
    given = inputs.get(name, [{}])[0].get("reference")
    found, id_ = split(given) if isinstance(given, str) else ("", "")
    if found != type_ or not id_:
        raise _bad(name, f"valueReference.reference: {type_}/[id]")
    return id_


def _text(inputs: Inputs, name: str) -> str:
    return str(inputs.get(name, [""])[0])


def _bad(name: str, expected: str) -> HubError:
    return HubError(BAD_PARAMETER, path=f"http.{name}", parameter=name, expected=expected)


def _opened(task: Resource) -> Resource:
    """All but who reviews it: that is between the association and the hub."""
    open_ = opened_by(task)
    parts: list[dict[str, Any]] = [
        {"name": "patient", "valueReference": task["for"]},
        {"name": "custodian", "valueReference": task["owner"]},
        {"name": "until", "valueInstant": instant(open_.until)},
        *({"name": "purpose", "valueCode": one} for one in sorted(open_.purposes)),
        *({"name": "data-class", "valueCode": one} for one in sorted(open_.classes)),
    ]
    return {"name": "opened", "part": parts}


_SAID: Final = {"reason": "code", "text": "string", "policy": "id"}
OPERATIONS: Final = (
    Operation(
        "break-glass",
        TYPE,
        {"identifier": "Identifier", "patient": "Reference", "custodian": "Reference", **_SAID},
        break_glass,
        instance=False,
        ours=True,
        changes=True,
    ),
    Operation(
        "disclose-by-duty",
        TYPE,
        {"recipient": "Reference", "informed": "code", **_SAID},
        disclose_by_duty,
        of_type=False,
        ours=True,
        changes=True,
    ),
)
