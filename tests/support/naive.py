"""A search as its rules read, over resources in memory: the official FHIRPath of each parameter, and a plain comparison of values.

https://hl7.org/fhir/R4/search.html. It shares with the hub the definitions, how text is folded, and what a date means.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final

import fhirpathpy
from fhirpathpy.models import models

from hub.fhir import Resource
from hub.fhir.folding import fold
from hub.fhir.r4 import tables
from hub.search.dates import EARLIEST, LATEST, span
from hub.search.parameters import Parameter

_TO: Final = re.compile(r"\.where\(resolve\(\) is (\w+)\)")
_AS: Final = re.compile(r"\(([\w.]+) as (\w+)\)")
_HISTORY: Final = re.compile(r"/_history/.*")
Predicate = Callable[[Resource], bool]


@cache
def _compiled(expression: str) -> Any:
    return fhirpathpy.compile(expression, models["r4"])


def _found(resource: Resource, expression: str, base: str) -> list[Any]:
    if base:
        found: list[Any] = fhirpathpy.evaluate(resource, {"base": base, "expression": expression}, model=models["r4"])
        return found
    return list(_compiled(expression)(resource))


def nodes(resource: Resource, expression: str, base: str = "") -> list[Any]:
    """What the expression finds: `as` over all items, as definitions mean it; of what a reference resolves to, its type."""
    found: list[Any] = []
    for part in expression.split(" | "):
        to = _TO.search(part)
        some = _found(resource, _AS.sub(r"\1.ofType(\2)", _TO.sub("", part)), base)
        found += [one for one in some if to is None or _points_to(one, to[1])]
    return found


def _points_to(node: Resource, type_: str) -> bool:
    literal = node.get("reference")
    return literal.startswith((f"{type_}/", "http", "urn:")) if literal else node.get("type") == type_


# --- values by parameter type -----------------------------------------------------------------------------------------

Code = tuple[str | None, str]


def bound(type_: str, parameter: Parameter) -> dict[str, tuple[str, ...]]:
    """System → codes of R4's required bindings, of a parameter that reads elements of type `code` alone."""
    found: dict[str, tuple[str, ...]] = {}
    for path in parameter.paths:
        above = path.steps[-2].below if len(path.steps) > 1 else type_
        row = tables().rows.get(f"{above}.{path.steps[-1].element}")
        if row is None or row.types != ("code",):
            return {}
        found |= tables().value_sets.get(row.binding or "", {})
    return found


def codes(found: Iterable[Any], implied: Mapping[str, tuple[str, ...]] | None = None) -> Iterator[Code]:
    """System and code; None where the element has no system by its type, "" where it could have one. `implied`: where its binding
    tells the system, that too."""
    for node in found:
        if isinstance(node, bool):
            yield None, "true" if node else "false"
        elif isinstance(node, str):
            yield None, node
            yield from ((system, node) for system, listed in (implied or {}).items() if node in listed)
        else:
            for one in node.get("coding", [node]):
                code = one.get("code") or one.get("value")
                if code:
                    yield one.get("system", ""), code


def wordings(found: Iterable[Any]) -> Iterator[str]:
    for node in found:
        if isinstance(node, dict):
            concept = node.get("type", {}) if "value" in node else node
            yield from (
                one[name]
                for one in (concept, *concept.get("coding", ()))
                for name in ("text", "display")
                if name in one
            )


def literals(found: Iterable[Any]) -> list[str]:
    """A canonical is a literal as it stands."""
    given = (node if isinstance(node, str) else node.get("reference") for node in found)
    return [_HISTORY.sub("", one) for one in given if one is not None]


def ranges(found: Iterable[Any]) -> Iterator[tuple[datetime, datetime]]:
    for node in found:
        if isinstance(node, str):
            yield span(node)
        else:
            low = span(node["start"])[0] if "start" in node else EARLIEST
            yield low, span(node["end"])[1] if "end" in node else LATEST


