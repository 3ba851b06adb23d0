"""mongod is killed in the middle of commits: after each restart an act is there whole or not at all, and none that was
acknowledged is missing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hub.exchange.vouch import verify
from hub.store import MongoStore, MongoTrail, embedded
from hub.store.locks import is_held

KILLS = 3
FIRST = 11  # acts that are acknowledged before anything is killed, however long they take


def commit_until_killed(folder: Path, uri: str, database: str, seconds: float) -> int:
    """Let another process commit for a while, kill mongod, then the process; how many acts were acknowledged."""
    lock = folder / "data" / "db" / "mongod.lock"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.committer", database],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as committer:
        assert committer.stdin is not None
        assert committer.stdout is not None
        committer.stdin.write(f"{uri}\n")
        committer.stdin.flush()
        for number in range(FIRST):
            assert committer.stdout.readline() == f"{number}\n"
        time.sleep(seconds)
        os.kill(int(lock.read_text()), signal.SIGKILL)
        while is_held(lock):
            time.sleep(0.01)
        committer.kill()
        return FIRST + len(committer.stdout.read().splitlines())


def traces(store: MongoStore, n: int) -> list[bool]:
    """Which of the things that act number n writes are there."""
    return [
        store.read("Patient", f"p{n}", None) is not None,
        store.read("ServiceRequest", f"n{n}", None) is not None,
        f"p{n}" in store.compartments([f"p{n}"]),
        f"l{n}" in store.ledger([f"l{n}"]),
        f"i{n}" in store.identities([f"i{n}"]),
        store.database.outbox.count_documents({"_id": f"o{n}"}) == 1,
        store.read("AuditEvent", f"a{n}", None) is not None,
    ]


@pytest.mark.parametrize("kill", range(KILLS))
def test_a_killed_mongod_leaves_every_act_whole_or_absent_and_loses_none_that_was_acknowledged(
    tmp_path: Path, kill: int
) -> None:
    with embedded.mongod(tmp_path, cache_gb=0.25) as uri:
        acknowledged = commit_until_killed(tmp_path, uri, "ihala", 0.4 + 0.17 * kill)
        with embedded.mongod(tmp_path, cache_gb=0.25) as again, MongoStore.open(again, "ihala") as store:
            there = [traces(store, n) for n in range(acknowledged + 2)]
            assert all(len(set(act)) == 1 for act in there)
            stored = sum(all(act) for act in there)
            assert stored in {acknowledged, acknowledged + 1}, "at most the one under way came in unacknowledged"
            shared = store.compartments(["shared"])["shared"]
            assert shared.revision == stored
            assert shared.documents[0].version == stored
            assert shared.documents[0].resource()["extension"] == [{"valueInteger": stored - 1}]
            assert store.database.history.count_documents({"r": "Patient/shared"}) == stored - 1
            trail = verify(MongoTrail(store), [])
            assert (trail.events, trail.broken) == (stored, ()), "the chain has no gap"
