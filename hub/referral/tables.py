"""A table of counts of a longer period beside those of the shorter ones in it: what would tell a small number. Pure.

Its rows are the periods, its columns what is told apart; each may be told, and so may every sum. What is known of a number that
is not told follows from the rule by which it was held back: `hub.referral.suppression`.
See the handbook on statistical disclosure control, https://ec.europa.eu/eurostat/cros/content/handbook-statistical-disclosure-control_en
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from hub.referral.flows import Arc, Network, Node

OUTSIDE: Final = "outside"

Place = tuple[int, ...]
Known = Mapping[str, int | None]


@dataclass(frozen=True)
class Sum:
    """How many in a period: `low` and `high` are what is known of it."""

    value: int
    low: int
    high: int


@dataclass(frozen=True)
class Table:
    """`known`: each column as it is told, None where it is held back; None where the breakdown is not told. `parts`: the shorter
    periods, none in the shortest."""

    whole: Sum
    cells: Mapping[str, int]
    known: Known | None
    parts: tuple["Table", ...] = ()


def betrayed(table: Table, smallest: int) -> list[str] | None:
    """The columns in which a small number could be told, or be told to lie in less than before; None where there is none."""
    columns = sorted(_columns(table))
    named = list(_arcs(table, (), columns, smallest))
    network = Network([arc for _, arc in named])
    found = [column for number, (column, arc) in enumerate(named) if _is_betrayed(network, number, arc, smallest)]
    return sorted(set(found) - {""}) if found else None


def _is_betrayed(network: Network, number: int, arc: Arc, smallest: int) -> bool:
    """It could not be a number that would be told; or, where all know that it is none, not each of those that it could be."""
    if not 0 < arc.value < smallest or arc.low == arc.high == arc.value:
        return False
    wanted = {min(smallest, arc.high)} | ({arc.low} if arc.high < smallest else set())
    return not all(one == arc.value or network.could_be(number, one) for one in wanted)


def _columns(table: Table) -> set[str]:
    return set(table.cells).union(*(_columns(one) for one in table.parts))


def _arcs(table: Table, at: Place, columns: list[str], smallest: int) -> Iterator[tuple[str, Arc]]:
    """From the whole through the periods and the columns, and out: each with the column that it is of."""
    row: Node = ("row", at)
    whole = table.whole
    yield "", Arc(("row", at[:-1]) if at else OUTSIDE, row, whole.value, whole.low, whole.high)
    for column in columns:
        value = table.cells.get(column, 0)
        tail = ("column", at, column) if table.parts else row
        head = ("column", at[:-1], column) if at else OUTSIDE
        yield column, Arc(tail, head, value, *_bounds(table, column, value, smallest))
    for number, part in enumerate(table.parts):
        yield from _arcs(part, (*at, number), columns, smallest)


def _bounds(table: Table, column: str, value: int, smallest: int) -> tuple[int, int]:
    """That there are none is always told in a breakdown that is. Of what the shortest periods hold back all know the rule."""
    if table.known is None:
        return 0, table.whole.high
    if table.known.get(column, 0) is not None:
        return value, value
    return 1, table.whole.high if table.parts else _edge(table, smallest)


def _edge(table: Table, smallest: int) -> int:
    """No number that is held back is above."""
    held = (table.cells[column] for column, number in (table.known or {}).items() if number is None)
    return max(2 * smallest - 1, *held)
