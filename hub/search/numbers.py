"""A recipient's own number for a survivor, in its searches: resolved to her id before anything is asked of the database.

To every organisation but the one that it was given to, a number means nothing, and is not told apart from one that never was.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from hub.fhir.numbered import SYSTEM
from hub.fhir.query import ById, Match, Query, Token, Value

Find = Callable[[str], str | None]
"""Whom a number means, to the one who asks."""


def resolved(query: Query, find: Find) -> Query:
    return replace(
        query, matches=resolved_matches(query.type, query.matches, find)
    )  # no compartment is told by a number


def resolved_matches(type_: str, matches: Iterable[Match], find: Find) -> tuple[Match, ...]:
    return tuple(
        replace(match, values=tuple(_resolved(value, find) for value in match.values))
        if (type_, match.parameter) == ("Patient", "identifier")
        else match
        for match in matches
    )


def _resolved(value: Value, find: Find) -> Value:
    """A number without its system can be another's code as well: it is looked up as one where it is no number."""
    if not isinstance(value, Token) or value.code is None or value.system not in {None, SYSTEM}:
        return value
    person = find(value.code)
    if person is None and value.system is None:
        return value
    return ById(person or "")
