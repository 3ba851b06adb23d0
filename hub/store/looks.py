"""Audit events that nothing else is written with, as those of looks: what waits at one moment is written in one go.

A reader waits until the event of its look is durable; while one write is under way, the events of others gather, and whoever is
next writes them all.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hub.errors import HubError
from hub.ports import Changes, Save


@dataclass
class _Waiting:
    saves: Sequence[Save]
    done: bool = False
    problem: Exception | None = None


@dataclass
class Looks:
    """`write` makes some saves durable, or raises. Threads share it."""

    write: Callable[[Sequence[Save]], None]
    _waiting: list[_Waiting] = field(default_factory=list)
    _busy: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def commit(self, saves: Sequence[Save]) -> None:
        """On disk when this returns. Raises what the writing of these saves raises, and of no others."""
        mine = _Waiting(saves)
        with self._changed:
            self._waiting.append(mine)
            self._changed.wait_for(lambda: mine.done or not self._busy)
            if not mine.done:
                self._busy, together, self._waiting = True, self._waiting, []
        if not mine.done:
            self._lead(together)
        if mine.problem is not None:
            raise mine.problem

    def _lead(self, together: list[_Waiting]) -> None:
        try:
            self._write(together)
        finally:
            with self._changed:
                for one in together:
                    one.done = True
                self._busy = False
                self._changed.notify_all()

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


def only_events(changes: Changes) -> bool:
    """Whether audit events are written, which are only ever added, and nothing else."""
    others = any(value for name, value in vars(changes).items() if name != "saves")
    return (
        bool(changes.saves)
        and not others
        and all(save.resource["resourceType"] == "AuditEvent" for save in changes.saves)
    )
