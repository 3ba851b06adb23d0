"""How soon a change is at those who listen, with one and with 200 of them, and what listening costs the others.

One machine: `hub serve` with its database, whoever changes, whoever listens. A delay is from the instant that the version bears,
taken before its transaction begins, to the last byte of the event at the client. "bare": to one who reads the database's change
stream and asks nobody, in the same run: what a machine that others use adds is in both. Nine organisations listen; each change
is told to the two that share the referral. "under load": while others read at a fixed pace.
"""

import http.client
import json
import re
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import cycle
from pathlib import Path
from statistics import quantiles
from typing import Final

from benchmarks.furnished import Furnished, furnished
from benchmarks.http_speed import Server, load
from benchmarks.referred import CUSTODIANS, RECIPIENTS
from benchmarks.servers import ASKED, SECRET, free_port, reached
from hub.oauth.vault import hashed
from hub.ports import Client, Registry, Token
from hub.ports.surroundings import FOREVER

PERSONS: Final = 300
LISTENERS: Final = 200
CHANGES: Final = 150
EVERY_S: Final = 0.1
READS_A_SECOND: Final = 40
SECONDS: Final = 4.0
ORGANIZATIONS: Final = (*CUSTODIANS, *RECIPIENTS)
_AT: Final = re.compile(rb'"at":"([^"]+)"')


def secret(organization: str) -> str:
    return f"a-token-that-hears-for-{organization}-and-nothing-else"[:43].ljust(43, "-")


def main(persons: int, listeners: int) -> None:
    with furnished(persons) as there:
        _admit(there.registry)
        with serving(there.folder) as server:
            print(json.dumps(dict(_figures(server, there, listeners))))


def _figures(server: Server, there: Furnished, listeners: int) -> Iterator[tuple[str, str]]:
    reads = [("GET", f"/fhir/Patient/{id_}", b"") for id_ in there.stored.ids[ASKED, "Patient"]]
    load(server, cycle(reads), SECRET, SECONDS / 2)  # warmed
    alone = [load(server, cycle(reads), SECRET, SECONDS).rate for _ in range(2)]
    before = memory(server.pid)
    for number in (1, listeners):
        with Crowd.of(server.port, number) as crowd:
            if number == 1:
                yield _delays(crowd, server, there, 1, reads=())
                continue
            yield "memory of the server, MB, without / with", f"{before:.0f} / {memory(server.pid):.0f}"
            yield _delays(crowd, server, there, number, reads=())
            yield _delays(crowd, server, there, number, reads=[path for _, path, _ in reads])
            beside = [load(server, cycle(reads), SECRET, SECONDS).rate for _ in range(2)]
            yield f"reads a second, without / with {number}", f"{max(alone):.0f} / {max(beside):.0f}"


def _delays(crowd: "Crowd", server: Server, there: Furnished, number: int, reads: Sequence[str]) -> tuple[str, str]:
    crowd.delays.clear()
    over = threading.Event()
    reader = threading.Thread(target=_read_on, args=(server.port, reads, over))
    reader.start()
    bare: list[float] = []
    watcher = threading.Thread(target=_watch, args=(there, bare, over))
    watcher.start()
    told = _change(server.port, there, CHANGES)
    over.set()
    watcher.join()
    reader.join()
    expected = sum(crowd.of_organization(one) for organizations in told for one in organizations)
    ends = time.monotonic() + 10
    while len(crowd.delays) < expected and time.monotonic() < ends:
        time.sleep(0.05)
    name = f"{number} listening{', under load' if reads else ''}: p50 / p95 / p99 ms, events heard of those told"
    return name, f"{_cut(crowd.delays)} (bare {_cut(bare)}), {len(crowd.delays)} of {expected}"


def _cut(delays: Sequence[float]) -> str:
    cut = quantiles(delays, n=100)
    return f"{cut[49] * 1000:.1f} / {cut[94] * 1000:.1f} / {cut[98] * 1000:.1f}"


def _watch(there: Furnished, delays: list[float], over: threading.Event) -> None:
    with there.store.database.outbox.watch([{"$match": {"operationType": "insert"}}], max_await_time_ms=200) as stream:
        while not over.is_set():
            if found := stream.try_next():
                delays.append(time.time() - found["fullDocument"]["written"].timestamp())


