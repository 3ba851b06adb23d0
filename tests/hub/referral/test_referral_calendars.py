"""Working time, against a count of minutes one by one: weekends, holidays, Ramadan's clock, summer time, any calendar."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.referral.calendars import (
    ALWAYS,
    MINUTE,
    Calendar,
    Week,
    add_on_the_clock,
    add_working,
    is_open,
    next_open,
    open_spans,
    working_time,
)
from hub.referral.deadline_file import packaged
from hub.referral.deadlines import Within

USUAL = packaged().calendar
MOROCCO = USUAL.zone
ZONES = [
    MOROCCO,
    ZoneInfo("Europe/Paris"),
    ZoneInfo("Asia/Kathmandu"),
    ZoneInfo("Australia/Lord_Howe"),
    ZoneInfo("UTC"),
]
RAMADAN = [
    datetime(2027, 2, 7, 2, tzinfo=UTC),
    datetime(2027, 3, 14, 2, tzinfo=UTC),
    datetime(2029, 12, 30, 2, tzinfo=UTC),
]
"""When Morocco's clock is changed, by the time zone database."""

CHANGES = [*RAMADAN, datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)]

ROUND = st.integers(0, 3 * 24 * 60)
AROUND = st.builds(lambda at, minutes: at + (minutes - 36 * 60) * MINUTE, st.sampled_from(CHANGES), ROUND)
ANYWHEN = st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31)).map(
    lambda at: at.replace(second=0, microsecond=0, tzinfo=UTC)
)
MOMENTS = st.one_of(AROUND, ANYWHEN)


@st.composite
def weeks(draw: st.DrawFn) -> Week:
    def day() -> tuple[tuple[int, int], ...]:
        bounds = sorted(draw(st.sets(st.integers(0, 1440), max_size=4)))
        return tuple((low, high) for low, high in zip(bounds[::2], bounds[1::2], strict=False))

    week = tuple(day() for _ in range(7))
    return week if any(week) else ALWAYS


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    days = st.dates(date(2026, 1, 1), date(2030, 12, 31))
    closed = draw(st.lists(st.tuples(MOMENTS, st.integers(1, 3000)), max_size=2))
    first = draw(days)
    return Calendar(
        zone=draw(st.sampled_from(ZONES)),
        week=draw(weeks()),
        yearly=frozenset(draw(st.sets(days.map(lambda day: (day.month, day.day)), max_size=5))),
        dated=frozenset(draw(st.sets(days, max_size=5))),
        seasons=((first, first + timedelta(days=draw(st.integers(0, 40))), draw(weeks())),),
        closed=tuple(sorted((at, at + minutes * MINUTE) for at, minutes in closed)),
    )


def works(calendar: Calendar, minute: datetime) -> bool:
    """The naive rule: look at the clock on the wall."""
    local = minute.astimezone(calendar.zone)
    now = local.hour * 60 + local.minute
    shut = any(low <= minute < high for low, high in calendar.closed)
    return not shut and any(low <= now < high for low, high in calendar.minutes(local.date()))


def naive(calendar: Calendar, start: datetime, minutes: int, most: int) -> datetime | None:
    at = start
    for _ in range(most):
        if minutes == 0:
            return at
        minutes -= works(calendar, at)
        at += MINUTE
    return None


@given(calendars(), MOMENTS, st.integers(0, 4000))
def test_the_working_time_of_a_span_equals_a_count_of_minutes_one_by_one(
    calendar: Calendar, start: datetime, minutes: int
) -> None:
    counted = sum(works(calendar, start + number * MINUTE) for number in range(minutes))
    assert working_time(calendar, start, start + minutes * MINUTE) == counted * MINUTE


@given(calendars(), MOMENTS, st.integers(1, 2000))
def test_it_equals_a_count_of_minutes_one_by_one(calendar: Calendar, start: datetime, minutes: int) -> None:
    expected = naive(calendar, start, minutes, most=6000)
    if expected is not None:
        assert add_working(calendar, start, minutes * MINUTE) == expected


