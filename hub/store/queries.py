"""A query tree as a MongoDB filter, and how the database would answer it.

https://hl7.org/fhir/R4/search.html#prefix for dates; `hub/search/indexing.py` says which values a document is found by.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from hub.fhir.folding import fold
from hub.fhir.query import ById, Match, Query, Sealed, Span, Target, Token, Word
from hub.ports import Narrowed, Visible
from hub.search import is_clear, is_sealed
from hub.search.parameters import EVERYWHERE, PARAMETERS
from hub.store.schema import Document, Mongo

_EDGE: Final[dict[str, Callable[[Span], Document]]] = {
    "eq": lambda span: {"l": {"$gte": span.low}, "h": {"$lte": span.high}},
    "ne": lambda span: {"$or": [{"l": {"$lt": span.low}}, {"h": {"$gt": span.high}}]},
    "gt": lambda span: {"h": {"$gt": span.high}},
    "lt": lambda span: {"l": {"$lt": span.low}},
    "ge": lambda span: {"$or": [{"h": {"$gt": span.high}}, {"l": {"$gte": span.low}, "h": {"$lte": span.high}}]},
    "le": lambda span: {"$or": [{"l": {"$lt": span.low}}, {"l": {"$gte": span.low}, "h": {"$lte": span.high}}]},
    "sa": lambda span: {"l": {"$gte": span.high}},
    "eb": lambda span: {"h": {"$lte": span.low}},
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
}
"""The same for `_lastUpdated`, which is one instant."""


def matching(query: Query, visible: Visible) -> Document:
    """The whole filter of a query: what it asks and what its caller may see, always both."""
    return {"$and": [*seen(query.type, visible), *(_match(query.type, match) for match in query.matches)]}


def seen(type_: str, visible: Visible) -> Iterator[Document]:
    """One open key of the caller for each data class that is needed, which may depend on a document's profile; and what its
    token is narrowed to."""
    if not visible.others:
        yield from _keys(visible)
    else:
        parts = (visible, *visible.others)
        every = frozenset[str]().union(*(part.grants for part in parts))
        yield {"k.g": {"$in": sorted(every)}}  # follows from what comes next: so that one index serves all parts
        yield {"$or": [{"$and": [_of_profiles(part.profiles), *_keys(part)]} for part in parts]}
    if visible.bound:
        yield _any([{"person": kept.person, "custodian": kept.custodian} for kept in sorted(visible.bound)])
    if visible.narrowed:
        yield {"$or": [_narrowed(type_, one, visible) for one in visible.narrowed]}


def _narrowed(type_: str, narrowed: Narrowed, visible: Visible) -> Document:
    profiles = [_of_profiles(narrowed.profiles)] if narrowed.profiles else []
    keys = [_open(grants, visible.at, visible.marks) for grants in narrowed.also]
    return {"$and": [*profiles, *keys, *(_match(type_, match) for match in narrowed.matches)]}


def _keys(visible: Visible) -> Iterator[Document]:
    for grants in (visible.grants, *visible.also):
        yield _open(grants, visible.at, visible.marks)


def _open(grants: frozenset[str], at: datetime, marks: frozenset[str]) -> Document:
    """`n`, the marks that a key is closed to, is asked for a person alone: a system has none."""
    but = {"n": {"$nin": sorted(marks)}} if marks else {}
    return {"k": {"$elemMatch": {"g": {"$in": sorted(grants)}, "f": {"$lte": at}, "u": {"$gt": at}, **but}}}


def _of_profiles(names: frozenset[str]) -> Document:
    """`null` finds documents without the field too: those that were stored before it was kept."""
    return {"p": {"$in": [name or None for name in sorted(names)]}}


def field(type_: str, parameter: str) -> str:
    """Where a parameter's values are. `subject` and `patient` read the same elements: one index serves both."""
    found = EVERYWHERE.get(parameter) or PARAMETERS[type_][parameter]
    return f"x.{found.kept_as}"


def _match(type_: str, match: Match) -> Document:
    if match.parameter == "_id":
        ids = [value.code for value in match.values if isinstance(value, Token)]
        return {"_id": {"$nin" if match.modifier == "not" else "$in": ids}}
    if match.parameter == "_lastUpdated":
        return _any([_INSTANT[value.prefix](value) for value in match.values if isinstance(value, Span)])
    at = field(type_, match.parameter)
    if match.modifier == "missing":
        return _missing(type_, match)
    if is_sealed(type_, match.parameter):
        return _sealed(type_, match)
    if match.modifier == "exact":
        return {f"{at}:exact": {"$in": [value.text for value in match.values if isinstance(value, Word)]}}
    found = _any(list(_conditions(at, match)))
    return {"$nor": [found]} if match.modifier == "not" else found


