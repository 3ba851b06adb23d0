"""Reports of periods that lie in each other: who sets all of them against each other still learns no small number.

The tests try every table, and know nothing of flows.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.referral.counting import Case
from hub.referral.nesting import Span, span
from hub.referral.tables import Sum, Table, betrayed
from tests.support.budget import examples

SERVICES = ("legal", "medical", "shelter")
NOW = datetime(2026, 5, 1, tzinfo=UTC)
MONTH = st.tuples(*(st.integers(0, 5) for _ in SERVICES))


def cases(numbers: Sequence[int]) -> list[Case]:
    return [
        Case(NOW, "requested", {"service": name}, {})
        for name, number in zip(SERVICES, numbers, strict=True)
        for _ in range(number)
    ]


def by_service(one: Span) -> dict[str, int | None] | None:
    return dict(one.told[0].by["service"]) if "service" in one.told[0].by else None


def rows(one: Span, smallest: int) -> Iterator[tuple[int, ...]]:
    """What a month could be, by its own report."""
    whole, known = one.told[0].whole, by_service(one)
    for row in product(range(12), repeat=len(SERVICES)):
        of_all = 0 < sum(row) < smallest if whole is None else sum(row) == whole
        if of_all and (known is None or fits(row, known)):
            yield row


def fits(row: Sequence[int], known: dict[str, int | None]) -> bool:
    told = (known.get(name, 0) for name in SERVICES)
    return all(number > 0 if said is None else number == said for number, said in zip(row, told, strict=True))


@settings(max_examples=examples(60, 600), deadline=None)
@given(MONTH, MONTH, st.integers(2, 3))
def test_no_small_number_of_a_month_follows_from_the_longer_period(
    one: tuple[int, ...], other: tuple[int, ...], smallest: int
) -> None:
    months = [one, other]
    found = span([cases(numbers) for numbers in months], [2, 1], smallest)
    whole, known = found.told[0].whole, by_service(found)
    could_be = [
        pair
        for pair in product(*(list(rows(part, smallest)) for part in found.parts))
        if (whole is None or sum(map(sum, pair)) == whole)
        and (known is None or fits([sum(column) for column in zip(*pair, strict=True)], known))
    ]
    assert (one, other) in could_be
    for at, numbers in enumerate(months):
        tells = by_service(found.parts[at])
        for column, name in enumerate(SERVICES):
            if 0 < numbers[column] < smallest:
                assert tells is None or tells[name] is None
                seen = {pair[at][column] for pair in could_be}
                few = found.parts[at].told[0].whole is None
                assert max(seen) >= (smallest - 1 if few else smallest), (months, found.told)
        if 0 < sum(numbers) < smallest:
            assert {sum(pair[at]) for pair in could_be} == set(range(1, smallest))


STATUSES = {"completed": 1, "rejected": 2, "requested": 0}


@settings(max_examples=examples(60, 600), deadline=None)
@given(MONTH, MONTH, st.integers(2, 3))
def test_nor_does_it_follow_from_how_they_ended(one: tuple[int, ...], other: tuple[int, ...], smallest: int) -> None:
    months = [one, other]
    found = span([ended(numbers) for numbers in months], [2, 1], smallest)
    could_be = [
        pair
        for pair in product(*(list(rows_by_fate(part, smallest)) for part in found.parts))
        if fits_fates([sum(column) for column in zip(*pair, strict=True)], found, smallest)
    ]
    assert (one, other) in could_be
    for at, numbers in enumerate(months):
        for column in range(len(STATUSES)):
            if 0 < numbers[column] < smallest:
                seen = {pair[at][column] for pair in could_be}
                few = found.parts[at].told[0].whole is None
                assert max(seen) >= (smallest - 1 if few else smallest), (months, found.told)


def ended(numbers: Sequence[int]) -> list[Case]:
    pairs = zip(STATUSES, numbers, strict=True)
    return [Case(NOW, status, {}, {}) for status, number in pairs for _ in range(number)]


def rows_by_fate(one: Span, smallest: int) -> Iterator[tuple[int, ...]]:
    yield from (row for row in product(range(12), repeat=len(STATUSES)) if fits_fates(row, one, smallest))


def fits_fates(row: Sequence[int], one: Span, smallest: int) -> bool:
    """By the numbers that are told: of all, of those completed, of those refused."""
    if one.told[0].whole is None:
        return bool(one.parts) or 0 < sum(row) < smallest
    told = (one.told[0].whole, one.told[1].whole, one.told[2].whole)
    return all(said in (None, number) for said, number in zip(told, (sum(row), row[0], row[1]), strict=True))


@given(st.lists(MONTH, min_size=6, max_size=6), st.integers(2, 5))
@settings(max_examples=examples(60, 600), deadline=None)
def test_what_is_told_is_true_and_never_small(months: list[tuple[int, ...]], smallest: int) -> None:
    found = span([cases(numbers) for numbers in months], [6, 3, 1], smallest)
    for one in (found, *found.parts):
        assert one.told[0].whole in (None, one.counted[0].whole)
        assert not 0 < (one.told[0].whole or 0) < smallest
        for name, number in (by_service(one) or {}).items():
            assert number is None or (number == one.counted[0].by["service"][name] and not 0 < number < smallest)


def test_a_year_tells_what_its_months_hold_back() -> None:
    year = [cases((2, 4, 6)) for _ in range(12)]
    found = span(year, [12, 6, 3, 1], 5)
    assert by_service(found.parts[0].parts[0].parts[0]) == {"legal": None, "medical": None, "shelter": None}
    assert by_service(found) == {"legal": 24, "medical": 48, "shelter": 72}


def test_a_year_does_not_tell_what_one_month_alone_held_back() -> None:
    found = span([cases((20, 20, 20)), cases((20, 2, 4))], [2, 1], 5)
    assert by_service(found.parts[1]) == {"legal": 20, "medical": None, "shelter": None}
    assert by_service(found) == {"legal": 40, "medical": None, "shelter": None}
    assert span([cases((9, 9, 9)), cases((1, 1, 1))], [2, 1], 5).told[0].whole is None


def test_the_last_number_that_is_missing_is_found() -> None:
    """So the tests above can fail: a table that tells too much is one."""
    row = Table(Sum(9, 9, 9), {"a": 2, "b": 7}, {"a": None, "b": None})
    other = Table(Sum(9, 9, 9), {"a": 5, "b": 4}, {"a": 5, "b": None})
    assert betrayed(Table(Sum(18, 18, 18), {"a": 7, "b": 11}, {"a": 7, "b": 11}, (row, other)), 5) == ["a", "b"]
    assert betrayed(Table(Sum(18, 18, 18), {"a": 7, "b": 11}, None, (row,)), 5) is None
