"""One listener: what waits to be told to it, between the thread that asks and the one that sends."""

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from hub.exchange.tell import Listening, Told

MOST_WAITING: Final = 200
"""Who reads slower is sent away, and comes back when it can."""


@dataclass(eq=False)
class Listener:
    """One connection. `joined`: the place in the feed after which it is told with the others; `place`: up to where it is told."""

    listening: Listening
    joined: str
    place: str = ""
    _waiting: deque[Told] = field(default_factory=deque, repr=False)
    _ended: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)
    _commit: str = ""
    _of_commit: set[tuple[str, str]] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        self.place = self.joined

    def offer(self, told: Iterable[Told], reached: str) -> None:
        """`reached`: after this, it is told up to there."""
        with self._changed:
            new = self.new(one for one in told if one.row.place > self.joined)
            self._waiting += new
            if len(self._waiting) > MOST_WAITING:
                self._end()
            if not self._waiting:
                self.place = max(reached, self.joined)
            if new:
                self._changed.notify()

    def take(self, seconds: float) -> Sequence[Told] | None:
        """What has come, as soon as something has; nothing when the time is over; None where this is the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended, seconds)
            if self._ended:
                return None
            taken = tuple(self._waiting)
            self._waiting.clear()
            if taken:
                self.place = taken[-1].row.place
            return taken

    def end(self) -> None:
        with self._changed:
            self._end()

    def new(self, told: Iterable[Told]) -> list[Told]:
        """A commit may have written several rows of one thing, one for each recipient: it is told once."""
        return [one for one in told if self._is_new(one)]

    def _is_new(self, told: Told) -> bool:
        if told.row.commit != self._commit:
            self._commit, self._of_commit = told.row.commit, set()
        this = (told.row.kind, told.row.reference)
        is_new = this not in self._of_commit
        self._of_commit.add(this)
        return is_new

    def _end(self) -> None:
        self._ended = True
        self._waiting.clear()
        self._changed.notify()
