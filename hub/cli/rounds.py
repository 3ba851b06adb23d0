"""When each connection is pulled: every so often, and soon after its tool has told that there is something.

However often a tool tells, its connection is pulled once for all of it: what is told while it is pulled leads to one more pull.
"""

import threading
import time
from collections.abc import Callable, Collection
from math import inf
from typing import Final

GATHERED: Final = 1.0
"""Seconds after the first hint: a tool tells before what it tells of can be read, and seldom once."""
REST: Final = 5.0
"""Seconds that a tool is left alone after a pull, whatever it tells."""
AWAY: Final = 10.0
"""Seconds until the database is tried again."""


class Rounds:
    """Of some connections. All are due at first: what was told to a process that is no more is not known to this one."""

    def __init__(self, connections: Collection[str], every: float, now: Callable[[], float] = time.monotonic) -> None:
        self._due = dict.fromkeys(connections, 0.0)
        self._rested = dict.fromkeys(connections, 0.0)
        self.every, self._now = every, now
        self._changed = threading.Condition()

    def hear(self, connection: str) -> None:
        """There is something to pull. From any thread."""
        with self._changed:
            soon = max(self._now() + GATHERED, self._rested[connection])
            self._due[connection] = min(self._due[connection], soon)
            self._changed.notify()

    def wait(self) -> list[str]:
        """Those that are due, as soon as there are any."""
        with self._changed:
            while not (due := self._now_due()):
                self._changed.wait(min(self.every, max(0.0, min(self._due.values(), default=inf) - self._now())))
            return due

    def take(self) -> list[str]:
        """Waits for those that are due. Each is `done` before it is due again."""
        with self._changed:
            due = self.wait()
            self._due |= dict.fromkeys(due, inf)
            return due

    def done(self, connection: str, after: float | None = None) -> None:
        """It was pulled. `after`: so many seconds its tool asks to be left alone."""
        with self._changed:
            now = self._now()
            self._rested[connection] = now + max(REST, after or 0.0)
            told = max(self._due[connection], self._rested[connection])
            self._due[connection] = min(told, now + max(self.every, after or 0.0))

    def again(self) -> None:
        """Nothing that was taken is done: all are due when the database may be back."""
        with self._changed:
            self._due = dict.fromkeys(self._due, self._now() + AWAY)

    def _now_due(self) -> list[str]:
        now = self._now()
        return sorted(one for one, at in self._due.items() if at <= now)
