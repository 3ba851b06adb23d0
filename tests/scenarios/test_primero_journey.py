"""From a case in Primero to the outcome in its row of services: pulled, referred, accepted, done, written back, and known again."""

import json
import time
import uuid
from pathlib import Path

import pytest
from pymongo import MongoClient

from adapters.replay import Served
from tests.scenarios.conftest import pulled
from tests.support.deployments import Deployment
from tests.support.patience import PATIENCE_S
from tests.support.personas import outcome, personas
from tests.support.primero import Primero, case, incident

CONNECTION = """
organization: zahra-ecoute
adapter: primero
mapping: primero/gbvims-plus
settings:
  url: {url}
  user: hub
secrets:
  password: {{file: secrets/primero-password}}
"""


@pytest.fixture
def tool():
    stand_in = Primero()
    written = case(1, consent_to_share_health_organization="chu-atlas")
    written["services_section"][0]["service_implementing_agency"] = "chu-atlas"
    stand_in.add(written, incidents=[incident(1)])
    return stand_in


def row(tool):
    ((found,),) = [one["services_section"] for one in tool.cases.values()]
    return found


def wait_for(happened, what):
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        if happened():
            return
        time.sleep(0.1)
    pytest.fail(f"{what} did not happen")


def test_a_case_is_pulled_referred_accepted_done_and_its_outcome_stands_in_the_tool(tool, bare, mongodb_uri):
    hub, database = bare
    (identity,) = tool.cases
    referral = tool.refer(identity, row(tool)["unique_id"])
    tool.newer = True
    with Served(tool).running() as served:
        connect(hub, "zahra-primero", CONNECTION, served)
        first = pulled(hub, "zahra-primero")
        assert (first["created"], first["quarantined"]) == (1, 0)
        with (
            hub.serving() as server,
            personas(mongodb_uri, database, server.base_url, "chu-atlas", "zahra-ecoute") as cast,
        ):
            (task,) = cast["zahra-ecoute"].referrals("ANW-0001/2026")
            assert task["status"] == "requested"
            hospital, reference = cast["chu-atlas"], f"Task/{task['id']}"
            assert hospital.change(reference, status="accepted").status == 200
            wait_for(lambda: referral["status"] == "accepted", "the acceptance in the tool's own referral")
            done = hospital.change(reference, status="completed", output=outcome("service-provided"))
            assert done.status == 200
            wait_for(lambda: row(tool)["service_implemented"] == "implemented", "the outcome in the row of services")
            wait_for(lambda: referral["status"] == "done", "the end of the tool's own referral")
            assert referral["data"]["success_status"] == "successful"
        assert row(tool)["note_on_referral_from_provider"]
        echo = pulled(hub, "zahra-primero")
        assert (echo["read"], echo["unchanged"], echo["updated"], echo["quarantined"]) == (1, 1, 0, 0)
        tool.edit(identity, record_state=False)
        pulled(hub, "zahra-primero")
    for file in hub.words.iterdir():
        said = file.read_text("utf-8")
        assert "Zineb" not in said and tool.password not in said, file.name
    with MongoClient(mongodb_uri) as client:
        stored = json.dumps(
            [list(client[database][name].find()) for name in client[database].list_collection_names()], default=str
        )
        assert "waits at the gate" not in stored and "What happened stays" not in stored


@pytest.fixture
def bare(mongodb_uri, tmp_path: Path):
    """A hub without connections, and the name of its database."""
    database = f"primero_{uuid.uuid4().hex[:16]}"
    hub = Deployment.init(tmp_path / "stage", mongodb_uri=mongodb_uri, database=database)
    for file in (hub.folder / "connections").glob("*.yaml"):
        file.unlink()
    (hub.folder / "secrets" / "primero-password").write_text(Primero().password, "utf-8")
    yield hub, database
    with MongoClient(mongodb_uri) as client:
        client.drop_database(database)


def connect(hub, name, text, served):
    (hub.folder / "connections" / f"{name}.yaml").write_text(text.format(url=served.url), "utf-8")


HOSPITAL = """
organization: chu-atlas
adapter: primero
mapping: primero/referral
settings:
  url: {url}
  user: hub
  send: true
secrets:
  password: {{file: secrets/primero-password}}
"""


def test_what_an_association_refuses_in_its_primero_is_refused_at_the_hub(tool, bare):
    hub, database = bare
    (identity,), theirs = tool.cases, Primero(newer=True)
    referral = tool.refer(identity, row(tool)["unique_id"])
    with Served(tool).running() as ours, Served(theirs).running() as other:
        connect(hub, "zahra-primero", CONNECTION, ours)
        connect(hub, "atlas-primero", HOSPITAL, other)
        assert pulled(hub, "zahra-primero")["created"] == 1
        with hub.serving() as server, personas(hub.mongodb_uri, database, server.base_url, "zahra-ecoute") as cast:
            wait_for(lambda: theirs.cases, "the case in the other tool")
            (number,) = theirs.cases
            theirs.refer(number, row(theirs)["unique_id"], status="rejected", rejected_reason="Zineb is known here.")
            assert pulled(hub, "atlas-primero")["updated"] == 1
            (task,) = cast["zahra-ecoute"].referrals("ANW-0001/2026")
            assert (task["status"], task["statusReason"]["coding"][0]["code"]) == ("rejected", "out-of-scope")
            assert "Zineb" not in json.dumps(task)
            wait_for(lambda: referral["status"] == "rejected", "the refusal in the first tool")


def test_a_referral_between_two_primero_servers_is_sent_answered_and_known_to_the_first(tool, bare):
    hub, database = bare
    (identity,), theirs = tool.cases, Primero()
    referral = tool.refer(identity, row(tool)["unique_id"])
    with Served(tool).running() as ours, Served(theirs).running() as other:
        connect(hub, "zahra-primero", CONNECTION, ours)
        connect(hub, "atlas-primero", HOSPITAL, other)
        assert pulled(hub, "zahra-primero")["created"] == 1
        with hub.serving() as server, personas(hub.mongodb_uri, database, server.base_url, "zahra-ecoute") as cast:
            wait_for(lambda: theirs.cases, "the case in the other tool")
            ((number, there),) = theirs.cases.items()
            sent = dict(there)
            (task,) = cast["zahra-ecoute"].referrals("ANW-0001/2026")
            assert number == task["id"] and row(theirs)["service_type"] == "health_medical_services"
            assert row(theirs)["service_response_timeframe"] == "1_day"
            assert "Zineb" not in json.dumps(sent) and "ANW-0001" not in json.dumps(sent)
            theirs.refer(number, row(theirs)["unique_id"], status="accepted")
            pulled(hub, "atlas-primero")
            wait_for(lambda: referral["status"] == "accepted", "the acceptance in the first tool")
            assert "sex" not in sent  # as it was before it had accepted
            wait_for(lambda: theirs.cases[number].get("sex") == "female", "what it may know from then on")
            assert "Zineb" not in json.dumps(theirs.cases[number])
            theirs.edit(number, services_section=[{**row(theirs), "service_implemented": "implemented"}])
            pulled(hub, "atlas-primero")
            wait_for(lambda: row(tool)["service_implemented"] == "implemented", "the outcome in the first tool")
