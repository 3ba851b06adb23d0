"""AuditEvents of decisions: that something let an organisation see what is a survivor's, or did not, and why.

https://profiles.ihe.net/ITI/BALP/StructureDefinition-IHE.BasicAudit.AuthZconsent.html: who asked, in whose name, of whom, and the
Consents that decided. Where none did (there is none, a review Task stands for one, a token reaches less), it is told in the same
shape under the other code that BALP has. What was looked at stands in the event of the look alone.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from hub.audit.events import (
    ALERT,
    APPLICATION,
    AUTHORIZATION,
    AUTHORIZER,
    BY_CONSENT,
    BY_ROLE,
    DICOM,
    HUB,
    data_entity,
    dicom,
    patient_entity,
    person_agent,
    token_urn,
)
from hub.audit.ids import in_order
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, profile
from hub.fhir.instants import instant
from hub.fhir.labels import labelled
from hub.ports import Caller


def decision(
    id_: str, at: datetime, caller: Caller, person: str | None, *, by: Iterable[str] = (), because: str = ""
) -> Resource:
    """One decision. `by`: the Consents that decided, else review Tasks, else nothing. `because`: the key of the reason of a
    denial."""
    named = tuple(by)
    consents = [one for one in named if one.startswith("Consent/")] if person else []
    entities = [_consent(one) for one in consents] or [data_entity({"reference": one}) for one in named]
    return labelled(
        {
            "resourceType": "AuditEvent",
            "id": in_order(id_, at),
            "meta": {"profile": [profile("audit-consent-decision" if consents else "audit-event")]},
            "type": {"system": DICOM, "code": ALERT},
            "subtype": [{"system": AUTHORIZATION, "code": BY_CONSENT if consents else BY_ROLE}],
            "action": "E",
            "recorded": instant(at),
            "outcome": "4" if because else "0",
            **({"outcomeDesc": because} if because else {}),
            "agent": list(_agents(caller)),
            "source": {"observer": HUB},
            "entity": [patient_entity(person) if person else data_entity(HUB), *entities, *_token(caller)],
        }
    )


def is_decision(event: Resource) -> bool:
    """Whether it tells of a decision alone, and so of nothing that was looked at or done."""
    return {one["system"] for one in event["subtype"]} == {AUTHORIZATION}


def _agents(caller: Caller) -> Iterator[Resource]:
    """A system asks in nobody's name but its own."""
    client = {"identifier": {"value": caller.client}}
    user = person_agent(caller.practitioner)
    purpose = {"coding": [{"system": f"{TERMINOLOGY}/v3-ActReason", "code": caller.purpose}]}
    organization = {"coding": [{"system": f"{TERMINOLOGY}/v3-RoleClass", "code": "PROV"}]}
    yield {"type": dicom(APPLICATION), "who": client, "requestor": False}
    yield {**user, **({} if caller.practitioner else {"who": client}), "purposeOfUse": [purpose]}
    yield {"type": organization, "who": {"reference": f"Organization/{caller.organization}"}, "requestor": False}
    yield {"type": AUTHORIZER, "who": HUB, "requestor": False}


def _consent(reference: str) -> Resource:
    return {
        "what": {"reference": reference},
        "type": {"system": "http://hl7.org/fhir/resource-types", "code": "Consent"},
    }


def _token(caller: Caller) -> list[Resource]:
    kind = {"system": "https://profiles.ihe.net/ITI/BALP/CodeSystem/UserAgentTypes", "code": "UserOauthAgent"}
    return [{"what": {"identifier": {"value": token_urn(caller.token)}}, "type": kind}] if caller.token else []
