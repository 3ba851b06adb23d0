"""How fast the API is: requests a second and CPU milliseconds a request by process, as ratios to a bare handler of the same run.

Concurrency 8; load, servers and database on one machine; with token, consent filter and audit on. The bare handler is
`benchmarks/bare.py`. CPU is read from /proc (Linux), and is far steadier than requests a second on a machine that others use.
`python -m benchmarks.http_speed x 600 2 read,page` tries some kinds alone.
"""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.bare import DATABASE
from benchmarks.furnished import furnished
from benchmarks.referred import Stored
from benchmarks.servers import ASKED, SECRET, free_port, reached
from hub.fhir import Resource
from hub.fhir.serial import loads
from hub.oauth.vault import hashed
from hub.ports import Client, Registry, Token
from hub.ports.surroundings import FOREVER
from hub.store import MongoStore

PERSONS: Final = 1000
SECONDS: Final = 4.0
ROUNDS: Final = 3
CONCURRENCY: Final = 8
KEEPER: Final = "zahra-ecoute"
KEEPER_SECRET: Final = "a-token-of-a-keeper-that-opens-no-real-thing-"[:43]
ENTRIES: Final = 10
MOST: Final = 300
TO_ASKED: Final = {"performer": [{"reference": f"Organization/{ASKED}"}]}
OF_KEEPER: Final = {"custodian": KEEPER}
PROMISED: Final = {
    "read": 0.4,
    "search by identifier": 0.4,
    "page of 50": 0.3,
    "create": 0.5,
    "transaction of 10": 0.06,
}
"""Requests a second as a part of the bare handler's; a transaction's as a part of the bare read's (150 of 2,500)."""

Request = tuple[str, str, bytes]


@dataclass
class Load:
    """What one kind of request cost. `cpu`: milliseconds a request, by process."""

    rate: float
    median_ms: float
    cpu: Mapping[str, float] = field(default_factory=dict)


def main(persons: int, seconds: float, named: str, workers: int) -> None:
    """`named`: which kinds, by the first word of each and with commas between them; of "" all.

    `workers`: processes of each server.
    """
    with furnished(persons) as there:
        _admit_keeper(there.registry)
        _copy_bare(there.store)
        with (
            serving("hub.bootstrap:wsgi", there.folder, workers) as ours,
            serving("benchmarks.bare:wsgi", there.folder, workers) as bare,
        ):
            kinds = _kinds(there.store, there.stored)
            wanted = named.split(",") if named else [kind.split()[0] for kind in kinds]
            chosen = {kind: asked for kind, asked in kinds.items() if kind.split()[0] in wanted}
            print(json.dumps(dict(_figures(ours, bare, chosen, seconds))))


def _admit_keeper(registry: Registry) -> None:
    scopes = frozenset({"system/*.cruds"})
    registry.save_client(Client(f"{KEEPER}-bench", KEEPER, {"keys": []}, scopes, ("COC",)))
    registry.save_token(Token(hashed(KEEPER_SECRET), f"{KEEPER}-bench", KEEPER, scopes, "COC", FOREVER))


def _copy_bare(store: MongoStore) -> None:
    """The same resources as plain documents, under the indexes that their requests need."""
    bare = store.database.client[DATABASE]
    for type_ in ("Patient", "Task"):
        found = [
            (one["_id"], store.read(type_, one["_id"], None)) for one in store.database[type_].find({}, {"_id": 1})
        ]
        bare[type_].insert_many([{**one.resource(), "_id": id_} for id_, one in found if one])
    bare.Task.create_index("identifier.value")
    bare.Task.create_index([("owner", 1), ("status", 1), ("_id", 1)])
    bare.Task.update_many({}, [{"$set": {"owner": "$owner.reference"}}])


@dataclass
class Server:
    port: int
    pid: int
    folder: Path


@contextmanager
def serving(factory: str, folder: Path, workers: int = 1) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "granian", factory, "--factory", "--interface", "wsgi", "--port", str(port)]
    command += ["--log-level", "error", "--no-access-log", "--blocking-threads", str(CONCURRENCY), "--no-ws"]
    command += ["--workers", str(workers)]
    process = subprocess.Popen(command, env=os.environ | {"IHALA_HOME": str(folder), "IHALA_LOG_LEVEL": "error"})
    try:
        reached(port)
        yield Server(port, process.pid, folder)
    finally:
        process.terminate()
        process.wait(30)


