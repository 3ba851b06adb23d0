"""Working time: when an organisation is at work, and how much of such time lies after a moment.

Everything is counted on the time line, in the zone's own rules (https://www.iana.org/time-zones): the clock of Morocco goes back
an hour for Ramadan and forward after it. Hours and holidays are data, of the deployment or of a service
(https://hl7.org/fhir/R4/healthcareservice.html); nothing is known here of any country.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

Minutes = tuple[int, int]
"""From, and to before, minutes of a local day; 1440 is its end."""

Week = tuple[tuple[Minutes, ...], ...]
"""For each day from Monday on, when it is open, in order and apart from each other."""

Span = tuple[datetime, datetime]

DAY: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)
ALWAYS: Final[Week] = (((0, 24 * 60),),) * 7
FARTHEST: Final = 366 * 20
"""Days after which nobody waits any more for a door to open."""


@dataclass(frozen=True)
class Calendar:
    """`yearly`: month and day of holidays that come every year, `dated`: days of one year alone; `seasons`: other hours from a
    day to a day, both included; `closed`: spans of time when it is closed besides."""

    zone: ZoneInfo
    week: Week
    yearly: frozenset[tuple[int, int]] = frozenset()
    dated: frozenset[date] = frozenset()
    seasons: tuple[tuple[date, date, Week], ...] = ()
    closed: tuple[Span, ...] = ()

    def minutes(self, day: date) -> tuple[Minutes, ...]:
        """When it is open on a local day."""
        if (day.month, day.day) in self.yearly or day in self.dated:
            return ()
        week = next((week for first, last, week in self.seasons if first <= day <= last), self.week)
        return week[day.weekday()]


def is_open(calendar: Calendar, at: datetime) -> bool:
    return any(low <= at < high for low, high in open_spans(calendar, at.astimezone(UTC).date()))


def next_open(calendar: Calendar, at: datetime) -> datetime:
    """This moment, where it is working time or the end of some; else the next that is. Raises ValueError where none comes."""
    return add_working(calendar, at, timedelta())


def add_working(calendar: Calendar, start: datetime, amount: timedelta) -> datetime:
    """The moment at which so much working time has passed since `start`. Raises ValueError where it never does."""
    left = amount
    for low, high in _from(calendar, start):
        if left <= high - low:
            return low + left
        left -= high - low
    raise ValueError("never open")


def working_time(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """How much working time lies between two moments."""
    found, last = timedelta(), end.astimezone(UTC).date()
    day = start.astimezone(UTC).date()
    while day <= last:
        parts = ((max(low, start), min(high, end)) for low, high in open_spans(calendar, day))
        found += sum((high - low for low, high in parts if low < high), timedelta())
        day += DAY
    return found


def add_on_the_clock(calendar: Calendar, start: datetime, amount: timedelta) -> datetime:
    """So many days and hours later by the clock on the wall: at the same time of the day, whatever the clock did in between."""
    local = start.astimezone(calendar.zone)
    return (local + amount).astimezone(UTC)


@lru_cache(maxsize=8192)
def open_spans(calendar: Calendar, day: date) -> tuple[Span, ...]:
    """The working time of a day of UTC."""
    found: list[Span] = []
    for low, high, offset in _same_offset(calendar.zone, day):
        local = (low + offset).date()
        for one in (local, local + DAY):
            found += _within(calendar.minutes(one), one, offset, (low, high))
    return tuple(part for span in found for part in _without(span, calendar.closed))


def _from(calendar: Calendar, start: datetime) -> Iterator[Span]:
    """Working time from a moment on. A span that has just ended is the first, and empty: who counts nothing is still in it."""
    first = start.astimezone(UTC).date()
    for number in range(-1, FARTHEST):
        for low, high in open_spans(calendar, first + number * DAY):
            if high >= start:
                yield max(low, start), high


def _same_offset(zone: ZoneInfo, day: date) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """The day of UTC in parts over each of which the zone's clock runs evenly. It is changed once a day at most, on a minute."""
    low = datetime.combine(day, time(), UTC)
    high = low + DAY
    early, late = _offset(zone, low), _offset(zone, high - MINUTE)
    if early == late:
        yield low, high, early
        return
    before, after = 0, 24 * 60 - 1
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(zone, low + middle * MINUTE) == early else (before, middle)
    yield low, low + after * MINUTE, early
    yield low + after * MINUTE, high, late


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _within(minutes: tuple[Minutes, ...], day: date, offset: timedelta, bounds: Span) -> Iterator[Span]:
    midnight = datetime.combine(day, time(), UTC) - offset
    for opens, closes in minutes:
        low, high = max(midnight + opens * MINUTE, bounds[0]), min(midnight + closes * MINUTE, bounds[1])
        if low < high:
            yield low, high


def _without(span: Span, closed: tuple[Span, ...]) -> Iterator[Span]:
    parts = [span]
    for low, high in closed:
        parts = [part for one in parts for part in ((one[0], min(one[1], low)), (max(one[0], high), one[1]))]
        parts = [(start, end) for start, end in parts if start < end]
    yield from parts
