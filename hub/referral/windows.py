"""How much is left of the time in which care must begin after an assault: from what is known of when it was, and never guessed.

The incident says when (`Observation.effectiveDateTime`, as exactly as somebody said it), the need how long ago it was when it was
written (`time-since-assault`, a class of hours). Where the two contradict each other nothing is known. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.instants import span
from hub.ports import LONG_AGO
from hub.referral.deadlines import ClinicalWindow

State = Literal["open", "perhaps", "closed", "unknown"]

_BANDS: Final[dict[str, tuple[int | None, int]]] = {
    "within-72-hours": (72, 0),
    "within-120-hours": (120, 72),
    "after-120-hours": (None, 120),
}
"""Hours before it was written: at most (None: no bound), at least."""


@dataclass(frozen=True)
class Left:
    """What is left of a window. `least` and `most`: surely and at best, as exactly as it is known; None: nothing is known."""

    window: ClinicalWindow
    least: timedelta | None = None
    most: timedelta | None = None

    @property
    def state(self) -> State:
        if self.least is None or self.most is None:
            return "unknown"
        if self.most <= timedelta():
            return "closed"
        return "open" if self.least > timedelta() else "perhaps"


def left(
    windows: Iterable[ClinicalWindow], service: str, need: Resource | None, incidents: Iterable[Resource], now: datetime
) -> list[Left]:
    """Of the windows that concern a service. `need` and `incidents` as whoever asks may see them."""
    when = happened(need or {}, incidents)
    return [_left(window, when, now) for window in windows if service in window.services]


def happened(need: Resource, incidents: Iterable[Resource]) -> tuple[datetime, datetime] | None:
    """The span of time in which it was, by all that is said; of several incidents the last. None where nothing is known."""
    dates = [span(one["effectiveDateTime"]) for one in incidents if "effectiveDateTime" in one]
    said = [*sorted(dates)[-1:], *_by_band(need)]
    if not said:
        return None
    low, high = max(low for low, _ in said), min(high for _, high in said)
    return (low, high) if low <= high else None


def _by_band(need: Resource) -> list[tuple[datetime, datetime]]:
    codes = [one.get("valueCode") for one in need.get("extension", ()) if one["url"] == profile("time-since-assault")]
    if "authoredOn" not in need or not codes or codes[0] not in _BANDS:
        return []
    at_most, at_least = _BANDS[codes[0]]
    first, last = span(need["authoredOn"])
    low = LONG_AGO if at_most is None else first - timedelta(hours=at_most)
    return [(low, last - timedelta(hours=at_least))]


def _left(window: ClinicalWindow, when: tuple[datetime, datetime] | None, now: datetime) -> Left:
    if when is None:
        return Left(window)
    low, high = when
    return Left(window, low + window.within - now, high + window.within - now)