def _kinds(store: MongoStore, stored: Stored) -> dict[str, tuple[Iterator[Request], Iterator[Request], str]]:
    """Kind → requests to ours, requests to the bare handler, the token."""
    patients = stored.ids[ASKED, "Patient"]
    kept = [
        store.read("ServiceRequest", one["_id"], None)
        for one in store.database.ServiceRequest.find(OF_KEEPER).limit(MOST)
    ]
    needs = [
        {name: value for name, value in one.resource().items() if name not in {"id", "meta"}} | TO_ASKED
        for one in kept
        if one
    ]  # each of another person, as eight users would write: of one person, acts wait for each other
    ones = [json.dumps(need).encode() for need in needs]
    many = [json.dumps(_bundle(need)).encode() for need in needs]
    tasks = [store.read("Task", id_, None) for id_ in stored.ids[ASKED, "Task"][:200]]
    codes = [task.resource()["identifier"][0]["value"] for task in tasks if task]
    owned = f"owner=Organization/{ASKED}&status=accepted"

    def get(paths: list[str]) -> Iterator[Request]:
        return cycle([("GET", path, b"") for path in paths])

    def post(path: str, bodies: list[bytes]) -> Iterator[Request]:
        return cycle([("POST", path, body) for body in bodies])

    reads = [f"/fhir/Patient/{id_}" for id_ in patients]
    found = [f"/fhir/Task?identifier={code}" for code in codes]
    return {
        "read": (get(reads), get(reads), SECRET),
        "search by identifier": (get(found), get(found), SECRET),
        "page of 50": (get([f"/fhir/Task?{owned}&_count=50"]), get([f"/fhir/Task?{owned}"]), SECRET),
        "create": (post("/fhir/ServiceRequest", ones), post("/fhir/ServiceRequest", ones), KEEPER_SECRET),
        "transaction of 10": (post("/fhir", many), get(reads), KEEPER_SECRET),
    }


def _bundle(resource: Resource) -> Resource:
    entry = {"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
    return {"resourceType": "Bundle", "type": "transaction", "entry": [entry] * ENTRIES}


def _figures(
    ours: Server, bare: Server, kinds: Mapping[str, tuple[Iterator[Request], Iterator[Request], str]], seconds: float
) -> Iterator[tuple[str, str]]:
    for kind, (asked, plain, secret) in kinds.items():
        here, there = [], []
        for _ in range(ROUNDS):
            there.append(load(bare, plain, "", seconds))
            here.append(load(ours, asked, secret, seconds))
        mine, least = (sorted(found, key=lambda one: one.rate)[len(found) // 2] for found in (here, there))
        part = median(one.rate for one in here) / median(one.rate for one in there)
        verdict = "at least" if part >= PROMISED[kind] else "below"
        yield f"{kind}, /s", f"{mine.rate:.0f} / {least.rate:.0f} = {part:.2f}, {verdict} {PROMISED[kind]}"
        yield f"{kind}, median ms", f"{mine.median_ms:.2f} / {least.median_ms:.2f}"
        yield f"{kind}, CPU ms", f"{_told(mine.cpu)} / {_told(least.cpu)}"


def _told(cpu: Mapping[str, float]) -> str:
    return " + ".join(f"{name} {spent:.2f}" for name, spent in cpu.items())


def load(server: Server, requests: Iterator[Request], secret: str, seconds: float) -> Load:
    """Eight connections that ask without pause."""
    spent: list[float] = []
    lock, until = threading.Lock(), time.perf_counter() + seconds
    before = _cpu(server)

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        mine: list[float] = []
        while time.perf_counter() < until:
            with lock:
                method, path, body = next(requests)
            mine.append(_ask(connection, method, path, body, secret))
        with lock:
            spent.extend(mine)

    _together(client)
    after = _cpu(server)
    cpu = {name: (after[name] - before[name]) * 1000 / len(spent) for name in after}
    return Load(len(spent) / seconds, median(spent) * 1000, cpu)


def _ask(connection: http.client.HTTPConnection, method: str, path: str, body: bytes, secret: str) -> float:
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/fhir+json"}
    start = time.perf_counter()
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status in {200, 201}, (answer.status, loads(text.decode()))
    return time.perf_counter() - start


def _together(work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(CONCURRENCY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _cpu(server: Server) -> dict[str, float]:
    """Seconds of CPU so far: of the server with its workers, and of the database."""
    return {"server": sum(map(_spent, _family(server.pid))), "mongod": sum(map(_spent, _databases(server.folder)))}


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [pid, *(one for child in children for one in _family(int(child)))]


def _databases(folder: Path) -> list[int]:
    """The mongod of this deployment, and no other of the machine."""
    found = (path for path in Path("/proc").iterdir() if path.name.isdigit())
    return [int(path.name) for path in found if "mongod" in (line := _line(path)) and str(folder) in line]


def _line(path: Path) -> str:
    try:
        return path.joinpath("cmdline").read_text("utf-8")
    except OSError:
        return ""


def _spent(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main(
        int(sys.argv[2]) if len(sys.argv) > 2 else PERSONS,
        float(sys.argv[3]) if len(sys.argv) > 3 else SECONDS,
        sys.argv[4] if len(sys.argv) > 4 else "",
        int(sys.argv[5]) if len(sys.argv) > 5 else 1,
    )
