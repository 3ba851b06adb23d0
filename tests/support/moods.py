"""Subscribers that receive what the hub posts, each in the mood of the moment, and keep what they took: real servers on this machine.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html
"""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, Final

from tests.support.subscribing import parameters

MOODS: Final = ("takes", "takes", "takes", "fails", "busy", "hangs", "cuts", "gone")
"""`hangs` and `cuts`: it has read, and the sender never learns of it; `gone`: nobody is at the address."""

HANGS_S: Final = 4.0  # longer than the sender's patience


@dataclass(frozen=True)
class Came:
    """One event in a request that was read. `taken`: it counts for the subscriber; `told`: and its sender was told so."""

    number: int
    reference: str
    taken: bool
    told: bool
    at: float

    def is_about(self, reference: str) -> bool:
        return self.reference.endswith(f"/{reference}") or self.reference == reference


@dataclass
class Subscriber:
    """`organization`: whose eyes read there; `subscription`: the id of its Subscription."""

    name: str
    organization: str
    subscription: str = ""
    mood: str = "takes"
    came: list[Came] = field(default_factory=list)
    port: int = 0
    takes_s: float = 0.0  # until it answers
    vanishes: bool = False  # and is not to be brought back by a mood
    _server: ThreadingHTTPServer | None = field(default=None, repr=False)

    def open(self) -> None:
        if self._server is None:
            self._server = ThreadingHTTPServer(("127.0.0.1", self.port), type("Bound", (_Handler,), {"of": self}))
            self._server.daemon_threads = True
            self.port = self._server.server_address[1]
            threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        server, self._server = self._server, None  # two threads may close at once
        if server is not None:
            server.shutdown()
            server.server_close()

    def feel(self, mood: str) -> None:
        self.mood = mood
        if mood == "gone" or self.vanishes:
            self.close()
        else:
            with contextlib.suppress(OSError):  # the port is not free yet: later
                self.open()

    def is_open(self, mood: str) -> bool:
        self.feel(mood)
        return self._server is not None

    @property
    def taken(self) -> list[Came]:
        return [one for one in list(self.came) if one.taken]


class _Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True  # as in `adapters.replay`
    of: Subscriber

    def do_POST(self) -> None:
        mood = self.of.mood
        said = parameters(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["entry"][0]["resource"])
        taken = mood not in {"fails", "busy"}
        told = mood not in {"hangs", "cuts"}
        for number, reference in said["events"].items():
            self.of.came.append(Came(number, reference or "", taken=taken, told=told, at=time.time()))
        with contextlib.suppress(OSError):
            self._answer(mood)

    def _answer(self, mood: str) -> None:
        if mood == "hangs":
            time.sleep(HANGS_S)
        time.sleep(self.of.takes_s)
        if mood in {"hangs", "cuts"}:
            self.close_connection = True
            self.connection.shutdown(2)
            return
        self.send_response({"fails": 500, "busy": 429}.get(mood, 200))
        if mood == "busy":
            self.send_header("Retry-After", "2")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing is said."""


@dataclass
class Moods:
    """Changes the moods of some subscribers at random until it ends; then all take."""

    subscribers: list[Subscriber]
    chance: Random
    _over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._change)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()
            for one in self.subscribers:
                while not one.is_open("takes"):
                    time.sleep(0.05)

    def _change(self) -> None:
        while self.subscribers and not self._over.wait(self.chance.uniform(0.3, 1.2)):
            self.chance.choice(self.subscribers).feel(self.chance.choice(MOODS))
