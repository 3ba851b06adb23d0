"""Whose a resource is: the survivor whose compartment it belongs to, and the organisation that keeps it.

https://hl7.org/fhir/R4/compartmentdefinition-patient.html. A party speaks for itself: it changes what it keeps, and what it
writes names no other keeper.
"""

from collections.abc import Mapping
from typing import Final

from hub import errors
from hub.errors import HubError
from hub.exchange import disclose
from hub.exchange.change.draft import Draft
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.fhir.references import split
from hub.ports import Caller, Directory, Stored

PERSON_ELEMENT: Final[Mapping[str, str | None]] = {
    "Patient": None, "EpisodeOfCare": "patient", "Observation": "subject", "ServiceRequest": "subject", "Consent": "patient",
}  # fmt: skip
"""Types that an organisation may create, and the element that says whose they are."""

_KEEPER_ELEMENT: Final[Mapping[str, str]] = {
    "Patient": "managingOrganization", "EpisodeOfCare": "managingOrganization", "Observation": "performer",
    "ServiceRequest": "requester", "Consent": "organization",
}  # fmt: skip


def person_for(resource: Resource, draft: Draft) -> Person:
    """The person of a new resource: known already and kept by the caller, or new with it. Raises UNKNOWN_REFERENCE."""
    element = PERSON_ELEMENT[resource["resourceType"]]
    if element is None:
        return draft.new_person(resource["id"])
    type_, id_ = split(resource.get(element, {}).get("reference", ""))
    if type_ != "Patient" or _keeper_of(id_, draft) != draft.caller.organization:
        raise HubError(errors.UNKNOWN_REFERENCE, path=f"{resource['resourceType']}.{element}")
    return draft.person(id_)


def _keeper_of(person: str, draft: Draft) -> str | None:
    drafted = draft.drafted(person)
    if drafted is not None:
        return drafted.custodian(f"Patient/{person}")
    stored = draft.hub.store.read("Patient", person, None)
    return stored.custodian if stored else None


def owned(type_: str, id_: str, draft: Draft, reach: str = "update") -> tuple[Person, Stored]:
    """The person and the stored resource that the caller may see: what is hidden cannot be changed either."""
    disclose.read(type_, id_, draft.caller, hub=draft.hub, reach=reach)
    seen = draft.hub.store.read(type_, id_, None)
    person = draft.person(seen.person) if seen is not None and seen.person is not None else None
    stored = person.stored(f"{type_}/{id_}") if person else None
    if person is None or stored is None:
        raise HubError(errors.NOT_SUPPORTED, type=type_)
    return person, stored


def require_keeper(resource: Resource, caller: Caller) -> None:
    """The organisation that a resource names as its keeper is the caller's. Raises NOT_YOURS."""
    type_ = resource["resourceType"]
    element = _KEEPER_ELEMENT[type_]
    named = resource.get(element, {})
    named = named if isinstance(named, list) else [named]
    if any(one.get("reference") != f"Organization/{caller.organization}" for one in named):
        raise HubError(errors.NOT_YOURS, path=f"{type_}.{element}")


def require_known(resource: Resource, directory: Directory) -> None:
    """A need is referred to an organisation of the directory, or nobody would ever see the referral."""
    if resource["resourceType"] != "ServiceRequest":
        return
    for performer in resource.get("performer", ()):
        type_, id_ = split(performer.get("reference", ""))
        if type_ != "Organization" or directory.organization(id_) is None:
            raise HubError(errors.UNKNOWN_REFERENCE, path="ServiceRequest.performer")


def require_same_person(before: Resource, after: Resource) -> None:
    element = PERSON_ELEMENT.get(before["resourceType"])
    if element and before.get(element) != after.get(element):
        raise HubError(errors.IMMUTABLE, path=f"{before['resourceType']}.{element}", element=element)
