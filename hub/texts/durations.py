"""How long something takes, is late or has left, in the words of a language."""

from datetime import timedelta
from typing import Final

from hub import texts

LONG: Final = timedelta(hours=48)
"""From here on, people think in days."""
_UNITS: Final = (("day", 86400), ("hour", 3600), ("minute", 60))


def roughly(span: timedelta, language: str) -> str:
    """In the largest unit of which there are at least two; of minutes however few. Rounded down."""
    seconds = int(span.total_seconds())
    unit, size = next(((unit, size) for unit, size in _UNITS if seconds >= 2 * size), _UNITS[-1])
    return _counted(unit, max(seconds // size, 1), language)


def in_days(span: timedelta, language: str) -> str:
    """In days, and the hours that are left over. Rounded down."""
    days, hours = divmod(int(span.total_seconds()) // 3600, 24)
    told = _counted("day", days, language)
    if not hours:
        return told
    return texts.say("durations.days-and-hours", language, days=told, hours=_counted("hour", hours, language))


def _counted(unit: str, count: int, language: str) -> str:
    return texts.say(f"durations.{unit}", language, count=count)
