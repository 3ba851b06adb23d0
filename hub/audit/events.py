"""AuditEvents: who did what, when, to whom, and with what answer. Built here, stored with the change that they tell of.

Shaped after IHE Basic Audit Log Patterns, https://profiles.ihe.net/ITI/BALP/: client and server with their DICOM roles, the
records as data, the person as patient. What succeeded between two parties says to which of its patterns it conforms
(`audit-read`, `audit-query`, …). A denial, and what the hub did by itself, which BALP has no pattern for, are told in the
same words (`audit-event`), a denial with its reason. No event holds what was disclosed, only that it was; and two things
that BALP keeps are not kept: addresses on the network, which tell where someone works, and the text of searches, which may
name a person.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from hub.audit.ids import in_order
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, code_system, identifier_system, profile
from hub.fhir.instants import instant
from hub.fhir.labels import labelled
from hub.ports import Caller

DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
HUB: Final = {"identifier": {"value": "hub"}}
SOURCE, DESTINATION, APPLICATION = "110153", "110152", "110150"  # roles of DICOM
ALERT: Final = "110113"
AUTHORIZER: Final = {"coding": [{"system": f"{TERMINOLOGY}/extra-security-role-type", "code": "authserver"}]}
AUTHORIZATION: Final = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType"
BY_CONSENT, BY_ROLE = "AuthZ-Consent", "AuthZ-Role"  # what decided
_ACTIONS: Final = {"create": "C", "read": "R", "vread": "R", "search": "E", "update": "U", "patch": "U", "delete": "D"}
_PATTERNS: Final = {
    "create": "audit-create", "read": "audit-read", "vread": "audit-read", "search": "audit-query",
    "update": "audit-update", "patch": "audit-update",
}  # fmt: skip


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
    source: str = "",
    under: Iterable[str] = (),
    named: Iterable[Resource] = (),
) -> Resource:
    """One AuditEvent. `action` is the verb string (`referral.accept`); `caller` None means the hub itself acted.

    `followed`: verbs of what the hub did in consequence, in the same transaction. `source`: the organisation whose tool the
    hub read. `under`: the Consents, or review Tasks of exceptional disclosures, that permitted it: the policies that the agent
    acted by.
    `named`: what is no resource, by what names it: the data key that an erasure destroyed, a record of a source.
    """
    agents = [*_agents(caller, interaction, source, under)]
    data = [data_entity(what) for what in (*({"reference": reference} for reference in entities), *named)]
    patient = [patient_entity(person)] if person else []
    whole = len(agents) == 2 and data and not denied
    agents += [person_agent(caller.practitioner)] if caller and caller.practitioner else []
    return labelled(
        {
            "resourceType": "AuditEvent",
            "id": in_order(id_, at),
            "meta": {"profile": [profile(_PATTERNS.get(interaction, "audit-event") if whole else "audit-event")]},
            "type": {"system": f"{TERMINOLOGY}/audit-event-type", "code": "rest"},
            "subtype": [
                {"system": "http://hl7.org/fhir/restful-interaction", "code": interaction},
                *({"system": code_system("audit-action"), "code": verb} for verb in (action, *followed)),
            ],
            "action": _ACTIONS.get(interaction, "E"),
            "recorded": instant(at),
            "outcome": "4" if denied else "0",
            **({"outcomeDesc": because} if because else {}),
            "agent": agents,
            "source": {"observer": HUB},
            "entity": [*([*data, *patient] or [data_entity(HUB)]), *_transaction(caller)],
        }
    )


def provenance(
    id_: str, at: datetime, *, targets: Iterable[str], organization: str, connection: str, record: str, mapping: str
) -> Resource:
    """The Provenance of what one imported record made. `record`: a handle that says nothing of it, as a keyed hash."""
    return labelled(
        {
            "resourceType": "Provenance",
            "id": id_,
            "meta": {"profile": [profile("provenance")]},
            "target": [{"reference": target} for target in targets],
            "recorded": instant(at),
            "activity": {"coding": [{"system": f"{TERMINOLOGY}/v3-DataOperation", "code": "CREATE"}]},
            "agent": [
                _participant("author", {"reference": f"Organization/{organization}"}),
                _participant("informant", _named(code_system("connection"), connection)),
                _participant("assembler", HUB),
            ],
            "entity": [
                {"role": "source", "what": _named(identifier_system("source-record"), record)},
                {"role": "derivation", "what": _named(code_system("mapping"), mapping)},
            ],
        }
    )


def replacement(id_: str, at: datetime, *, new: str, old: Iterable[str], organization: str) -> Resource:
    """The Provenance of a consent that took the place of others."""
    return {
        "resourceType": "Provenance",
        "id": id_,
        "meta": {"profile": [profile("consent-replacement")]},
        "target": [{"reference": new}],
        "recorded": instant(at),
        "activity": {"coding": [{"system": f"{TERMINOLOGY}/v3-DataOperation", "code": "UPDATE"}]},
        "agent": [
            _participant("author", {"reference": f"Organization/{organization}"}),
            _participant("assembler", HUB),
        ],
        "entity": [{"role": "revision", "what": {"reference": one}} for one in old],
    }


def _participant(role: str, who: Resource) -> Resource:
    return {"type": {"coding": [{"system": f"{TERMINOLOGY}/provenance-participant-type", "code": role}]}, "who": who}


def _named(system: str, value: str) -> Resource:
    return {"identifier": {"system": system, "value": value}}


def _agents(caller: Caller | None, interaction: str, source: str, under: Iterable[str]) -> Iterable[Resource]:
    """Who gives and who receives: a reader receives, whoever sends or searches gives."""
    reads = interaction in {"read", "vread"}
    if caller:
        policies = [*([token_urn(caller.token)] if caller.token else []), *under]
        yield {
            "type": dicom(DESTINATION if reads else SOURCE),
            "who": {"reference": f"Organization/{caller.organization}"},
            "altId": caller.client,
            "requestor": not caller.practitioner,  # there is one: the person, where one signed in
            "purposeOfUse": [{"coding": [{"system": f"{TERMINOLOGY}/v3-ActReason", "code": caller.purpose}]}],
            **({"policy": policies} if policies else {}),
        }
    elif source:
        yield {"type": dicom(SOURCE), "who": {"reference": f"Organization/{source}"}, "requestor": False}
    gives = reads and not source
    yield {"type": dicom(SOURCE if gives else DESTINATION), "who": HUB, "requestor": caller is None}


def token_urn(token: str) -> str:
    """A token as it is named: by the beginning of its hash. https://www.rfc-editor.org/rfc/rfc6755 gives the form of the name."""
    return f"urn:ietf:params:oauth:jti:{token[:32]}"


def dicom(code: str) -> Resource:
    """A code of DICOM."""
    return {"coding": [{"system": DICOM, "code": code}]}


def person_agent(practitioner: str) -> Resource:
    """The person who asked (`Practitioner/…`), as BALP names one: an information recipient."""
    kind = {"coding": [{"system": f"{TERMINOLOGY}/v3-ParticipationType", "code": "IRCP"}]}
    return {"type": kind, "who": {"reference": practitioner}, "requestor": True}


def data_entity(what: Resource) -> Resource:
    return {"what": what, "type": _coding("audit-entity-type", "2"), "role": _coding("object-role", "4")}


def patient_entity(person: str) -> Resource:
    what = {"reference": f"Patient/{person}"}
    return {"what": what, "type": _coding("audit-entity-type", "1"), "role": _coding("object-role", "1")}


def _transaction(caller: Caller | None) -> list[Resource]:
    """The request that asked for it, by the id that is in its answer: BALP's `transaction`."""
    kind = {"system": "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "code": "XrequestId"}
    return [{"what": {"identifier": {"value": caller.request}}, "type": kind}] if caller and caller.request else []


def _coding(system: str, code: str) -> Resource:
    return {"system": f"{TERMINOLOGY}/{system}", "code": code}
