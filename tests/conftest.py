"""What every test can ask for: a real MongoDB, shared by the whole run, and a fresh database in it for each test.

The first test that needs it starts mongod; the last process of the run stops it (pytest-xdist too: the workers share one).
`IHALA_TEST_MONGODB_URI` puts a server of your own in its place; it must be a replica set.
"""

import base64
import os
import shutil
import signal
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from pymongo import MongoClient
from pymongo.database import Database

from hub.fhir.serial import dumps
from hub.store import MongoRegistry, MongoStore, embedded
from tests.support import folders
from tests.support.routing import compiled_once
from tests.support.settling import twice
from tests.support.shapes import SCHEMA
from tests.support.trust import read_once

DEEP = bool(os.environ.get("IHALA_DEEP"))
settings.register_profile("ihala", deadline=None, derandomize=not DEEP, print_blob=True)
settings.load_profile(
    "ihala"
)  # the same inputs in every run, new ones with `make deep`; nothing is judged by the clock

KEK = base64.b64encode(b"a key-encryption key that only tests know".ljust(96, b".")).decode()
os.environ.setdefault("IHALA_KEK", KEK)  # told to every process that a test starts

# processes that tests start, some hundreds, and the workers keep what they compiled, whoever told the first process not to
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

LONG = (
    "tests/rooms/test_documents.py",
    "tests/hub/web/test_non_interference.py",
    "tests/scenarios/",
    "tests/faults/",
    "tests/hub/web/test_schemathesis.py",
)
"""What takes long begins first: last, it would keep one core busy while the others have nothing left to do."""

RUN_FOLDER = "IHALA_TEST_FOLDER"  # made by the first process of a run, told to its workers through the environment


def pytest_configure(config: pytest.Config) -> None:
    compiled_once()
    read_once()
    if threading.current_thread() is threading.main_thread():
        signal.signal(
            signal.SIGTERM, signal.default_int_handler
        )  # as Ctrl-C: fixtures are torn down, mongod is stopped
    if not hasattr(config, "workerinput"):
        os.environ[RUN_FOLDER] = folders.of_this_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(RUN_FOLDER), ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {
        item.nodeid: next((n for n, name in enumerate(LONG) if item.nodeid.startswith(name)), len(LONG))
        for item in items
    }
    items.sort(key=lambda item: places[item.nodeid])


@pytest.fixture(scope="session")
def mongodb_uri() -> Iterator[str]:
    """A MongoDB for the whole run."""
    if configured := os.environ.get("IHALA_TEST_MONGODB_URI"):
        yield configured
        return
    with embedded.mongod(Path(os.environ[RUN_FOLDER]), cache_gb=0.25) as uri:
        yield uri


@pytest.fixture(scope="session")
def emptied(mongodb_uri: str) -> Iterator[Database[dict[str, object]]]:
    """One database for all tests of a worker. A fresh one for each would leave mongod with some two hundred open files a test,
    long after it was dropped, until the system gives it no more and it dies."""
    with MongoClient[dict[str, object]](mongodb_uri) as client:
        name = f"test_{uuid.uuid4().hex[:16]}"
        yield client[name]
        client.drop_database(name)


@pytest.fixture
def database(emptied: Database[dict[str, object]]) -> Iterator[str]:
    """The name of a database with nothing in it; it is emptied again after the test. Its collections and indexes stay, and what
    says that they are there: a test that takes one away lets them be made again (`tests.support.shapes`)."""
    yield emptied.name
    for collection in filled(emptied):
        emptied[collection].delete_many({"_id": {"$ne": SCHEMA}} if collection == "settings" else {})


def filled(database: Database[dict[str, object]]) -> list[str]:
    """The collections with something in them, by one question: of some sixty, a test fills a few."""

    def first(name: str) -> list[dict[str, object]]:
        return [{"$limit": 1}, {"$project": {"_id": 0, "in": {"$literal": name}}}]

    names = database.list_collection_names()
    others = [{"$unionWith": {"coll": name, "pipeline": first(name)}} for name in names[1:]]
    return [str(one["in"]) for name in names[:1] for one in database[name].aggregate([*first(name), *others])]


@pytest.fixture
def store(mongodb_uri: str, database: str) -> Iterator[MongoStore]:
    """A store in a fresh database. Whatever a test has made of it, nobody changed what all who act on a person read; and new
    needs that were settled by themselves came to what settling all of her comes to."""
    with twice(), MongoStore.open(mongodb_uri, database) as opened:
        yield opened
        for _, compartment in opened.remembered._kept.values():
            for one in compartment.documents:
                assert "content" not in vars(one) or dumps(one.content) == one.text, f"{one.type} was changed in place"


@pytest.fixture
def registry(store: MongoStore) -> MongoRegistry:
    """Clients and tokens in the same database as `store`."""
    return MongoRegistry(store)
