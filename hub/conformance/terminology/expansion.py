"""expand: the codes of a value set, those that a word finds, a page at a time.

https://hl7.org/fhir/R4/valueset-operation-expand.html. A filter finds a code when each of its words stands in the code
itself or in one and the same label, whatever the language; case, accents and the forms of Arabic letters do not matter.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from hub.conformance.terminology.known import label, version_of
from hub.errors import TOO_COSTLY, HubError
from hub.fhir import Resource
from hub.fhir.definitions import Concept, Definitions, ValueSet
from hub.fhir.folding import fold
from hub.fhir.instants import instant

LARGEST: Final = 1000
"""More codes than this are not given at once."""

_RETIRED: Final = frozenset({"retired", "inactive"})


@dataclass(frozen=True)
class Asked:
    """What part of the expansion is wanted, and in which words. `language`: of the displays, English where None."""

    filter: str | None = None
    offset: int | None = None
    count: int | None = None
    active_only: bool = False
    designations: bool = False
    language: str | None = None


class Member(NamedTuple):
    """`concept` None: its code system is not known here, and so no label."""

    system: str
    code: str
    concept: Concept | None


def expand(
    definitions: Definitions,
    value_set: ValueSet,
    asked: Asked,
    *,
    identifier: str,
    at: datetime,
    largest: int = LARGEST,
) -> Resource:
    """The value set with its expansion. `total` counts what matches, not what the page holds. Raises TOO_COSTLY."""
    found = [member for member in members(definitions, value_set) if _wanted(member, asked)]
    start = asked.offset or 0
    page = found[start:] if asked.count is None else found[start : start + asked.count]
    if len(page) > largest:
        raise HubError(TOO_COSTLY, limit=str(largest))
    paged = asked.offset is not None or asked.count is not None
    version = version_of(value_set)
    return {
        "resourceType": "ValueSet",
        "id": value_set.name,
        "url": value_set.url,
        **({"version": version} if version else {}),
        **({"title": value_set.title} if value_set.title else {}),
        "status": "active",
        "expansion": {
            "identifier": identifier,
            "timestamp": instant(at),
            "total": len(found),
            **({"offset": start} if paged else {}),
            "parameter": [*_echo(asked), *_versions(definitions, value_set)],
            **({"contains": [_contains(member, asked) for member in page]} if page else {}),
        },
    }


def members(definitions: Definitions, value_set: ValueSet) -> Iterator[Member]:
    """Every code of the value set, once, in its order."""
    systems = {system.url: system for system in definitions.code_systems()}
    for system, code in dict.fromkeys(value_set.codes):
        known = systems.get(system)
        yield Member(system, code, known.codes.get(code) if known else None)


def _wanted(member: Member, asked: Asked) -> bool:
    if asked.active_only and _inactive(member.concept):
        return False
    words = fold(asked.filter or "").split()
    labels = (member.concept.display, *member.concept.designations.values()) if member.concept else ()
    return any(all(word in text for word in words) for text in map(fold, (member.code, *labels)))


def _inactive(concept: Concept | None) -> bool:
    """https://hl7.org/fhir/R4/codesystem-concept-properties.html"""
    if concept is None:
        return False
    return str(concept.properties.get("inactive")).lower() == "true" or concept.properties.get("status") in _RETIRED


def _contains(member: Member, asked: Asked) -> Resource:
    found: Resource = {"system": member.system}
    if _inactive(member.concept):
        found["inactive"] = True
    found["code"] = member.code
    if member.concept:
        found["display"] = label(member.concept, asked.language)
        if asked.designations:
            found["designation"] = [{"language": k, "value": v} for k, v in member.concept.designations.items()]
    return found


def _echo(asked: Asked) -> Iterator[Resource]:
    """What shaped this expansion, in the names of the operation's parameters."""
    if asked.filter is not None:
        yield {"name": "filter", "valueString": asked.filter}
    if asked.offset is not None:
        yield {"name": "offset", "valueInteger": asked.offset}
    if asked.count is not None:
        yield {"name": "count", "valueInteger": asked.count}
    if asked.language is not None:
        yield {"name": "displayLanguage", "valueCode": asked.language}
    yield {"name": "includeDesignations", "valueBoolean": asked.designations}
    yield {"name": "activeOnly", "valueBoolean": asked.active_only}


def _versions(definitions: Definitions, value_set: ValueSet) -> Iterator[Resource]:
    for system in definitions.code_systems():
        if system.url in value_set.systems and version_of(system):
            yield {"name": "version", "valueUri": f"{system.url}|{version_of(system)}"}
