"""Chains and `_has`, step by step: what a chain begins with is asked first, as a query of its own, by the same caller.

https://hl7.org/fhir/R4/search.html#chaining. Each step carries its own consent predicate, so that nobody is found through what is
hidden. A step that finds more than can be followed is refused; how much is hidden plays no part in that.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from hub.errors import TOO_COSTLY_CHAIN, HubError
from hub.fhir.query import Chained, Match, Query, Value

MOST_FOLLOWED = 10_000

Ask = Callable[[Query, int, tuple[str, str] | None], tuple[str, ...]]
"""The ids of what a query finds, up to a limit; or of what it refers to by a parameter, of a type."""


def followed(query: Query, ask: Ask) -> Query:
    """The same query with each chain answered, innermost first. Raises TOO_COSTLY_CHAIN."""
    return replace(query, matches=_all(query.type, query.matches, ask))


def _all(type_: str, matches: Iterable[Match], ask: Ask) -> tuple[Match, ...]:
    return tuple(replace(one, values=tuple(_value(type_, value, ask) for value in one.values)) for one in matches)


def _value(type_: str, value: Value, ask: Ask) -> Value:
    if not isinstance(value, Chained):
        return value
    inner = followed(value.query, ask)
    ids = ask(inner, MOST_FOLLOWED + 1, (value.through, type_) if value.through else None)
    if len(ids) > MOST_FOLLOWED:
        raise HubError(TOO_COSTLY_CHAIN, limit=str(MOST_FOLLOWED))
    return replace(value, ids=ids)
