"""A part of a resource by what a client asks for: `_summary` and `_elements`. What is mandatory or a modifier always stays.

https://hl7.org/fhir/R4/search.html#summary · https://hl7.org/fhir/R4/search.html#elements. A cut of what the caller may see,
never the other way round. `tables/r4-summary.json.gz` is derived by `scripts/derive_r4_summary.py`.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from hub.fhir import Resource
from hub.fhir.masking import ALWAYS_KEPT, SUBSETTED
from hub.fhir.r4 import tables
from hub.fhir.serial import dumps, loads

Summary = Literal["true", "text", "data", "false"]
SUMMARIES: Final = ("true", "text", "data", "false")


@dataclass(frozen=True)
class Wanted:
    """`elements`: names of elements of the resource itself; none: all of them."""

    summary: Summary = "false"
    elements: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.summary != "false" or bool(self.elements)


ALL: Final = Wanted()


@dataclass(frozen=True)
class _Paths:
    """Paths below a type: what is in its summary, and what always stays."""

    summary: frozenset[str]
    always: frozenset[str]


def shortened(text: str, wanted: Wanted) -> str:
    """The JSON of the part that is wanted, marked as a part; `text` itself where all is."""
    return dumps(part(loads(text), wanted)) if wanted else text


def part(resource: Resource, wanted: Wanted) -> Resource:
    paths = _table()[resource["resourceType"]]
    kept = resource
    match wanted.summary:
        case "true":
            kept = _summary(resource, paths, "")
        case "text":
            kept = _named(resource, paths.always | {"text"})
        case "data":
            kept = {name: value for name, value in resource.items() if name != "text"}
    if wanted.elements:
        kept = _named(kept, paths.always | wanted.elements)
    return _marked(resource, kept)


def _named(resource: Resource, names: frozenset[str]) -> Resource:
    type_ = resource["resourceType"]
    return {key: value for key, value in resource.items() if key in ALWAYS_KEPT or _element(type_, key) in names}


def _element(path: str, key: str) -> str:
    """The name of an element in its definition: a choice without its type, a primitive's extensions as the primitive."""
    name = key.removeprefix("_")
    if f"{path}.{name}" in tables().rows:
        return name
    bases = (name[:end] for end in range(len(name) - 1, 0, -1) if name[end].isupper())
    return next((base for base in bases if f"{path}.{base}[x]" in tables().rows), name)


def _summary(node: Resource, paths: _Paths, below: str) -> Resource:
    """What is in the summary, also inside of what has no type of its own."""
    type_ = node.get("resourceType", "") or below.partition(".")[0]
    inside = "" if "resourceType" in node else below.partition(".")[2] + "."
    kept: dict[str, Any] = {}
    for key, value in node.items():
        path = inside + _element(f"{type_}.{inside}".rstrip("."), key)
        if (not inside and key in ALWAYS_KEPT) or path in paths.summary or path in paths.always:
            kept[key] = _inner(value, paths, f"{type_}.{path}")
    return kept


def _inner(value: Any, paths: _Paths, path: str) -> Any:
    row = tables().rows.get(path)
    if row is None or row.content or not {"BackboneElement", "Element"} & set(row.types):
        return value
    if isinstance(value, list):
        return [_summary(one, paths, path) if isinstance(one, dict) else one for one in value]
    return _summary(value, paths, path)


def _marked(resource: Resource, kept: Resource) -> Resource:
    meta = resource.get("meta", {})
    tags = meta.get("tag", [])
    marked = tags if SUBSETTED in tags else [*tags, SUBSETTED]
    return {"resourceType": resource["resourceType"], "id": resource["id"], **kept, "meta": {**meta, "tag": marked}}


@cache
def _table() -> Mapping[str, _Paths]:
    raw = loads(gzip.decompress(files("hub.fhir").joinpath("tables/r4-summary.json.gz").read_bytes()))
    return {type_: _Paths(frozenset(one["summary"]), frozenset(one["always"])) for type_, one in raw.items()}
