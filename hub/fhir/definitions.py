"""The contract as values: profiles, extensions, code systems and value sets of the package `profiles`, over the R4 tables.

`load()` reads everything once; nothing here changes afterwards.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, Final

from hub.fhir import Resource, canonicals
from hub.fhir.contract import contract, resolved
from hub.fhir.elements import Constraint, Element, Profile
from hub.fhir.r4 import tables
from hub.fhir.serial import loads
from hub.fhir.terminology import (
    CodeSystem,
    Concept,
    ValueSet,
    read_code_system,
    read_supplement,
    read_value_set,
    tabled,
)

__all__ = ["CodeSystem", "Concept", "Constraint", "Definitions", "Element", "Profile", "ValueSet", "load"]


DEFAULTS: Final = {
    "Patient": "survivor",
    "Encounter": "encounter",
    "Observation": "incident",
    "ServiceRequest": "need",
    "Task": "referral-task",
    "Procedure": "service-record",
    "Consent": "consent",
    "Location": "location",
    "PractitionerRole": "practitioner-role",
    "Communication": "message",
    "AuditEvent": "audit-event",
    "Provenance": "provenance",
}
"""Of several profiles of one type: the one that is meant where a resource names none."""


class Definitions:
    """All definitions. Names are the last part of a canonical (`survivor`, `gbv-type`); a canonical itself serves as well."""

    def __init__(
        self, structures: Mapping[str, Resource], systems: Mapping[str, CodeSystem], value_sets: Mapping[str, ValueSet]
    ) -> None:
        self._structures = {
            url: Profile(_whole(resource, structures), self.extension_definition)
            for url, resource in structures.items()
        }
        self._profiles = tuple(p for p in self._structures.values() if p.type != "Extension")
        self._by_type: dict[str, tuple[Profile, ...]] = {}
        for one in self._profiles:
            self._by_type[one.type] = (*self._by_type.get(one.type, ()), one)
        self._systems = systems
        self._value_sets = value_sets

    def profile(self, name_or_url: str) -> Profile:
        """KeyError when unknown."""
        found = self._structures[_url(name_or_url, canonicals.profile)]
        if found.type == "Extension":
            raise KeyError(name_or_url)
        return found

    def profiles(self) -> tuple[Profile, ...]:
        """The profiles of resources; a type may have several."""
        return self._profiles

    def of_type(self, type_: str) -> tuple[Profile, ...]:
        """Every profile of a resource type."""
        return self._by_type.get(type_, ())

    def for_type(self, type_: str) -> Profile | None:
        """The profile that is meant where a resource of this type names none."""
        found = self.of_type(type_)
        return next((p for p in found if p.name == DEFAULTS.get(type_)), found[0] if found else None)

    def profile_of(self, resource: Resource) -> Profile | None:
        """The profile of its type that a resource names first, else the one that is meant. The resource may have any shape."""
        type_, meta = resource.get("resourceType"), resource.get("meta")
        if not isinstance(type_, str):
            return None
        named = meta.get("profile") if isinstance(meta, dict) else None
        for url in named if isinstance(named, list) else ():
            found = self._structures.get(url.partition("|")[0]) if isinstance(url, str) else None
            if found is not None and found.type == type_:
                return found
        return self.for_type(type_)

    def extension_definition(self, name_or_url: str) -> Profile:
        """The definition of an extension; its elements begin with `Extension`."""
        return self._structures[_url(name_or_url, canonicals.profile)]

    def code_system(self, name_or_url: str) -> CodeSystem:
        return self._systems[_url(name_or_url, canonicals.code_system)]

    def code_systems(self) -> tuple[CodeSystem, ...]:
        return tuple(self._systems.values())

    def value_set(self, name_or_url: str) -> ValueSet:
        return self._value_sets[_url(name_or_url, canonicals.value_set)]

    def value_sets(self) -> tuple[ValueSet, ...]:
        return tuple(self._value_sets.values())

    def has_value_set(self, name_or_url: str) -> bool:
        """Whether the codes of this value set are known here: large and open ones of R4 are not."""
        return _url(name_or_url, canonicals.value_set) in self._value_sets

    def display(self, system: str, code: str, language: str) -> str | None:
        """The label of a code in this language or the next best; None when the code is unknown."""
        found = self._systems.get(_url(system, canonicals.code_system))
        concept = found.codes.get(code) if found else None
        return concept.label(language) if concept else None


def _whole(resource: Resource, structures: Mapping[str, Resource]) -> Resource:
    """A definition whose differential also says what those say that it is derived from, down to R4."""
    base = structures.get(resource.get("baseDefinition", ""))
    if base is None:
        return resource
    elements: dict[str, Resource] = {e["id"]: e for e in _whole(base, structures)["differential"]["element"]}
    for stated in resource["differential"]["element"]:
        elements[stated["id"]] = _added(elements.get(stated["id"], {}), stated)
    return {**resource, "differential": {"element": list(elements.values())}}


def _added(inherited: Resource, stated: Resource) -> Resource:
    """What an element says after what its base said of it: constraints and notes add up, the rest replaces."""
    both: dict[str, Any] = {**inherited, **stated}
    for name, key in (("constraint", "key"), ("extension", "url")):
        said = {one[key] for one in stated.get(name, ())}
        kept = [one for one in inherited.get(name, ()) if one[key] not in said]
        if kept:
            both[name] = [*kept, *stated.get(name, ())]
    return both


@cache
def load() -> Definitions:
    """Everything that `profiles` ships."""
    systems = _systems()
    value_sets = {resource["url"]: read_value_set(resource, systems) for resource in _read("value-sets")}
    value_sets |= {url: ValueSet(url, url.rsplit("/", 1)[-1], listed) for url, listed in tables().value_sets.items()}
    structures = {resource["url"]: resource for resource in (*tables().extensions, *_read("structure-definitions"))}
    return Definitions(structures, systems, value_sets)


def _systems() -> dict[str, CodeSystem]:
    found = {url: tabled(url, raw["name"], raw["concepts"]) for url, raw in tables().code_systems.items()}
    supplements: list[Resource] = []
    for resource in _read("code-systems"):
        if resource["content"] == "supplement":
            supplements.append(resource)
        else:
            found[resource["url"]] = read_code_system(resource)
    for resource in supplements:
        url = resource["supplements"]
        found[url] = (found.get(url) or _labelled(resource)).supplemented(read_supplement(resource))
    return found


def _labelled(supplement: Resource) -> CodeSystem:
    """Of a system that is not listed here, as BCP 47: the codes that a supplement labels."""
    url: str = supplement["supplements"]
    return replace(read_code_system(supplement), url=url, name=url.rpartition("/")[2], title="", version="")


def _read(folder: str) -> Iterator[Resource]:
    for path in sorted(files("profiles").joinpath(folder).iterdir(), key=lambda p: p.name):
        if path.name.endswith(".json"):
            yield {**loads(resolved(path.read_text("utf-8"))), "version": contract().version}


def _url(name_or_url: str, canonical: Callable[[str], str]) -> str:
    return name_or_url if "/" in name_or_url or ":" in name_or_url else canonical(name_or_url)
