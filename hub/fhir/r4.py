"""The structure of FHIR R4 (4.0.1) itself, as tables: what each type's elements are before a profile narrows them.

`tables/r4.json.gz` is derived from HL7's definitions (CC0) by `scripts/derive_r4_tables.py`; no prose, no package at run time.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from hub.fhir import Resource
from hub.fhir.serial import loads

EXTENSION = "http://hl7.org/fhir/StructureDefinition/"


@dataclass(frozen=True)
class Row:
    """One element as R4 defines it. `max` None: no upper bound. `content`: path of the element whose children it repeats."""

    path: str
    min: int
    max: int | None
    types: tuple[str, ...]
    targets: tuple[str, ...]
    binding: str | None
    content: str | None


@dataclass(frozen=True)
class Tables:
    rows: Mapping[str, Row]
    children: Mapping[str, tuple[str, ...]]  # path of a type or backbone element → names below it, in R4's order
    primitives: Mapping[str, str]  # primitive type → its lexical rule
    value_sets: Mapping[str, Mapping[str, tuple[str, ...]]]  # of required bindings: system → codes
    code_systems: Mapping[str, Mapping[str, Any]]
    extensions: tuple[Resource, ...]  # HL7's own extensions that the profiles use


@cache
def tables() -> Tables:
    raw = loads(gzip.decompress(files("hub.fhir").joinpath("tables/r4.json.gz").read_bytes()))
    rows = {path: _row(path, row) for type_ in raw["types"].values() for path, row in type_.items()}
    children: dict[str, list[str]] = {}
    for path in rows:
        parent, _, name = path.rpartition(".")
        children.setdefault(parent, []).append(name)
    return Tables(
        rows=rows,
        children={parent: tuple(names) for parent, names in children.items()},
        primitives=raw["primitives"],
        value_sets={
            url: {system: tuple(codes) for system, codes in listed.items()} for url, listed in raw["valueSets"].items()
        },
        code_systems=raw["codeSystems"],
        extensions=tuple(raw["extensions"]),
    )


def _row(path: str, raw: Mapping[str, Any]) -> Row:
    maximum = raw.get("max", "1")
    return Row(
        path=path,
        min=raw.get("min", 0),
        max=None if maximum == "*" else int(maximum),
        types=tuple(raw.get("types", ())),
        targets=tuple(raw.get("targets", ())),
        binding=raw.get("binding"),
        content=raw.get("content"),
    )
