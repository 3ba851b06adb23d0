"""Organisations of a deployment: from `organizations.yaml` to FHIR resources, and from the names they go by to their ids.

A shelter never has an address here: its Location says who manages it and in which province, nothing that leads to a door.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub.fhir import Resource
from hub.fhir.canonicals import code_system, identifier_system, profile
from hub.fhir.data_classes import data_classes
from hub.fhir.folding import fold

TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
PLACES = {
    "hospital-unit": "hospital", "court-unit": "court", "police": "police-post", "gendarmerie": "police-post",
    "emf-centre": "centre", "social-centre": "centre",
}  # fmt: skip
"""Type of organisation → kind of place; an office where nothing is said."""


@dataclass(frozen=True)
class Entry:
    """One organisation as the deployment describes it. `name`: by language; `services`: codes of service-type; `part_of`:
    the id of the organisation that it belongs to; `usual_service`: the one of its services that is meant where a register tells
    whom she is referred to and not for what."""

    id: str
    type: str
    name: Mapping[str, str]
    province: str
    aliases: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    phone: str = ""
    address: str = ""
    shelter: bool = False
    part_of: str = ""
    usual_service: str = ""

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> "Entry":
        """Raises KeyError naming the field that is missing, TypeError for one that is unknown."""
        if not isinstance(written, Mapping) or not isinstance(written.get("name", {}), Mapping):
            raise TypeError("name: fr, ar")
        known = {
            **written,
            "aliases": tuple(written.get("aliases", ())),
            "services": tuple(written.get("services", ())),
        }
        for required in ("id", "type", "name", "province"):
            known[required]
        return cls(**known)

    @property
    def names(self) -> tuple[str, ...]:
        return (self.id, *self.name.values(), *self.aliases)


class Names:
    """Which organisation a text means. Spellings are folded; a name that two organisations share means neither."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {entry.id: entry for entry in entries}
        self._by_name: dict[str, str | None] = {}
        for entry in self._entries.values():
            for name in {fold(name) for name in entry.names}:
                self._by_name[name] = None if name in self._by_name else entry.id
        self._below: dict[str, frozenset[str]] = {}

    def find(self, text: str) -> str | None:
        return self._by_name.get(fold(text))

    def name(self, id_: str, language: str) -> str:
        entry = self._entries.get(id_)
        return (entry.name.get(language) or next(iter(entry.name.values()))) if entry else id_

    def organization(self, id_: str) -> Mapping[str, Any] | None:
        entry = self._entries.get(id_)
        if entry is None:
            return None
        return {
            "id": entry.id,
            "name": entry.name,
            "type": entry.type,
            "services": entry.services,
            "province": entry.province,
        }

    def organizations(self) -> Iterable[str]:
        return tuple(self._entries)

    def offering(self, service: str, province: str) -> frozenset[str]:
        giving = (entry for entry in self if service in entry.services)
        return frozenset(entry.id for entry in giving if province in {"", entry.province})

    def usual_service(self, id_: str) -> str | None:
        entry = self._entries.get(id_)
        if entry is None:
            return None
        return entry.usual_service or (entry.services[0] if len(entry.services) == 1 else None)

    def below(self, id_: str) -> frozenset[str]:
        """An organisation that is a part of itself by mistake is one once."""
        if id_ not in self._below:
            found, pending = {id_}, [id_]
            while pending:
                above = pending.pop()
                parts = {one.id for one in self._entries.values() if one.part_of == above} - found
                found |= parts
                pending += parts
            self._below[id_] = frozenset(found)
        return self._below[id_]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())


def resources(entry: Entry) -> Iterator[Resource]:
    """The organisation, its services and its place as FHIR."""
    me = {"reference": f"Organization/{entry.id}"}
    yield {
        "resourceType": "Organization",
        "id": entry.id,
        "meta": {"profile": [profile("organization")]},
        "identifier": [{"system": identifier_system("organization"), "value": entry.id}],
        "active": True,
        "type": [{"coding": [{"system": code_system("organization-type"), "code": entry.type}]}],
        **_name(entry),
        **({"alias": list(entry.aliases)} if entry.aliases else {}),
        **({"telecom": [{"system": "phone", "value": entry.phone}]} if entry.phone else {}),
        "address": [{"state": entry.province, "country": "MA"}],
        **({"partOf": {"reference": f"Organization/{entry.part_of}"}} if entry.part_of else {}),
    }
    yield _shelter(entry, me) if entry.shelter else _place(entry, me)
    for service in entry.services:
        yield {
            "resourceType": "HealthcareService",
            "id": f"{entry.id}-{service}",
            "meta": {"profile": [profile("service")]},
            "extension": [_served(entry.province)],
            "active": True,
            "providedBy": me,
            "type": [{"coding": [{"system": code_system("service-type"), "code": service}]}],
            "location": [{"reference": f"Location/{entry.id}-site"}],
        }


def _place(entry: Entry, me: Resource) -> Resource:
    return {
        "resourceType": "Location",
        "id": f"{entry.id}-site",
        "meta": {"profile": [profile("location")]},
        "status": "active",
        **_name(entry),
        "type": [_kind_of_place(PLACES.get(entry.type, "office"))],
        "address": {**({"text": entry.address} if entry.address else {}), "state": entry.province, "country": "MA"},
        "managingOrganization": me,
    }


def _shelter(entry: Entry, me: Resource) -> Resource:
    """Its address is not even kept: what nobody has, nobody loses."""
    return {
        "resourceType": "Location",
        "id": f"{entry.id}-site",
        "meta": {
            "profile": [profile("shelter-location")],
            "security": list(data_classes()["withheld-location"].labels),
        },
        "extension": [{"url": profile("address-withheld"), "valueBoolean": True}],
        "status": "active",
        "type": [_kind_of_place("shelter")],
        "address": {"state": entry.province, "country": "MA"},
        "managingOrganization": me,
    }


def _served(province: str) -> Resource:
    """Where it serves, as long as the organisation has not said more: its own province."""
    coded = {"coding": [{"system": code_system("province"), "code": province}]}
    return {"url": profile("area"), "valueCodeableConcept": coded}


def _kind_of_place(code: str) -> Resource:
    return {"coding": [{"system": code_system("place-of-service"), "code": code}]}


def _name(entry: Entry) -> Resource:
    main = "fr" if "fr" in entry.name else next(iter(entry.name))
    others = [
        {
            "url": TRANSLATION,
            "extension": [{"url": "lang", "valueCode": language}, {"url": "content", "valueString": text}],
        }
        for language, text in entry.name.items()
        if language != main
    ]
    return {"name": entry.name[main], **({"_name": {"extension": others}} if others else {})}
