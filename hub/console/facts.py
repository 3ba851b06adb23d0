"""A resource as facts for people: for each element its name in plain words, and what it says. In the reader's language.

The names are those of the contract (`profiles/words`, the profiles' own), the values the labels of its codes. Ids, references to
records and what is only for machines are left out. https://hl7.org/fhir/R4/datatypes.html
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.console import pages, plain
from hub.exchange import Hub
from hub.fhir import Resource, numbered
from hub.fhir.definitions import load
from hub.fhir.elements import Element, Profile
from hub.fhir.instants import span
from hub.fhir.words import of_path, of_profile, words

SKIPPED: Final = frozenset(
    {"resourceType", "id", "meta", "text", "contained", "implicitRules", "language", "intent", "category", "subject",
     "patient", "supportingInfo", "managingOrganization", "active", "modifierExtension"}
)  # fmt: skip
"""Of a resource: what is for machines, what is said elsewhere on the page, or of whom it is."""
OWN_NUMBER: Final = numbered.SYSTEM
"""By which systems know her; people have the referral's number."""
ABSENT: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
"""Says why something is not there: of what is closed to the reader, nothing is said."""
_QUIET: Final = frozenset({"use", "system", "rank", "assigner", "linkId", "country", "hash", "size", "url"})
"""Within an element."""
_AS_EXPECTED: Final = frozenset({"final", "current", "finished", "completed"})
"""Of a record: statuses that need no word. That it was entered in error does."""


@dataclass(frozen=True)
class Fact:
    label: str
    value: str


@dataclass(frozen=True)
class Card:
    """A resource: what it is, and its facts."""

    title: str
    facts: tuple[Fact, ...]


def card(resource: Resource, hub: Hub) -> Card:
    profile = load().profile_of(resource)
    if profile is None:
        return Card(of_path(resource["resourceType"], pages.language()).title, ())
    return Card(of_profile(profile, pages.language()).title, tuple(_Reader(profile, hub).facts(resource)))


@dataclass(frozen=True)
class _Reader:
    """Reads a resource by its profile."""

    profile: Profile
    hub: Hub

    def facts(self, resource: Resource) -> Iterator[Fact]:
        for name, value in sorted(resource.items(), key=self._place):
            if name in SKIPPED or name.startswith("_") or (name in {"status", "docStatus"} and value in _AS_EXPECTED):
                continue
            found = self._child(self.profile.type, name)
            for item in value if isinstance(value, list) else [value]:
                if not (name == "identifier" and item.get("system") == OWN_NUMBER):
                    yield from self._fact(item, found)

    def _place(self, property_: tuple[str, Any]) -> tuple[bool, int]:
        """In the order of the definition; what was added to it comes last."""
        names = [name for one in self.profile.children(self.profile.type) for name in one.json_names]
        name = property_[0]
        return name == "extension", names.index(name) if name in names else len(names)

    def _fact(self, item: Any, found: tuple[Element, str] | None) -> Iterator[Fact]:
        label = words(self.profile, found[0].id, pages.language()).title if found else ""
        if isinstance(item, dict) and "url" in item and "code" not in item:
            label, value = self._extension(item)
        elif isinstance(item, dict) and isinstance(item.get("code"), dict):  # a component, by what it is about
            label, value = plain.concept(item["code"]), self._rest(item)
        else:
            value = self._value(item, found)
        if label and value:
            yield Fact(label, value)

    def _rest(self, item: Resource) -> str:
        return self._parts({name: value for name, value in item.items() if name != "code"}, "")

    def _child(self, parent: str, name: str) -> tuple[Element, str] | None:
        try:
            children = self.profile.children(parent)
        except KeyError:
            return None
        return next(((one, one.json_names[name]) for one in children if name in one.json_names), None)

    def _value(self, item: Any, found: tuple[Element, str] | None) -> str:
        if isinstance(item, bool):
            return pages.tell("yes" if item else "no")
        if isinstance(item, dict):
            shaped = next((form for mark, form in _SHAPES.items() if mark in item), None)
            return shaped(item, self) if shaped else self._parts(item, found[0].id if found else "")
        return _simple(str(item), found[1] if found else "", found[0].binding if found else None)

    def _parts(self, item: Resource, parent: str) -> str:
        """What an element of several parts says, one after the other; what is to be heeded comes last."""
        found = []
        for name, value in sorted(item.items(), key=lambda one: one[0] == "extension"):
            if name in _QUIET or name.startswith("_"):
                continue
            child = self._child(parent, name) if parent else None
            if child is None and name.startswith("value") and isinstance(value, str):  # of a component
                found.append(_simple(value, name.removeprefix("value"), None))
                continue
            found += [self._part(one, child) for one in (value if isinstance(value, list) else [value])]
        return " · ".join(filter(None, found))

    def _part(self, item: Any, child: tuple[Element, str] | None) -> str:
        if isinstance(item, dict) and "url" in item:
            label, value = self._extension(item)
            return f"{label}{pages.tell('colon')}{value}" if label and value else ""
        return self._value(item, child)

    def _extension(self, item: Resource) -> tuple[str, str]:
        """An extension is named by its own definition."""
        if item["url"] == ABSENT:
            return "", ""
        try:
            of = load().extension_definition(item["url"])
        except KeyError:
            return "", ""
        title = of_profile(of, pages.language()).title
        parts = [self._inner(of, part) for part in item.get("extension", ())]
        name = next((one for one in item if one.startswith("value")), "")
        if not name:
            return title, " · ".join(filter(None, parts))
        reader = _Reader(of, self.hub)
        return title, reader._value(item[name], reader._child("Extension", name))

    def _inner(self, of: Profile, part: Resource) -> str:
        name = next((one for one in part if one.startswith("value")), "")
        reader = _Reader(of, self.hub)
        slices = {one.slice_name: one.id for one in of.slices("Extension.extension")}
        id_ = slices.get(part["url"], "")
        return reader._value(part[name], reader._child(id_, name) if id_ else None) if name else ""


