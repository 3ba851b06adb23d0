"""Twenty systems listen and come and go as they like, while a referral changes and the hub and its database are killed: each is told
of every change once. Sent, heard, lost and doubled are counted."""

import contextlib
import logging
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

import httpx2
import pytest

from hub.store import embedded
from tests.support import written_registers as registers
from tests.support.budget import examples
from tests.support.deployments import Deployment, wait_until_ready
from tests.support.patience import until
from tests.support.personas import Persona, personas
from tests.support.wanderers import Told, Wanderer, wandering

log = logging.getLogger(__name__)

WOMEN: Final = 4
LISTENING: Final = 20
KILLS: Final = examples(2, 40)
BETWEEN_S: Final = 2.0
ENOUGH: Final = 10
"""So many changes are made, at least, between two kills."""


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


@pytest.mark.timeout(1500 if KILLS > 2 else 900)
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
                        until(lambda: changes.made > ENOUGH * (number + 1))  # noqa: B023 — asked for in this turn
                        if number % 2:
                            os.kill(int((deployment.folder / "data/db/mongod.lock").read_text("ascii")), signal.SIGKILL)
                        else:
                            running.kill()
                            running = deployment.start("serve")
                        wait_until_ready(running, deployment.port)
                    time.sleep(BETWEEN_S)
                    until(lambda: sum(one.connections for one in crowd) > 2 * LISTENING)
                    changes.end()
                    sent = changes.committed()
                    for one in crowd:
                        one.stays = True
                    with contextlib.suppress(AssertionError):
                        until(lambda: all(sent <= set(one.heard) for one in crowd))
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
    assert len(sent) > ENOUGH * KILLS
    assert connections > 2 * LISTENING


@dataclass
class Changes:
    """One association that changes its referrals without pause, whatever it is answered."""

    by: Persona
    before: dict[str, int]
    made: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def go_on(self) -> None:
        chance, urgencies = Random(9), ("asap", "urgent", "routine")
        while not self._over.wait(0.05):
            with contextlib.suppress(httpx2.HTTPError):
                read = self.by.read(chance.choice(list(self.before)))
                if read.status == 200:
                    other = chance.choice([one for one in urgencies if one != read.body["priority"]])
                    changed = self.by.change(f"Task/{read.body['id']}", read.etag, priority=other)
                    self.made += changed.status == 200

    def end(self) -> None:
        self._over.set()

    def committed(self) -> set[Told]:
        """Every version that came to be, acknowledged or not."""
        until(self._finds)
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
