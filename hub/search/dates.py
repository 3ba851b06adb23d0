"""What instants a date of a search means: the half-open range [low, high) of its precision, in UTC.

https://hl7.org/fhir/R4/search.html#date. Stricter than `hub.fhir.instants`, because a caller may write anything here, and
with the precision of a minute, which only searches know.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from hub.fhir import instants

EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
LATEST: Final = datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)

_DATE: Final = re.compile(
    r"(\d{4})(-\d\d(-\d\d(?P<time>T\d\d:\d\d(?P<second>(?P<leap>:60)(\.\d+)?|:\d\d(\.\d+)?)?(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)


class NotADate(ValueError):  # noqa: N818 — the field's word
    """The text is no FHIR date. The text itself is not kept: it may be somebody's date of birth."""


@lru_cache(maxsize=16384)  # one import writes the same instants and days again and again
def span(text: str) -> tuple[datetime, datetime]:
    """The range that `text` means. Raises NotADate."""
    match = _DATE.fullmatch(text)
    try:
        if match is None or _is_too_far(match["zone"]):
            raise ValueError
        if match["leap"]:  # https://hl7.org/fhir/R4/datatypes.html#dateTime: leap seconds are allowed
            low, high = span(text[: match.start("leap")] + ":59" + text[match.end("leap") :])
            return low + timedelta(seconds=1), high + timedelta(seconds=1)
        if text.startswith("9999"):  # there is no year 10000 that could end it
            return _beginning(text), LATEST
        low, high = instants.span(text)
        return low, high if match["second"] or not match["time"] else low + timedelta(minutes=1)
    except (ValueError, OverflowError):
        raise NotADate("not a FHIR date") from None


def _is_too_far(zone: str | None) -> bool:
    """No zone is further from UTC than fourteen hours: https://hl7.org/fhir/R4/datatypes.html#dateTime"""
    return zone is not None and zone != "Z" and zone[1:] > "14:00"


def _beginning(text: str) -> datetime:
    low, _ = instants.span(text.replace("9999", "9998", 1))
    return low.replace(year=low.year + 1)
