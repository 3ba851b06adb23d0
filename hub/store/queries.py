"""A query tree as a MongoDB filter: what is asked, and what its caller may see.

https://hl7.org/fhir/R4/search.html; `conditions.py` has the values.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from hub.fhir.query import ById, Chained, Match, Query, Sealed, Span, Token, Word
from hub.ports import Narrowed, Visible
from hub.search import is_clear, is_sealed
from hub.search.parameters import EVERYWHERE, PARAMETERS
from hub.store.conditions import any_of, conditions, instant
from hub.store.schema import BY_ENTITY, IMPLIED, POLLED, Document, only

_BESIDE: Final = frozenset({"exact", "text", "of-type", "identifier"})
"""Modifiers whose values a document holds under a name of their own."""

_ALONE: Final[dict[str, tuple[str, ...]]] = {"token": ("text",), "reference": ("identifier",)}
"""By parameter type, under which of these names something may stand where there is no value."""


def matching(query: Query, visible: Visible) -> Document:
    """The whole filter of a query: what it asks and what its caller may see, always both."""
    asked = [_match(query.type, match, visible.at) for match in query.matches]
    if query.any_of:
        asked.append(any_of([_match(query.type, match, visible.at) for match in query.any_of]))
    return {"$and": [*seen(query.type, visible), *asked]}


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
        yield any_of([whose(type_, [kept.person]) | {"custodian": kept.custodian} for kept in sorted(visible.bound)])
    if visible.narrowed:
        yield {"$or": [_narrowed(type_, one, visible) for one in visible.narrowed]}


def whose(type_: str, persons: Collection[str]) -> Document:
    """The documents of these persons. Every audit event that is kept with a person is about her, and names her
    among its entities: that has an index."""
    wanted: Document = {"person": {"$in": sorted(persons)}}
    return wanted | ({"x.entity": {"$in": [f"Patient/{one}" for one in sorted(persons)]}} if type_ in BY_ENTITY else {})


def _narrowed(type_: str, narrowed: Narrowed, visible: Visible) -> Document:
    profiles = [_of_profiles(narrowed.profiles)] if narrowed.profiles else []
    keys = [_open(grants, visible) for grants in narrowed.also]
    return {"$and": [*profiles, *keys, *(_match(type_, match, visible.at) for match in narrowed.matches)]}


def _keys(visible: Visible) -> Iterator[Document]:
    for grants in (visible.grants, *visible.also):
        yield _open(grants, visible)


def _open(grants: frozenset[str], visible: Visible) -> Document:
    """`n`, the marks that a key is closed to, is asked for a person alone: a system has none."""
    but: Document = {"n": {"$nin": sorted(visible.marks)}} if visible.marks else {}
    but |= {"z": None} if visible.lasting else {}
    open_now = {"f": {"$lte": visible.at}, "u": {"$gt": visible.at}}
    return {"k": {"$elemMatch": {"g": {"$in": sorted(grants)}, **open_now, **but}}}


def _of_profiles(names: frozenset[str]) -> Document:
    """`null` finds documents without the field too: those that were stored before it was kept."""
    return {"p": {"$in": [name or None for name in sorted(names)]}}


def field(type_: str, parameter: str) -> str:
    """Where a parameter's values are. `subject` and `patient` read the same elements: one index serves both."""
    found = EVERYWHERE.get(parameter) or PARAMETERS[type_][parameter]
    return f"x.{found.kept_as}"


def _match(type_: str, match: Match, now: datetime) -> Document:
    match match.parameter:
        case "_id":
            ids = [value.code for value in match.values if isinstance(value, Token)]
            return {"_id": {"$nin" if match.modifier == "not" else "$in": ids}}
        case "_has":
            return {"_id": {"$in": [id_ for one in match.values if isinstance(one, Chained) for id_ in one.ids or ()]}}
        case "_lastUpdated":
            return any_of([instant(value, now) for value in match.values if isinstance(value, Span)])
    if match.modifier == "missing":
        return _missing(type_, match)
    if is_sealed(type_, match.parameter):
        return _sealed(type_, match, now)
    return _clear(type_, match, now)


def _clear(type_: str, match: Match, now: datetime) -> Document:
    found = any_of(list(conditions(_where(type_, match), match, now)))
    if match.modifier == "not":
        return {"$nor": [found]}
    implied = IMPLIED.get(type_, {}).get(match.parameter) if match.modifier is None else None
    return {"$and": [found, any_of(list(conditions(field(type_, implied), match, now)))]} if implied else found


def _where(type_: str, match: Match) -> str:
    if match.modifier is None and POLLED.get(type_) == match.parameter:
        return only(type_)
    beside = f":{match.modifier}" if match.modifier in _BESIDE else ""
    return f"{field(type_, match.parameter)}{beside}"


def _missing(type_: str, match: Match) -> Document:
    """A value is there in clear or as a token, depending on the document's profile; and a concept may have words alone, a
    reference an identifier alone."""
    at = field(type_, match.parameter)
    places = [at, *(f"{at}:{one}" for one in _ALONE.get(match.type, ()))] if is_clear(type_, match.parameter) else []
    places += [f"t.{match.parameter}"] if is_sealed(type_, match.parameter) else []
    asked = match.values == (Word("true"),)
    found = [{place: {"$exists": not asked}} for place in places]
    return found[0] if len(found) == 1 else {"$and" if asked else "$or": found}


def _sealed(type_: str, match: Match, now: datetime) -> Document:
    """By tokens; and by the value, where the parameter also reads documents that hold it in clear."""
    sealed = [value for value in match.values if isinstance(value, Sealed)]
    found = list(_tokens(f"t.{match.parameter}", sealed))
    found += [{"_id": value.id} for value in match.values if isinstance(value, ById)]
    if is_clear(type_, match.parameter):
        exact = match.modifier == "exact"
        clear = replace(match, values=tuple(value.value for value in sealed), modifier="exact" if exact else None)
        found += conditions(field(type_, match.parameter) + (":exact" if exact else ""), clear, now)
    return {"$nor": [any_of(found)]} if match.modifier == "not" else any_of(found)


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
