"""AuditEvents of the authorization server: a token given, refused, given back, asked about; and of what was asked for without
one that allows it. Built here, stored by who acts.

Shaped after IHE BALP's pattern for ITI-71 (https://profiles.ihe.net/ITI/BALP/StructureDefinition-IHE.IUA.71.html) and the
event codes of DICOM PS3.16 (User Authentication, Security Alert). As everywhere: no address on the network, of a token the
beginning of its hash and nothing else. A refusal names a client only where one is registered by the name that was claimed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.audit.events import (
    ALERT,
    APPLICATION,
    AUTHORIZATION,
    AUTHORIZER,
    BY_CONSENT,
    DICOM,
    HUB,
    data_entity,
    dicom,
    person_agent,
    token_urn,
)
from hub.audit.requests import request_entity
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, code_system, profile
from hub.fhir.instants import instant

IHE: Final = "urn:ihe:event-type-code"
AUTHENTICATION: Final = "110114"
_ACTS: Final[dict[str, tuple[str, str, str]]] = {
    "token.issue": (AUTHENTICATION, IHE, "ITI-71"),
    "token.introspect": (AUTHENTICATION, IHE, "ITI-102"),
    "token.revoke": (AUTHENTICATION, DICOM, "110123"),  # Logout
}
_REFUSALS: Final[dict[str, tuple[str, str, str]]] = {
    "oauth.not-proven": (AUTHENTICATION, DICOM, "110122"),  # Login
    "oauth.token": (AUTHENTICATION, DICOM, "110122"),
    "oauth.ended": (AUTHENTICATION, DICOM, "110122"),
    "oauth.consent": (ALERT, AUTHORIZATION, BY_CONSENT),
}
_RESTRICTED: Final = (ALERT, DICOM, "110132")  # Use of Restricted Function
MINOR, SERIOUS, MAJOR = "4", "8", "12"


@dataclass(frozen=True)
class Who:
    """A registered client as an event names it. `token`: the hash of the one that it holds; `practitioner`: in whose name."""

    client: str
    organization: str
    purpose: str = ""
    token: str = ""
    practitioner: str = ""  # `Practitioner/…`


def token_event(
    id_: str,
    verb: str,
    at: datetime,
    who: Who | None,
    *,
    about: Iterable[str] = (),
    because: str = "",
    outcome: str = "0",
    request: str = "",
    entity: Resource | None = None,
) -> Resource:
    """`who` None: somebody whom nobody knows. `about`: references. `because`: a key of the catalogue, of a refusal. `request`:
    the id of the one that asked for it; `entity`: what was asked for, where it is neither a token nor in `about`."""
    type_, system, code = _REFUSALS.get(because, _RESTRICTED) if because else _ACTS[verb]
    return {
        "resourceType": "AuditEvent",
        "id": id_,
        "meta": {"profile": [profile("audit-event")]},
        "type": {"system": DICOM, "code": type_},
        "subtype": [{"system": system, "code": code}, {"system": code_system("audit-action"), "code": verb}],
        "action": "E",
        "recorded": instant(at),
        "outcome": outcome,
        **({"outcomeDesc": because} if because else {}),
        "agent": [_client(who), *_person(who), _server()],
        "source": {"observer": HUB},
        "entity": [
            *([data_entity({"reference": one}) for one in about] or [entity or data_entity(HUB)]),
            *request_entity(request),
        ],
    }


def _client(who: Who | None) -> Resource:
    kind = dicom(APPLICATION)
    if who is None:
        return {"type": kind, "who": {"identifier": {"value": "unknown"}}, "requestor": True}
    purpose = {"coding": [{"system": f"{TERMINOLOGY}/v3-ActReason", "code": who.purpose}]}
    return {
        "type": kind,
        "who": {"reference": f"Organization/{who.organization}"},
        "altId": who.client,
        "requestor": not who.practitioner,  # there is one: the person, where it acts in somebody's name
        **({"purposeOfUse": [purpose]} if who.purpose else {}),
        **({"policy": [token_urn(who.token)]} if who.token else {}),
    }


def _person(who: Who | None) -> list[Resource]:
    return [person_agent(who.practitioner)] if who and who.practitioner else []


def _server() -> Resource:
    return {"type": AUTHORIZER, "who": HUB, "requestor": False}
