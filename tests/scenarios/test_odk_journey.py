"""A submission in ODK Central becomes a referral; the hospital accepts; what came of it is told on the submission."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient

from adapters.replay import Served
from tests.scenarios.conftest import pulled
from tests.scenarios.test_outcome_journey import wait_for
from tests.support import written_registers as registers
from tests.support.deployments import Deployment
from tests.support.odk_central import EMAIL, FORM, PASSWORD, PROJECT, Central
from tests.support.odk_submissions import NAME, nested
from tests.support.personas import Resource, outcome, personas

CONNECTION = """
organization: zahra-ecoute
adapter: odk
mapping: odk/intake
settings:
  url: {url}
  project: {project}
  form: {form}
  page_size: 2
secrets:
  email: {{file: secrets/odk-email}}
  password: {{file: secrets/odk-password}}
"""


@pytest.fixture
def central() -> Central:
    return Central()


@pytest.fixture
def deployment(mongodb_uri: str, tmp_path: Path, central: Central) -> Iterator[Deployment]:
    """A deployment whose only connection leads to a form of ODK Central."""
    database = f"odk_{uuid.uuid4().hex[:16]}"
    made = Deployment.init(tmp_path, mongodb_uri=mongodb_uri, database=database)
    for file in (made.folder / "connections").glob("*.yaml"):
        file.unlink()
    for name, secret in (("odk-email", EMAIL), ("odk-password", PASSWORD)):
        (made.folder / "secrets" / name).write_text(secret, "utf-8")
    with Served(central).running() as served:
        said = CONNECTION.format(url=served.url, project=PROJECT, form=FORM)
        (made.folder / "connections" / "zahra-odk.yaml").write_text(said, "utf-8")
        yield made
    with MongoClient[Resource](mongodb_uri) as client:
        client.drop_database(database)


def test_from_a_submission_to_the_outcome_written_back(
    deployment: Deployment, central: Central, mongodb_uri: str
) -> None:
    ids = [central.submit(nested(number)) for number in (1, 2, 3)]
    encrypted = central.submit({}, status="notDecrypted")
    (first,) = json.loads(deployment.hub("pull", "zahra-odk", "--json", codes=tuple(range(8))).out)
    assert (first["created"], first["quarantined"]) == (3, 1)
    database = str(deployment.folder.joinpath("hub.toml").read_text("utf-8")).split('name = "')[1].split('"')[0]
    with (
        deployment.serving() as running,
        personas(mongodb_uri, database, running.base_url, "chu-atlas", "zahra-ecoute") as cast,
    ):
        (task,) = cast["zahra-ecoute"].referrals(registers.survivor_code(1, "ODK"))
        reference = f"Task/{task['id']}"
        assert cast["chu-atlas"].change(reference, status="accepted").status == 200
        done = cast["chu-atlas"].change(reference, status="completed", output=outcome("service-provided"))
        assert done.status == 200
        wait_for(lambda: "realisee" in str(central.said.get(ids[0])), "the comment")
        wait_for(lambda: central.rows[ids[0]]["__system"]["reviewState"] == "approved", "the review state")
        assert NAME not in str(central.said)

        echo = pulled(deployment, "zahra-odk")
        assert (echo["created"], echo["updated"], echo["quarantined"]) == (0, 0, 0)

        central.edit(ids[1], identite__province="rabat")
        central.delete(ids[2])
        changed = pulled(deployment, "zahra-odk")
        assert (changed["created"], changed["updated"], changed["withdrawn"]) == (0, 1, 1)
        central.restore(ids[2])
        back = pulled(deployment, "zahra-odk")
        assert (back["read"], back["created"] + back["updated"], back["withdrawn"]) == (1, 1, 0)
        central.delete(ids[2])
        assert pulled(deployment, "zahra-odk")["withdrawn"] == 1
        central.purge()
        assert pulled(deployment, "zahra-odk")["read"] == 0, "a purge is no change"
        assert encrypted in central.rows
