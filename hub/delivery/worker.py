"""Sends what is due: at once when something is committed, and again and again until it has arrived.

    outbox → fan_out → dispatches → lanes → carrier

Several workers, threads and processes do so together. What none of them finishes because it died is taken up by the others.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

from hub.delivery.exports import prepare
from hub.delivery.fan_out import fan_out
from hub.delivery.lanes import LEASE, Sender
from hub.delivery.pauses import Patience
from hub.delivery.tending import tend
from hub.exchange import Hub
from hub.exchange.expire import sweep
from hub.ports import Destination, Way

log = logging.getLogger("ihala.delivery")

AT_ONCE: Final = 16  # destinations; one that hangs keeps a thread, and no other
LONGEST_SEND: Final = timedelta(minutes=10)
"""Who has had a destination for longer has hung, and it is somebody else's turn."""

VOID_KEPT: Final = timedelta(days=60)
AGAIN_S: Final = 1.0
RENEWALS: Final = 6
"""So often is a lane renewed in the time of its lease."""


def deliver(ways: Iterable[Way], *, hub: Hub, patience: Patience | None = None) -> int:
    """Send everything that is due now; how many were sent. What fails is due again later and stops no other.

    Nobody renews its lanes meanwhile, so it has them for longer.
    """
    by_kind = {way.kind: way for way in ways}
    sender, sent = Sender(hub, patience or Patience(), lease=LONGEST_SEND), 0
    while fan_out(list(by_kind.values()), hub=hub):
        pass
    for destination in hub.store.deliveries.destinations(hub.clock.now()):
        if destination.kind in by_kind:
            sent += sender.serve(destination, by_kind[destination.kind])
    return sent


class Worker(threading.Thread):
    """Delivers until stopped: when something comes into the outbox, and every so many seconds, for what is to be tried again or
    was not heard of. What fails says so, and the rest goes on."""

    def __init__(
        self,
        ways: Iterable[Way],
        hub: Hub,
        every: float,
        patience: Patience | None = None,
        lease: timedelta = LEASE,
    ) -> None:
        super().__init__(name="delivery", daemon=True)
        self._ways = {way.kind: way for way in ways}
        self._hub, self._every = hub, every
        self._awake, self._stopped = threading.Event(), threading.Event()
        self._sender = Sender(hub, patience or Patience(), uuid.uuid4().hex, lease, lambda: not self._stopped.is_set())
        self._busy: dict[Destination, bool] = {}  # those being served → whether more came meanwhile
        self._lock = threading.Lock()

    def run(self) -> None:
        besides = [
            threading.Thread(target=work, name=f"delivery-{name}", daemon=True)
            for name, work in self._besides().items()
        ]
        for one in besides:
            one.start()
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="delivery") as pool:
            while not self._stopped.is_set():
                self._try(lambda: self._deliver(pool))
                self._awake.wait(self._every)
                self._awake.clear()
        for one in besides:
            one.join()

    def _besides(self) -> dict[str, Callable[[], None]]:
        renewed = self._sender.lease.total_seconds() / RENEWALS
        return {
            "commits": self._listen,
            "chores": lambda: self._repeat(self._chores, self._every),
            "leases": lambda: self._repeat(self._renew, renewed),
        }

    def wake(self) -> None:
        """Something may be due."""
        self._awake.set()

    def stop(self) -> None:
        """Finish what is under way, then end."""
        self._stopped.set()
        self.wake()
        self.join()

    def _deliver(self, pool: ThreadPoolExecutor) -> None:
        if fan_out(list(self._ways.values()), hub=self._hub):
            self.wake()  # there may be more; what is there is begun with meanwhile
        for destination in self._hub.store.deliveries.destinations(self._hub.clock.now()):
            if destination.kind in self._ways and self._begin(destination):
                pool.submit(self._serve, destination)

    def _begin(self, destination: Destination) -> bool:
        with self._lock:
            begun = destination in self._busy
            self._busy[destination] = begun
            return not begun

    def _serve(self, destination: Destination) -> None:
        self._try(lambda: self._sender.serve(destination, self._ways[destination.kind]))
        with self._lock:
            more = self._busy.pop(destination)
        if more:
            self.wake()

    def _listen(self) -> None:
        """Whoever hears of every commit need not look. What came while nothing was heard is looked for."""
        while not self._stopped.is_set():
            self._try(self._hear)
            self.wake()
            self._stopped.wait(AGAIN_S)

    def _hear(self) -> None:
        with self._hub.store.deliveries.commits() as came:
            while not self._stopped.is_set():
                if came():
                    self.wake()

    def _chores(self) -> None:
        self._try(lambda: sweep(hub=self._hub))
        self._try(lambda: prepare(hub=self._hub))
        self._try(lambda: tend(hub=self._hub))
        self._try(lambda: self._hub.store.deliveries.forget_void(self._hub.clock.now() - VOID_KEPT))

    def _renew(self) -> None:
        now, mine = self._hub.clock.now(), self._sender
        self._try(lambda: self._hub.store.deliveries.renew(mine.worker, now - LONGEST_SEND, now + mine.lease))

    def _repeat(self, work: Callable[[], None], every: float) -> None:
        while not self._stopped.wait(every):
            work()

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as problem:
            log.error("delivery.broken", extra={"problem": type(problem).__name__})
