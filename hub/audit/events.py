"""AuditEvents: who did what, when, to whom, and with what answer. Built here, stored with the change that they tell of.

Shaped after IHE Basic Audit Log Patterns, https://profiles.ihe.net/ITI/BALP/: agents with DICOM roles, the person as
patient entity, a decision's reason in outcomeDesc. No event holds what was disclosed, only that it was.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, code_system, profile
from hub.fhir.instants import instant
from hub.ports import Caller

HUB: Final = {"identifier": {"value": "hub"}}
_ACTIONS: Final = {"create": "C", "read": "R", "vread": "R", "search": "E", "update": "U", "patch": "U", "delete": "D"}


def event(
    id_: str,
    action: str,
    at: datetime,
    *,
    interaction: str,
    caller: Caller | None,
    person: str | None,
    entities: Iterable[str] = (),
    because: str = "",
    denied: bool = False,
    followed: Iterable[str] = (),
) -> Resource:
    """One AuditEvent. `action` is the verb string (`referral.accept`); `caller` None means the hub itself acted.

    `followed`: verbs of what the hub did in consequence, in the same transaction.
    """
    return {
        "resourceType": "AuditEvent",
        "id": id_,
        "meta": {"profile": [profile("audit-event")]},
        "type": {"system": f"{TERMINOLOGY}/audit-event-type", "code": "rest"},
        "subtype": [
            {"system": "http://hl7.org/fhir/restful-interaction", "code": interaction},
            *({"system": code_system("audit-action"), "code": verb} for verb in (action, *followed)),
        ],
        "action": _ACTIONS.get(interaction, "E"),
        "recorded": instant(at),
        "outcome": "4" if denied else "0",
        **({"outcomeDesc": because} if because else {}),
        "agent": list(_agents(caller, interaction)),
        "source": {"observer": HUB},
        "entity": [
            *({"what": {"reference": reference}, "type": _entity_type("2")} for reference in entities),
            *(
                [{"what": {"reference": f"Patient/{person}"}, "type": _entity_type("1"), "role": _role("1")}]
                if person
                else []
            ),
        ]
        or [{"what": HUB, "type": _entity_type("2")}],
    }


def provenance(
    id_: str, at: datetime, *, targets: Iterable[str], organization: str, connection: str, mapping: str
) -> Resource:
    """The Provenance of one imported record: which connection and which version of which mapping made these resources."""
    return {
        "resourceType": "Provenance",
        "id": id_,
        "meta": {"profile": [profile("provenance")]},
        "target": [{"reference": target} for target in targets],
        "recorded": instant(at),
        "activity": {"coding": [{"system": f"{TERMINOLOGY}/v3-DataOperation", "code": "CREATE"}]},
        "agent": [
            {
                "type": {"coding": [{"system": f"{TERMINOLOGY}/provenance-participant-type", "code": "author"}]},
                "who": {"reference": f"Organization/{organization}"},
            },
            {
                "type": {"coding": [{"system": f"{TERMINOLOGY}/provenance-participant-type", "code": "assembler"}]},
                "who": HUB,
            },
        ],
        "entity": [
            {"role": "source", "what": {"identifier": {"system": code_system("connection"), "value": connection}}},
            {"role": "derivation", "what": {"identifier": {"system": code_system("mapping"), "value": mapping}}},
        ],
    }


def _agents(caller: Caller | None, interaction: str) -> Iterable[Resource]:
    reads = interaction in {"read", "vread"}
    if caller:
        yield {
            "type": _dicom("110152" if reads else "110153"),
            "who": {"reference": f"Organization/{caller.organization}"},
            "altId": caller.client,
            "requestor": True,
            "purposeOfUse": [{"coding": [{"system": f"{TERMINOLOGY}/v3-ActReason", "code": caller.purpose}]}],
            **({"policy": [f"urn:ietf:params:oauth:jti:{caller.token[:32]}"]} if caller.token else {}),
        }
    yield {"type": _dicom("110153" if reads else "110152"), "who": HUB, "requestor": caller is None}


def _dicom(code: str) -> Resource:
    return {"coding": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": code}]}


def _entity_type(code: str) -> Resource:
    return {"system": f"{TERMINOLOGY}/audit-entity-type", "code": code}


def _role(code: str) -> Resource:
    return {"system": f"{TERMINOLOGY}/object-role", "code": code}