def _simple(said: str, type_: str, binding: str | None) -> str:
    if type_.lower() in {"date", "datetime", "instant"}:
        return _date(said)
    if type_ == "time":
        return said[:5]
    return _number(_place(_bound(said, binding))) if type_ in {"code", "string"} else said


def _number(said: str) -> str:
    """In Arabic the sign before a telephone number would stand behind it."""
    return pages.isolate(said) if said.startswith("+") else said


def _place(said: str) -> str:
    """A province by its name: addresses have it as a code."""
    return load().display("province", said, pages.language()) or said if said.startswith("MA-") else said


def _bound(code: str, binding: str | None) -> str:
    """The label of a code by the value set of its element."""
    if not binding or not load().has_value_set(binding):
        return code
    system = next((system for system, known in load().value_set(binding).codes if known == code), "")
    return plain.display(system, code) if system else code


def _date(said: str) -> str:
    """As exactly as it was said: a month stays a month."""
    return pages.day(span(said)[0]) if "T" in said else "/".join(reversed(said.split("-")))


def _period(item: Resource, _: _Reader) -> str:
    return " – ".join(_date(item[end]) if end in item else "…" for end in ("start", "end"))


def _name(item: Resource, _: _Reader) -> str:
    return str(item.get("text", "")) or " ".join([*item.get("given", ()), *filter(None, [item.get("family")])])


def _reference(item: Resource, reader: _Reader) -> str:
    """An organisation by its name; a record is shown by itself, or not at all."""
    name = item.get("reference", "")
    return plain.organization_name(name, reader.hub) if name.startswith("Organization/") else ""


def _coding(item: Resource, _: _Reader) -> str:
    return plain.display(item["system"], item["code"]) if "system" in item else str(item.get("display", item["code"]))


_SHAPES: Final[Mapping[str, Callable[[Any, _Reader], str]]] = {
    "coding": lambda item, _: plain.concept(item),
    "family": _name,
    "given": _name,
    "reference": _reference,
    "start": _period,
    "end": _period,
    "code": _coding,
}
"""A property that tells a data type → how it is said."""
