"""How far a number that is not told could be another one, when all that is told beside it stays as it is. Pure.

Numbers of a table and their sums are a flow: what goes into a node comes out of it. Then one of them can be larger exactly when
as much more can go around a circle through it: https://en.wikipedia.org/wiki/Circulation_problem
"""

from collections import defaultdict, deque
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

Node = Hashable


@dataclass(frozen=True)
class Arc:
    """A number of a table, from what it is a part of to what it adds up to. Told: `low` and `high` are its value."""

    tail: Node
    head: Node
    value: int
    low: int
    high: int


class Network:
    """Every flow within the bounds is a table of which the same would be told."""

    def __init__(self, arcs: Sequence[Arc]) -> None:
        self._arcs = arcs
        self._at: defaultdict[Node, list[tuple[int, Node, int]]] = defaultdict(list)
        for number, arc in enumerate(arcs):
            if arc.low < arc.high:
                self._at[arc.tail].append((number, arc.head, 1))
                self._at[arc.head].append((number, arc.tail, -1))

    def could_be(self, number: int, wanted: int) -> bool:
        """Whether this arc could have another value, and not only its own."""
        arc = self._arcs[number]
        if not arc.low <= wanted <= arc.high:
            return False
        start, goal = (arc.head, arc.tail) if wanted > arc.value else (arc.tail, arc.head)
        return self._passes(start, goal, abs(wanted - arc.value), number)

    def _passes(self, start: Node, goal: Node, amount: int, without: int) -> bool:
        moved: defaultdict[int, int] = defaultdict(int)
        while amount:
            path = self._path(start, goal, without, moved)
            if path is None:
                return False
            size = min(amount, *(self._room(number, way, moved) for number, way in path))
            for number, way in path:
                moved[number] += way * size
            amount -= size
        return True

    def _path(
        self, start: Node, goal: Node, without: int, moved: defaultdict[int, int]
    ) -> list[tuple[int, int]] | None:
        came: dict[Node, tuple[Node, int, int]] = {}
        waiting = deque([start])
        while waiting and goal not in came:
            node = waiting.popleft()
            for number, other, way in self._at[node]:
                if number != without and other not in came and other != start and self._room(number, way, moved) > 0:
                    came[other] = (node, number, way)
                    waiting.append(other)
        return list(_back(start, goal, came)) if goal in came else None

    def _room(self, number: int, way: int, moved: defaultdict[int, int]) -> int:
        arc, value = self._arcs[number], self._arcs[number].value + moved[number]
        return arc.high - value if way > 0 else value - arc.low


def _back(start: Node, goal: Node, came: dict[Node, tuple[Node, int, int]]) -> Iterator[tuple[int, int]]:
    node = goal
    while node != start:
        node, number, way = came[node]
        yield number, way
