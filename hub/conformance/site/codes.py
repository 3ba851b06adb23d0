"""Value sets as tables: each code with its labels in every language that it has."""

from collections.abc import Iterator
from dataclasses import dataclass

from hub.fhir.canonicals import BASE
from hub.fhir.definitions import Concept, Definitions, ValueSet


@dataclass(frozen=True)
class Code:
    system: str
    code: str
    concept: Concept | None


@dataclass(frozen=True)
class Table:
    """One value set. `languages`: those besides Arabic, French and English in which some of its codes have a label."""

    name: str
    url: str
    systems: tuple[str, ...]
    rows: tuple[Code, ...]
    is_ours: bool
    languages: tuple[str, ...]


def tables(definitions: Definitions) -> Iterator[Table]:
    """The value sets of the contract, and those of R4 that its profiles bind to."""
    for value_set in definitions.value_sets():
        found = tuple(_codes(value_set, definitions))
        spoken = {language for row in found if row.concept for language in row.concept.designations}
        yield Table(
            name=value_set.name,
            url=value_set.url,
            systems=tuple(value_set.systems),
            rows=found,
            is_ours=value_set.url.startswith(BASE),
            languages=tuple(sorted(spoken - {"ar", "fr", "en"})),
        )


def _codes(value_set: ValueSet, definitions: Definitions) -> Iterator[Code]:
    known = {system.url: system for system in definitions.code_systems()}
    for system, code in dict.fromkeys(value_set.codes):
        yield Code(system, code, known[system].codes.get(code) if system in known else None)
