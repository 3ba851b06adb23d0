"""FHIR dates as instants: what `2026`, `2026-03`, `2026-03-01` and `2026-03-01T10:00:00Z` mean on the time line.

https://hl7.org/fhir/R4/datatypes.html#dateTime. A value without zone is read in Morocco's legal time, which is UTC+1 and
UTC+0 in Ramadan: never a fixed offset.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from hub.fhir import Resource

MOROCCO: Final = ZoneInfo("Africa/Casablanca")
LAST: Final = datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)
"""The end of time as computers know it: many tools write 9999-12-31 for "no end"."""

_DATE: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def day_of(moment: datetime) -> date:
    """The day that people write at this moment, in registers and calendars: that of Morocco's legal time."""
    return moment.astimezone(MOROCCO).date()


@lru_cache(maxsize=16384)
def span(value: str) -> tuple[datetime, datetime]:
    """The half-open range [low, high) of instants, in UTC, that a FHIR date, dateTime or instant stands for.

    Raises ValueError when `value` is none of them.
    """
    try:
        if _TIME.fullmatch(value):
            low = _moment(value)
            return low, _end(low, timedelta(milliseconds=1) if "." in value else timedelta(seconds=1))
        if date := _DATE.fullmatch(value):
            return _days(int(date[1]), *(int(part) for part in date.groups()[1:] if part))
    except OverflowError:  # a zone that leads out of the years 1 to 9999
        pass
    raise ValueError("not a FHIR date")


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=MOROCCO)).astimezone(UTC)


def _days(year: int, month: int = 0, day: int = 0) -> tuple[datetime, datetime]:
    """A whole year, month or day, from midnight to midnight in Morocco."""
    low = datetime(year, month or 1, day or 1, tzinfo=MOROCCO)
    if day:
        return low.astimezone(UTC), _end(low, timedelta(days=1))
    start = low.replace(day=28) if month else low.replace(month=12, day=28)
    return low.astimezone(UTC), _end(start, timedelta(days=4), first_of_month=True)


def _end(low: datetime, width: timedelta, *, first_of_month: bool = False) -> datetime:
    try:
        high = low + width
    except OverflowError:
        return LAST
    return (high.replace(day=1) if first_of_month else high).astimezone(UTC)


@lru_cache(maxsize=1024)  # one act writes one instant into many documents
def instant(moment: datetime) -> str:
    """A FHIR instant with milliseconds: `2026-03-01T10:00:00.123+00:00`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def period(value: Resource | None, *, low: datetime, high: datetime) -> tuple[datetime, datetime]:
    """[start, end) of a FHIR Period; an open end is `low` or `high`. The end of a Period is inclusive, to its precision."""
    value = value or {}
    return (
        span(value["start"])[0] if "start" in value else low,
        span(value["end"])[1] if "end" in value else high,
    )
