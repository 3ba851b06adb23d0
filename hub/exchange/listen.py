"""Listen: callers who are connected, and the two threads of a process that tell all of them what they may know.

One reads the feed; the other asks, at once for everybody, about all that has come meanwhile. Where either fails, all are sent
away: who comes back says up to where it was told, and is told the rest. So nothing is lost with a process, and nothing doubled.
"""

import logging
import queue
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from hub.errors import UNAVAILABLE, HubError
from hub.exchange import Hub
from hub.exchange.listener import Listener
from hub.exchange.tell import Listening, Told, tell
from hub.ports import Feed, Registry, Stretch

log = logging.getLogger("hub.exchange.listen")

FRESH: Final = timedelta(seconds=1)
"""What was told longer ago, to one who reads slowly, is asked about again before it leaves."""

STARTED_WITHIN_S: Final = 10.0
PAUSE_S: Final = 0.5
CATCHING_UP: Final = 4  # at a time: each reads the database's log


@dataclass
class Listeners:
    """Who listens to one process. `most`: at a time, and half of them of one organisation. The threads begin with the first."""

    hub: Hub
    feed: Feed
    registry: Registry
    most: int = 256
    _all: list[Listener] = field(default_factory=list)
    _reached: str = ""  # up to where all are told who were there; "": the feed is not read yet
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _incoming: "queue.SimpleQueue[Stretch | None]" = field(default_factory=queue.SimpleQueue)
    _catching_up: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(CATCHING_UP))

    def __len__(self) -> int:
        return len(self._all)

    def __bool__(self) -> bool:
        return True

    def join(self, listening: Listening) -> Listener:
        """Raises UNAVAILABLE where there is no room, or the feed cannot be read."""
        with self._changed:
            self._require_room(listening.caller.organization)
            self._begin()
            if (
                not self._changed.wait_for(lambda: self._reached or self._over.is_set(), STARTED_WITHIN_S)
                or self._over.is_set()
            ):
                raise HubError(UNAVAILABLE)
            self._require_room(listening.caller.organization)
            joined = Listener(listening, self._reached)
            self._all.append(joined)
            return joined

    def leave(self, listener: Listener) -> None:
        listener.end()
        with self._changed:
            self._all = [one for one in self._all if one is not listener]

    def end(self) -> None:
        """Everybody is sent away, and nobody comes in any more."""
        with self._changed:
            self._over.set()
            self._changed.notify_all()
        self._incoming.put(None)

    def running(self) -> bool:
        """Whether it still reads and tells."""
        return any(thread.is_alive() for thread in self._threads)

    def is_alive(self, listener: Listener) -> bool:
        token = listener.listening.caller.token
        return not self._over.is_set() and token in self.registry.alive([token], self.hub.clock.now())

    def missed(self, listener: Listener, place: str) -> Iterator[Sequence[Told]]:
        """What its caller may know of all that came after a place and before it joined. Raises Forgotten."""
        until, listener.joined = listener.joined, max(place, listener.joined)  # another process may have been ahead
        with self._catching_up:
            for rows, _ in self.feed.since(place, until):
                told = tell(rows, [listener.listening], hub=self.hub)
                yield listener.new(told.get(listener.listening, ()))

    def fresh(self, told: Sequence[Told], listener: Listener) -> Sequence[Told]:
        """What of this it may still know, if it has waited."""
        if not told or self.hub.clock.now() - told[0].asked <= FRESH:
            return told
        rows = [one.row for one in told]
        return tell(rows, [listener.listening], hub=self.hub).get(listener.listening, ())

    # --- the threads --------------------------------------------------------------------------------------------------

    def _require_room(self, organization: str) -> None:
        own = sum(one.listening.caller.organization == organization for one in self._all)
        if len(self._all) >= self.most or own >= max(1, self.most // 2):
            raise HubError(UNAVAILABLE, text="events.full")

    def _begin(self) -> None:
        if not self._threads:
            for work, name in ((self._read, "feed"), (self._tell, "telling")):
                thread = threading.Thread(target=work, name=name, daemon=True)
                thread.start()
                self._threads.append(thread)

    def _read(self) -> None:
        while not self._over.is_set():
            try:
                for stretch in self.feed.follow():
                    if self._over.is_set():
                        return
                    self._incoming.put(stretch)
            except HubError as problem:
                log.warning("feed.lost", extra={"problem": problem.text})
            self._incoming.put(None)
            self._over.wait(PAUSE_S)

    def _tell(self) -> None:
        while not self._over.is_set():
            come: list[Stretch | None] = [self._incoming.get()]
            while not self._incoming.empty():
                come.append(self._incoming.get())
            try:
                self._tell_all(come)
            except Exception as problem:  # of whatever kind: who is not told must not believe that there was nothing
                name = problem.text if isinstance(problem, HubError) else type(problem).__name__
                log.error("feed.not-told", extra={"problem": name})
                self._send_away("")
        self._send_away("")

    def _tell_all(self, come: Sequence[Stretch | None]) -> None:
        """None: the feed was lost there."""
        if None in come:
            last = max(place for place, stretch in enumerate(come) if stretch is None)
            self._send_away("")
            come = come[last + 1 :]
        known = [stretch for stretch in come if stretch is not None]
        if not known:
            return
        rows, reached = [row for stretch in known for row in stretch.rows], known[-1].reached
        with self._changed:
            there, self._reached = tuple(self._all), reached
            self._changed.notify_all()
        if rows and there:
            there = self._still_alive(there)
        told = tell(rows, {one.listening for one in there}, hub=self.hub) if rows and there else {}
        for one in there:
            one.offer(told.get(one.listening, ()), reached)

    def _still_alive(self, there: Collection[Listener]) -> tuple[Listener, ...]:
        tokens = {one.listening.caller.token for one in there}
        alive = self.registry.alive(tokens, self.hub.clock.now())
        for one in there:
            if one.listening.caller.token not in alive:
                one.end()
        return tuple(one for one in there if one.listening.caller.token in alive)

    def _send_away(self, reached: str) -> None:
        with self._changed:
            away, self._all, self._reached = self._all, [], reached
        for one in away:
            one.end()
