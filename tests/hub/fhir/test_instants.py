"""What a FHIR date stands for on the time line: https://hl7.org/fhir/R4/datatypes.html#dateTime."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.fhir.instants import LAST, MOROCCO, day_of, instant, period, span
from hub.ports import FOREVER, LONG_AGO

YEARS = st.integers(1900, 2100)
MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("2026", utc(2025, 12, 31, 23), utc(2026, 12, 31, 23)),
        ("2026-02", utc(2026, 1, 31, 23), utc(2026, 3, 1)),
        ("2026-07-01", utc(2026, 6, 30, 23), utc(2026, 7, 1, 23)),
        ("2026-03-01", utc(2026, 3, 1), utc(2026, 3, 2)),
        ("2026-07-01T10:00:00", utc(2026, 7, 1, 9), utc(2026, 7, 1, 9, 0, 1)),
        ("2026-07-01T10:00:00Z", utc(2026, 7, 1, 10), utc(2026, 7, 1, 10, 0, 1)),
        ("2026-07-01T10:00:00+02:00", utc(2026, 7, 1, 8), utc(2026, 7, 1, 8, 0, 1)),
        ("2026-07-01T10:00:00.250Z", utc(2026, 7, 1, 10, 0, 0, 250000), utc(2026, 7, 1, 10, 0, 0, 251000)),
    ],
)
def test_each_precision_has_its_own_width(value: str, low: datetime, high: datetime) -> None:
    assert span(value) == (low, high)


def test_moroccan_time_is_utc_in_ramadan_and_an_hour_ahead_otherwise() -> None:
    assert span("2026-03-01T12:00:00")[0] == utc(2026, 3, 1, 12)  # Ramadan 1447
    assert span("2026-07-01T12:00:00")[0] == utc(2026, 7, 1, 11)


@pytest.mark.parametrize("value", ["9999", "9999-12", "9999-12-31", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z"])
def test_the_end_of_time_that_tools_write_is_a_date_like_any_other(value: str) -> None:
    low, high = span(value)
    assert low <= high == LAST


@pytest.mark.parametrize(
    "value",
    [
        "", "26", "2026-", "2026-3", "2026-3-1", "20260301", "2026-W09-7", "2026-02-30", "2026-13", "0000", "2026 ",
        "2026-03-01 10:00:00", "2026-03-01T10", "2026-03-01T25:00:00Z", "2026-03-01T10:00:00+0100", "٢٠٢٦", "hier",
        "0001-01-01T00:00:00+01:00",
    ],
)  # fmt: skip
def test_what_is_no_fhir_date_is_refused(value: str) -> None:
    with pytest.raises(ValueError):
        span(value)


@given(YEARS, st.integers(1, 12))
def test_the_months_of_a_year_follow_each_other_without_gap(year: int, month: int) -> None:
    after = (year + month // 12, month % 12 + 1)
    assert span(f"{year}-{month:02}")[1] == span(f"{after[0]}-{after[1]:02}")[0]
    assert span(f"{year}")[0] <= span(f"{year}-{month:02}")[0] < span(f"{year}-{month:02}")[1] <= span(f"{year}")[1]


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_days_follow_each_other_without_gap_even_when_the_clock_changes(day: date) -> None:
    low, high = span(day.isoformat())
    assert high == span((day + timedelta(days=1)).isoformat())[0]
    assert low.astimezone(MOROCCO).date() == day
    assert (high - timedelta(microseconds=1)).astimezone(MOROCCO).date() == day


@given(MOMENTS)
def test_an_instant_that_was_written_is_read_back(moment: datetime) -> None:
    low, high = span(instant(moment))
    assert low == moment < high


def test_the_end_of_a_period_is_included_to_its_precision() -> None:
    start, end = period({"start": "2026-03-01", "end": "2026-03-02"}, low=LONG_AGO, high=FOREVER)
    assert (start, end) == (utc(2026, 3, 1), utc(2026, 3, 3))


def test_an_open_period_takes_the_bounds_that_it_is_given() -> None:
    assert period(None, low=LONG_AGO, high=FOREVER) == (LONG_AGO, FOREVER)
    assert period({"start": "2026-03-01"}, low=LONG_AGO, high=FOREVER)[1] == FOREVER


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (utc(2026, 11, 27, 22, 59), date(2026, 11, 27)),
        (utc(2026, 11, 27, 23, 0), date(2026, 11, 28)),  # past midnight in Morocco
        (utc(2026, 3, 1, 23, 30), date(2026, 3, 1)),  # and not yet in Ramadan
    ],
)
def test_the_day_is_that_of_whoever_writes_in_morocco(moment: datetime, day: date) -> None:
    assert day_of(moment) == day
