"""How long to wait before the next attempt, and when to stop (pure).

https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/: pauses double, up to an hour, and are spread,
so that whoever comes back is not met by everything at once.
"""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from hub.errors import AdapterError, Retriable

FIRST_PAUSE: Final = timedelta(seconds=2)
LONGEST_PAUSE: Final = timedelta(hours=1)
LONGEST_ASKED: Final = timedelta(days=1)
"""Whoever asks for more is asked again by then."""

BROKEN: Final = "delivery.broken"


@dataclass(frozen=True)
class Patience:
    """`tries_for`: so long in all is something put off before it is a dead letter. Time in which the hub itself does not run is
    not counted."""

    tries_for: timedelta = timedelta(days=4)


def pause(failures: int, asked: float | None, spread: float) -> timedelta:
    """After so many failures before this one. `asked`: the seconds that the other side asked for."""
    if asked is not None and asked > 0:
        return timedelta(seconds=min(asked, LONGEST_ASKED.total_seconds())) * spread
    return min(FIRST_PAUSE * (1 << min(failures, 12)), LONGEST_PAUSE) * spread


def spread() -> float:
    """By chance, so that not all come back at once."""
    return random.uniform(1.0, 1.5)  # noqa: S311


def problem_of(failure: Exception) -> str:
    """A key of the text catalogue. What was not expected says nothing more of itself: its text may quote data."""
    return failure.text if isinstance(failure, AdapterError) else BROKEN


def asked_by(failure: Exception) -> float | None:
    return failure.after if isinstance(failure, Retriable) else None
