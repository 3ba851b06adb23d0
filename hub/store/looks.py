"""Audit events that nothing else is written with, as those of looks: what waits at one moment is written in one go.

A reader waits until the event of its look is durable; while one write is under way, the events of others gather, and whoever is
next writes them all. A durable write costs the same for one event as for ten, so where others are just reading what they will
have looked at, a write waits a moment for half of them (as `commit_siblings` and `commit_delay` do in
https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-COMMIT-DELAY). Who reads alone never waits. Many events of one
reader, as of a page, gain nothing by company, and are written beside the others.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import get_ident
from typing import Final

from hub.errors import UNAVAILABLE, HubError
from hub.ports import Changes, Save

DELAY_S: Final = 0.002
MANY: Final = 12
SOON_S: Final = 0.01
"""Who has begun to read longer ago is not waited for."""


def _held() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True)
class _Waiting:
    """`woken` is let go when it is written, or when it is its turn to write."""

    saves: Sequence[Save]
    woken: threading.Lock = field(default_factory=_held)
    done: bool = False
    problem: Exception | None = None


@dataclass
class Looks:
    """`write` makes some saves durable, or raises. Threads share it."""

    write: Callable[[Sequence[Save]], None]
    _waiting: list[_Waiting] = field(default_factory=list)
    _leader: _Waiting | None = None
    _wanted: int = 0  # where the leader waits: for how many
    _coming: dict[int, float] = field(default_factory=dict)  # thread → since when
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def expect(self) -> None:
        """This thread reads something now, and will most probably have looked at it."""
        self._coming[get_ident()] = time.monotonic()

    def commit(self, saves: Sequence[Save]) -> None:
        """On disk when this returns. Raises what the writing of these saves raises, and of no others."""
        if len(saves) >= MANY:
            self._coming.pop(get_ident(), None)
            self.write(saves)
            return
        mine = _Waiting(saves)
        if not self._is_leader(mine):
            mine.woken.acquire()
        if not mine.done:
            self._lead(mine)
        if mine.problem is not None:
            raise mine.problem

    def _is_leader(self, mine: _Waiting) -> bool:
        with self._turn:
            self._coming.pop(get_ident(), None)
            self._waiting.append(mine)
            if self._leader is None:
                self._leader = mine
            elif 0 < self._wanted <= len(self._waiting):
                self._wanted = 0
                self._leader.woken.release()
            return self._leader is mine

    def _lead(self, mine: _Waiting) -> None:
        together = self._gathered(mine)
        for one in together:
            one.problem = HubError(UNAVAILABLE)  # until it is known to be written
        try:
            self._write(together)
        finally:
            with self._turn:
                following = self._leader = self._waiting[0] if self._waiting else None
            if following is not None:
                following.woken.release()
            for one in together:
                one.done = True
                if one is not mine:
                    one.woken.release()

    def _gathered(self, mine: _Waiting) -> list[_Waiting]:
        with self._turn:
            since = time.monotonic() - SOON_S
            coming = sum(begun > since for begun in list(self._coming.values()))
            half = (len(self._waiting) + coming + 1) // 2
            waits = half > len(self._waiting)
            self._wanted = half if waits else 0
        if waits:
            mine.woken.acquire(timeout=DELAY_S)
        with self._turn:
            self._wanted, together, self._waiting = 0, self._waiting, []
        return together

    def _write(self, together: list[_Waiting]) -> None:
        """What cannot be written is told to those alone whose it is."""
        try:
            self.write([save for one in together for save in one.saves])
        except HubError as problem:
            if len(together) == 1:
                together[0].problem = problem
                return
            for one in together:
                self._write([one])
        except Exception as problem:  # of the database, and so of all
            for one in together:
                one.problem = problem
        else:
            for one in together:
                one.problem = None


def only_events(changes: Changes) -> bool:
    """Whether audit events are written, which are only ever added, and nothing else."""
    others = any(value for name, value in vars(changes).items() if name != "saves")
    return bool(changes.saves) and not others and all(save.type == "AuditEvent" for save in changes.saves)
