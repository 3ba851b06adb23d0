"""Whose a resource is: the survivor whose compartment it belongs to, and the organisation that keeps it.

https://hl7.org/fhir/R4/compartmentdefinition-patient.html. A party speaks for itself: it changes what it keeps, and what it
writes names no other keeper. What belongs to no survivor is an entry of an organisation's own.
"""

from collections.abc import Mapping
from typing import Any, Final

from hub import errors
from hub.errors import HubError
from hub.exchange import disclose
from hub.exchange.change.draft import Draft, Holder
from hub.exchange.person import Person
from hub.exchange.publish import OF_THE_OPERATOR
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.references import split
from hub.fhir.tasks import party
from hub.ports import Caller, Directory, Stored
from hub.referral.passed_on import is_passed_on
from hub.referral.transitions import TERMINAL

PERSON_ELEMENT: Final[Mapping[str, str | None]] = {
    "Patient": None, "EpisodeOfCare": "patient", "Observation": "subject", "ServiceRequest": "subject", "Consent": "patient",
    "RelatedPerson": "patient", "Encounter": "subject", "Procedure": "subject", "Condition": "subject",
    "RiskAssessment": "subject", "Flag": "subject", "CarePlan": "subject", "CareTeam": "subject",
    "DocumentReference": "subject", "Composition": "subject", "QuestionnaireResponse": "subject", "List": "subject",
    "Communication": "subject",
}  # fmt: skip
"""Types of a survivor's compartment that an organisation may write, and the element that says whose they are."""

ENTRIES: Final = frozenset(
    {"Organization", "HealthcareService", "Location", "Endpoint", "Practitioner", "PractitionerRole", "Group", "Questionnaire",
     "MeasureReport", "List"}
)  # fmt: skip
"""Types of which an organisation writes entries of its own. A list is one where it names no survivor."""

CREATED: Final = (ENTRIES | PERSON_ELEMENT.keys() | {"Task"}) - {"Organization"}
CHANGED: Final = CREATED | {"Organization"}
"""Who takes part is said by the deployment; what an organisation says of itself, it changes."""

_CUSTODIAN: Final = "extension.valueReference"
_KEEPER_ELEMENT: Final[Mapping[str, str]] = {
    "Patient": "managingOrganization", "EpisodeOfCare": "managingOrganization", "Observation": "performer",
    "ServiceRequest": "requester", "Consent": "organization", "RelatedPerson": _CUSTODIAN, "Encounter": "serviceProvider",
    "Procedure": "performer.actor", "Condition": _CUSTODIAN, "RiskAssessment": _CUSTODIAN, "Flag": "author", "CarePlan": "author",
    "CareTeam": "managingOrganization", "DocumentReference": "custodian", "Composition": "custodian",
    "QuestionnaireResponse": "author", "Communication": "sender",
    "HealthcareService": "providedBy", "Location": "managingOrganization",
    "Endpoint": "managingOrganization", "PractitionerRole": "organization", "Group": "managingEntity",
    "MeasureReport": "reporter",
}  # fmt: skip
"""A type that is not here has no such element: whoever writes it keeps it."""


def person_for(resource: Resource, draft: Draft) -> Holder:
    """The person of a new resource: known already and kept by the caller, or new with it. Of what belongs to none: the entries.
    Raises UNKNOWN_REFERENCE."""
    if is_entry(resource):
        return draft.entries
    element = PERSON_ELEMENT[resource["resourceType"]]
    if element is None:
        return draft.new_person(resource["id"])
    type_, id_ = split(resource.get(element, {}).get("reference", ""))
    if type_ == "Patient" and is_passed_on(resource) and (person := _passed_on_by(resource, id_, draft)):
        return person
    if type_ != "Patient" or _keeper_of(id_, draft) != draft.caller.organization:
        raise HubError(errors.UNKNOWN_REFERENCE, path=f"{resource['resourceType']}.{element}")
    return draft.person(id_)


def _passed_on_by(need: Resource, id_: str, draft: Draft) -> Person | None:
    """The survivor of a need that the caller passes on: one that was referred to it, and that it sees."""
    based_on = need["basedOn"][0].get("reference", "")
    person = draft.holding(based_on) if based_on.startswith("ServiceRequest/") else None
    if person is None or person.id != id_:
        return None
    mine = f"Organization/{draft.caller.organization}"
    live = [
        one for one in person.referrals_of(based_on) if party(one, "owner") == mine and one["status"] not in TERMINAL
    ]
    try:
        return person if any(disclose.read("Task", one["id"], draft.caller, hub=draft.hub) for one in live) else None
    except HubError:
        return None


