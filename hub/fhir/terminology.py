"""Code systems and value sets with their labels in Arabic, French and English.

https://hl7.org/fhir/R4/codesystem.html · https://hl7.org/fhir/R4/valueset.html
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hub.fhir import Resource

TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
FALLBACKS: Final = {"zgh": ("ar", "fr"), "ary": ("ar", "fr")}
"""What a reader is given where a label is not there in the language asked for: in Morocco the other official language first."""


@dataclass(frozen=True)
class Concept:
    """`display` is English. `parent`: the code that subsumes this one, if any. `properties`: as `region` of a province; a
    property that is given several times has a tuple."""

    display: str
    designations: Mapping[str, str] = field(default_factory=dict)  # language → label
    parent: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    definition: str = ""
    definitions: Mapping[str, str] = field(default_factory=dict)  # language → what it means

    def defined(self, language: str) -> str:
        """What it means, in English where that language has no definition."""
        return self.definitions.get(language, self.definition)

    def label(self, language: str | None) -> str:
        """Its label in the language, a region notwithstanding (`fr-MA` is `fr`); else in the next best; in the end in English."""
        asked = (language or "").split("-")[0].lower()
        return next(
            (self.designations[one] for one in (asked, *FALLBACKS.get(asked, ())) if one in self.designations),
            self.display,
        )


@dataclass(frozen=True)
class CodeSystem:
    """`complete` False: only some of the codes are listed here (`content` fragment); others are allowed."""

    url: str
    name: str
    codes: Mapping[str, Concept]
    complete: bool = True
    title: str = ""
    version: str = ""
    property_types: Mapping[str, str] = field(default_factory=dict)  # as `code`, `boolean`

    def contains(self, code: str) -> bool:
        return code in self.codes

    def subsumes(self, code: str, other: str) -> bool:
        """Whether `other` is `code` or lies below it."""
        current: str | None = other
        while current is not None and current in self.codes:
            if current == code:
                return True
            current = self.codes[current].parent
        return False

    def supplemented(self, labels: Mapping[str, Mapping[str, str]]) -> "CodeSystem":
        """The same system with more labels: https://hl7.org/fhir/R4/codesystem.html#supplements."""
        codes = {
            code: replace(concept, designations={**concept.designations, **labels.get(code, {})})
            for code, concept in self.codes.items()
        }
        return replace(self, codes=codes)


@dataclass(frozen=True)
class ValueSet:
    """The codes that a binding allows, by system."""

    url: str
    name: str
    systems: Mapping[str, tuple[str, ...]]
    title: str = ""
    version: str = ""

    def contains(self, system: str, code: str) -> bool:
        return code in self.systems.get(system, ())

    @property
    def codes(self) -> tuple[tuple[str, str], ...]:
        """Pairs of system and code."""
        return tuple((system, code) for system, codes in self.systems.items() for code in codes)


def read_code_system(resource: Resource) -> CodeSystem:
    return CodeSystem(
        url=resource["url"],
        name=resource["id"],
        codes=dict(_concepts(resource.get("concept", ()), None)),
        complete=resource["content"] == "complete",
        title=resource.get("title", ""),
        version=resource.get("version", ""),
        property_types={p["code"]: p["type"] for p in resource.get("property", ())},
    )


def _concepts(listed: Iterable[Resource], parent: str | None) -> Iterator[tuple[str, Concept]]:
    for concept in listed:
        display: str = concept.get("display") or concept["code"]
        yield (
            concept["code"],
            Concept(
                display,
                {"en": display} | labels(concept),
                parent,
                _properties(concept),
                concept.get("definition", ""),
                translations(concept, "definition"),
            ),
        )
        yield from _concepts(concept.get("concept", ()), concept["code"])


def _properties(concept: Resource) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in concept.get("property", ()):
        name, value = one["code"], next(v for k, v in one.items() if k != "code")
        before = found.get(name)
        found[name] = value if before is None else (*(before if isinstance(before, tuple) else (before,)), value)
    return found


def translations(node: Resource, name: str) -> dict[str, str]:
    """Language → text of a translated string: https://hl7.org/fhir/R4/extension-translation.html."""
    found: dict[str, str] = {}
    for extension in node.get(f"_{name}", {}).get("extension", ()):
        if extension["url"] == TRANSLATION:
            said = {part["url"]: next(v for k, v in part.items() if k != "url") for part in extension["extension"]}
            found[said["lang"]] = said["content"]
    return found


def labels(concept: Resource) -> dict[str, str]:
    return {d["language"]: d["value"] for d in concept.get("designation", ())}


def read_supplement(resource: Resource) -> dict[str, dict[str, str]]:
    """Code → language → label, of a CodeSystem whose content is `supplement`."""
    return {concept["code"]: labels(concept) for concept in resource.get("concept", ())}


def tabled(url: str, name: str, concepts: Iterable[Sequence[str]]) -> CodeSystem:
    """A code system from the R4 tables: rows of code, display, parent."""
    return CodeSystem(
        url, name, {code: Concept(label, {"en": label}, parent or None) for code, label, parent in concepts}
    )


def read_value_set(resource: Resource, systems: Mapping[str, CodeSystem]) -> ValueSet:
    """Whole systems and listed codes; value sets of this project use nothing else."""
    found: dict[str, tuple[str, ...]] = {}
    for include in resource["compose"]["include"]:
        system = include["system"]
        codes = tuple(c["code"] for c in include["concept"]) if "concept" in include else tuple(systems[system].codes)
        found[system] = found.get(system, ()) + codes
    return ValueSet(resource["url"], resource["id"], found, resource.get("title", ""), resource.get("version", ""))
