"""A whole deployment that is killed piece by piece: database, server, its workers, two processes that deliver."""

import contextlib
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from tests.support.deployments import READY_S, Deployment, Running, wait_until_ready
from tests.support.hooked import AHEAD, LEASE, READY

SERVED_BY: Final = 2
DELIVERED_BY: Final = 2
WORKS_S: Final = 6
"""A worker is left for as long, so that it answers something in between."""

TARGETS: Final = ("worker", "delivery", "mongod", "worker", "delivery", "serve", "pause")
MANY: Final = (*TARGETS, "mongod", "mongod", "worker", "mongod")
"""The same, with more of what is back soon."""


@dataclass
class Rig:
    """`mistake`: see `mistakes`; `chance`: which of several is killed. A pause is no kill: a process that is stopped for longer than its lease, and goes on."""

    deployment: Deployment
    chance: Random
    mistake: str = "none"
    killed: Counter[str] = field(default_factory=Counter)
    gave_up: int = 0
    _server: Running = field(init=False)
    _delivering: list[Running] = field(default_factory=list)

    @contextlib.contextmanager
    def running(self, prepare: Callable[[], object] = lambda: None) -> Iterator[None]:
        """`prepare`: what is done before anything is delivered."""
        try:
            self.serve()
            prepare()
            self._delivering = [self._deliver() for _ in range(DELIVERED_BY)]
            for one in self._delivering:
                self._until_it_delivers(one)
            yield
        finally:
            for one in (self._server, *self._delivering):
                one.kill()

    def serve(self) -> None:
        module = ("hub",) if self.mistake == "none" else ("tests.support.mistakes", self.mistake)
        self._server = self.deployment.start("serve", "--workers", str(SERVED_BY), module=module)
        wait_until_ready(self._server, self.deployment.port)

    def _deliver(self) -> Running:
        return self.deployment.start("deliver", self.mistake, module=("tests.support.hooked",))

    def _until_it_delivers(self, one: Running) -> None:
        """One that has not begun yet has nothing to lose."""
        ends = time.monotonic() + READY_S
        while READY not in self.deployment.said(one, "out").read_text("utf-8"):
            assert one.process.poll() is None and time.monotonic() < ends, "a process that delivers did not begin"
            time.sleep(0.1)

    def kill(self, target: str) -> None:
        self._keep()
        getattr(self, f"_kill_{target}")()
        self.killed[target] += 1

    def recover(self) -> None:
        """It answers again."""
        self._keep()
        wait_until_ready(self._server, self.deployment.port)

    def _keep(self) -> None:
        """As a service manager does."""
        if self._server.process.poll() is not None:
            self.gave_up += 1
            self.serve()

    def _kill_worker(self) -> None:
        """One of the processes that answer requests."""
        ends = time.monotonic() + READY_S
        while not (workers := children(self._server.process.pid, older=WORKS_S)):
            assert self._server.process.poll() is None, "the server ended: another one answers in its place"
            assert time.monotonic() < ends, "no worker process comes back"
            time.sleep(0.2)
        kill(self.chance.choice(workers))

    def _kill_serve(self) -> None:
        """The process that keeps them and the database; they leave by themselves."""
        self._server.process.kill()
        self._server.process.wait()
        self.serve()

    def _kill_delivery(self) -> None:
        self._until_it_delivers(self._delivering[0])
        self._delivering.pop(0).kill()
        self._delivering.append(self._deliver())

    def _kill_mongod(self) -> None:
        kill(int((self.deployment.folder / "data/db/mongod.lock").read_text("ascii")))
        wait_until_ready(self._server, self.deployment.port)

    def _kill_pause(self) -> None:
        self._until_it_delivers(self._delivering[0])
        stopped = self._delivering[0].process
        stopped.send_signal(signal.SIGSTOP)
        time.sleep(LEASE.total_seconds() * 1.5)
        stopped.send_signal(signal.SIGCONT)

    def advance(self, seconds: float) -> None:
        """The clock of those who deliver: nobody waits an hour in a test."""
        file = self.deployment.folder / AHEAD
        known = float(file.read_text("ascii")) if file.exists() else 0.0
        part = file.with_suffix(".part")
        part.write_text(str(known + seconds), "ascii")
        part.replace(file)


def kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def children(parent: int, older: float) -> list[int]:
    """The worker processes of so many seconds; a spawned process that only tracks resources is none of them."""
    asked = ["ps", "-ww", "-o", "pid=,etimes=,args=", "--ppid", str(parent)]
    listed = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    found = (line.split(None, 2) for line in listed.splitlines() if "resource_tracker" not in line)
    return [int(pid) for pid, age, _ in found if int(age) > older]
