"""Which instants a date of a search means."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.search.dates import LATEST, NotADate, span


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2025", "2024-12-31T23:00", "2025-12-31T23:00"),
        ("2025-12", "2025-11-30T23:00", "2025-12-31T23:00"),
        ("2025-06-09", "2025-06-08T23:00", "2025-06-09T23:00"),
        ("2025-06-09T10:00", "2025-06-09T09:00", "2025-06-09T09:01"),
        ("2025-06-09T10:00:05", "2025-06-09T09:00:05", "2025-06-09T09:00:06"),
        ("2025-06-09T10:00:05Z", "2025-06-09T10:00:05", "2025-06-09T10:00:06"),
        ("2025-06-09T10:00:05.120+02:00", "2025-06-09T08:00:05.120", "2025-06-09T08:00:05.121"),
    ],
)
def test_a_date_means_the_range_of_its_precision_in_moroccan_time(text: str, low: str, high: str) -> None:
    assert span(text) == (utc(low), utc(high))


def test_in_ramadan_the_moroccan_day_begins_at_midnight_utc() -> None:
    assert span("2025-03-10") == (utc("2025-03-10"), utc("2025-03-11"))


def test_the_last_year_ends_with_the_calendar() -> None:
    assert span("9999")[1] == LATEST
    assert span("9999-12-31T23:59:59Z")[1] == LATEST


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2025-13", "2025-02-30", "2025-2-1", "25-02-01", "2025-02-01T", "2025-02-01T25:00", "٢٠٢٥"],
)
def test_what_is_no_date_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(NotADate) as refused:
        span(text)
    assert str(refused.value) == "not a FHIR date"
    assert refused.value.__suppress_context__


@given(st.dates(min_value=datetime(1900, 1, 1).date(), max_value=datetime(2100, 1, 1).date()))
def test_a_day_lies_in_its_month_and_its_month_in_its_year(day: object) -> None:
    text = str(day)
    (day_low, day_high), (month_low, month_high), (year_low, year_high) = (span(text[:n]) for n in (10, 7, 4))
    assert year_low <= month_low <= day_low < day_high <= month_high <= year_high
    assert timedelta(hours=22) < day_high - day_low < timedelta(hours=26)


def test_a_leap_second_is_the_one_after_the_last_of_its_minute() -> None:
    """https://hl7.org/fhir/R4/datatypes.html#dateTime"""
    assert span("2016-12-31T23:59:60Z") == (utc("2017-01-01T00:00:00"), utc("2017-01-01T00:00:01"))
    assert span("2016-12-31T23:59:60.500Z") == (utc("2017-01-01T00:00:00.500"), utc("2017-01-01T00:00:00.501"))


@pytest.mark.parametrize(
    "text", ["2025-02-01T10:00:61Z", "2025-02-01T24:00:00Z", "2025-02-01T10:60Z", "9999-12-31T23:59:60Z"]
)
def test_no_other_time_is_beyond_its_hour_or_day(text: str) -> None:
    with pytest.raises(NotADate):
        span(text)


def test_no_zone_is_further_away_than_fourteen_hours() -> None:
    assert span("2025-06-09T10:00:00+14:00")[0] == utc("2025-06-08T20:00:00")
    for zone in ("+14:01", "-15:00", "+23:59"):
        with pytest.raises(NotADate):
            span(f"2025-06-09T10:00:00{zone}")
