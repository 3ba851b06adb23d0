"""Timestamps of HL7 v2: `YYYY[MM[DD[HH[MM[SS[.S…]]]]]][±ZZZZ]`, of any precision, and the zone of a sender that names none.

HL7 v2.5.1 chapter 2A, DTM and TS. A date without a day stays without one: none is made up.
"""

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

MOROCCO: Final = "Africa/Casablanca"
"""Where a sender says no zone. It is an hour off its usual time in Ramadan, so an offset will not do."""

_WRITTEN: Final = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.\d{1,6})?)?)?)?)?)?([+-]\d{4})?", re.ASCII
)


@lru_cache(maxsize=4096)
def iso(text: str, zone: str = MOROCCO) -> str | None:
    """As FHIR writes it, in the precision that was sent: a date, or an instant in the zone. None when it is no timestamp."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, offset = found.groups()
    try:
        if not hour:
            datetime(int(year), int(month or 1), int(day or 1))
            return "-".join(part for part in (year, month, day) if part)
        local = ZoneInfo(zone)
        stated = timezone(_offset(offset)) if offset else local
        at = datetime(int(year), int(month), int(day), int(hour), int(minute or 0), int(second or 0), tzinfo=stated)
        return at.astimezone(local).isoformat()
    except (ValueError, OverflowError):
        return None


def _offset(written: str) -> timedelta:
    hours, minutes = int(written[1:3]), int(written[3:])
    if hours > 14 or minutes > 59:
        raise ValueError("offset")
    span = timedelta(hours=hours, minutes=minutes)
    return -span if written[0] == "-" else span


def written(at: datetime, zone: str = MOROCCO) -> str:
    """An instant as it is sent: to the second, with its offset."""
    return at.astimezone(ZoneInfo(zone)).strftime("%Y%m%d%H%M%S%z")


def from_iso(text: str, zone: str = MOROCCO) -> str:
    """A FHIR date or instant as it is sent, in its own precision."""
    if len(text) <= 10:
        return text.replace("-", "")
    return written(datetime.fromisoformat(text), zone)
