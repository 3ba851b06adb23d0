"""What stands beside a column says what it may be: the day of a referral comes after to whom, a given name after the family name.

A chain of meanings as registers have them in their order; what is likeliest of each column, all others considered, is found
forwards and backwards (https://en.wikipedia.org/wiki/Forward%E2%80%93backward_algorithm).
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final

from hub.mapping.scaffold.cells import Seen
from hub.mapping.scaffold.sentences import NOTHING

START: Final = "^"
_SEEN: Final = 8.0  # neighbours of any meaning that weigh as much as those that one has had
_ONCE: Final = 0.3  # that a meaning was seen which no register has
_WEIGHT: Final = 0.6  # of what stands beside it, where what it is called and holds has 1
SHARP: Final = 3.0  # distances of `likely` in nats
_KEPT: Final = 15  # meanings of a column that are considered


class Order:
    """How often each meaning follows another, in the registers that were seen."""

    def __init__(self, seen: Iterable[Seen]) -> None:
        self._after: dict[str, defaultdict[str, float]] = {}
        self._often: defaultdict[str, float] = defaultdict(float)
        register, before = "", [START]
        for one in seen:
            if one.register != register:
                register, before = one.register, [START]
            if before == [START] and one.meaning == (NOTHING,):  # what numbers the lines is known by its cells
                continue
            for meaning in one.meaning:
                self._often[meaning] += 1 / len(one.meaning)
                for previous in before:
                    self._after.setdefault(previous, defaultdict(float))[meaning] += 1 / len(one.meaning)
            before = [*one.meaning]
        self._neighbours = {one: sum(having.values()) for one, having in self._after.items()}
        self._all = sum(self._often.values()) + _ONCE * (len(self._often) + 1)
        self.follows = cache(self._follows)

    def _follows(self, before: str, meaning: str) -> float:
        usual = (self._often.get(meaning, 0.0) + _ONCE) / self._all
        after = self._after.get(before)
        having = after.get(meaning, 0.0) if after else 0.0
        return _WEIGHT * math.log((having + _SEEN * usual) / (self._neighbours.get(before, 0.0) + _SEEN) / usual)

    def weighed(self, columns: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
        """`columns`: of each, in order, how far each meaning is behind the likeliest; the same is returned, now with what
        stands beside it."""
        if not self._often:
            return [dict(one) for one in columns]
        own = [_likeliest(one) for one in columns]
        return [
            _behind(column, {one: said + told[one] for one, said in kept.items()})
            for column, kept, told in zip(columns, own, self._told(own, own), strict=True)
        ]

    def beside(self, columns: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
        """Of each column what those beside it say alone, whatever it is called and holds: how far each meaning is behind that of
        which most speaks. Empty where no register was ever seen."""
        if not self._often:
            return [{} for _ in columns]
        told = self._told([_likeliest(one) for one in columns], columns)
        return [{one: (says - max(said.values())) / SHARP for one, says in said.items()} for said in told]

    def _told(self, own: Sequence[Mapping[str, float]], of: Sequence[Iterable[str]]) -> Iterator[dict[str, float]]:
        """What those on both sides say of each of these meanings."""
        before = _passed(own, of, self.follows, START)
        after = _passed(own[::-1], of[::-1], lambda later, meaning: self.follows(meaning, later))[::-1]
        for way, back in zip(before, after, strict=True):
            yield {one: said + back[one] for one, said in way.items()}


def _likeliest(column: Mapping[str, float]) -> dict[str, float]:
    best = sorted(column, key=lambda meaning: -column[meaning])[:_KEPT]
    return {meaning: SHARP * column[meaning] for meaning in dict.fromkeys([*best, NOTHING]) if meaning in column}


def _passed(
    own: Sequence[Mapping[str, float]],
    of: Sequence[Iterable[str]],
    follows: Callable[[str, str], float],
    first: str = "",
) -> list[dict[str, float]]:
    """Of each column, what all columns on one side of it say of these meanings."""
    found: list[dict[str, float]] = []
    side: Mapping[str, float] = {first: 0.0} if first else {}
    for kept, wanted in zip(own, of, strict=True):
        told = {one: _sum([said + follows(other, one) for other, said in side.items()]) for one in wanted}
        found.append(told)
        side = {
            one: said + told[one] for one, said in kept.items()
        } or side  # nothing is known of it: it is passed over
    return found


def _behind(column: Mapping[str, float], said: Mapping[str, float]) -> dict[str, float]:
    """What was not considered stays behind the last that was."""
    first = max(said.values(), default=0.0)
    known = {meaning: (one - first) / SHARP for meaning, one in said.items() if meaning in column}
    last = min(known.values(), default=0.0)
    return known | {meaning: min(one, last) for meaning, one in column.items() if meaning not in known}


def _sum(logarithms: Sequence[float]) -> float:
    if not logarithms:
        return 0.0
    most = max(logarithms)
    return most + math.log(sum(math.exp(one - most) for one in logarithms))


__all__ = ["SHARP", "Order"]
