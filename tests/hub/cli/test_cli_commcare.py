"""An association that keeps its cases in CommCare, from end to end: read, referred, accepted, and told what became of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from adapters.replay import Served
from hub.bootstrap import opened
from hub.delivery import worker
from hub.exchange import change, disclose
from hub.fhir.query import Query
from hub.fhir.serial import loads
from hub.ports import Caller, Clock
from tests.support.command_line import Command
from tests.support.commcare import KEY, USER, ProjectSpace, listening, referral, survivor
from tests.support.personas import outcome

CONNECTION = """organization: example-association
adapter: commcare
mapping: commcare/casework
settings:
  url: {url}
  domain: anwar
  user: {user}
  listen: 127.0.0.1:0
secrets:
  key: {{file: secrets/commcare}}
  forward: {{file: secrets/commcare}}
  spool: {{file: secrets/commcare}}
"""
NAME = "Zineb Marquée"
HOSPITAL = Caller("test", "example-hospital", "COC")
ASSOCIATION = Caller("test", "example-association", "COC")


@pytest.fixture
def space() -> ProjectSpace:
    found = ProjectSpace()
    survivor(found, 1, full_name=NAME)
    referral(found, 1, 1, referred_to="Hôpital Exemple")
    return found


@pytest.fixture
def joined(hub: Command, space: ProjectSpace) -> Iterator[Command]:
    with Served(space).running() as served:
        (hub.home / "connections" / "casework.yaml").write_text(CONNECTION.format(url=served.url, user=USER), "utf-8")
        (hub.home / "secrets").mkdir(exist_ok=True)
        (hub.home / "secrets" / "commcare").write_text(KEY, "utf-8")
        yield hub


def pulled(hub: Command) -> dict[str, int]:
    (numbers,) = hub.json("pull", "casework")
    return {name: numbers[name] for name in ("read", "created", "updated", "unchanged", "quarantined")}


def kept(hub: Command, type_: str, caller: Caller = ASSOCIATION) -> list[dict[str, Any]]:
    with opened(hub.home) as deployment:
        page = disclose.search(Query(type_), caller, hub=deployment.hub)
        return [dict(loads(view.text)) for view in page.entries]


def forward(hub: Command, *bodies: Any) -> None:
    """As data forwarding does, to what `hub listen` serves."""
    with opened(hub.home) as deployment:
        connection = deployment.door("casework").connection
    with (
        listening(connection) as url,
        httpx2.Client(trust_env=False, headers={"Authorization": f"Bearer {KEY}"}) as http,
    ):
        assert {http.post(url, json=body).status_code for body in bodies} == {200}


def move(hub: Command, status: str, **more: Any) -> None:
    (task,) = kept(hub, "Task", HOSPITAL)
    with opened(hub.home) as deployment:
        change.patch(
            "Task",
            task["id"],
            lambda one: {**one, "status": status, **more},
            HOSPITAL,
            expected=None,
            hub=deployment.hub,
        )


def test_a_referral_is_read_accepted_and_its_outcome_stands_in_the_referral_case(
    joined: Command, space: ProjectSpace
) -> None:
    assert pulled(joined) == {"read": 2, "created": 2, "updated": 0, "unchanged": 0, "quarantined": 0}
    (task,) = kept(joined, "Task", HOSPITAL)
    assert task["status"] == "requested"
    move(joined, "accepted")
    joined("deliver")
    assert space.cases["referral-1"]["properties"]["referral_status"] == "acceptee"
    move(joined, "completed", output=outcome("service-provided"))
    joined("deliver")
    told = space.cases["referral-1"]["properties"]
    assert (told["referral_status"], told["referral_outcome"]) == ("realisee", "Service rendu")
    assert told["referral_status_date"].startswith("20")
    assert told["service"] == "medical"  # what the association wrote stays


def test_what_the_hub_wrote_comes_back_as_no_change(joined: Command, space: ProjectSpace) -> None:
    pulled(joined)
    move(joined, "accepted")
    joined("deliver")
    assert pulled(joined) == {"read": 1, "created": 0, "updated": 0, "unchanged": 1, "quarantined": 0}
    assert pulled(joined)["read"] == 0


def test_what_is_forwarded_and_polled_is_stored_once(joined: Command, space: ProjectSpace) -> None:
    forward(joined, *(space.forwarded(id_) for id_ in ("referral-1", "survivor-1", "referral-1")))
    assert pulled(joined)["quarantined"] == 0
    assert [len(kept(joined, type_)) for type_ in ("Patient", "EpisodeOfCare", "ServiceRequest", "Task")] == [
        1,
        1,
        1,
        1,
    ]
    assert pulled(joined)["read"] == 0


def test_an_older_copy_that_is_forwarded_late_replaces_nothing(joined: Command, space: ProjectSpace) -> None:
    old = space.forwarded("survivor-1")
    space.save("survivor-1", {"province": "rabat"})
    pulled(joined)
    forward(joined, old)
    pulled(joined)
    assert kept(joined, "Patient")[0]["address"][0]["state"] == "MA-RAB"


def test_a_referral_belongs_to_the_survivor_whom_its_index_names(joined: Command, space: ProjectSpace) -> None:
    survivor(space, 2)
    referral(space, 2, 2, referred_to="Hôpital Exemple")
    referral(space, 3, 2, service="juridique", referred_to="Hôpital Exemple")
    pulled(joined)
    codes = {one["id"]: one["identifier"][0]["value"] for one in kept(joined, "Patient")}
    assert len(codes) == 2
    needs = [
        (codes[one["subject"]["reference"].removeprefix("Patient/")], one["code"]["coding"][0]["code"])
        for one in kept(joined, "ServiceRequest")
    ]
    assert sorted(needs) == [("ANW-0001/2026", "medical"), ("ANW-0002/2026", "legal"), ("ANW-0002/2026", "medical")]


def test_a_closed_case_is_a_finished_case_and_a_closed_referral_a_completed_need(
    joined: Command, space: ProjectSpace
) -> None:
    pulled(joined)
    space.close("referral-1")
    space.close("survivor-1")
    assert pulled(joined)["updated"] == 2
    assert [one["status"] for one in kept(joined, "EpisodeOfCare")] == ["finished"]
    assert [one["status"] for one in kept(joined, "ServiceRequest")] == ["completed"]
    assert [one["status"] for one in kept(joined, "Task")] == ["requested"]  # that is for the recipient to move


def test_a_referral_without_its_survivor_waits_in_quarantine_and_names_nobody(
    joined: Command, space: ProjectSpace
) -> None:
    space.save("referral-9", {"service": "medical"}, case_type="referral", case_name=NAME)
    assert pulled(joined) == {"read": 3, "created": 2, "updated": 0, "unchanged": 0, "quarantined": 1}
    said = joined("quarantine", "list").output
    assert "belongs to no survivor" in said
    assert NAME not in said


def test_a_case_that_was_deleted_is_withdrawn(joined: Command, space: ProjectSpace) -> None:
    pulled(joined)
    space.delete("referral-1")
    (numbers,) = joined.json("pull", "casework")
    assert numbers["withdrawn"] == 1
    assert {one["status"] for one in kept(joined, "ServiceRequest")} == {"revoked"}
    (again,) = joined.json("pull", "casework")
    assert (again["read"], again["withdrawn"]) == (0, 0)


# --- a server that asks to wait (429) ----------------------------------------------------------------------------------


@pytest.mark.parametrize("after", range(5))
def test_a_pull_that_was_asked_to_wait_says_so_and_the_next_brings_the_rest_once(
    joined: Command, space: ProjectSpace, after: int
) -> None:
    """Wherever in the conversation it is asked to: what was stored before stays, and nothing comes twice or not at all."""
    for number in range(2, 5):
        survivor(space, number)
        referral(space, number, number, referred_to="Hôpital Exemple")
    path = joined.home / "connections" / "casework.yaml"
    path.write_text(path.read_text("utf-8").replace("  domain:", "  page_size: 3\n  domain:"), "utf-8")
    space.fail(429, after=after, retry_after=30)
    refused = joined("pull", "casework")
    assert refused.exit_code != 0 and "asks to wait" in refused.output
    assert len(space.asked) == after + 1, "after it was asked to wait it asks nothing more"
    asked = len(space.asked)
    assert joined("pull", "casework").exit_code == 0
    assert len(space.asked) > asked
    assert {
        type_: len(kept(joined, type_)) for type_ in ("Patient", "EpisodeOfCare", "ServiceRequest", "Task")
    } == dict.fromkeys(("Patient", "EpisodeOfCare", "ServiceRequest", "Task"), 4)
    assert joined.json("pull", "casework")[0]["read"] == 0


def test_what_became_of_a_referral_waits_as_long_as_the_server_asks_and_is_written_once(
    joined: Command, space: ProjectSpace
) -> None:
    pulled(joined)
    move(joined, "accepted")
    space.fail(429, retry_after=3600)
    asked = len(space.asked)
    joined("deliver")
    (to,) = [one for one in joined.json("delivery", "list")["destinations"] if one["destination"].endswith("casework")]
    assert to["waiting"] > 0 and to["dead"] == 0
    joined("deliver")
    assert len(space.asked) == asked + 1, "within the hour it asks nothing"
    assert "referral_status" not in space.cases["referral-1"]["properties"]
    with opened(joined.home) as deployment:
        later = replace(deployment.hub, clock=Later(deployment.hub.clock, timedelta(hours=2)))
        worker.deliver(deployment.ways, hub=later)
    assert space.cases["referral-1"]["properties"]["referral_status"] == "acceptee"
    assert joined.json("delivery", "list")["dispatches"] == []
    asked = len(space.asked)
    joined("deliver")
    assert len(space.asked) == asked, "once"


@dataclass(frozen=True)
class Later:
    """The clock of some time from now."""

    clock: Clock
    after: timedelta

    def now(self) -> datetime:
        return self.clock.now() + self.after
