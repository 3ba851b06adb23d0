"""Acts on one person, one after the other: two at once would be computed from the same revision, and one of them in vain.

Waiting is a courtesy within one process and never the guard: that is the database, which refuses what was computed from a
revision that is no longer the present one (Conflict). Then an act is computed again, a little later, its turn taken beforehand.
"""

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar

from hub.errors import Conflict

ATTEMPTS: Final = 8
PATIENCE_S: Final = 5.0
FIRST_PAUSE_S: Final = 0.01
LONGEST_PAUSE_S: Final = 0.5
T = TypeVar("T")


@dataclass
class Turn:
    """What one attempt of an act holds. `asked`: whom it turned out to be about."""

    queue: "Queue" = field(repr=False)
    asked: set[str] = field(default_factory=set)
    _held: set[str] = field(default_factory=set)

    def take(self, person: str) -> bool:
        """Wait for whoever acts on her; whether there was somebody. Only in the order of ids, so that nobody waits in a circle:
        else without her turn, as when patience ends."""
        self.asked.add(person)
        if person in self._held:
            return False
        waited, is_held = self.queue.taken(person, patient=person >= max(self._held, default=""))
        if is_held:
            self._held.add(person)
        return waited

    def end(self) -> None:
        self.queue.give_back(self._held)


@dataclass
class Queue:
    """Who is being acted on in this process. Threads share it. `pause`: how an act waits before it is computed again."""

    pause: Callable[[float], None] = time.sleep
    _busy: set[str] = field(default_factory=set)
    _freed: threading.Condition = field(default_factory=threading.Condition)

    def tried(self, act: Callable[[Turn], T]) -> T:
        """What `act` returns, which is called again while somebody else was faster. Raises Conflict in the end."""
        asked: Iterable[str] = ()
        for attempt in range(ATTEMPTS):
            if attempt:
                self.pause(random.uniform(0, min(FIRST_PAUSE_S * 2**attempt, LONGEST_PAUSE_S)))  # noqa: S311 — no secret
            with self._turn(asked) as turn, suppress(Conflict):
                return act(turn)
            asked = turn.asked
        raise Conflict

    @contextmanager
    def _turn(self, asked: Iterable[str]) -> Iterator[Turn]:
        turn = Turn(self)
        try:
            for person in sorted(asked):
                turn.take(person)
            yield turn
        finally:
            turn.end()

    def taken(self, person: str, *, patient: bool) -> tuple[bool, bool]:
        """Whether somebody had her, and whether she is the asker's now."""
        with self._freed:
            waited = person in self._busy
            if waited and not (patient and self._freed.wait_for(lambda: person not in self._busy, PATIENCE_S)):
                return True, False
            self._busy.add(person)
        return waited, True

    @property
    def company(self) -> int:
        """About how many acts are under way: whoever waits for a turn is none."""
        return len(self._busy)

    def give_back(self, persons: Iterable[str]) -> None:
        with self._freed:
            self._busy.difference_update(persons)
            self._freed.notify_all()
