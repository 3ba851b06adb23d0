"""What a resource can be found by: the value of every search parameter, ready for the database.

https://hl7.org/fhir/R4/search.html#ptypes

=========  ========================================================================================================
token      `system|code` (`|code` where there is no system) and `code`; of a `code`, `boolean` or `string` the value alone;
           folded wordings (text, displays) under `name:text`; `type-system|type-code|value` of an identifier under
           `name:of-type`
reference  `Type/id`, without a version; a foreign absolute URL as it is; a canonical with its version, and without;
           of a reference by identifier, that one's tokens under `name:identifier`
date       `{"l": low, "h": high}`: the half-open range that the value's precision means, in UTC; of a period or timing from
           its beginning to its end
string     folded text under the parameter's name, the text itself under `name:exact`
uri        the text; a canonical with its version, and without
number     `{"n": Decimal}`
quantity   `{"l": Decimal, "h": Decimal, "u": [system|code, |code, unit]}`: l = h, but of a range, and of `<` and `>`, which are
           open to one side (±Infinity)
composite  `{"a": [values], "b": [values]}` for each item that has both, as the two components alone would be kept
special    `near`: a GeoJSON Point
=========  ========================================================================================================

Values are kept under `Parameter.kept_as`. `_id` and `_lastUpdated` are left out: the store keeps both beside the document.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from hub.fhir import Resource
from hub.search.parameters import EVERYWHERE, PARAMETERS, Parameter
from hub.search.paths import Path
from hub.search.sealed import sealed_in, unsaid_in
from hub.search.values import Reader, readers

KEPT_BESIDE: Final = frozenset({"_id", "_lastUpdated"})

_Found = dict[str, list[Any]]


def index(resource: Resource, profile: str = "") -> _Found:
    """Field → its values in this resource. A field without values is absent, and so is what documents of this profile are not
    to be found by."""
    found: _Found = {}
    _take(_plan(resource["resourceType"], profile), [resource], found)
    return found


@dataclass(slots=True)
class _Place:
    """What to read at one place of a resource. The plan is walked along what is there, so what is not there costs nothing."""

    reads: tuple[tuple[str, Reader], ...] = ()
    below: "dict[str, _Place]" = field(default_factory=dict)
    only: "tuple[tuple[str, str, _Place], ...]" = ()  # of items with this value of this property
    composites: "tuple[tuple[str, _Part, _Part], ...]" = ()


_Part = tuple[tuple[str, "_Place"], ...]
"""First property of each path of a component, and the plan below it; its values are under `""`."""


def _visit(place: _Place, items: list[Any], found: _Found) -> None:
    below = place.below
    for item in items:
        for key, value in item.items() if item.__class__ is dict else ():  # a null keeps a place in a list
            if key in below:
                _take(below[key], value if value.__class__ is list else [value], found)


def _take(place: _Place, nodes: list[Any], found: _Found) -> None:
    for name, read in place.reads:
        values = read(nodes)
        if values:
            found[name] = found[name] + values if name in found else values
    if place.below:
        _visit(place, nodes, found)
    for key, wanted, inner in place.only:
        kept = [one for one in nodes if one.get(key) == wanted]
        if kept:
            _take(inner, kept, found)
    if place.composites:
        _compose(place, nodes, found)


def _compose(place: _Place, items: list[Any], found: _Found) -> None:
    for item in items:
        for name, first, second in place.composites:
            b = _component(second, item)
            a = _component(first, item) if b else b
            if a:
                found[name] = [*found.get(name, ()), {"a": a, "b": b}]


def _component(part: _Part, item: Resource) -> list[Any]:
    found: _Found = {}
    for key, place in part:
        value = item.get(key)
        if value is not None:
            _take(place, value if value.__class__ is list else [value], found)
    return found.get("", [])


# --- the plans -------------------------------------------------------------------------------------------------------


@cache
def _plan(type_: str, profile: str) -> _Place:
    """The resource is the only item below the beginning."""
    begin = _Place()
    sealed, unsaid = sealed_in(type_, profile), unsaid_in(type_, profile)
    for parameter in _once(type_):
        if parameter.type == "composite":
            _add_composite(begin, parameter)
            continue
        for path in parameter.paths:
            for suffix, read in readers(parameter.type, path.type, path.target):
                name = f"{parameter.kept_as}{suffix}"
                if name not in unsaid and not (parameter.name in sealed and suffix in BESIDE):
                    _add(_at(begin, path), name, read)
    return begin


BESIDE: Final = frozenset({":text", ":of-type", ":identifier"})
"""What an element is also found by where it is kept in clear; of what is encrypted there are no tokens of it."""


def _once(type_: str) -> Iterator[Parameter]:
    """Of parameters that read the same, the first."""
    yield from (one for one in EVERYWHERE.values() if one.name not in KEPT_BESIDE)
    yield from (one for one in PARAMETERS[type_].values() if one.name == one.kept_as)


def _at(place: _Place, path: Path) -> _Place:
    for step in path.steps:
        place = place.below.setdefault(step.name, _Place())
        if step.where:
            place = _with(place, *step.where)
    return place


def _with(place: _Place, key: str, wanted: str) -> _Place:
    known = next((inner for one, value, inner in place.only if (one, value) == (key, wanted)), None)
    inner = known or _Place()
    if known is None:
        place.only += ((key, wanted, inner),)
    return inner


def _add(place: _Place, name: str, read: Reader) -> None:
    if (name, read) not in place.reads:
        place.reads += ((name, read),)


def _add_composite(begin: _Place, parameter: Parameter) -> None:
    first, second = (_part(part) for part in parameter.components)
    for path in parameter.paths:
        _at(begin, path).composites += ((parameter.kept_as, first, second),)


def _part(component: Parameter) -> _Part:
    """The values as the component alone keeps them, without those beside: modifiers are not asked of composites."""
    begin = _Place()
    for path in component.paths:
        for suffix, read in readers(component.type, path.type, path.target):
            if not suffix:
                _add(_at(begin, path), "", read)
    return tuple(begin.below.items())