@given(calendars(), MOMENTS)
def test_every_minute_of_a_day_is_open_or_not_as_the_clock_on_the_wall_says(
    calendar: Calendar, start: datetime
) -> None:
    minutes = [start + number * MINUTE for number in range(0, 24 * 60, 7)]
    assert [is_open(calendar, one) for one in minutes] == [works(calendar, one) for one in minutes]


@given(calendars(), MOMENTS, st.integers(0, 3000), st.integers(0, 3000))
def test_adding_is_monotone_and_adds_up(calendar: Calendar, start: datetime, one: int, more: int) -> None:
    first = add_working(calendar, start, one * MINUTE)
    both = add_working(calendar, start, (one + more) * MINUTE)
    assert start <= first <= both
    assert add_working(calendar, first, more * MINUTE) == both
    assert add_working(calendar, start + MINUTE, one * MINUTE) >= first


@given(calendars(), MOMENTS, st.integers(1, 3000))
def test_it_never_lands_outside_working_time(calendar: Calendar, start: datetime, minutes: int) -> None:
    end = add_working(calendar, start, minutes * MINUTE)
    assert works(calendar, end - MINUTE), "the last minute was worked"


@given(calendars(), MOMENTS)
def test_open_spans_are_in_order_and_apart(calendar: Calendar, start: datetime) -> None:
    spans = [span for day in range(3) for span in open_spans(calendar, start.date() + timedelta(days=day))]
    assert all(low < high for low, high in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@given(MOMENTS, st.integers(1, 720), st.sampled_from(["clock", "calendar", "working"]))
@example(RAMADAN[0] - timedelta(days=1), 72, "calendar")
def test_a_deadline_is_never_before_its_start_and_later_starts_never_end_earlier(
    start: datetime, hours: int, count: str
) -> None:
    within = Within(timedelta(hours=hours), count)  # type: ignore[arg-type]
    end = within.after(start, USUAL)
    assert end > start
    later = within.after(start + timedelta(hours=2), USUAL)
    assert later >= end or (count == "calendar" and end - later < timedelta(hours=1))


@pytest.mark.parametrize("change", RAMADAN)
def test_at_the_change_of_ramadan_the_same_time_of_day_is_the_same_time_of_day(change: datetime) -> None:
    start = (change - timedelta(days=2)).replace(hour=10)
    end = add_on_the_clock(USUAL, start, timedelta(days=4))
    assert end.astimezone(MOROCCO).time() == start.astimezone(MOROCCO).time()
    assert abs(end - start - timedelta(days=4)) == timedelta(hours=1)


def test_the_hours_of_a_day_are_those_of_its_own_clock() -> None:
    """8.30 in Casablanca: 7.30 UTC all year, 8.30 UTC in Ramadan."""
    assert open_spans(USUAL, date(2027, 2, 5))[0][0] == datetime(2027, 2, 5, 7, 30, tzinfo=UTC)
    assert open_spans(USUAL, date(2027, 2, 8))[0][0] == datetime(2027, 2, 8, 8, 30, tzinfo=UTC)


def test_a_weekend_and_a_holiday_are_passed_over() -> None:
    friday = datetime(2026, 1, 9, 15, 30, tzinfo=UTC)  # the end of the day
    assert next_open(USUAL, friday + MINUTE) == datetime(2026, 1, 12, 7, 30, tzinfo=UTC)
    before_the_throne = datetime(2026, 7, 29, 15, tzinfo=UTC)
    assert add_working(USUAL, before_the_throne, timedelta(hours=1)) == datetime(2026, 7, 31, 8, tzinfo=UTC)


def test_of_somebody_who_is_never_at_work_again_time_runs_by_the_hour() -> None:
    never = Calendar(MOROCCO, ((),) * 7)
    start = datetime(2026, 7, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="never"):
        add_working(never, start, MINUTE)
    assert Within(timedelta(hours=3), "working").after(start, never) == start + timedelta(hours=3)
