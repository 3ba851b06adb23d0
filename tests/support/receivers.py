"""Servers that receive what the hub posts, and misbehave as they are told: real ones, on this machine."""

import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

from tests.support.bound import bound

HANGS_S: Final = 60.0


@dataclass
class Receiver:
    """What it answers next (`statuses`: first these), and what it got: headers by small letters, and body. `behaviour`: what it does instead of answering:
    `hang`, `cut` (after it has read all), `dribble` (its headers, a byte at a time) or `endless` (a body without end)."""

    port: int = 0
    status: int = 200
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    behaviour: str = ""
    got: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    held_s: float = 0  # so long was it waited for when it hung

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


class Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True  # as in `adapters.replay`
    receiver: Receiver

    def do_POST(self) -> None:
        made = self.receiver
        size = int(self.headers["Content-Length"])
        body = self.rfile.read(size)
        if len(body) < size:  # who sent it was killed: nobody takes half a message for one
            self.close_connection = True
            return
        made.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        act = getattr(self, f"_{made.behaviour}", self._answer)
        try:
            act()
        except OSError:
            self.close_connection = True
        finally:
            made.ended.set()

    def _answer(self) -> None:
        first = self.receiver.statuses
        self.send_response(first.pop(0) if first else self.receiver.status)
        for name, value in self.receiver.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _hang(self) -> None:
        began = time.monotonic()
        self.connection.settimeout(HANGS_S)
        self.rfile.read(1)  # until the other side goes
        self.receiver.held_s = time.monotonic() - began
        self.close_connection = True

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(2)

    def _dribble(self) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 10_000:
            self.wfile.write(bytes([byte]))
            time.sleep(0.02)

    def _endless(self) -> None:
        self.send_response(self.receiver.status)
        self.end_headers()
        while True:
            self.wfile.write(b" " * 10_000)

    def log_message(self, *_: Any) -> None:
        """Nothing is said."""


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    made = Receiver()
    with bound(type("Bound", (Handler,), {"receiver": made}), tls) as made.port:
        yield made