def _missing(type_: str, match: Match) -> Document:
    """A value is there in clear or as a token, depending on the document's profile."""
    places = [field(type_, match.parameter)] if is_clear(type_, match.parameter) else []
    places += [f"t.{match.parameter}"] if is_sealed(type_, match.parameter) else []
    asked = match.values == (Word("true"),)
    found = [{place: {"$exists": not asked}} for place in places]
    return found[0] if len(found) == 1 else {"$and" if asked else "$or": found}


def _sealed(type_: str, match: Match) -> Document:
    """By tokens; and by the value, where the parameter also reads documents that hold it in clear."""
    sealed = [value for value in match.values if isinstance(value, Sealed)]
    found = list(_tokens(f"t.{match.parameter}", sealed))
    found += [{"_id": value.id} for value in match.values if isinstance(value, ById)]
    if is_clear(type_, match.parameter):
        clear = replace(match, values=tuple(value.value for value in sealed), modifier=None)
        found += _conditions(field(type_, match.parameter), clear)
    return {"$nor": [_any(found)]} if match.modifier == "not" else _any(found)


def _tokens(at: str, values: Iterable[Sealed]) -> Iterator[Document]:
    single: list[bytes] = []
    for value in values:
        for tokens in value.tokens:
            if len(tokens) == 1:
                single += tokens
            else:
                yield {at: {"$all": list(tokens)}}
    if single:
        yield {at: {"$in": single}}


def _conditions(at: str, match: Match) -> Iterator[Document]:
    """Equal values go into one `$in`; the others are alternatives beside it."""
    equal: list[Any] = []
    for value in match.values:
        if isinstance(value, ById):
            yield {"_id": value.id}
            continue
        condition = _condition(value, match)
        if isinstance(condition, str):
            equal.append(condition)
        else:
            yield {at: condition}
    if equal:
        yield {at: {"$in": equal}}


def _condition(value: Token | Target | Span | Word | Sealed, match: Match) -> str | Document:
    match value:
        case Token(system=system, code=code):
            return _token(system, code)
        case Target(type=type_, id=id_):
            return f"{type_}/{id_}" if type_ else id_
        case Span():
            return {"$elemMatch": _EDGE[value.prefix](value)}
        case Sealed(value=inside):
            return _condition(inside, match)
        case Word(text=text):
            return text if match.type == "uri" else _words(fold(text), anywhere=match.modifier == "contains")


def _token(system: str | None, code: str | None) -> str | Document:
    if code is None:
        return {"$regex": f"^{re.escape(f'{system}|')}"}
    return code if system is None else f"{system}|{code}"


def _words(folded: str, *, anywhere: bool) -> Document:
    """Text that folds to nothing is found nowhere, rather than everywhere."""
    return {"$regex": ("" if anywhere else "^") + re.escape(folded)} if folded else {"$in": []}


def _any(alternatives: list[Document]) -> Document:
    return alternatives[0] if len(alternatives) == 1 else {"$or": alternatives or [{"_id": {"$in": []}}]}


def explain(database: Mongo, query: Query, visible: Visible) -> Document:
    """How the database answers the first page of a query: stages, indexes, and how many keys and documents it looked at."""
    plan = database.command(
        "explain",
        {
            "find": query.type,
            "filter": matching(query, visible),
            "sort": {"at": -1, "_id": -1},
            "limit": query.count or 50,
        },
        verbosity="executionStats",
    )
    stats = plan["executionStats"]
    stages = list(_stages(plan["queryPlanner"]["winningPlan"]))
    return {
        "stages": [stage["stage"] for stage in stages],
        "indexes": sorted({stage["indexName"] for stage in stages if "indexName" in stage}),
        "keys": stats["totalKeysExamined"],
        "documents": stats["totalDocsExamined"],
        "returned": stats["nReturned"],
        "ms": stats["executionTimeMillis"],
    }


def _stages(plan: Document) -> Iterator[Document]:
    if "stage" in plan:
        yield plan
    for below in (plan.get("queryPlan"), plan.get("inputStage"), *plan.get("inputStages", ())):
        if below:
            yield from _stages(below)
