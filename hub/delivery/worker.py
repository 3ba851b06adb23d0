"""Sends what is due: each change of a referral goes back into the tool that the case came from.

The outbox row was written in the change's own transaction. It is leased, sent, and settled only after the tool took it:
at least once, and once in effect, because adapters write the same follow-up twice as once. A tool that is away is tried
again after a growing pause.
"""

import logging
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.delivery.exports import prepare
from hub.errors import AdapterError, Retriable
from hub.exchange import Hub
from hub.exchange.expire import sweep
from hub.exchange.notify import MayNotKnow, News, news
from hub.exchange.person import VOIDED
from hub.mapping import Context
from hub.mapping import Mapping as FormMapping
from hub.ports import Adapter, Connection, Due, FollowUp

log = logging.getLogger("ihala.delivery")

LEASE = timedelta(seconds=60)
FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(hours=1)
AT_ONCE = 100
TOLD_HERE = frozenset({"override.open", "override.disclose"})
"""What no tool is told: it stands in the log of those who run the hub at once, and in `hub status` until it is reviewed."""


@dataclass(frozen=True)
class Door:
    """A connection with what it takes to use it."""

    connection: Connection
    adapter: Adapter
    mapping: FormMapping


@dataclass(frozen=True)
class _Parcel:
    """A row of the outbox and what is to be told because of it."""

    row: Due
    about: News


def deliver(doors: Mapping[str, Door], *, hub: Hub) -> int:
    """Send everything that is due now; how many follow-ups were sent. What fails is due again later and stops no other."""
    sent = 0
    while due := hub.store.lease(hub.clock.now(), hub.clock.now() + LEASE, AT_ONCE):
        for connection, parcels in _sorted(due, doors, hub).items():
            sent += _send(doors[connection], parcels, hub)
    return sent


def _sorted(due: list[Due], doors: Mapping[str, Door], hub: Hub) -> dict[str, list[_Parcel]]:
    """What is to be told, by connection; rows that concern none of ours are done."""
    parcels: dict[str, list[_Parcel]] = {}
    for row in due:
        if row.kind in TOLD_HERE:
            log.warning("override.to-be-reviewed")
        try:
            about = news(row, hub=hub)
        except MayNotKnow:
            hub.store.settle(row, void=VOIDED)
            continue
        except Exception as problem:
            _put_off([row], "", problem, hub)
            continue
        if about is None or about.origin.connection not in doors:
            hub.store.settle(row)
        else:
            parcels.setdefault(about.origin.connection, []).append(_Parcel(row, about))
    return parcels


def _send(door: Door, parcels: list[_Parcel], hub: Hub) -> int:
    written: dict[str, FollowUp] = {}
    for parcel in parcels:
        try:
            written[parcel.row.id] = _follow_up(door, parcel.about, hub)
        except Exception as problem:
            _put_off([parcel.row], door.connection.id, problem, hub)
    rows = [parcel.row for parcel in parcels if parcel.row.id in written]
    if not rows:
        return 0
    try:
        door.adapter.push(door.connection, list(written.values()))
    except Exception as problem:
        _put_off(rows, door.connection.id, problem, hub)
        return 0
    for row in rows:
        hub.store.settle(row)
    return len(rows)


def _follow_up(door: Door, about: News, hub: Hub) -> FollowUp:
    language = str(door.connection.settings.get("language", ""))
    context = Context(
        door.connection.organization,
        hub.directory.find,
        hub.clock.now().date(),
        lambda organization: hub.directory.name(organization, language),
    )
    values = door.mapping.back(about.resources, context)
    return FollowUp(about.resources["task"]["id"], about.origin.handle, values)


def _put_off(rows: list[Due], connection: str, problem: Exception, hub: Hub) -> None:
    """Try again later, whatever went wrong: an adapter may be a partner's, and its mistake is not the others'."""
    expected = isinstance(problem, AdapterError)
    text = problem.text if isinstance(problem, AdapterError) else "delivery.broken"
    log.warning(
        "delivery.failed", extra={"connection": connection, "problem": text}, exc_info=None if expected else problem
    )
    asked = problem.after if isinstance(problem, Retriable) else None
    for row in rows:
        hub.store.settle(row, next_try=_next_try(row, hub.clock.now(), asked), error=text)


def _next_try(row: Due, now: datetime, asked: float | None) -> datetime:
    """Doubling pauses with jitter, so that a tool that comes back is not met by everything at once."""
    pause = timedelta(seconds=asked) if asked else min(FIRST_PAUSE * 2 ** min(row.attempts, 12), LONGEST_PAUSE)
    return now + pause * random.uniform(1.0, 1.5)  # noqa: S311


class Worker(threading.Thread):
    """Delivers every so many seconds until stopped. One that fails says so and goes on."""

    def __init__(self, doors: Mapping[str, Door], hub: Hub, every: float) -> None:
        super().__init__(name="delivery", daemon=True)
        self._doors, self._hub, self._every = doors, hub, every
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(self._every):
            self._try(self._deliver)
            self._try(lambda: prepare(hub=self._hub))

    def _deliver(self) -> None:
        sweep(hub=self._hub)
        deliver(self._doors, hub=self._hub)

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as problem:
            log.error("delivery.broken", extra={"problem": type(problem).__name__})

    def stop(self) -> None:
        """Finish what is under way, then end."""
        self._stopped.set()
        self.join()
