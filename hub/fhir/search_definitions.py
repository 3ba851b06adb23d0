"""The definitions of search parameters: all of R4's, and those of this project in `profiles/search-parameters`.

https://hl7.org/fhir/R4/searchparameter.html · https://hl7.org/fhir/R4/searchparameter-registry.html. R4's are derived from
HL7's definitions (CC0) by `scripts/derive_r4_search_parameters.py`.
"""

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from hub.fhir import Resource
from hub.fhir.contract import resolved
from hub.fhir.serial import loads

OF_EVERY_TYPE: Final = "Resource"


@dataclass(frozen=True)
class Definition:
    """`expression`: FHIRPath, from the resource. `components`: canonical and expression of each part of a composite, from what
    its own expression finds."""

    name: str
    type: str
    url: str
    expression: str
    targets: tuple[str, ...] = ()
    components: tuple[tuple[str, str], ...] = ()
    usage: str = "normal"


@cache
def search_definitions() -> Mapping[str, tuple[Definition, ...]]:
    """Resource type → its parameters in the order of their names; those of every type under `Resource`."""
    raw = loads(gzip.decompress(files("hub.fhir").joinpath("tables/r4-search-parameters.json.gz").read_bytes()))
    found = {
        type_: [_definition(one, one["name"], one["expression"]) for one in listed]
        for type_, listed in raw["types"].items()
    }
    for one in _own():
        for type_ in one["base"]:
            alternatives = (part.strip() for part in one["expression"].split("|"))
            own = " | ".join(part for part in alternatives if part.startswith(f"{type_}."))
            found.setdefault(type_, []).append(_definition(one, one["code"], own))
    return {type_: tuple(sorted(listed, key=lambda one: one.name)) for type_, listed in found.items()}


def _own() -> Iterator[Resource]:
    for path in sorted(files("profiles").joinpath("search-parameters").iterdir(), key=lambda p: p.name):
        yield loads(resolved(path.read_text("utf-8")))


def _definition(raw: Resource, name: str, expression: str) -> Definition:
    return Definition(
        name=name,
        type=raw["type"],
        url=raw["url"],
        expression=expression,
        targets=tuple(raw.get("targets") or raw.get("target") or ()),
        components=tuple((one["definition"], one["expression"]) for one in raw.get("components", ())),
        usage=raw.get("usage", "normal"),
    )
