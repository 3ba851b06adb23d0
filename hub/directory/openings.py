"""When a service is open: now, or from when on.

https://hl7.org/fhir/R4/healthcareservice-definitions.html#HealthcareService.availableTime. Hours are Morocco's legal time;
`notAvailable` closes, whatever the hours say.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from hub.fhir import Resource
from hub.fhir.instants import LAST, MOROCCO, period
from hub.ports.surroundings import LONG_AGO

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
AHEAD: Final = 60
"""Days that are looked through; what is later is not asked about."""
ALWAYS: Final = "day-and-night"
MIDNIGHT: Final = "00:00:00"

Span = tuple[datetime, datetime]


def opens(service: Resource, at: datetime, *, always: bool) -> datetime | None:
    """The first instant from `at` on at which it is open; None where it does not tell, or tells of none in these days."""
    closed = _closed(service)
    begins = (_after(closed, max(low, at), high) for low, high in _spans(service, at, always))
    return next((begin for begin in begins if begin is not None), None)


def is_closed_for_good(service: Resource, at: datetime) -> bool:
    """Closed at `at`, and nobody has said until when."""
    return any(low <= at < high == LAST for low, high in _closed(service))


def _closed(service: Resource) -> list[Span]:
    listed = (one["during"] for one in service.get("notAvailable", ()))
    return sorted(period(one, low=LONG_AGO, high=LAST) for one in listed)


def _after(closed: list[Span], begin: datetime, end: datetime) -> datetime | None:
    """The first instant of an opening that no closing covers."""
    for low, high in closed:
        begin = high if low <= begin < high else begin
    return begin if begin < end else None


def _spans(service: Resource, at: datetime, always: bool) -> Iterator[Span]:
    """The openings that end after `at`, the first to begin first."""
    if always:
        yield at, LAST
        return
    hours = service.get("availableTime", ())
    here = at.astimezone(MOROCCO).replace(tzinfo=None)
    for number in range(-1, AHEAD if hours else 0):  # what began yesterday evening may not have ended
        day = here.date() + timedelta(days=number)
        on_day = sorted(_span(one, day) for one in hours if DAYS[day.weekday()] in one.get("daysOfWeek", ()))
        for low, high in on_day:
            if high > here:
                yield low.replace(tzinfo=MOROCCO), high.replace(tzinfo=MOROCCO)


def _span(hours: Resource, day: date) -> Span:
    if hours.get("allDay"):
        return _between(MIDNIGHT, MIDNIGHT, day)
    return _between(hours.get("availableStartTime", MIDNIGHT), hours.get("availableEndTime", MIDNIGHT), day)


@lru_cache(maxsize=4096)  # most services keep the same hours
def _between(start: str, end: str, day: date) -> Span:
    """By the clock on the wall."""
    begin, until = (time.fromisoformat(text[:5]) for text in (start, end))
    last = day if until > begin else day + timedelta(days=1)  # until midnight, or into the next morning
    return datetime.combine(day, begin), datetime.combine(last, until)
