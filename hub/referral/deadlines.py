"""How long each stage of a referral may take, by priority, and what happens on the way: data, never law.

The times come from the inter-agency referral form (24 h, 72 h, two weeks). A deployment says its own in `deadlines.yaml`, with
the days and hours on which it works (`deadline_file.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from hub.referral.calendars import Calendar, add_on_the_clock, add_working, next_open

Count = Literal["clock", "calendar", "working"]
Do = Literal["remind", "overdue", "escalate", "cancel"]
Stage = Literal["consent", "acceptance", "outcome", "hold", "answer"]

ANSWER_WITHIN: Final = {
    "stat": timedelta(hours=24),
    "asap": timedelta(hours=72),
    "urgent": timedelta(hours=72),
    "routine": timedelta(days=14),
}


def deadline(priority: str, sent: datetime) -> datetime:
    """When a referral of this priority, sent at this instant, must have been answered, before any calendar is asked."""
    return sent + ANSWER_WITHIN.get(priority, ANSWER_WITHIN["routine"])


@dataclass(frozen=True)
class Within:
    """So much time. `clock`: by the hour, night and day; `calendar`: the same time of day later, and if nobody is at work then,
    when they are next; `working`: working time alone."""

    amount: timedelta
    count: Count

    def after(self, start: datetime, calendar: Calendar) -> datetime:
        """Of somebody who is never at work again time runs by the hour."""
        try:
            return self._counted(start, calendar)
        except ValueError:
            return start + self.amount

    def _counted(self, start: datetime, calendar: Calendar) -> datetime:
        if self.count == "clock":
            return start + self.amount
        if self.count == "working":
            return add_working(calendar, start, self.amount)
        return next_open(calendar, add_on_the_clock(calendar, start, self.amount))


@dataclass(frozen=True)
class Rung:
    """A step of the way: `at` so many per cent of the time, whom it tells. 100 is the deadline itself."""

    at: int
    do: Do
    tell: tuple[str, ...]


@dataclass(frozen=True)
class Pace:
    """Of one stage: how long it may take, by priority, and its steps in order."""

    within: Mapping[str, Within]
    steps: tuple[Rung, ...]

    def of(self, priority: str) -> Within:
        return self.within.get(priority) or self.within["routine"]


@dataclass(frozen=True)
class Again:
    """After the last step of a stage, as long as it lasts: who is told, each time so much has passed."""

    every: timedelta = timedelta(days=1)
    tell: tuple[str, ...] = ("requester", "coordinator", "operator")


@dataclass(frozen=True)
class ClinicalWindow:
    """Care that must begin within some hours after an assault. `services`: the service types that it concerns."""

    id: str
    within: timedelta
    services: frozenset[str]
    title: Mapping[str, str]
    source: str


@dataclass(frozen=True)
class Deadlines:
    """All that a deployment says of time. `coordinator`: an organisation that is told when things go wrong; "": none. `any_hour`:
    the priorities of which people are told also when they are not at work."""

    calendar: Calendar
    stages: Mapping[str, Pace]
    windows: tuple[ClinicalWindow, ...]
    coordinator: str = ""
    again: Again = Again()
    any_hour: frozenset[str] = frozenset({"stat", "asap", "urgent"})
