"""Referrals that are told one by one: all or none, never few that are alike, and nobody works out that anything is small."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ports import Row, Rows
from hub.referral.counting import Case, count
from hub.referral.courses import UNSAID
from hub.referral.rows import GROUP, TRAITS, rows
from hub.referral.suppression import told
from tests.support.budget import examples

SENT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SMALLEST = st.integers(2, 6)
WANTED = st.lists(st.sampled_from(sorted(TRAITS)), unique=True, max_size=5)


def referral(service: str = "legal", violence: str = "rape", age: str = "18-25", status: str = "requested") -> Case:
    said = {
        "service": service,
        "violence-type": violence,
        "age-band": age,
        "area": UNSAID,
        "outcome": "x",
        "reason": "y",
    }
    return Case(SENT, status, said, {})


CASES = st.lists(
    st.builds(
        referral,
        st.sampled_from(["legal", "medical", UNSAID]),
        st.sampled_from(["rape", UNSAID]),
        st.sampled_from(["0-11", "18-25"]),
        st.sampled_from(["requested", "completed", "rejected", "failed"]),
    ),
    max_size=60,
)


def said(case: Case, name: str) -> str:
    ended = {"completed": "referrals-completed", "rejected": "referrals-refused"}
    return ended.get(case.status, UNSAID) if name == GROUP else case.said[name]


@given(CASES, WANTED, SMALLEST)
def test_all_are_told_or_none_and_what_is_told_is_true(cases: list[Case], wanted: list[str], smallest: int) -> None:
    answer = rows(cases, wanted, smallest)
    assert sum(one.number for one in answer.rows) == (len(cases) if len(cases) >= smallest else 0)
    names = wanted[: len(wanted) - len(answer.held)] if answer.rows else []
    real = Counter(tuple((name, said(one, name)) for name in names if said(one, name) != UNSAID) for one in cases)
    assert {tuple(one.said.items()): one.number for one in answer.rows} == (real if answer.rows else {})


@given(CASES, WANTED, SMALLEST)
def test_no_row_is_of_few(cases: list[Case], wanted: list[str], smallest: int) -> None:
    answer = rows(cases, wanted, smallest)
    for one in answer.rows:
        assert one.number >= (2 * smallest if one.said else smallest)


@given(CASES, WANTED, SMALLEST)
def test_it_is_told_from_the_first_on_and_as_far_as_it_may_be(
    cases: list[Case], wanted: list[str], smallest: int
) -> None:
    answer = rows(cases, wanted, smallest)
    length = len(wanted) - len(answer.held)
    assert answer.held == tuple(wanted[length:])
    if answer.rows and answer.held:
        finer = Counter(tuple(said(one, name) for name in wanted[: length + 1]) for one in cases)
        assert min(finer.values()) < 2 * smallest


@given(CASES, SMALLEST, st.sampled_from(["outcome", "reason", "name"]))
def test_what_may_not_be_told_of_one_referral_ends_the_row(cases: list[Case], smallest: int, name: str) -> None:
    answer = rows(cases, ["service", name, "age-band"], smallest)
    assert not [one for one in answer.rows if one.said.keys() - {"service"}]


def test_of_none_there_is_none_and_of_too_few_nothing_is_told() -> None:
    assert rows([], ["service"], 5) == Rows(())
    assert rows([referral()] * 4, ["service"], 5) == Rows((), ("service",))
    assert rows([referral()] * 5, ["service"], 5) == Rows((Row({}, 5),), ("service",))
    assert rows([referral()] * 10, ["service"], 5) == Rows((Row({"service": "legal"}, 10),))


# --- who knows the rule, the report and the rows ---------------------------------------------------------------------------

Key = tuple[str, ...]
Cells = Mapping[Key, int]
AXES: Mapping[str, Sequence[str]] = {
    "service": ("legal", "medical"),
    "violence-type": ("rape", UNSAID),
    GROUP: ("completed", "requested"),
}
ASKED = {"service": "service", "violence-type": "violence", GROUP: "status"}
TWO = [("service", "violence-type"), ("violence-type", "service"), ("service", GROUP)]
THREE = [("service", "violence-type", GROUP), ("violence-type", GROUP, "service"), (GROUP, "service", "violence-type")]


def shared(most: int, among: int) -> Iterator[tuple[int, ...]]:
    if not among:
        yield ()
        return
    for number in range(most + 1):
        yield from ((number, *rest) for rest in shared(most - number, among - 1))


def tables(names: Sequence[str], most: int) -> Iterator[Cells]:
    """Every table of these, of at most so many referrals."""
    keys = list(product(*(AXES[name] for name in names)))
    return (dict(zip(keys, numbers, strict=True)) for numbers in shared(most, len(keys)))


def referrals(names: Sequence[str], cells: Cells) -> list[Case]:
    asked = [ASKED[name] for name in names]
    return [referral(**dict(zip(asked, key, strict=True))) for key, number in cells.items() for _ in range(number)]


def published(cases: list[Case], smallest: int) -> str:
    """All that the report tells, in an order that says nothing more."""
    groups = told(count(cases), smallest)
    return repr([(one.whole, sorted((name, sorted(by.items())) for name, by in one.by.items())) for one in groups])


def sums(cells: Cells) -> Iterator[tuple[tuple[tuple[int, str], ...], int]]:
    """Each combination of two things or more, with its number."""
    for size in range(2, len(next(iter(cells))) + 1):
        for places in combinations(range(len(next(iter(cells)))), size):
            found: Counter[tuple[tuple[int, str], ...]] = Counter()
            for key, number in cells.items():
                found[tuple((at, key[at]) for at in places)] += number
            yield from found.items()


def small(same: Sequence[Cells], smallest: int) -> set[tuple[tuple[int, str], ...]]:
    """The combinations of which all these tables say that there are few, and not none."""
    found: dict[tuple[tuple[int, str], ...], list[int]] = {}
    for cells in same:
        for key, number in sums(cells):
            found.setdefault(key, []).append(number)
    return {key for key, numbers in found.items() if min(numbers) > 0 and max(numbers) < smallest}


@pytest.mark.parametrize(
    ("names", "smallest", "most"),
    [
        *((names, smallest, 4 * smallest + 1) for names in TWO for smallest in (2, 3)),
        *((names, 2, 9) for names in examples([], THREE)),
    ],
)
def test_who_knows_the_rule_and_the_report_concludes_nothing_more_from_the_rows(
    names: Sequence[str], smallest: int, most: int
) -> None:
    """Every table is looked at: those of which the report says the same, and of them those with the same rows."""
    alike: dict[str, dict[str, list[Cells]]] = {}
    for cells in tables(names, most):
        cases = referrals(names, cells)
        answer = repr(rows(cases, names, smallest))
        alike.setdefault(published(cases, smallest), {}).setdefault(answer, []).append(cells)
    assert len({answer for answers in alike.values() for answer in answers}) > 20
    for answers in (one for one in alike.values() if len(one) > 1):
        before = small([one for same in answers.values() for one in same], smallest)
        assert [same for same in answers.values() if small(same, smallest) - before] == []
