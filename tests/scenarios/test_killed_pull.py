"""Kill -9 of the hub or of its database in the middle of a pull, then `hub pull` again: nothing lost, nothing twice.

`IHALA_DEEP=1` makes many rounds of it.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from pymongo import MongoClient

from demo import registers
from hub.store import embedded
from tests.support.contradictions import Mongo, contradictions, meaning
from tests.support.deployments import Deployment
from tests.support.patience import PATIENCE_S

DEEP: Final = bool(os.environ.get("IHALA_DEEP"))
ROUNDS: Final = 25 if DEEP else 1
ROWS: Final = 4000 if DEEP else 1500
KILLS: Final = 5 if DEEP else 3
CONNECTION: Final = "yasmine-register"
DOUBLED: Final = ("Patient", "ServiceRequest", "Task", "Provenance", "ledger", "identities", "outbox")
MISSED: Final = (*DOUBLED, "AuditEvent", "persons")


@dataclass(frozen=True)
class Undisturbed:
    """A pull that nobody interrupted: what it stored, and how long it took."""

    meaning: dict[str, dict[str, Any]]
    counts: dict[str, int]
    seconds: float


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A deployment with a long register that has not been read yet."""
    made = Deployment.init(tmp_path_factory.mktemp("written"))
    registers.big_register(made.folder / "registers" / "yasmine.xlsx", ROWS)
    made.connection(CONNECTION, "language", "fr")
    return made


@pytest.fixture(scope="module")
def undisturbed(written: Deployment, mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    root = tmp_path_factory.mktemp("undisturbed")
    database = f"undisturbed_{uuid.uuid4().hex[:16]}"
    whole = copied(written, root, mongodb_uri)
    whole.set("database", "name", f'"{database}"')
    began = time.monotonic()
    whole.hub("pull", CONNECTION)
    seconds = time.monotonic() - began
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        assert list(contradictions(client[database])) == []
        kept = Undisturbed(meaning(client[database]), counts(client[database]), seconds)
        client.drop_database(database)
    assert len(kept.meaning) == kept.counts["Patient"] == ROWS
    return kept


def copied(deployment: Deployment, root: Path, mongodb_uri: str = "") -> Deployment:
    """The same folder with the same pepper: a record has the same key in both."""
    shutil.copytree(deployment.folder, root / "deployment")
    (root / "words").mkdir()
    return Deployment(root / "deployment", root / "words", mongodb_uri)


def counts(database: Mongo) -> dict[str, int]:
    passing = {"tokens", "assertions", "settings", "system.profile"}
    names = [name for name in database.list_collection_names() if name not in passing]
    return {name: count for name in sorted(names) if (count := database[name].count_documents({}))}


def kill_mongod(deployment: Deployment) -> None:
    with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
        os.kill(int(embedded.Home(deployment.folder / "data").running_lock.read_text("ascii")), signal.SIGKILL)


def test_the_check_sees_what_a_careless_hub_would_leave(mongodb_uri: str, database: str, tmp_path: Path) -> None:
    deployment = Deployment.init(tmp_path, mongodb_uri=mongodb_uri, database=database)
    registers.big_register(deployment.folder / "registers" / "yasmine.xlsx", 12)
    deployment.hub("pull", CONNECTION)
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        whole = client[database]
        assert list(contradictions(whole)) == []
        for name in MISSED:
            one = whole[name].find_one_and_delete({})
            assert one is not None
            assert list(contradictions(whole)), f"one less in {name} goes unnoticed"
            whole[name].insert_one(one)
        for name in DOUBLED:
            copy = {**(whole[name].find_one() or {}), "_id": str(uuid.uuid4())}
            whole[name].insert_one(copy)
            assert list(contradictions(whole)), f"one twice in {name} goes unnoticed"
            whole[name].delete_one({"_id": copy["_id"]})
        assert list(contradictions(whole)) == []


@contextlib.contextmanager
def database_of(deployment: Deployment) -> Iterator[Mongo]:
    with embedded.mongod(deployment.folder, cache_gb=0.25) as uri, MongoClient[dict[str, Any]](str(uri)) as client:
        yield client["ihala"]


def pull_and_kill(deployment: Deployment, after: float, *, database_too: bool) -> bool:
    """Whether the pull was still under way when it was killed."""
    pulling = deployment.start("pull", CONNECTION)
    with contextlib.suppress(subprocess.TimeoutExpired):
        pulling.process.wait(after)
        return False
    if database_too:
        kill_mongod(deployment)
        time.sleep(0.2)
    pulling.kill()
    return True


def checked(deployment: Deployment) -> int:
    """How many records were stored when the last pull was killed; what is there must be whole."""
    with database_of(deployment) as database:
        assert list(contradictions(database)) == [], "what is stored is not whole after the kills"
        return database.ledger.count_documents({})


@pytest.mark.timeout(3000 if DEEP else 900)
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_killed_pulls_lose_nothing_and_store_nothing_twice(
    seed: int, written: Deployment, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    deployment = copied(written, tmp_path)
    kills = 0
    with contextlib.ExitStack() as stack:
        stack.callback(kill_mongod, deployment)
        for turn in range(KILLS):
            after = undisturbed.seconds * chance.uniform(0.35, 0.7)
            kills += pull_and_kill(deployment, after, database_too=turn == KILLS // 2)
        while not (partly := checked(deployment)):  # on a busy machine nothing was reached yet: later, then
            after *= 1.5
            pull_and_kill(deployment, after, database_too=False)
        deployment.hub("pull", CONNECTION)
        with database_of(deployment) as database:
            assert list(contradictions(database)) == []
            assert counts(database) == undisturbed.counts
            assert meaning(database) == undisturbed.meaning
    assert kills, "no pull was killed: the test proved nothing"
    assert partly > 0, "nothing had been stored when the last pull was killed"


@pytest.mark.skipif(not DEEP, reason="waits for as long as the hub waits for its database")
def test_a_pull_whose_database_dies_says_so_and_can_be_repeated(
    written: Deployment, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    deployment = copied(written, tmp_path)
    with contextlib.ExitStack() as stack:
        stack.callback(kill_mongod, deployment)
        pulling = deployment.start("pull", CONNECTION)
        time.sleep(undisturbed.seconds * 0.6)
        kill_mongod(deployment)
        assert pulling.process.wait(2 * PATIENCE_S) == 1
        said = "".join(path.read_text("utf-8") for path in deployment.words.iterdir())
        assert "Traceback" not in said and "Error:" in said
        deployment.hub("pull", CONNECTION)
        with database_of(deployment) as database:
            assert list(contradictions(database)) == []
            assert meaning(database) == undisturbed.meaning
