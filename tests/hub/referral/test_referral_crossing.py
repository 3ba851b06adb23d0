"""How referrals ended by service and place: a solver that knows the rule and all that is told finds no small number."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.referral.counting import Counted
from hub.referral.crossing import held_back
from hub.referral.suppression import Told, told

Table = tuple[tuple[int, int, int], ...]
"""A row for each service: completed, refused, the rest."""
NAMES = "abcd"
SMALL = 3


def counted(table: Table) -> tuple[Counted, ...]:
    columns = list(zip(*table, strict=True))
    sent = {name: sum(row) for name, row in zip(NAMES, table, strict=False)}
    by = [dict(zip(NAMES, column, strict=False)) for column in columns]
    return (
        Counted("referrals-sent", sum(sent.values()), {"service": sent}),
        Counted("referrals-completed", sum(columns[0]), {"service": by[0]}),
        Counted("referrals-refused", sum(columns[1]), {"service": by[1]}),
    )


def said(table: Table, smallest: int) -> tuple[object, ...]:
    return tuple((one.group, one.whole, _frozen(one)) for one in told(counted(table), smallest))


def _frozen(one: Told) -> object:
    return tuple(sorted((name, tuple(sorted(cells.items()))) for name, cells in one.by.items()))


@cache
def worlds(rows: int, sums: Sequence[int], smallest: int) -> Mapping[object, list[Table]]:
    """All tables with these sums of columns, by what is told of them."""
    found: dict[object, list[Table]] = {}
    for columns in product(*(list(_spread(whole, rows)) for whole in sums)):
        table: Table = tuple(zip(*columns, strict=True))  # type: ignore[assignment]
        found.setdefault(said(table, smallest), []).append(table)
    return found


def _spread(whole: int, rows: int) -> Iterator[tuple[int, ...]]:
    if rows == 1:
        yield (whole,)
        return
    for first in range(whole + 1):
        for rest in _spread(whole - first, rows - 1):
            yield (first, *rest)


@pytest.mark.parametrize(
    ("rows", "sums"),
    [(2, (8, 6, 0)), (2, (9, 9, 4)), (2, (14, 7, 5)), (3, (9, 4, 0)), (3, (12, 9, 0)), (3, (6, 5, 4)), (3, (15, 4, 0)),
     (2, (20, 3, 0)), (2, (30, 12, 3))],
)  # fmt: skip
def test_who_knows_the_rule_cannot_say_that_there_are_few_and_some(rows: int, sums: tuple[int, int, int]) -> None:
    """Each number, also of the rest, could be none at all or no small number; and of what is held back there are several answers."""
    for words, same in worlds(rows, sums, SMALL).items():
        for row, column in product(range(rows), range(3)):
            could = {table[row][column] for table in same}
            assert min(could) == 0 or max(could) >= SMALL, (words, row, column, could)
            assert len(could) > 1 or could.isdisjoint(range(1, SMALL)), (words, row, column, could)


CELLS = st.one_of(st.integers(0, 12), st.integers(0, 60))
TABLES = st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4).map(tuple)


@given(TABLES, st.integers(2, 6))
def test_what_is_told_of_a_row_is_true_never_small_and_leaves_no_small_rest(table: Table, smallest: int) -> None:
    sent, completed, refused = told(counted(table), smallest)
    for name, row in zip(NAMES, table, strict=False):
        known = [one.by.get("service", {}).get(name) for one in (completed, refused)]
        assert known in ([None, None], list(row[:2]))
        if None not in known:
            assert sent.by["service"][name] == sum(row)
            assert not any(0 < number < smallest for number in row)


@given(TABLES, st.integers(2, 6))
def test_the_sums_leave_enough_room_for_all_that_is_held_back(table: Table, smallest: int) -> None:
    held = held_back(dict(zip(NAMES, table, strict=False)), frozenset(), smallest)
    if held:
        columns = zip(*(row for name, row in zip(NAMES, table, strict=False) if name in held), strict=True)
        assert all(sum(column) == 0 or sum(column) >= smallest + len(held) - 1 for column in columns)
