"""translate: what a code of one system is called in another, by concept maps, in either direction.

https://hl7.org/fhir/R4/conceptmap-operation-translate.html. R4 reads an equivalence from the target to the source ("the
target is wider"), so that backwards it is turned round. Where a source is no code system but the words of a form, a word
is found however it is spelled.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from hub.conformance.terminology.concept_maps import ConceptMap, Row
from hub.conformance.terminology.known import Coding
from hub.conformance.terminology.parameters import parameters, parts, said
from hub.fhir import Resource
from hub.fhir.definitions import Definitions, ValueSet
from hub.fhir.folding import fold
from hub.texts import say

UNTRANSLATED: Final = frozenset({"unmatched", "disjoint"})
TURNED: Final = {"wider": "narrower", "narrower": "wider", "subsumes": "specializes", "specializes": "subsumes"}


@dataclass(frozen=True)
class Wanted:
    """`source` and `target`: value sets that the code comes from, and that its translations must be in."""

    reverse: bool = False
    target_system: str | None = None
    source: ValueSet | None = None
    target: ValueSet | None = None


class Match(NamedTuple):
    """`found` None: it is known that nothing matches."""

    map: str
    equivalence: str
    found: tuple[str, str] | None


def translate(
    definitions: Definitions, maps: Iterable[ConceptMap], codings: Sequence[Coding], wanted: Wanted, *, language: str
) -> Resource:
    """Parameters: result, message, match*. Of several codings, the translations of each."""
    known = frozenset(system.url for system in definitions.code_systems())
    listed = list(maps)
    matches = list(dict.fromkeys(match for c in codings for match in _matches(listed, c, wanted, known)))
    result = any(match.equivalence not in UNTRANSLATED for match in matches)
    sentence = "terminology.nothing-matches" if matches else "terminology.no-translation"
    return parameters(
        said("result", "Boolean", result),
        None if result else said("message", "String", say(sentence, language)),
        *(_written(match, definitions, language) for match in matches),
    )


def _matches(maps: Iterable[ConceptMap], coding: Coding, wanted: Wanted, known: frozenset[str]) -> Iterator[Match]:
    if wanted.source and not wanted.source.contains(coding.system, coding.code):
        return
    for concept_map in maps:
        rows = tuple(_turned(concept_map.rows)) if wanted.reverse else concept_map.rows
        for row in _of(coding, rows, known):
            found = None if row.target is None else (row.target_system, row.target)
            if _fits(row, wanted):
                yield Match(concept_map.url, row.equivalence, found)


def _turned(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows read from their targets. What is known to match nothing has no target to start from."""
    for row in rows:
        if row.target is not None:
            equivalence = TURNED.get(row.equivalence, row.equivalence)
            yield Row(row.target_system, row.target, row.source_system, row.source, equivalence)


def _of(coding: Coding, rows: Iterable[Row], known: frozenset[str]) -> list[Row]:
    """The rows of this code; of a word that is not found as it is spelled, those of its other spellings."""
    of_system = [row for row in rows if row.source_system == coding.system]
    exact = [row for row in of_system if row.source == coding.code]
    if exact or coding.system in known:
        return exact
    folded = fold(coding.code)
    return [row for row in of_system if fold(row.source) == folded]


def _fits(row: Row, wanted: Wanted) -> bool:
    if wanted.target_system is not None and row.target_system != wanted.target_system:
        return False
    if wanted.target is None:
        return True
    return row.target_system in wanted.target.systems and (
        row.target is None or wanted.target.contains(row.target_system, row.target)
    )


def _written(match: Match, definitions: Definitions, language: str) -> Resource:
    return parts(
        "match",
        said("equivalence", "Code", match.equivalence),
        None
        if match.found is None
        else {"name": "concept", "valueCoding": _coding(*match.found, definitions, language)},
        said("source", "Uri", match.map),
    )


def _coding(system: str, code: str, definitions: Definitions, language: str) -> Resource:
    display = definitions.display(system, code, language)
    return {"system": system, "code": code, **({"display": display} if display else {})}
