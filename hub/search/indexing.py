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
special    `near`: a GeoJSON Point (in the database itself no list)
=========  ========================================================================================================

Values are kept under `Parameter.kept_as`. `_id` and `_lastUpdated` are left out: the store keeps both beside the document.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from hub.fhir import Resource
from hub.search.parameters import EVERYWHERE, KEPT_BESIDE, PARAMETERS, Parameter
from hub.search.paths import Path
from hub.search.sealed import is_bare
from hub.search.values import Found, Reader, reader


def index(resource: Resource, profile: str = "") -> Found:
    """Field → its values in this resource. A field without values is absent, and so is what documents of this profile are not
    to be found by."""
    found: Found = {}
    _take(_plan(resource["resourceType"], profile), [resource], found)
    return found


@dataclass(slots=True)
class _Place:
    """What to read at one place of a resource. The plan is walked along what is there, so what is not there costs little."""

    reads: tuple[tuple[str, Reader], ...] = ()
    below: "dict[str, _Place]" = field(default_factory=dict)
    only: "tuple[tuple[str, str, _Place], ...]" = ()  # of items with this value of this property
    composites: "tuple[tuple[str, bool, _Part, _Part], ...]" = ()


_Part = tuple[tuple[str, "_Place"], ...]
"""First property of each path of a component, and the plan below it; its values are under `""`."""


def _take(place: _Place, nodes: list[Any], found: Found) -> None:
    for name, read in place.reads:
        read(nodes, name, found)
    below = place.below.get
    for node in nodes if place.below else ():
        for key, value in node.items() if node.__class__ is dict else ():  # a null keeps a place in a list
            inner = below(key)
            if inner is None:
                continue
            values = value if value.__class__ is list else [value]
            if inner.below or inner.only or inner.composites:
                _take(inner, values, found)
            else:  # nearly all end here
                for name, read in inner.reads:
                    read(values, name, found)
    if place.only or place.composites:
        _take_some(place, nodes, found)


def _take_some(place: _Place, nodes: list[Any], found: Found) -> None:
    for key, wanted, inner in place.only:
        kept = [one for one in nodes if one.get(key) == wanted]
        if kept:
            _take(inner, kept, found)
    for name, bare, first, second in place.composites:
        for item in nodes:
            if bare and name in found:
                break  # that there is one is all that will be kept
            b = _component(second, item)
            a = _component(first, item) if b else b
            if a:
                found[name] = [*found.get(name, ()), {"a": a, "b": b}]


def _component(part: _Part, item: Resource) -> list[Any]:
    found: Found = {}
    for key, place in part:
        value = item.get(key)
        if value is not None:
            _take(place, value if value.__class__ is list else [value], found)
    return found.get("", [])


# --- the plans -------------------------------------------------------------------------------------------------------


@cache
def _plan(type_: str, profile: str) -> _Place:
    """The resource is the only item at the beginning."""
    begin = _Place()
    for parameter in _once(type_):
        bare = is_bare(type_, parameter.name, profile)
        if parameter.type == "composite":
            _add_composite(begin, parameter, bare=bare)
        elif parameter.type != "special" or not bare:
            _add(begin, parameter, parameter.kept_as, beside=not bare)
    return begin


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


def _add(begin: _Place, parameter: Parameter, name: str, *, beside: bool) -> None:
    for path in parameter.paths:
        place, read = _at(begin, path), reader(parameter.type, path.type, path.target, beside=beside)
        if read and (name, read) not in place.reads:
            place.reads += ((name, read),)


def _add_composite(begin: _Place, parameter: Parameter, *, bare: bool) -> None:
    first, second = (_part(part) for part in parameter.components)
    for path in parameter.paths:
        _at(begin, path).composites += ((parameter.kept_as, bare, first, second),)


def _part(component: Parameter) -> _Part:
    """The values as the component alone keeps them, without those beside: modifiers are not asked of composites."""
    begin = _Place()
    _add(begin, component, "", beside=False)
    return tuple(begin.below.items())