def _change(port: int, there: Furnished, times: int) -> list[tuple[str, str]]:
    """Whom each change concerns."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    found = there.store.database.Task.find({"x.status:only": {"$in": ["accepted", "in-progress"]}}, {"custodian": 1})
    tasks, told = cycle(list(found.limit(60))), []
    for number in range(times):
        began, task = time.monotonic(), next(tasks)
        stored = there.store.read("Task", task["_id"], None)
        assert stored
        resource, keeper = stored.resource(), stored.custodian or ""
        other = "urgent" if resource["priority"] == "asap" else "asap"
        body = json.dumps([{"op": "replace", "path": "/priority", "value": other}])
        headers = {
            "Authorization": f"Bearer {secret(keeper)}",
            "Content-Type": "application/json-patch+json",
            "If-Match": f'W/"{stored.version}"',
        }
        connection.request("PATCH", f"/fhir/Task/{stored.id}", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, (number, text)
        told.append((keeper, resource["owner"]["reference"].partition("/")[2]))
        time.sleep(max(0.0, EVERY_S - (time.monotonic() - began)))
    connection.close()
    return told


def _read_on(port: int, paths: Sequence[str], over: threading.Event) -> None:
    connection, asked = http.client.HTTPConnection("127.0.0.1", port, timeout=60), cycle(paths)
    while paths and not over.wait(1 / READS_A_SECOND):
        connection.request("GET", next(asked), headers={"Authorization": f"Bearer {SECRET}"})
        assert connection.getresponse().read()
    connection.close()


def _admit(registry: Registry) -> None:
    scopes = frozenset({"system/Task.rus"})
    for one in ORGANIZATIONS:
        registry.save_client(Client(f"{one}-ears", one, {"keys": []}, scopes, ("COC",)))
        registry.save_token(Token(hashed(secret(one)), f"{one}-ears", one, scopes, "COC", FOREVER))


@dataclass
class Crowd:
    """Connections that listen, all read by one thread."""

    organizations: Sequence[str]
    delays: list[float] = field(default_factory=list)
    _ready: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _over: threading.Event = field(default_factory=threading.Event)

    @classmethod
    @contextmanager
    def of(cls, port: int, number: int) -> Iterator["Crowd"]:
        made = cls([one for one, _ in zip(cycle(ORGANIZATIONS), range(number), strict=False)])
        sockets = [_connected(port, one) for one in made.organizations]
        for one in sockets:
            made._ready.register(one, selectors.EVENT_READ, bytearray())
        reader = threading.Thread(target=made._read)
        reader.start()
        try:
            yield made
        finally:
            made._over.set()
            reader.join()
            for one in sockets:
                one.close()

    def of_organization(self, organization: str) -> int:
        return self.organizations.count(organization)

    def _read(self) -> None:
        while not self._over.is_set():
            for key, _ in self._ready.select(0.2):
                received = key.fileobj.recv(65536)  # type: ignore[union-attr]
                now = time.time()
                if not received:
                    raise AssertionError("a stream ended")
                key.data.extend(received)
                *whole, rest = bytes(key.data).split(b"\n\n")
                key.data[:] = rest
                found = [at for block in whole if (at := _AT.search(block))]
                self.delays += [now - datetime.fromisoformat(at[1].decode()).timestamp() for at in found]


def _connected(port: int, organization: str) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=30)
    asked = f"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {secret(organization)}\r\n\r\n"
    made.sendall(asked.encode())
    answer = b""
    while b"\nid:" not in answer:
        received = made.recv(4096)
        answer += received
        assert received and answer.startswith(b"HTTP/1.1 200"), answer
    return made


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    port, path = free_port(), folder / "hub.toml"
    path.write_text(re.sub(r"(?m)^port = \d+", f"port = {port}", path.read_text("utf-8")), "utf-8")
    command = [sys.executable, "-m", "hub", "--home", str(folder), "--log-level", "error", "serve"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        reached(port).close()
        (worker,) = [int(pid) for pid in _children(process.pid) if b"spawn_main" in _line(pid)]
        yield Server(port, worker, folder)
    finally:
        process.terminate()
        process.wait(60)


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()


def _line(pid: str) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def memory(pid: int) -> float:
    """Resident megabytes of a process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("ascii"))
    return int(found[1]) / 1024 if found else 0.0


if __name__ == "__main__":
    main(
        int(sys.argv[2]) if len(sys.argv) > 2 else PERSONS,
        int(sys.argv[3]) if len(sys.argv) > 3 else LISTENERS,
    )
