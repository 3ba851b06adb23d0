"""Reading what was read before changes nothing: no new version, no new event, no new message."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from pymongo import MongoClient

from demo import registers
from demo.kobo_server import KoboServer, Project
from tests.scenarios.conftest import PROJECT, connect_kobo
from tests.support.deployments import Deployment

Dump = dict[str, list[Any]]
PASSING = {"tokens", "assertions", "watermarks"}
NOT_FROM_RECORDS = {"Organization", "HealthcareService", "Location", "settings", "keyvault"}


@pytest.fixture
def deployment(mongodb_uri: str, tmp_path: Path) -> Iterator[Deployment]:
    """The demonstration's four sources, read once."""
    database = f"twice_{uuid.uuid4().hex[:16]}"
    made = Deployment.init(tmp_path, mongodb_uri=mongodb_uri, database=database)
    registers.arabic_register(made.folder / "registers" / "yasmine.xlsx")
    registers.french_register(made.folder / "registers" / "arganier.csv")
    registers.gbvims_workbook(made.folder / "registers" / "cedre.xlsx")
    project = Project(PROJECT, "a token of this test", registers.kobo_submissions())
    with KoboServer(project).running() as kobo:
        connect_kobo(made, kobo.url, project.token)
        yield made
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        client.drop_database(database)


def dump(deployment: Deployment) -> Dump:
    """Every document of every collection, but for tokens and watermarks."""
    name = next(
        line.split('"')[1]
        for line in (deployment.folder / "hub.toml").read_text("utf-8").splitlines()
        if line.startswith("name = ")
    )
    with MongoClient[dict[str, Any]](deployment.mongodb_uri) as client:
        database = client[name]
        return {
            collection: list(database[collection].find().sort("_id"))
            for collection in sorted(database.list_collection_names())
            if collection not in PASSING
        }


def numbers(deployment: Deployment) -> dict[str, dict[str, int]]:
    told = json.loads(deployment.hub("pull", "--all", "--json", codes=(0, 3)).out)
    names = ("read", "created", "updated", "unchanged", "quarantined", "waiting")
    return {one["connection"]: {name: one[name] for name in names} for one in told}


def save_again(path: Path) -> None:
    """As when somebody opens the workbook, looks at it and saves it: other bytes, the same cells."""
    before = path.read_bytes()
    book = load_workbook(path)
    book.properties.title = "saved again"
    book.save(path)
    assert path.read_bytes() != before


def test_the_same_files_twice_change_nothing(deployment: Deployment) -> None:
    first = numbers(deployment)
    stored = dump(deployment)
    assert sum(one["created"] for one in first.values()) > 500
    assert len(stored["Patient"]) > 500 and len(stored["Provenance"]) > 500 and stored["quarantine"]

    again = numbers(deployment)
    assert dump(deployment) == stored
    assert all(one["created"] == one["updated"] == one["quarantined"] == 0 for one in again.values())
    assert {name: one["waiting"] for name, one in again.items()} == {
        name: one["quarantined"] for name, one in first.items()
    }

    save_again(deployment.folder / "registers" / "yasmine.xlsx")
    register = deployment.folder / "registers" / "arganier.csv"
    register.write_bytes(register.read_bytes() + b"\r\n")
    resaved = numbers(deployment)
    assert dump(deployment) == stored
    for name in ("yasmine-register", "arganier-register"):
        assert resaved[name]["read"] == first[name]["read"]
        assert resaved[name]["unchanged"] == first[name]["created"] + first[name]["updated"] + first[name]["unchanged"]
        assert resaved[name]["waiting"] == first[name]["quarantined"]
        assert (resaved[name]["created"], resaved[name]["updated"], resaved[name]["quarantined"]) == (0, 0, 0)


def test_a_trial_run_stores_nothing_and_tells_what_would_happen(deployment: Deployment) -> None:
    register = ("pull", "arganier-register", "--json")
    (tried,) = json.loads(deployment.hub(*register, "--dry-run", codes=(3,)).out)
    assert {name for name, documents in dump(deployment).items() if documents} <= NOT_FROM_RECORDS
    (done,) = json.loads(deployment.hub(*register, codes=(3,)).out)
    assert tried | {"dry_run": False} == done
