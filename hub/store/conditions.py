"""The values of one match as conditions on what a document is found by; `hub/search/indexing.py` says what that is.

https://hl7.org/fhir/R4/search.html#prefix: of a date and of `eq`, `ne` and `ap`, the range that the digits mean; a number after
any other prefix is exact.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from bson import Decimal128

from hub.fhir.folding import fold
from hub.fhir.query import (
    Amount,
    ById,
    Chained,
    Match,
    Near,
    ParameterType,
    Sealed,
    Span,
    Target,
    Together,
    Token,
    Value,
    Word,
)
from hub.store.schema import Document

NOTHING: Final[Document] = {"_id": {"$in": []}}
_EARTH_KM: Final = 6378.1
_TENTH: Final = 10
_ENDS: Final[dict[str | None, str]] = {"below": "/", "versioned": r"\|"}
"""Modifier → what follows where there is more than the text itself."""

_EDGE: Final[dict[str, Callable[[Span], Document]]] = {
    "eq": lambda span: {"l": {"$gte": span.low}, "h": {"$lte": span.high}},
    "ne": lambda span: {"$or": [{"l": {"$lt": span.low}}, {"h": {"$gt": span.high}}]},
    "gt": lambda span: {"h": {"$gt": span.high}},
    "lt": lambda span: {"l": {"$lt": span.low}},
    "ge": lambda span: {"$or": [{"h": {"$gt": span.high}}, {"l": {"$gte": span.low}, "h": {"$lte": span.high}}]},
    "le": lambda span: {"$or": [{"l": {"$lt": span.low}}, {"l": {"$gte": span.low}, "h": {"$lte": span.high}}]},
    "sa": lambda span: {"l": {"$gte": span.high}},
    "eb": lambda span: {"h": {"$lte": span.low}},
    "ap": lambda span: {"l": {"$lt": span.high}, "h": {"$gt": span.low}},
}
"""Prefix → what must hold for one stored range [l, h)."""

_INSTANT: Final[dict[str, Callable[[Span], Document]]] = {
    "eq": lambda span: {"at": {"$gte": span.low, "$lt": span.high}},
    "ne": lambda span: {"$or": [{"at": {"$lt": span.low}}, {"at": {"$gte": span.high}}]},
    "gt": lambda span: {"at": {"$gte": span.high}},
    "lt": lambda span: {"at": {"$lt": span.low}},
    "ge": lambda span: {"at": {"$gte": span.low}},
    "le": lambda span: {"at": {"$lt": span.high}},
    "sa": lambda span: {"at": {"$gte": span.high}},
    "eb": lambda span: {"at": {"$lt": span.low}},
    "ap": lambda span: {"at": {"$gte": span.low, "$lt": span.high}},
}
"""The same for `_lastUpdated`, which is one instant."""

_AMOUNT: Final[dict[str, Callable[[Amount], tuple[Document, Document]]]] = {
    "eq": lambda one: ({"$gte": _decimal(one.low)}, {"$lt": _decimal(one.high)}),
    "gt": lambda one: ({}, {"$gt": _decimal(one.value)}),
    "lt": lambda one: ({"$lt": _decimal(one.value)}, {}),
    "ge": lambda one: ({}, {"$gte": _decimal(one.value)}),
    "le": lambda one: ({"$lte": _decimal(one.value)}, {}),
    "sa": lambda one: ({"$gt": _decimal(one.value)}, {}),
    "eb": lambda one: ({}, {"$lt": _decimal(one.value)}),
    "ap": lambda one: ({"$lte": _decimal(one.value + _tenth(one))}, {"$gte": _decimal(one.value - _tenth(one))}),
}
"""Prefix → what must hold for the lower and the upper end of one stored quantity; of a number both ends are the number."""


def instant(span: Span, at: datetime) -> Document:
    return _INSTANT[span.prefix](_widened(span, at))


def conditions(at: str, match: Match, now: datetime) -> Iterator[Document]:
    """Equal values go into one `$in`; the others are alternatives beside it."""
    equal: list[Any] = []
    for value in match.values:
        match value:
            case ById(id=id_):
                yield {"_id": id_}
            case Chained():
                equal += [f"{value.query.type}/{id_}" for id_ in value.ids or ()]
            case Near():
                yield {at: _circle(value)}
            case _:
                if isinstance(value, Word) and match.modifier in _ENDS:
                    equal.append(value.text)
                condition = _condition(value, match, now)
                if isinstance(condition, dict):
                    yield {at: condition}
                else:
                    equal.append(condition)
    if equal:
        yield {at: {"$in": equal}}


def _condition(value: Value, match: Match, now: datetime) -> str | Document:
    match value:
        case Token(system=system, code=code):
            return _token(system, code)
        case Target(type=type_, id=id_):
            return f"{type_}/{id_}" if type_ else id_
        case Sealed(value=inside):
            return _condition(inside, match, now)
        case Word(text=text):
            return _text(text, match)
        case _:
            return {"$elemMatch": _inside(value, match.type, now)}


def _inside(value: Value, kind: ParameterType, now: datetime) -> Document:
    """What must hold for one of the values together."""
    match value:
        case Span():
            return _EDGE[value.prefix](_widened(value, now))
        case Amount():
            return _amount(value, kind)
        case Together(parts=parts):
            return {"$and": [any_of(list(conditions(part.parameter, part, now))) for part in parts]}
        case _:
            raise LookupError(type(value).__name__)


def _text(text: str, match: Match) -> str | Document:
    if match.modifier in _ENDS:
        return {"$regex": f"^{re.escape(text)}" + ("" if text.endswith("/") else _ENDS[match.modifier])}
    if match.type == "uri" or match.modifier in {"exact", "of-type"}:
        return text
    return _words(fold(text), anywhere=match.modifier == "contains")


def _token(system: str | None, code: str | None) -> str | Document:
    if code is None:
        return {"$regex": f"^{re.escape(f'{system}|')}"}
    return code if system is None else f"{system}|{code}"


def _words(folded: str, *, anywhere: bool) -> Document:
    """Text that folds to nothing is found nowhere, rather than everywhere."""
    return {"$regex": ("" if anywhere else "^") + re.escape(folded)} if folded else {"$in": []}


def _widened(span: Span, now: datetime) -> Span:
    """`ap`: by a tenth of the time between the date and now."""
    if span.prefix != "ap":
        return span
    distance = max(span.low - now, now - span.high, timedelta()) / _TENTH
    try:
        return Span("ap", span.low - distance, span.high + distance)
    except OverflowError:
        return span


def _amount(value: Amount, kind: ParameterType) -> Document:
    low, high = ("n", "n") if kind == "number" else ("l", "h")
    if value.prefix == "ne":
        ends: Document = {"$or": [{low: {"$lt": _decimal(value.low)}}, {high: {"$gte": _decimal(value.high)}}]}
    else:
        begins, ends_ = _AMOUNT[value.prefix](value)
        ends = {low: {**begins, **ends_}} if low == high else {low: begins, high: ends_}
        ends = {name: asked for name, asked in ends.items() if asked}
    return ends | ({"u": _unit(value.unit)} if value.unit else {})


def _tenth(one: Amount) -> Decimal:
    return abs(one.value) / _TENTH


def _unit(unit: Token) -> str | Document:
    if unit.system is None:
        return {"$in": [f"|{unit.code}", unit.code]}
    return {"$regex": f"^{re.escape(f'{unit.system}|')}"} if unit.code is None else f"{unit.system}|{unit.code}"


def _decimal(value: Decimal) -> Decimal128:
    return Decimal128(value)


def _circle(near: Near) -> Document:
    radius = near.kilometres / _EARTH_KM
    return {"$geoWithin": {"$centerSphere": [[near.longitude, near.latitude], radius]}}


def any_of(alternatives: list[Document]) -> Document:
    return alternatives[0] if len(alternatives) == 1 else {"$or": alternatives or [NOTHING]}
