"""How old she was on the day of an event, as far as it is known: from a birth date of any precision, an age told, or an age band.

What is known is a range of days of birth; every answer is the lowest or the highest age that this range allows.
Ages are never computed from today: the same record answers the same for ever.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.instants import MOROCCO, span

OLDEST: Final = 130
_BAND: Final = re.compile(r"(\d+)-(?:(\d+)|plus)", re.ASCII)


@dataclass(frozen=True)
class Days:
    """A range of days, both ends included: what a partial date stands for."""

    first: date
    last: date


@dataclass(frozen=True)
class Born:
    """The days on which she may have been born."""

    first: date
    last: date

    def lowest_age(self, on: Days) -> int:
        """In completed years."""
        return _years(self.last, on.first)

    def highest_age(self, on: Days) -> int:
        return _years(self.first, on.last)

    def may_be(self, age: int) -> datetime:
        """The first instant at which she may be of this age."""
        return span(_anniversary(self.first, age).isoformat())[0]


@lru_cache(maxsize=8192)
def days(value: str) -> Days:
    """The days, in Morocco, of a FHIR date or dateTime. Raises ValueError where it is none."""
    low, high = span(value)
    return Days(low.astimezone(MOROCCO).date(), (high - timedelta(milliseconds=1)).astimezone(MOROCCO).date())


def born(patient: Resource, event: Days, majority: int) -> Born | None:
    """What is known best. An age or a band without a day of its own is read as that of the event; None: nothing is known."""
    if "birthDate" in patient:
        known = days(patient["birthDate"])
        return Born(known.first, known.last)
    extensions = {extension.get("url"): extension for extension in patient.get("extension", ())}
    told = _told(extensions.get(profile("reported-age"), {}).get("extension", ()), event)
    return told or _of_band(extensions.get(profile("age-band"), {}).get("valueCode", ""), event, majority)


def _told(parts: Iterable[Resource], event: Days) -> Born | None:
    said: dict[str, Any] = {part["url"]: next(v for k, v in part.items() if k.startswith("value")) for part in parts}
    if not said.keys() & {"age", "low", "high"}:
        return None
    as_of = days(said["asOf"]) if "asOf" in said else event
    return _aged(said.get("age", said.get("low", 0)), said.get("age", said.get("high", OLDEST)), as_of)


def _of_band(code: str, event: Days, majority: int) -> Born | None:
    if found := _BAND.fullmatch(code):
        return _aged(int(found[1]), int(found[2] or OLDEST), event)
    known = {"minor": (0, majority - 1), "adult": (majority, OLDEST)}.get(code)
    return _aged(*known, event) if known else None


def _aged(low: int, high: int, on: Days) -> Born:
    return Born(_anniversary(on.first, -high - 1) + timedelta(days=1), _anniversary(on.last, -low))


def _years(since: date, until: date) -> int:
    return until.year - since.year - ((until.month, until.day) < (since.month, since.day))


def _anniversary(day: date, years: int) -> date:
    """Of the 29th of February, in other years the 28th: never too late."""
    year = min(max(day.year + years, 1), 9999)
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)
