"""What each column of a table is likeliest to be: by headers that it is like, by its cells and by its neighbours."""

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from hub.mapping.scaffold.alike import Alike
from hub.mapping.scaffold.cells import Cells
from hub.mapping.scaffold.order import SHARP, Order
from hub.mapping.scaffold.sentences import NOTHING
from hub.mapping.scaffold.table import Question

Distances = Mapping[str, float]
"""Columns, the likeliest first: how far each is behind the first, 0 or less. `NOTHING` stands for what is no column's."""

MOSTLY: Final = 0.5  # share of what is likeliest by far
FAR: Final = 1.0  # so far behind the likeliest, and never proposed


class Likely:
    """`lexicon`: "alike" what headers are like by it, "cells" and "order" what registers show, and "called" how a form calls
    the columns of those."""

    def __init__(self, lexicon: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._alike: Alike = lexicon.get("alike") or Alike({})
        self._cells: Cells = lexicon.get("cells") or Cells(())
        self._order: Order = lexicon.get("order") or Order(())
        self._called: Mapping[str, Sequence[str]] = lexicon.get("called", {})
        self._means = {name: meaning for meaning, names in self._called.items() for name in names}
        self._by_header: dict[tuple[str, ...], Distances] = {}

    def by_header(self, texts: Sequence[str]) -> Distances:
        """By the headers alone that these are like. Empty where no word is known."""
        told = tuple(dict.fromkeys(texts))
        if told not in self._by_header:
            self._by_header[told] = {
                name: behind
                for column, behind in self._alike.nearest(told)
                for name in self._called.get(column, (column,))
            }
        return self._by_header[told]

    def is_another_elsewhere(self, texts: Sequence[str], column: str) -> bool:
        """Whether people have headed other columns exactly so, too."""
        meanings = frozenset[str]().union(*map(self._alike.elsewhere, texts))
        return not meanings <= {self._means.get(column, column)}

    def by_cells(self, question: Question) -> Distances:
        """By what stands in it, and by the heading above: more than 0 where that speaks for a column. Empty where no register
        was ever seen."""
        found = self._cells.evidence(question)
        return {name: says for meaning, says in found.items() for name in self._called.get(meaning, (meaning,))}

    def in_their_order(self, columns: Sequence[Distances]) -> list[dict[str, float]]:
        """Those of a whole table, each the likeliest first, now with what stands beside each."""
        meanings = [self._meant(one) for one in columns]
        weighed = self._order.weighed(meanings)
        return [
            {
                name: behind + after[self._means.get(name, name)] - before[self._means.get(name, name)]
                for name, behind in one.items()
            }
            for one, before, after in zip(columns, meanings, weighed, strict=True)
        ]

    def beside(self, columns: Sequence[Distances]) -> list[dict[str, float]]:
        """Of each column of a whole table how far what stands beside it, alone, puts each behind the likeliest."""
        told = self._order.beside([self._meant(one) for one in columns])
        return [
            {name: says[self._means.get(name, name)] for name in one if says}
            for one, says in zip(columns, told, strict=True)
        ]

    def _meant(self, one: Distances) -> dict[str, float]:
        return {self._means.get(name, name): behind for name, behind in [*one.items()][::-1]}


class Chosen(NamedTuple):
    """What a column is, and how sure that is (0 to 1). `more`: another is that already, and this one adds to it."""

    column: str
    sure: float
    more: bool = False


def chosen(
    columns: Sequence[Distances],
    fixed: Mapping[int, str],
    several: Mapping[int, AbstractSet[str]] = MappingProxyType({}),
) -> dict[int, Chosen]:
    """Of each column what it is, where it is any. Each is given to one, the surest, and where it is of the `several` that have
    more columns also to those of which it is likeliest; `fixed` are given already."""
    claims = sorted(
        ((share, -at, name) for at, one in enumerate(columns) if at not in fixed for name, share in _shares(one)),
        reverse=True,
    )
    found: dict[int, Chosen] = {}
    given, settled = set(fixed.values()) - {NOTHING}, set[int]()
    for share, position, name in claims:
        more = name in given and name in several.get(-position, ()) and share >= MOSTLY
        if position in settled or (name in given and not more):
            continue
        settled.add(position)
        if name != NOTHING:
            found[-position] = Chosen(name, share, more)
            given.add(name)
    return found


def _shares(column: Distances) -> list[tuple[str, float]]:
    """What may be proposed, each with its share of what all are."""
    first, nothing = max(column.values(), default=0.0), column.get(NOTHING, -math.inf)
    weights = {name: math.exp(SHARP * (behind - first)) for name, behind in column.items()}
    whole = sum(weights.values())
    return [
        (name, weights[name] / whole)
        for name, behind in column.items()
        if name == NOTHING or (behind > nothing and behind - first > -FAR)
    ]


__all__ = ["Chosen", "Distances", "Likely", "chosen"]
