"""Which code system, value set or concept map is meant, by canonical or by instance id, and how a code is labelled.

https://hl7.org/fhir/R4/references.html#canonical: `url`, or `url|version`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple, TypeVar

from hub.conformance.terminology.concept_maps import ConceptMap
from hub.errors import UNKNOWN_CANONICAL, UNKNOWN_CODE, HubError
from hub.fhir import canonicals
from hub.fhir.definitions import CodeSystem, Concept, Definitions, ValueSet

HL7: Final = "http://hl7.org/fhir/"
R4: Final = "4.0.1"
SHOWN: Final = 12
"""How many codes a sentence lists."""

T = TypeVar("T", CodeSystem, ValueSet, ConceptMap)


class Coding(NamedTuple):
    system: str
    code: str
    display: str | None = None


_TERMINOLOGY: Final = canonicals.TERMINOLOGY.replace("CodeSystem", "ValueSet")


def find_value_set(definitions: Definitions, *, url: str = "", id_: str = "") -> ValueSet:
    """By canonical, or by id. Raises UNKNOWN_CANONICAL."""
    candidates = [canonicals.value_set(id_), f"{HL7}ValueSet/{id_}", f"{_TERMINOLOGY}/{id_}"] if id_ else [url]
    return _found(definitions.value_set, candidates, "ValueSet")


def find_code_system(definitions: Definitions, *, url: str = "", id_: str = "") -> CodeSystem:
    """By canonical, or by id. Raises UNKNOWN_CANONICAL."""
    candidates = [canonicals.code_system(id_), f"{HL7}{id_}", f"{canonicals.TERMINOLOGY}/{id_}"] if id_ else [url]
    return _found(definitions.code_system, candidates, "CodeSystem")


def find_concept_map(maps: Mapping[str, ConceptMap], *, url: str = "", id_: str = "") -> ConceptMap:
    """By canonical, or by id. Raises UNKNOWN_CANONICAL."""
    return _found(maps.__getitem__, [canonicals.concept_map(id_) if id_ else url], "ConceptMap")


def _found(get: Callable[[str], T], candidates: Iterable[str], type_: str) -> T:
    for canonical in candidates:
        url, _, version = canonical.partition("|")
        try:
            found = get(url)
        except KeyError:
            continue
        if found.url == url and version in {"", version_of(found)}:  # a bare name is no canonical
            return found
    raise HubError(UNKNOWN_CANONICAL, type=type_)


def version_of(found: CodeSystem | ValueSet | ConceptMap) -> str:
    """Its business version; of what R4 itself defines, R4's."""
    return found.version or (R4 if found.url.startswith(HL7) else "")


def concept(system: CodeSystem, code: str) -> Concept:
    """Raises UNKNOWN_CODE."""
    if not system.contains(code):
        raise HubError(UNKNOWN_CODE, system=system.url, known=some(system.codes))
    return system.codes[code]


def label(concept: Concept, language: str | None) -> str:
    """Its label in the language, or in the next best."""
    return concept.label(language)


def primary(language: str | None) -> str:
    return (language or "").split("-")[0].lower()


def some(codes: Iterable[str]) -> str:
    """The first of these codes, for a sentence."""
    listed = list(codes)
    return ", ".join(listed[:SHOWN]) + (", …" if len(listed) > SHOWN else "") or "–"
