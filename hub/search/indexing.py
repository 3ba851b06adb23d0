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

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from hub.fhir import Resource
from hub.search.parameters import EVERYWHERE, PARAMETERS, Parameter
from hub.search.paths import Path, Step
from hub.search.values import Reader, readers

KEPT_BESIDE: Final = frozenset({"_id", "_lastUpdated"})

_Steps = tuple[str | tuple[str, str], ...]
"""Properties, and pairs of a property and the value that an item must have there."""
_Reads = tuple[tuple[str, Reader], ...]
"""Where values are kept, and how they are read."""
_Plan = Mapping[str, tuple[tuple[_Steps, _Reads], ...]]
"""First property → what is below it, so that what a resource does not hold costs nothing."""


def index(resource: Resource) -> dict[str, list[Any]]:
    """Field → its values in this resource. A field without values is absent."""
    found: dict[str, list[Any]] = {}
    plan = _plan(resource["resourceType"])
    for key, node in resource.items():
        if key in plan:
            nodes = node if node.__class__ is list else [node]
            _read(plan[key], nodes, found)
    for composite in _composites(resource["resourceType"]):
        _read_composite(composite, resource, found)
    return found


def _read(places: Iterable[tuple[_Steps, _Reads]], nodes: list[Any], found: dict[str, list[Any]]) -> None:
    for rest, reads in places:
        leaves = _leaves(nodes, rest) if rest else nodes
        if leaves:
            for name, read in reads:
                values = read(leaves)
                if values:
                    found[name] = found[name] + values if name in found else values


def _leaves(nodes: list[Any], steps: _Steps) -> list[Any]:
    for step in steps:
        if step.__class__ is tuple:
            key, wanted = step
            nodes = [one for one in nodes if one.get(key) == wanted]
        else:
            inner = [one[step] for one in nodes if one is not None and step in one]  # null keeps a place in a list
            nodes = [leaf for one in inner for leaf in (one if one.__class__ is list else (one,))]
        if not nodes:
            break
    return nodes


def _read_composite(composite: "_Composite", resource: Resource, found: dict[str, list[Any]]) -> None:
    name, places, parts = composite
    values = []
    for place in places:
        for item in _leaves([resource], place):
            both = [_part(part, item) for part in parts]
            if all(both):
                values.append(dict(zip("ab", both, strict=True)))
    if values:
        found[name] = values


def _part(reads: tuple[tuple[_Steps, Reader], ...], item: Any) -> list[Any]:
    return [value for steps, read in reads for value in read(_leaves([item], steps))]


# --- the plans -------------------------------------------------------------------------------------------------------

_Composite = tuple[str, tuple[_Steps, ...], tuple[tuple[tuple[_Steps, Reader], ...], ...]]
"""Where values are kept, where the items are, and how each of its two components is read."""


@cache
def _plan(type_: str) -> _Plan:
    by_key: dict[str, dict[_Steps, dict[tuple[str, Reader], None]]] = {}
    for parameter in _simple(type_):
        for path in parameter.paths:
            first, *rest = _steps(path)
            assert isinstance(first, str)
            reads = by_key.setdefault(first, {}).setdefault(tuple(rest), {})
            for suffix, read in readers(parameter.type, path.type, path.target):
                reads[f"{parameter.kept_as}{suffix}", read] = None
    return {key: tuple((rest, tuple(reads)) for rest, reads in places.items()) for key, places in by_key.items()}


def _simple(type_: str) -> Iterator[Parameter]:
    yield from (one for one in EVERYWHERE.values() if one.name not in KEPT_BESIDE)
    yield from (one for one in PARAMETERS[type_].values() if one.type != "composite")


@cache
def _composites(type_: str) -> tuple[_Composite, ...]:
    return tuple(
        (one.kept_as, tuple(tuple(_steps(path)) for path in one.paths), tuple(_component(part) for part in one.components))
        for one in PARAMETERS[type_].values()
        if one.type == "composite" and one.kept_as == one.name
    )


def _component(parameter: Parameter) -> tuple[tuple[_Steps, Reader], ...]:
    """The values under the component's own name: modifiers are not asked of composites."""
    return tuple(
        (tuple(_steps(path)), read)
        for path in parameter.paths
        for suffix, read in readers(parameter.type, path.type, path.target)
        if not suffix
    )


def _steps(path: Path) -> Iterator[str | tuple[str, str]]:
    for step in path.steps:
        yield step.name
        if step.where:
            yield step.where
