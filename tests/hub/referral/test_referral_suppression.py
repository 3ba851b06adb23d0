"""No small number is told, and none can be worked out: a solver that knows the rule and all that is told finds no small cell."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from hub.referral.counting import Counted
from hub.referral.courses import UNSAID
from hub.referral.suppression import Told, suppress, told

CELLS = st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 30), max_size=7)
SMALLEST = st.integers(2, 8)


def could_be(cells: dict[str, int | None], whole: int) -> dict[str, tuple[int, int]]:
    """The least and the most that each cell that is held back could be: by the whole, and as none of them is zero."""
    held = [name for name, number in cells.items() if number is None]
    together = whole - sum(number for number in cells.values() if number is not None)
    return {name: (max(1, together if len(held) == 1 else 1), together - (len(held) - 1)) for name in held}


@given(CELLS, SMALLEST)
def test_what_is_told_is_true_and_never_small(cells: dict[str, int], smallest: int) -> None:
    for name, number in (suppress(cells, smallest) or {}).items():
        assert number is None or (number == cells[name] and not 0 < number < smallest)


@given(CELLS, SMALLEST)
def test_what_is_held_back_could_be_one_or_no_small_number_at_all(cells: dict[str, int], smallest: int) -> None:
    answer = suppress(cells, smallest) or {}
    for name, (least, most) in could_be(answer, sum(cells.values())).items():
        assert least == 1 <= cells[name] <= most
        assert most >= smallest


@given(st.dictionaries(st.sampled_from("abc"), st.integers(0, 7), max_size=3), st.integers(2, 4))
def test_who_knows_the_rule_still_finds_several_answers(cells: dict[str, int], smallest: int) -> None:
    """Every table that the rule would tell in the same words is looked at."""
    answer = suppress(cells, smallest)
    if answer is None or None not in answer.values():
        return
    names, whole = sorted(cells), sum(cells.values())
    tables = (dict(zip(names, numbers, strict=True)) for numbers in product(range(whole + 1), repeat=len(names)))
    same = [one for one in tables if sum(one.values()) == whole and suppress(one, smallest) == answer]
    for name, number in answer.items():
        if number is None:
            assert len({one[name] for one in same}) > 1


@given(CELLS, CELLS, CELLS, SMALLEST)
def test_how_referrals_ended_gives_nothing_away_either(
    completed: dict[str, int], refused: dict[str, int], other: dict[str, int], smallest: int
) -> None:
    groups = (
        Counted(
            "referrals-sent",
            sum(map(sum, map(dict.values, (completed, refused, other)))),
            {"service": _one(completed, refused, other)},
        ),
        Counted("referrals-completed", sum(completed.values()), {"outcome": completed}),
        Counted("referrals-refused", sum(refused.values()), {"reason": refused}),
    )
    sent, *ended = told(groups, smallest)
    for one, group in zip((sent, *ended), groups, strict=True):
        assert one.whole in {None, group.whole} and not 0 < (one.whole or 0) < smallest
        assert not (one.whole is None and one.by)
        _holds(one, smallest)
    if sent.whole is not None:
        fates: dict[str, int | None] = {one.group: one.whole for one in ended}
        open_ = groups[0].whole - groups[1].whole - groups[2].whole
        if None not in fates.values():
            assert not 0 < open_ < smallest
        known = {**fates, UNSAID: None if list(fates.values()).count(None) == 1 else open_}
        assert all(most >= smallest for _, most in could_be(known, sent.whole).values()) or None not in fates.values()


def _one(*tables: dict[str, int]) -> dict[str, int]:
    return {name: sum(table.get(name, 0) for table in tables) for name in sorted({n for t in tables for n in t})}


def _holds(one: Told, smallest: int) -> None:
    for cells in one.by.values():
        assert one.whole is not None
        assert not one.whole or all(most >= smallest for _, most in could_be(dict(cells), one.whole).values())


def test_a_breakdown_that_cannot_be_told_safely_is_not_told() -> None:
    assert suppress({"a": 1, "b": 1, "c": 1}, 5) is None
    assert suppress({"a": 4, "b": 4, "c": 4, "d": 6, "e": 10}, 5) == {
        "a": None,
        "b": None,
        "c": None,
        "d": None,
        "e": 10,
    }
    assert suppress({"a": 2, "b": 12, "c": 12, "d": 13}, 5) == {"a": None, "b": None, "c": None, "d": 13}
    assert suppress({"a": 3}, 5) is None
    assert suppress({"a": 1, "b": 6, "c": 9}, 5) == {"a": None, "b": None, "c": None}
    assert suppress({"a": 1, "b": 1, "c": 40}, 5) == {"a": None, "b": None, "c": None}
    assert suppress({"a": 0, "b": 7}, 5) == {"a": 0, "b": 7}
