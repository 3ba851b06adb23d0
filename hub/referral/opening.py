"""From the opening hours of a service to a calendar. https://hl7.org/fhir/R4/healthcareservice.html"""

from collections.abc import Iterable
from dataclasses import replace

from hub.fhir import Resource
from hub.fhir.instants import period
from hub.ports import FOREVER, LONG_AGO
from hub.referral.calendars import ALWAYS, Calendar, Minutes, Week

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WHOLE: Minutes = (0, 24 * 60)


def opening(services: Iterable[Resource], usual: Calendar) -> Calendar:
    """Of the first of these services that is active and says hours; `usual` where none does."""
    for service in services:
        week = _week(service.get("availableTime", ()))
        if service.get("active", True) and any(week):
            return _calendar(service, week, usual)
    return usual


def _calendar(service: Resource, week: Week, usual: Calendar) -> Calendar:
    spans = (period(one.get("during"), low=LONG_AGO, high=FOREVER) for one in service.get("notAvailable", ()))
    closed = tuple(sorted((low, high) for low, high in spans if low < high))
    if week == ALWAYS:
        return Calendar(usual.zone, ALWAYS, closed=closed)
    return replace(usual, week=week, seasons=(), closed=closed)


def _week(times: Iterable[Resource]) -> Week:
    found: list[list[Minutes]] = [[] for _ in DAYS]
    for one in times:
        minutes = WHOLE if one.get("allDay") else _minutes(one)
        for day in one.get("daysOfWeek", DAYS):
            found[DAYS.index(day)].append(minutes)
    return tuple(tuple(_joined(sorted(spans))) for spans in found)


def _minutes(one: Resource) -> Minutes:
    """A night that goes on into the next day ends with the day."""
    opens = _minute(one.get("availableStartTime", "00:00:00"))
    closes = _minute(one.get("availableEndTime", "00:00:00"))
    return opens, closes if closes > opens else WHOLE[1]


def _minute(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:5])


def _joined(spans: list[Minutes]) -> list[Minutes]:
    found: list[Minutes] = []
    for low, high in spans:
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found
