"""Reading `deadlines.yaml`: what comes with the hub, under what a deployment says; wrong values are named by their place.

Data in `profiles/policies/deadlines.yaml`, its shape in `deadlines.schema.json` beside it.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from hub import errors
from hub.errors import HubError
from hub.referral.calendars import Calendar, Minutes, Week, next_open
from hub.referral.deadlines import Again, ClinicalWindow, Deadlines, Pace, Rung, Within

FILE: Final = "deadlines.yaml"
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SOME_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)

Value = TypeVar("Value")


@cache
def packaged() -> Deadlines:
    return _read(_ours())


def deadlines(own: Any) -> Deadlines:
    """What comes with the hub, changed by the content of a deployment's file; None: it has none. Raises HubError(BAD_FILE)."""
    return packaged() if own is None else _read(_merged(_ours(), own))


@cache
def _ours() -> dict[str, Any]:
    written: dict[str, Any] = _written("deadlines.yaml", yaml.safe_load)
    return written


def _read(written: Any) -> Deadlines:
    _require_shape(written)
    found = Deadlines(
        _calendar(written["calendar"]),
        {name: _pace(one) for name, one in written["stages"].items()},
        tuple(map(_window, written["windows"])),
        written["coordinator"],
        Again(_span(written["again"]), tuple(written["again"]["tell"])),
        frozenset(written["any_hour"]),
    )
    _at("calendar.hours", lambda: next_open(found.calendar, _SOME_DAY))
    return found


def _merged(ours: dict[str, Any], own: Any) -> dict[str, Any]:
    if not isinstance(own, dict):
        raise HubError(errors.BAD_FILE, place=FILE, detail="{ }")
    both: dict[str, Any] = {**ours, **own}
    for name in ("calendar", "stages"):
        if isinstance(both[name], dict):
            both[name] = {**ours[name], **both[name]}
    if "windows" in own and isinstance(own["windows"], list):
        theirs = [one for one in own["windows"] if isinstance(one, dict)]
        kept = [one for one in ours["windows"] if all(one["id"] != other.get("id") for other in theirs)]
        both["windows"] = [*kept, *own["windows"]]
    return both


def _written(name: str, read: Callable[[str], Any]) -> Any:
    return read(files("profiles").joinpath("policies", name).read_text("utf-8"))


@cache
def _shape() -> Draft202012Validator:
    return Draft202012Validator(_written("deadlines.schema.json", json.loads))


def _require_shape(written: Any) -> None:
    wrong = best_match(_shape().iter_errors(written))
    if wrong is None:
        return
    path, strange = wrong.json_path.removeprefix("$").removeprefix("."), ""
    if wrong.validator == "additionalProperties":
        strange = ", ".join(sorted(set(wrong.instance) - set(wrong.schema["properties"])))
    raise HubError(errors.BAD_FILE, place=FILE, detail=": ".join(part for part in (path, strange) if part) or "{ }")


def _at(path: str, read: Callable[[], Value]) -> Value:
    try:
        return read()
    except (ValueError, ZoneInfoNotFoundError):
        raise HubError(errors.BAD_FILE, place=FILE, detail=path) from None


def _calendar(written: Mapping[str, Any]) -> Calendar:
    yearly = [one["day"] for one in written["yearly"]]
    return Calendar(
        zone=_at("calendar.zone", lambda: ZoneInfo(written["zone"])),
        week=_at("calendar.hours", lambda: _week(written["hours"])),
        yearly=_at("calendar.yearly", lambda: frozenset(map(_month_and_day, yearly))),
        dated=_at("calendar.dated", lambda: frozenset(date.fromisoformat(one["day"]) for one in written["dated"])),
        seasons=_at("calendar.seasons", lambda: tuple(map(_season, written["seasons"]))),
    )


def _month_and_day(text: str) -> tuple[int, int]:
    day = date.fromisoformat(f"2024-{text}")  # a year that has all days
    return day.month, day.day


def _season(written: Mapping[str, Any]) -> tuple[date, date, Week]:
    return date.fromisoformat(written["from"]), date.fromisoformat(written["to"]), _week(written["hours"])


def _week(written: Mapping[str, list[str]]) -> Week:
    return tuple(tuple(_minutes(text) for text in sorted(written[day])) for day in DAYS)


def _minutes(text: str) -> Minutes:
    opens, closes = (int(one[:2]) * 60 + int(one[3:]) for one in text.split("-"))
    if not opens < closes <= 24 * 60:
        raise ValueError("closes before it opens")
    return opens, closes


def _pace(written: Mapping[str, Any]) -> Pace:
    within = {name: Within(_span(one), one["count"]) for name, one in written["within"].items()}
    rungs = (Rung(one["at"], one["do"], tuple(one["tell"])) for one in written["steps"])
    return Pace(within, tuple(sorted(rungs, key=lambda rung: rung.at)))


def _span(written: Mapping[str, Any]) -> timedelta:
    return timedelta(hours=written.get("hours", 0), days=written.get("days", 0))


def _window(written: Mapping[str, Any]) -> ClinicalWindow:
    return ClinicalWindow(
        written["id"], _span(written), frozenset(written["services"]), written["title"], written["source"]
    )
