"""Twenty systems listen and come and go as they like, while a referral changes and the hub and its database are killed: each is told
of every change once. Sent, heard, lost and doubled are counted."""

import contextlib
import http.client
import logging
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

import httpx2
import pytest

from hub.store import embedded
from tests.support import written_registers as registers
from tests.support.budget import examples
from tests.support.deployments import Deployment, wait_until_ready
from tests.support.ears import Blocks, until
from tests.support.personas import Persona, personas

log = logging.getLogger(__name__)

WOMEN: Final = 4
LISTENING: Final = 20
KILLS: Final = examples(2, 40)
BETWEEN_S: Final = 2.0
ENDS_S: Final = 60.0
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
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
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


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    made = Deployment.init(tmp_path_factory.mktemp("events"))
    registers.write_french(
        made.folder / "registers" / "arganier.csv", [registers.french_case(n) for n in range(1, WOMEN + 1)]
    )
    made.hub("pull", "arganier-register")
    return made


def versions(by: Persona) -> dict[str, int]:
    return {f"Task/{one['id']}": int(one["meta"]["versionId"]) for one in by.find("Task", _count="500").resources}


@pytest.mark.timeout(1500 if KILLS > 2 else 300)
def test_whoever_comes_and_goes_is_told_of_every_change_once_whatever_is_killed(deployment: Deployment) -> None:
    with embedded.mongod(deployment.folder) as uri:
        running = deployment.start("serve")
        wait_until_ready(running, deployment.port)
        try:
            with personas(uri, "ihala", deployment.base_url, "chu-atlas", "arganier-droit") as cast:
                one_at_a_time = threading.Lock()

                def headers(persona: Persona) -> dict[str, str]:
                    with one_at_a_time:
                        return persona.show_token()

                crowd = [
                    Wanderer(deployment.port, lambda who=who: headers(who), Random(number))  # type: ignore[misc]
                    for number, who in zip(range(LISTENING), list(cast.values()) * LISTENING, strict=False)
                ]
                with wandering(crowd), changing(cast["arganier-droit"]) as changes:
                    for number in range(KILLS):
                        time.sleep(BETWEEN_S)
                        if number % 2:
                            os.kill(int((deployment.folder / "data/db/mongod.lock").read_text("ascii")), signal.SIGKILL)
                        else:
                            running.kill()
                            running = deployment.start("serve")
                        wait_until_ready(running, deployment.port)
                    time.sleep(BETWEEN_S)
                    changes.end()
                    sent = changes.committed()
                    for one in crowd:
                        one.stays = True
                    with contextlib.suppress(AssertionError):
                        until(lambda: all(sent <= set(one.heard) for one in crowd), ENDS_S)
        finally:
            running.kill()
    lost = sum(len(sent - set(one.heard)) for one in crowd)
    doubled = sum(sum(Counter(one.heard).values()) - len(set(one.heard)) for one in crowd)
    heard, connections = sum(len(one.heard) for one in crowd), sum(one.connections for one in crowd)
    log.warning(
        "kills %d, sent %d to each of %d, heard %d over %d connections, lost %d, doubled %d",
        *(KILLS, len(sent), len(crowd), heard, connections, lost, doubled),
    )
    assert (lost, doubled, sum(one.resets for one in crowd)) == (0, 0, 0)
    assert len(sent) > 10 * KILLS
    assert connections > 2 * LISTENING


@contextlib.contextmanager
def wandering(crowd: list[Wanderer]) -> Iterator[None]:
    threads = [threading.Thread(target=one.wander) for one in crowd]
    for thread in threads:
        thread.start()
    try:
        until(lambda: all(one.is_there() for one in crowd), ENDS_S)
        yield
    finally:
        for one in crowd:
            one.end()
        for thread in threads:
            thread.join()


@dataclass
class Changes:
    """One association that changes its referrals without pause, whatever it is answered."""

    by: Persona
    before: dict[str, int]
    _over: threading.Event = field(default_factory=threading.Event)

    def go_on(self) -> None:
        chance, urgencies = Random(9), ("asap", "urgent", "routine")
        while not self._over.wait(0.05):
            with contextlib.suppress(httpx2.HTTPError):
                read = self.by.read(chance.choice(list(self.before)))
                if read.status == 200:
                    other = chance.choice([one for one in urgencies if one != read.body["priority"]])
                    self.by.change(f"Task/{read.body['id']}", read.etag, priority=other)

    def end(self) -> None:
        self._over.set()

    def committed(self) -> set[Told]:
        """Every version that came to be, acknowledged or not."""
        until(self._finds, ENDS_S)
        now = versions(self.by)
        return {(task, n) for task, first in self.before.items() for n in range(first + 1, now[task] + 1)}

    def _finds(self) -> bool:
        with contextlib.suppress(httpx2.HTTPError):
            return self.by.find("Task").status == 200
        return False


@contextlib.contextmanager
def changing(by: Persona) -> Iterator[Changes]:
    changes = Changes(by, versions(by))
    thread = threading.Thread(target=changes.go_on)
    thread.start()
    try:
        yield changes
    finally:
        changes.end()
        thread.join()
