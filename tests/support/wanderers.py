"""Systems that listen to `/events`, go without a word and come back, over real HTTP."""

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import httpx2

from tests.support.ears import Blocks
from tests.support.patience import PATIENCE_S, until

Told = tuple[str, int]


@dataclass
class Wanderer:
    """Listens for a while, goes without a word, and comes back with the last id that it was told."""

    port: int
    headers: Callable[[], dict[str, str]]
    chance: Random
    heard: list[Told] = field(default_factory=list)
    resets: int = 0
    connections: int = 0
    stays: bool = False  # in the end
    _connection: http.client.HTTPConnection = field(init=False, repr=False)
    _over: threading.Event = field(default_factory=threading.Event)
    _blocks: Blocks = field(default_factory=Blocks)

    def wander(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException, httpx2.HTTPError):
                self._listen()
            self._over.wait(0.1)

    def end(self) -> None:
        self._over.set()
        self._go()

    def is_there(self) -> bool:
        return bool(self._blocks.last_id)

    def _listen(self) -> None:
        after = {"Last-Event-ID": self._blocks.last_id} if self._blocks.last_id else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request("GET", "/events", headers=self.headers() | after)
        self._connection = connection
        answer = connection.getresponse()
        leaving = threading.Timer(self.chance.uniform(0.5, 4.0), self._go)
        try:
            if answer.status == 200:
                self.connections += 1
                self._blocks = Blocks(self._blocks.last_id)
                if not self.stays:
                    leaving.start()
                while not self._over.is_set():
                    self._hear(answer)
        finally:
            leaving.cancel()
            connection.close()

    def _go(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            self._connection.sock.shutdown(socket.SHUT_RDWR)

    def _hear(self, answer: http.client.HTTPResponse) -> None:
        part = answer.read1(4096)
        if not part:
            raise http.client.IncompleteRead(b"")
        for event in self._blocks.read(part):
            self.resets += event.kind == "reset"
            if event.data:
                self.heard.append((event.data["reference"], event.data["version"]))


@contextlib.contextmanager
def wandering(crowd: Sequence[Wanderer]) -> Iterator[None]:
    threads = [threading.Thread(target=one.wander) for one in crowd]
    for thread in threads:
        thread.start()
    try:
        until(lambda: all(one.is_there() for one in crowd))
        yield
    finally:
        for one in crowd:
            one.end()
        for thread in threads:
            thread.join()
