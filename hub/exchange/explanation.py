"""How the database answers a search of a caller, step by step: for operators. No value of the search and nothing that was
found is told.

Each step of a chain is a query of its own; they are asked in this order, and the search itself last.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from hub.exchange import Hub
from hub.exchange.chains import followed
from hub.exchange.disclose import Asking
from hub.fhir.query import Chained, Match, Query
from hub.ports import Caller


def explain(query: Query, caller: Caller, *, hub: Hub) -> list[Mapping[str, Any]]:
    """For each step: `query`, its tree in lines, `filter`, `stages`, `indexes`, `keys` and `documents` looked at, `ms`."""
    asking = Asking(caller, hub.clock.now(), hub)
    told: list[Mapping[str, Any]] = []

    def ids(inner: Query, limit: int, through: tuple[str, str] | None) -> tuple[str, ...]:
        told.append(_step(inner, asking, hub))
        return asking.ids(inner, limit, through)

    ready = followed(asking.numbered(query), ids)
    return [*told, _step(ready, asking, hub)]


def _step(query: Query, asking: Asking, hub: Hub) -> Mapping[str, Any]:
    found = hub.store.explain(asking.numbered(query), asking.reaching(query))
    return {"query": list(_tree(query)), **{name: value for name, value in found.items() if name != "returned"}}


def _tree(query: Query, depth: int = 0) -> Iterator[str]:
    yield f"{'  ' * depth}{query.type}"
    for match in query.reads:
        yield from _match(match, depth + 1)
    for sort in query.sort:
        yield f"{'  ' * (depth + 1)}_sort={'-' if sort.descending else ''}{sort.parameter}"


def _match(match: Match, depth: int) -> Iterator[str]:
    modifier = f":{match.modifier}" if match.modifier else ""
    kinds = " | ".join(dict.fromkeys(type(value).__name__ for value in match.values))
    yield f"{'  ' * depth}{match.parameter}{modifier} ({match.type}) = {len(match.values)} × {kinds}"
    for value in match.values:
        if isinstance(value, Chained):
            yield from _tree(value.query, depth + 1)
