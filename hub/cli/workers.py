"""The worker processes of `hub serve`, which come back when they end: one that was killed (out of memory, by mistake) is no
reason to stop the others.

granian itself stops the whole server when a worker ends within 5.5 s of having been started anew. Here it waits a little longer
each time, and gives up where workers keep failing, as when a file of the deployment was broken meanwhile.
https://github.com/emmett-framework/granian
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from granian.server.mp import MPServer

log = logging.getLogger("hub.cli.serve")

WINDOW_S: Final = 60.0
MOST_KILLED: Final = 30
"""So often may each worker be killed from outside in that time."""

MOST_FAILED: Final = 5
"""So often may each fail by itself, one after the other. Before the server has answered for the first time: `AT_FIRST`."""

AT_FIRST: Final = 2
LONG_S: Final = 60.0
"""Who lived for longer had worked: what failed before it has passed."""

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0
STEP_S: Final = 0.05
FROM_OUTSIDE: Final = frozenset({-signal.SIGKILL, -signal.SIGTERM})


@dataclass(frozen=True)
class End:
    """Of a worker: how old it was, and its exit code, which is below zero for a signal."""

    age: float
    code: int

    @property
    def is_killed(self) -> bool:
        return self.code in FROM_OUTSIDE


@dataclass
class Failures:
    """When workers ended, and what follows. `now`: monotonic seconds."""

    now: Callable[[], float] = time.monotonic
    _at: list[float] = field(default_factory=list)  # in the last minute
    _killed: list[float] = field(default_factory=list)
    _failed: int = 0  # one after the other

    def add(self, ends: Iterable[End]) -> None:
        now = self.now()
        self._at, self._killed = ([one for one in kept if now - one < WINDOW_S] for kept in (self._at, self._killed))
        for one in ends:
            self._at.append(now)
            self._killed += [now] if one.is_killed else []
            self._failed = (0 if one.age > LONG_S else self._failed) + (not one.is_killed)

    def pause(self, workers: int) -> float:
        """The first comes back at once."""
        rounds = (len(self._at) - 1) // workers
        return min(FIRST_PAUSE_S * 2 ** min(rounds - 1, 9), LONGEST_PAUSE_S) if rounds > 0 else 0.0

    def are_too_many(self, workers: int, *, has_worked: bool) -> bool:
        most = MOST_FAILED if has_worked else AT_FIRST
        return self._failed > workers * most or len(self._killed) > workers * MOST_KILLED


class Server(MPServer):
    """`ready`: set once it has answered."""

    def __init__(self, target: str, ready: threading.Event, **more: Any) -> None:
        super().__init__(target, respawn_failed_workers=True, **more)
        self._ready, self._failures = ready, Failures()

    def _respawn_workers(self, workers: Any, spawn_target: Any, target_loader: Any, delay: float = 0) -> None:
        """Called with a delay for those that are to be replaced, without one for those that have ended."""
        if delay:
            super()._respawn_workers(workers, spawn_target, target_loader, delay)
            return
        gone = [place for place, one in enumerate(self.wrks) if not one.inner.is_alive()]
        ended = [self.wrks[place] for place in gone]
        self._failures.add(End(time.monotonic() - one.birth, one.inner.exitcode or 0) for one in ended)
        log.warning("worker.gone", extra={"count": len(gone)})
        if self._failures.are_too_many(len(self.wrks), has_worked=self._ready.is_set()):
            self._give_up(gone)
        elif self._waited(self._failures.pause(len(self.wrks))):
            super()._respawn_workers(gone, spawn_target, target_loader)
            self.respawned_wrks.clear()  # by which it would count itself

    def _waited(self, seconds: float) -> bool:
        """False where it was told to stop meanwhile."""
        ends = time.monotonic() + seconds
        while not self.interrupt_signal and time.monotonic() < ends:
            time.sleep(STEP_S)
        return not self.interrupt_signal

    def _give_up(self, gone: list[int]) -> None:
        log.error("worker.gave-up", extra={"count": len(gone)})
        self.interrupt_children.extend(gone)  # from which it follows that this is no success
        self.interrupt_signal = True
        self.main_loop_interrupt.set()
