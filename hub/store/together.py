"""Acts that are ready at one moment, committed in one transaction: one place in a chain, one answer, one write to the disk.

Acts on different persons do not touch each other, so that all of them are whole because their transaction is. Where it is
refused, each is committed by itself, and only the one that was in the way is told. Group commit:
https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-COMMIT-DELAY.
"""

import copy
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.errors import UNAVAILABLE, HubError
from hub.store.schema import Document
from hub.store.writing import Plan

A_MOMENT_S: Final = 0.015
MOST: Final = 16  # acts
LARGEST: Final = 60  # documents of an act that others may wait for
_JOINED: Final = ("events", "contents", "keys", "revised", "begun", "voids", "outbox", "alive")
_BY_TYPE: Final = ("inserted", "replaced", "rekeyed")
_MAY_BE_JOINED: Final = frozenset({*_JOINED, *_BY_TYPE})
"""Rows of each act's own persons. Anything else is what two acts may both have to do with."""


def may_join(plan: Plan) -> bool:
    """Whether it has events, small enough a body, and nothing that reaches beyond its persons."""
    parts = vars(plan)
    size = len(plan.events) + sum(len(documents) for documents in plan.inserted.values())
    return bool(plan.events) and size <= LARGEST and not any(parts[name] for name in parts.keys() - _MAY_BE_JOINED)


def joined(plans: Sequence[Plan]) -> Plan:
    """One that writes what all of these write."""
    if len(plans) == 1:
        return plans[0]
    whole = copy.copy(plans[0])
    for name in _JOINED:
        setattr(whole, name, [row for plan in plans for row in getattr(plan, name)])
    for name in _BY_TYPE:
        setattr(whole, name, _by_type([getattr(plan, name) for plan in plans]))
    return whole


def _by_type(parts: Sequence[Mapping[str, Sequence[Document]]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for part in parts:
        for type_, rows in part.items():
            found[type_] += rows
    return found


class _Waiting:
    """An act that is ready. `turn` is held until it is committed, or its thread is the one to commit."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.done = False
        self.problem: Exception | None = HubError(UNAVAILABLE)  # until it is known what became of it
        self.turn = threading.Lock()
        self.turn.acquire()


@dataclass
class Together:
    """`write` commits a plan, or raises. Threads share it; one of them at a time commits what is there."""

    write: Callable[[Plan], None]
    _waiting: list[_Waiting] = field(default_factory=list)
    _led: bool = False
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def commit(self, plan: Plan, company: int) -> None:
        """On disk when this returns. `company`: how many acts are under way here; the first that is ready waits a moment for
        half of them, as the others can be computed meanwhile."""
        mine = _Waiting(plan)
        if not self._is_first(mine):
            mine.turn.acquire()
        if not mine.done:
            self._lead(company)
        if mine.problem is not None:
            raise mine.problem

    def _is_first(self, mine: _Waiting) -> bool:
        with self._arrived:
            self._waiting.append(mine)
            first, self._led = not self._led, True
            if not first:
                self._arrived.notify()  # the one that leads: nobody else waits so
        return first

    def _lead(self, company: int) -> None:
        together = self._gathered(company // 2)
        try:
            self._write(together)
        finally:
            for one in together:
                one.done = True
                one.turn.release()
            with self._arrived:
                self._led = bool(self._waiting)
                if self._led:
                    self._waiting[0].turn.release()

    def _gathered(self, company: int) -> list[_Waiting]:
        until = time.monotonic() + A_MOMENT_S
        with self._arrived:
            while len(self._waiting) < company and (left := until - time.monotonic()) > 0:
                self._arrived.wait(left)
            together, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        return together

    def _write(self, together: list[_Waiting]) -> None:
        """What is refused is refused to those alone whose it is; what befalls the database, to all."""
        try:
            self.write(joined([one.plan for one in together]))
        except Exception as problem:
            if len(together) > 1 and not _of_all(problem):
                for one in together:
                    self._write([one])
                return
            told: Exception | None = problem
        else:
            told = None
        for one in together:
            one.problem = told


def _of_all(problem: Exception) -> bool:
    """Then nobody knows what was written. After anything else nothing was."""
    return isinstance(problem, HubError) and problem.problem is UNAVAILABLE