def texts(found: Iterable[Any]) -> Iterator[str]:
    for node in found:
        if isinstance(node, str):
            yield node
        else:
            for name in ("text", "family", "given", "line", "city", "district", "state", "postalCode", "country"):
                said = node.get(name, [])
                yield from [said] if isinstance(said, str) else said


# --- comparisons ------------------------------------------------------------------------------------------------------


def is_code(asked: str) -> Callable[[Code], bool]:
    system, bar, code = asked.rpartition("|")
    if not bar:
        return lambda one: one[1] == code
    if not code:
        return lambda one: one[0] == system
    return lambda one: one == (system, code)


def is_when(prefix: str, text: str, now: datetime) -> Callable[[tuple[datetime, datetime]], bool]:
    low, high = span(text)
    apart = max(low - now, now - high, now - now) / 10

    def holds(one: tuple[datetime, datetime]) -> bool:
        within = low <= one[0] and one[1] <= high
        return {
            "eq": within,
            "ne": not within,
            "gt": one[1] > high,
            "lt": one[0] < low,
            "ge": one[1] > high or within,
            "le": one[0] < low or within,
            "sa": one[0] >= high,
            "eb": one[1] <= low,
            "ap": one[0] < high + apart and one[1] > low - apart,
        }[prefix]

    return holds


def is_amount(prefix: str, text: str) -> Callable[[tuple[Decimal, Decimal]], bool]:
    """Of a range from the first to the second."""
    value = Decimal(text)
    exponent = int(value.as_tuple().exponent)
    half = Decimal(5) * Decimal(10) ** (exponent - 2 if exponent > 0 else exponent - 1)

    def holds(one: tuple[Decimal, Decimal]) -> bool:
        equal = value - half <= one[0] and one[1] < value + half
        return {
            "eq": equal,
            "ne": not equal,
            "gt": one[1] > value,
            "lt": one[0] < value,
            "ge": one[1] >= value,
            "le": one[0] <= value,
            "sa": one[0] > value,
            "eb": one[1] < value,
            "ap": one[0] <= value + abs(value) / 10 and one[1] >= value - abs(value) / 10,
        }[prefix]

    return holds


def is_word(modifier: str, text: str) -> Callable[[str], bool]:
    if modifier == "exact":
        return lambda one: one == text
    if modifier == "contains":
        return lambda one: fold(text) in fold(one)
    return lambda one: fold(one).startswith(fold(text))


# --- order and pages --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class By:
    """One key of an order. `key` None: the parameter has no value."""

    key: Callable[[Resource, bool], Any]
    descending: bool


def ordered(found: Sequence[Resource], by: Sequence[By], *, ids_descending: bool) -> list[str]:
    """Ids in the order of these keys, what has no value last, the id deciding between equals."""
    rows = sorted(found, key=lambda one: str(one["id"]), reverse=ids_descending)
    for one in reversed(by):
        with_value = [row for row in rows if one.key(row, one.descending) is not None]
        without = [row for row in rows if one.key(row, one.descending) is None]
        rows = _stably(with_value, one) + without
    return [str(row["id"]) for row in rows]


def _stably(rows: list[Resource], by: By) -> list[Resource]:
    """Equals stay as they are, in either direction: `sorted` keeps them so when reversed."""
    return sorted(rows, key=lambda row: by.key(row, by.descending), reverse=by.descending)


def sort_key(parameter: Parameter) -> Callable[[Resource, bool], Any]:
    def key(resource: Resource, descending: bool) -> Any:
        found = nodes(resource, parameter.expression)
        values: list[Any] = {
            "token": lambda: [code for _, code in codes(found)],
            "reference": lambda: literals(found),
            "date": lambda: [low for low, _ in ranges(found)],
            "string": lambda: [fold(text) for text in texts(found)],
            "uri": lambda: list(found),
        }[parameter.type]()
        return (max if descending else min)(values) if values else None

    return key
