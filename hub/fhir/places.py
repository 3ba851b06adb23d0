"""Where in a resource the elements are that a simple FHIRPath names: each with its holder, so that it can be changed there.

https://hl7.org/fhir/R4/fhirpatch.html asks for simple paths: names from the type on, `[n]`, `first()`, `last()`, `single()`,
`ofType(…)`, `extension('…')` and `where(…)`: comparisons for equality joined by `and`, or any other criteria (`criteria.py`).
Nothing else of FHIRPath is read.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from hub.fhir.criteria import NotRead, holds
from hub.fhir.r4 import Row, tables

_STEP: Final = re.compile(r"(?:\.|^)([A-Za-z][A-Za-z0-9]*)|\[([0-9]{1,6})\]", re.ASCII)
_BRACKET: Final = re.compile(r"'(?:[^'\\]|\\.)*'|[()]")
_EQUAL: Final = re.compile(
    r"\s*([A-Za-z][A-Za-z0-9.]*)\s*=\s*('(?:[^'\\]|\\.)*'|true|false|-?\d+(?:\.\d+)?)\s*", re.ASCII
)
_AND: Final = re.compile(r"\s+and\s+(?=(?:[^']*'[^']*')*[^']*$)")
_LONGEST: Final = 500
_INSIDE: Final = frozenset({"BackboneElement", "Element"})


class NotSimple(ValueError):  # noqa: N818 — the field's word
    """The text is no path of the kinds that are read here."""


@dataclass(frozen=True)
class Place:
    """An element: `holder[key]`. `type`: what its children are looked up by; `row`: how it is defined; `owner` and `name`: of an
    item of a list, the object and key that hold the list."""

    holder: Any
    key: Any
    type: str
    row: Row | None = None
    owner: Any = None
    name: str = ""

    @property
    def value(self) -> Any:
        return self.holder[self.key]


def find(document: Any, path: str) -> list[Place]:
    """All that the path names, in order. Raises NotSimple."""
    steps = list(_steps(path))
    if not steps or steps[0] != ("name", document["resourceType"]):
        raise NotSimple
    places = [Place({"": document}, "", document["resourceType"])]
    for kind, argument in steps[1:]:
        places = _taken(kind, argument, places)
    return places


def child(type_: str, name: str) -> Row | None:
    """How an element below a type is defined, by its name without the type of a choice."""
    rows = tables().rows
    return rows.get(f"{type_}.{name}") or rows.get(f"{type_}.{name}[x]")


def key_of(row: Row, name: str, type_: str) -> str:
    """The name in JSON: that of a choice ends with its type."""
    return name + type_[:1].upper() + type_[1:] if row.path.endswith("[x]") else name


def type_of(row: Row, key: str = "") -> str:
    """What the children of an element are looked up by; `key`: its name in JSON, which tells the type of a choice."""
    if row.content:
        return row.content
    if set(row.types) <= _INSIDE:
        return row.path
    base = row.path.rpartition(".")[2].removesuffix("[x]")
    chosen = key.removeprefix(base).lower()
    return next((one for one in row.types if one.lower() == chosen), row.types[0])


def _steps(path: str) -> Iterator[tuple[str, str]]:
    at = 0
    if len(path) > _LONGEST:
        raise NotSimple
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise NotSimple
        (name, index), at = step.groups(), step.end()
        if name and path[at : at + 1] == "(":
            end = _closing(path, at)
            yield name, path[at + 1 : end]
            at = end + 1
        else:
            yield ("item", index) if index else ("name", name)


def _closing(path: str, at: int) -> int:
    """Where the bracket ends that opens here; what stands in a text opens and closes none."""
    open_ = 0
    for found in _BRACKET.finditer(path, at):
        open_ += {"(": 1, ")": -1}.get(found[0], 0)
        if open_ == 0:
            return found.start()
    raise NotSimple


def _taken(kind: str, argument: str, places: list[Place]) -> list[Place]:
    if kind not in _FUNCTIONS:
        raise NotSimple
    return _FUNCTIONS[kind](places, argument)


def _below(place: Place, name: str) -> Iterator[Place]:
    row = child(place.type, name)
    if row is None:
        raise NotSimple
    if not isinstance(place.value, dict):
        return
    for key in _keys(row, name, place.value):
        value, type_ = place.value[key], type_of(row, key)
        if isinstance(value, list):
            yield from (Place(value, n, type_, row, place.value, key) for n in range(len(value)))
        else:
            yield Place(place.value, key, type_, row)


def _keys(row: Row, name: str, holder: dict[str, Any]) -> list[str]:
    spelled = [key_of(row, name, type_) for type_ in row.types] or [name]
    return [key for key in dict.fromkeys(spelled) if key in holder]


def _holds(place: Place, criteria: str) -> bool:
    compared = [_EQUAL.fullmatch(one) for one in _AND.split(criteria)]
    if all(compared):
        return all(_equal(place, one) for one in compared if one)
    try:
        return holds(place.value, place.type, criteria)
    except NotRead:
        raise NotSimple from None


def _equal(place: Place, compared: re.Match[str]) -> bool:
    found: Iterable[Place] = [place]
    for name in compared[1].split("."):
        found = [below for one in found for below in _below(one, name)]
    text = compared[2]
    wanted = re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith("'") else text
    return any(_spelled(one.value) == wanted for one in found)


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_FUNCTIONS: Final[dict[str, Callable[[list[Place], str], list[Place]]]] = {
    "name": lambda places, name: [below for place in places for below in _below(place, name)],
    "item": lambda places, index: places[int(index) : int(index) + 1],
    "first": lambda places, _: places[:1],
    "last": lambda places, _: places[-1:],
    "single": lambda places, _: places,
    "ofType": lambda places, type_: [one for one in places if one.type.lower() == type_.strip().lower()],
    "where": lambda places, criteria: [one for one in places if _holds(one, criteria)],
    "extension": lambda places, url: [
        below for one in places for below in _below(one, "extension") if _holds(below, f"url = {url.strip()}")
    ],
}
