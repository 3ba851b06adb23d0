"""The steps on the way of a stage, and what comes after the last: somebody is told again and again until it is over. Pure.

A step that only tells somebody waits until whoever has to answer is at work, but for priorities of which people are told at any
hour (`any_hour` in `profiles/policies/deadlines.yaml`). What says that it is late comes when it is late.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.fhir.instants import instant
from hub.referral.calendars import Calendar, next_open
from hub.referral.deadlines import Deadlines, Do, Rung
from hub.referral.stages import Window


@dataclass(frozen=True)
class Moment:
    """A step that is due at an instant. `name` tells it from all other steps of the same Task."""

    at: datetime
    do: Do
    tell: tuple[str, ...]
    name: str


def steps(of: Window, deadlines: Deadlines, calendar: Calendar, now: datetime) -> Iterator[Moment]:
    """All steps of a stage, in order; of those that come again and again, the last that is due, and the next."""
    hours = None if of.priority in deadlines.any_hour else calendar
    for rung in deadlines.stages[of.stage].steps:
        yield Moment(_at(of, rung, hours), rung.do, rung.tell, f"{of.stage} {instant(of.start)} {rung.at}")
    yield from _again(of, deadlines, hours, now)


def _again(of: Window, deadlines: Deadlines, hours: Calendar | None, now: datetime) -> Iterator[Moment]:
    """Those that fell into a downtime, or into a weekend, are told once."""
    ladder, every = deadlines.stages[of.stage].steps, deadlines.again.every
    if not ladder:
        return
    after = _plain(of, ladder[-1])
    passed = max(int((now - after) / every), 0)
    for number in (passed, passed + 1) if passed else (1,):
        name = f"{of.stage} {instant(of.start)} again {number}"
        yield Moment(_in(hours, after + number * every), "remind", deadlines.again.tell, name)


def _at(of: Window, rung: Rung, hours: Calendar | None) -> datetime:
    at = _plain(of, rung)
    if rung.do not in {"remind", "escalate"}:
        return at
    return min(_in(hours, at), of.end) if rung.at < 100 else _in(hours, at)


def _plain(of: Window, rung: Rung) -> datetime:
    length = max(of.end - of.start, timedelta())
    return of.start + length * rung.at / 100 if rung.at < 100 else of.end + length * (rung.at - 100) / 100


def _in(hours: Calendar | None, at: datetime) -> datetime:
    """Of somebody who is never at work again, nobody waits for that."""
    try:
        return next_open(hours, at) if hours else at
    except ValueError:
        return at
