"""The concept maps that `mappings` ships, as rows that are read in either direction.

https://hl7.org/fhir/R4/conceptmap.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from hub.fhir import Resource
from hub.fhir.contract import resolved
from hub.fhir.serial import loads


class Row(NamedTuple):
    """One correspondence. `target` None: it is known that nothing matches."""

    source_system: str
    source: str
    target_system: str
    target: str | None
    equivalence: str


@dataclass(frozen=True)
class ConceptMap:
    url: str
    version: str
    rows: tuple[Row, ...]


def read(resource: Resource) -> ConceptMap:
    return ConceptMap(resource["url"], resource.get("version", ""), tuple(_rows(resource)))


def _rows(resource: Resource) -> Iterator[Row]:
    for group in resource.get("group", ()):
        for element in group.get("element", ()):
            for target in element.get("target", ({"equivalence": "unmatched"},)):
                found = (group["target"], target.get("code"), target["equivalence"])
                yield Row(group["source"], element["code"], *found)


@cache
def packaged() -> Mapping[str, ConceptMap]:
    """All of them, by canonical."""
    folder = files("mappings").joinpath("concept-maps")
    paths = sorted((p for p in folder.iterdir() if p.name.endswith(".json")), key=lambda p: p.name)
    return {
        concept_map.url: concept_map
        for concept_map in (read(loads(resolved(path.read_text("utf-8")))) for path in paths)
    }
