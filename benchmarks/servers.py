"""Real servers for benchmarks, over one database: each a process of its own, with one thread so that requests do not mix."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hub.oauth.vault import hashed
from hub.ports import Client, Registry, Token

SECRET = "a-token-of-a-benchmark-that-opens-no-real-thing"[:43]
ASKED = "chu-atlas"
"""The recipient whose system asks."""

STARTED_WITHIN_S = 60


def admit(registry: Registry) -> None:
    """A system of one recipient, with a token that lasts longer than a benchmark."""
    scopes = frozenset({"system/*.cruds"})
    registry.save_client(Client(f"{ASKED}-bench", ASKED, {"keys": []}, scopes, ("COC",)))
    until = datetime(2099, 1, 1, tzinfo=UTC)
    registry.save_token(Token(hashed(SECRET), f"{ASKED}-bench", ASKED, scopes, "COC", until))


@dataclass
class Server:
    """`ask` gives the seconds until the whole answer was there."""

    name: str
    connection: http.client.HTTPConnection = field(repr=False)

    def ask(self, path: str, secret: str) -> tuple[float, int, bytes]:
        start = time.perf_counter()
        self.connection.request("GET", path, headers={"Authorization": f"Bearer {secret}"})
        answer = self.connection.getresponse()
        body = answer.read()
        return time.perf_counter() - start, answer.status, body


@contextmanager
def serving(how: str, folder: Path, database: str) -> Iterator[Server]:
    """`how`: as `benchmarks.permit_all` reads it."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "benchmarks.permit_all:wsgi", "--factory", "--interface", "wsgi"]
    command += ["--port", str(port), "--log-level", "error", "--blocking-threads", "1", "--no-ws"]
    known = {"IHALA_HOME": str(folder), "IHALA_BENCH": how, "IHALA_BENCH_DATABASE": database}
    process = subprocess.Popen(command, env=os.environ | known)
    try:
        yield Server(how, reached(port))
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def reached(port: int) -> http.client.HTTPConnection:
    end = time.monotonic() + STARTED_WITHIN_S
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return connection
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
