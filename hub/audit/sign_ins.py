"""AuditEvents of people and of systems: who signed in, who registered what. Stored with the change that they tell of.

https://dicom.nema.org/medical/dicom/current/output/chtml/part15/sect_A.5.3.html: user authentication, security alert. No event
holds a name, a password, a key or an address on the network.
"""

from datetime import datetime
from typing import Final

from hub.audit.events import DICOM, HUB, person_agent
from hub.audit.requests import request_entity
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, code_system, identifier_system, profile
from hub.fhir.instants import instant

_KINDS: Final = {
    "person.sign-in": ("110114", "110122"),
    "person.sign-out": ("110114", "110123"),
    "person.authorise": ("110114", "110122"),
    "token.revoke": ("110114", "110123"),
    "person.invite": ("110113", "110137"),
    "person.enrol": ("110113", "110137"),
    "person.disable": ("110113", "110137"),
}
"""Verb → DICOM's type and subtype; whatever else is a change of the security configuration."""
_CONFIGURATION: Final = ("110113", "110129")


def event(
    id_: str,
    verb: str,
    at: datetime,
    *,
    by: str = "",
    about: str = "",
    client: str = "",
    failed: bool = False,
    request: str = "",
) -> Resource:
    """`by`: the person who acted (`Practitioner/…`), "" for the hub's operator or for nobody who is known; `about`: the person
    whom it concerns; `client`: the system; `request`: the id of the one that asked for it, "" where nobody did over HTTP."""
    kind, sub = _KINDS.get(verb, _CONFIGURATION)
    return {
        "resourceType": "AuditEvent",
        "id": id_,
        "meta": {"profile": [profile("audit-event")]},
        "type": {"system": DICOM, "code": kind},
        "subtype": [
            {"system": DICOM, "code": sub},
            {"system": code_system("audit-action"), "code": verb},
        ],
        "action": "E",
        "recorded": instant(at),
        "outcome": "4" if failed else "0",
        "agent": [*([person_agent(by)] if by else []), _hub(requestor=not by)],
        "source": {"observer": HUB},
        "entity": [*([*_people(about), *_systems(client)] or [_entity(HUB, "4")]), *request_entity(request)],
    }


def _hub(*, requestor: bool) -> Resource:
    server = {"coding": [{"system": DICOM, "code": "110152"}]}
    return {"type": server, "who": HUB, "requestor": requestor}


def _people(about: str) -> list[Resource]:
    return [_entity({"reference": about}, "11", kind="4")] if about else []


def _systems(client: str) -> list[Resource]:
    named = {"identifier": {"system": identifier_system("client"), "value": client}}
    return [_entity(named, "4")] if client else []


def _entity(what: Resource, role: str, kind: str = "2") -> Resource:
    return {
        "what": what,
        "type": {"system": f"{TERMINOLOGY}/audit-entity-type", "code": kind},
        "role": {"system": f"{TERMINOLOGY}/object-role", "code": role},
    }
