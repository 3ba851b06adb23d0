"""She withdraws while four worker processes answer her hospital without pause: no answer that is asked for after the
withdrawal's own answer arrived holds anything of hers, and no total counts her."""

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from pymongo import MongoClient

from tests.support import written_registers as registers
from tests.support.budget import examples
from tests.support.deployments import Deployment, Running, wait_until_ready
from tests.support.patience import until
from tests.support.personas import Persona, Resource, personas
from tests.support.watchers import TYPES, Look, Watchers

log = logging.getLogger(__name__)

WORKERS: Final = 4
READERS: Final = 4
WOMEN: Final = examples(6, 60)
STAYING: Final = 2  # of these nothing is withdrawn: a server that shows nothing at all would pass otherwise
BETWEEN_S: Final = 0.6


@dataclass(frozen=True)
class Withdrawal:
    """`asked` and `answered`: monotonic seconds."""

    person: str
    asked: float
    answered: float


@dataclass(frozen=True)
class Served:
    running: Running
    hospital: Persona
    association: Persona


@pytest.fixture(scope="module")
def served(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    database = f"withdrawn_{uuid.uuid4().hex[:16]}"
    deployment = Deployment.init(tmp_path_factory.mktemp("withdrawn"), mongodb_uri=mongodb_uri, database=database)
    women = [registers.french_case(number) for number in range(1, WOMEN + STAYING + 1)]
    registers.write_french(deployment.folder / "registers" / "arganier.csv", women)
    deployment.hub("pull", "arganier-register")
    running = deployment.start("serve", "--workers", str(WORKERS))
    try:
        wait_until_ready(running, deployment.port)
        with personas(mongodb_uri, database, running.base_url, "chu-atlas", "arganier-droit") as cast:
            yield Served(running, cast["chu-atlas"], cast["arganier-droit"])
        with suppress(Exception):
            running.stop()
    finally:
        running.kill()
        with MongoClient[Resource](mongodb_uri) as client:
            client.drop_database(database)


def opened(served: Served) -> dict[str, list[str]]:
    """Every referral accepted; of each survivor the ids of what the hospital now sees, in the order of `TYPES`."""
    known: dict[str, list[str]] = {}
    for task in served.hospital.find("Task", status="requested", _count="500").resources:
        assert served.hospital.change(f"Task/{task['id']}", status="accepted").status == 200
        person = task["for"]["reference"]
        hers = [person[8:], task["id"]]
        hers += [served.hospital.find(type_, patient=person).resources[0]["id"] for type_ in TYPES[2:]]
        known[person[8:]] = hers
    return known


def withdraw(person: str, by: Persona) -> Withdrawal:
    (consent,) = by.find("Consent", patient=f"Patient/{person}", status="active").resources
    asked = time.monotonic()
    answer = by.change(f"Consent/{consent['id']}", 'W/"1"', status="inactive")
    answered = time.monotonic()
    assert answer.status == 200, answer.body
    return Withdrawal(person, asked, answered)


def test_no_answer_of_any_worker_that_is_asked_for_after_a_withdrawal_holds_her_data(served: Served) -> None:
    known = opened(served)
    leaving = sorted(known)[:WOMEN]
    withdrawn: list[Withdrawal] = []
    with Watchers(served.hospital.base_url, served.hospital.show_token(), known).watching(READERS) as watchers:
        until(lambda: watchers.seen() == known.keys())
        for person in leaving:
            withdrawn.append(withdraw(person, served.association))
            time.sleep(BETWEEN_S)
        staying = known.keys() - set(leaving)
        until(lambda: any(staying <= look.held for look in watchers.since(withdrawn[-1].answered)))
    looks = watchers.looks
    assert {look.status for look in looks} <= {200, 404}
    assert len(worker_processes(served.running)) >= WORKERS
    assert late(looks, withdrawn) == []
    for one in withdrawn:
        assert any(one.person in look.held for look in looks if look.ended < one.asked), "she was never seen at all"
    log.info(told(looks, withdrawn))


def late(looks: list[Look], withdrawn: list[Withdrawal]) -> list[str]:
    """Answers that hold what was withdrawn before they were asked for, and totals that count it."""
    found = []
    for look in looks:
        gone = {one.person for one in withdrawn if one.answered < look.began}
        found += [f"{look.what} holds {person}" for person in gone & look.held]
        if look.total is not None and look.total > (WOMEN + STAYING - len(gone)):
            found.append(f"{look.what}: {look.total}, with {len(gone)} withdrawn")
    return found


def worker_processes(running: Running) -> list[str]:
    """The processes that the server started."""
    pid = running.process.pid
    return Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()


def told(looks: list[Look], withdrawn: list[Withdrawal]) -> str:
    """How many were asked, how many of them while a withdrawal was under way or after it, and when it took effect."""
    after = [look for look in looks if withdrawn and look.began > withdrawn[0].answered]
    last = [
        max((look.began for look in looks if one.person in look.held), default=one.asked) - one.answered
        for one in withdrawn
    ]
    took = [one.answered - one.asked for one in withdrawn]
    return (
        f"{len(looks)} requests, {len(after)} of them after the first of {len(withdrawn)} withdrawals; "
        f"a withdrawal took {1000 * max(took):.0f} ms at most; "
        f"the last answer that held her data was asked for {-1000 * max(last):.0f} to {-1000 * min(last):.0f} ms before its answer"
    )