def kept_with(resource: Resource, holder: Holder) -> str:
    """Who keeps a new resource, where it is not who writes it: what passes a need on is kept with that need, and so are the
    consents by which it is disclosed."""
    if not is_passed_on(resource) or not resource.get("basedOn"):
        return ""
    return holder.custodian(resource["basedOn"][0].get("reference", "")) or ""


def is_author(resource: Resource, caller: Caller) -> bool:
    """Of what is kept with another: a need that the caller passed on is its own to change."""
    return is_passed_on(resource) and party(resource, "requester") == f"Organization/{caller.organization}"


def is_entry(resource: Resource) -> bool:
    type_ = resource["resourceType"]
    return type_ in ENTRIES and (PERSON_ELEMENT.get(type_) or "") not in resource


def _keeper_of(person: str, draft: Draft) -> str | None:
    """What is hidden takes the commands of what never was: only who kept her record a moment ago is answered from her
    compartment."""
    own = f"Patient/{person}"
    if (drafted := draft.drafted(person)) is not None:
        return drafted.custodian(own)
    if draft.hub.store.remembers(person, draft.caller.organization):
        known = draft.known(person)
        return known.custodian(own) if known and known.get(own) else None
    stored = draft.hub.store.read("Patient", person, None)
    return stored.custodian if stored else None


def owned(type_: str, id_: str, draft: Draft, reach: str = "update") -> tuple[Holder, Stored]:
    """The stored resource and where it belongs, if the caller may see it: what is hidden cannot be changed either."""
    disclose.read(type_, id_, draft.caller, hub=draft.hub, reach=reach)
    seen = draft.hub.store.read(type_, id_, None)
    holder = _holder(type_, seen, draft) if seen is not None else None
    stored = holder.stored(f"{type_}/{id_}") if holder else None
    if holder is None or stored is None:
        raise HubError(errors.NOT_SUPPORTED, type=type_)
    return holder, stored


def _holder(type_: str, seen: Stored, draft: Draft) -> Holder | None:
    if seen.person is not None:
        return draft.person(seen.person)
    return draft.entries if type_ in ENTRIES else None


def require_keeper(resource: Resource, caller: Caller) -> None:
    """The organisation that a resource names as its keeper is the caller's. Raises NOT_YOURS."""
    type_ = resource["resourceType"]
    if type_ == "Organization" and resource["id"] != caller.organization:
        raise HubError(errors.NOT_YOURS, path="Organization.id")
    path = _KEEPER_ELEMENT.get(type_)
    named = _references(resource, path) if path else []
    if any(one != f"Organization/{caller.organization}" for one in named):
        raise HubError(errors.NOT_YOURS, path=f"{type_}.{path}")


def _references(resource: Resource, path: str) -> list[str | None]:
    nodes: list[Any] = [resource]
    for name in path.split("."):
        nodes = [leaf for node in nodes if name in node for leaf in _each(node[name])]
        if name == "extension":
            nodes = [one for one in nodes if one.get("url") == profile("custodian")]
    return [one.get("reference") for one in nodes]


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def require_known(resource: Resource, directory: Directory) -> None:
    """A need is referred to an organisation of the directory, or nobody would ever see the referral; who passes one on gives it
    to somebody else, or it would wait for itself. Raises UNKNOWN_REFERENCE or TO_ONESELF."""
    if resource["resourceType"] != "ServiceRequest":
        return
    if is_passed_on(resource) and party(resource, "requester") in map(_named, resource.get("performer", ())):
        raise HubError(errors.TO_ONESELF, path="ServiceRequest.performer")
    for performer in resource.get("performer", ()):
        type_, id_ = split(performer.get("reference", ""))
        if type_ != "Organization" or directory.organization(id_) is None:
            raise HubError(errors.UNKNOWN_REFERENCE, path="ServiceRequest.performer")


def _named(party: Resource) -> str:
    return str(party.get("reference", ""))


def require_same_person(before: Resource, after: Resource) -> None:
    """Whose a resource is does not change, nor what the deployment says of an organisation. Raises IMMUTABLE."""
    type_ = before["resourceType"]
    element = PERSON_ELEMENT.get(type_)
    for name in (element,) if element else OF_THE_OPERATOR if type_ == "Organization" else ():
        if before.get(name) != after.get(name):
            raise HubError(errors.IMMUTABLE, path=f"{type_}.{name}", element=name)
