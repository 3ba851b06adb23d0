"""A partner that keeps its FHIR server, from both ends: its referrals are read and answered; it is referred to and answers."""

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.replay import Served
from hub.bootstrap import opened
from hub.exchange import change
from hub.ports import Caller
from tests.support.command_line import GOOD, Command, marks_in
from tests.support.fhir_partner import Partner, consent, referral

CONNECTION = """organization: example-hospital
adapter: fhir
mapping: fhir/referral
settings:
  url: {url}/fhir
  send: true
  owner: Organization/partner
  requester: Organization/hub
secrets:
  credential: {{file: secrets/partner}}
"""


@pytest.fixture(params=[False, True], ids=["r4", "sdoh"])
def partner(request: pytest.FixtureRequest) -> Iterator[Partner]:
    with Served(Partner(sdoh=request.param)).running() as served:
        served.stand_in.url = served.url  # type: ignore[attr-defined]
        yield served.stand_in  # type: ignore[misc]


@pytest.fixture
def joined(hub: Command, partner: Any) -> Command:
    (hub.home / "connections" / "partner.yaml").write_text(CONNECTION.format(url=partner.url), "utf-8")
    (hub.home / "secrets").mkdir(exist_ok=True)
    (hub.home / "secrets" / "partner").write_text("a-token", "utf-8")
    hub.register(GOOD)
    return hub


def tasks(hub: Command, organization: str) -> dict[str, str]:
    found = hub.json("referral", "list", "--organization", organization)
    return {one["referral"].removeprefix("Task/"): one["status"] for one in found}


def status(hub: Command, task: str) -> str:
    with opened(hub.home) as deployment:
        stored = deployment.hub.store.read("Task", task, None)
    assert stored is not None
    return str(stored.resource()["status"])


def step(hub: Command, task: str, organization: str, **elements: Any) -> None:
    with opened(hub.home) as deployment:
        caller = Caller("test", organization, "COC")
        change.patch("Task", task, lambda one: {**one, **elements}, caller, expected=None, hub=deployment.hub)


def outcome(code: str) -> list[dict[str, Any]]:
    base = "https://ihala.example/fhir/CodeSystem"
    kind = {"coding": [{"system": f"{base}/task-output", "code": "outcome"}]}
    return [{"type": kind, "valueCodeableConcept": {"coding": [{"system": f"{base}/referral-outcome", "code": code}]}}]


# --- the partner refers ----------------------------------------------------------------------------------------------


def test_a_partners_referral_is_stored_accepted_and_its_outcome_written_back(joined: Command, partner: Partner) -> None:
    referral(1, partner)
    consent(1, partner)
    joined("pull", "partner")
    (task,) = tasks(joined, "example-association")
    assert tasks(joined, "example-association")[task] == "requested"
    joined("deliver")
    assert partner.store["Task/t1"]["status"] == "requested"
    step(joined, task, "example-association", status="accepted")
    joined("deliver")
    assert partner.store["Task/t1"]["status"] == "accepted"
    step(joined, task, "example-association", status="completed", output=outcome("service-provided"))
    joined("deliver")
    told = partner.store["Task/t1"]
    assert told["status"] == "completed"
    assert told["output"][0]["type"]["coding"][0]["code"] == "resulting-activity"
    before = joined.json("status")["stored"]
    joined("pull", "partner")
    assert joined.json("status")["stored"] == before  # its own echo


def test_without_a_consent_that_permits_the_referral_waits_as_a_draft(joined: Command, partner: Partner) -> None:
    referral(1, partner)
    consent(1, partner, status="inactive")
    joined("pull", "partner")
    assert set(tasks(joined, "example-hospital").values()) == {"draft"}
    assert tasks(joined, "example-association") == {}


def test_the_same_referral_pulled_twice_changes_nothing(joined: Command, partner: Partner) -> None:
    referral(1, partner)
    consent(1, partner)
    joined("pull", "partner")
    before = joined.json("status")["stored"]
    partner.change("Task/t1")
    joined("pull", "partner")
    assert joined.json("status")["stored"] == before


@pytest.mark.parametrize("how", ["deleted", "entered-in-error", "cancelled"])
def test_what_the_partner_takes_back_is_stopped_here(joined: Command, partner: Partner, how: str) -> None:
    referral(1, partner)
    consent(1, partner)
    joined("pull", "partner")
    (task,) = tasks(joined, "example-association")
    if how == "deleted":
        partner.delete("Task/t1")
    else:
        partner.change("Task/t1", status=how)
    joined("pull", "partner")
    assert status(joined, task) == "cancelled"


# --- the partner is referred to --------------------------------------------------------------------------------------


def referred(hub: Command, partner: Partner) -> dict[str, Any]:
    hub("pull", "register")
    hub("deliver")
    (task,) = partner.all("Task")
    return dict(task)


def test_a_referral_goes_to_the_partner_with_what_it_may_know_and_nothing_else(
    joined: Command, partner: Partner
) -> None:
    task = referred(joined, partner)
    assert (task["status"], task["owner"]) == ("requested", {"reference": "Organization/partner"})
    assert marks_in(str(partner.store)) == []
    assert "AR-001" not in str(partner.store)  # the association's own code
    (patient,) = partner.all("Patient")
    assert patient["meta"]["security"][0]["code"] == "REDACTED"
    assert patient["name"][0]["extension"][0]["valueCode"] == "masked"
    joined("deliver")
    assert len(partner.all("Task")) == 1


def test_its_answer_becomes_the_next_steps_of_the_referral(joined: Command, partner: Partner) -> None:
    task = referred(joined, partner)
    number = task["identifier"][0]["value"]
    for said, after in (("requested", "received"), ("accepted", "accepted"), ("completed", "completed")):
        told = {"output": [{"type": {"text": "x"}, "valueString": "done"}]} if said == "completed" else {}
        partner.change(f"Task/{task['id']}", status=said, **told)
        joined("pull", "partner")
        assert status(joined, number) == after
    joined("deliver")
    assert partner.store[f"Task/{task['id']}"]["status"] == "completed"  # its own words are not told to it


def test_a_refusal_without_a_reason_is_one_all_the_same(joined: Command, partner: Partner) -> None:
    task = referred(joined, partner)
    partner.change(f"Task/{task['id']}", status="rejected")
    joined("pull", "partner")
    assert status(joined, task["identifier"][0]["value"]) == "rejected"


def test_what_she_has_withdrawn_after_it_was_sent_is_taken_back(joined: Command, partner: Partner) -> None:
    referred(joined, partner)
    joined.register(GOOD.replace(";oui;05/01/2026;", ";non;;"))
    joined("pull", "register")
    joined("deliver")
    (task,) = partner.all("Task")
    (need,) = partner.all("ServiceRequest")
    assert (task["status"], need["status"]) == ("cancelled", "revoked")


def test_what_she_withdraws_after_work_has_begun_is_taken_back_too_and_its_echo_is_no_trouble(
    joined: Command, partner: Partner
) -> None:
    task = referred(joined, partner)
    partner.change(f"Task/{task['id']}", status="accepted")
    joined("pull", "partner")
    joined.register(GOOD.replace(";oui;05/01/2026;", ";non;;"))
    joined("pull", "register")
    joined("deliver")
    assert partner.store[f"Task/{task['id']}"]["status"] == "cancelled"
    assert joined("pull", "partner").exit_code == 0
    assert status(joined, task["identifier"][0]["value"]) == "on-hold"


def test_the_notice_is_told_in_codes_and_more_of_her_once_it_is_accepted(joined: Command, partner: Partner) -> None:
    task = referred(joined, partner)
    (need,) = partner.all("ServiceRequest")
    assert need["code"]["coding"][0]["code"] == "psychosocial"
    (patient,) = partner.all("Patient")
    assert (patient["address"][0]["state"], "telecom" in patient) == ("MA-AGD", False)
    partner.change(f"Task/{task['id']}", status="accepted")
    joined("pull", "partner")
    joined("deliver")
    (patient,) = partner.all("Patient")
    assert patient["telecom"] == [{"system": "phone", "value": "0612345678"}]
    assert patient["address"][0]["state"] == "MA-AGD"
    assert {"Zineb Marquée", "Récit très secret"}.isdisjoint(marks_in(str(partner.store)))


def test_that_the_recipient_itself_holds_it_is_not_told_to_it_as_an_end(joined: Command, partner: Partner) -> None:
    task = referred(joined, partner)
    partner.change(f"Task/{task['id']}", status="accepted")
    joined("pull", "partner")
    partner.change(f"Task/{task['id']}", status="on-hold", statusReason={"coding": [{"code": "waitlist-only"}]})
    joined("pull", "partner")
    joined("deliver")
    assert partner.store[f"Task/{task['id']}"]["status"] == "on-hold"


def test_how_it_goes_on_comes_back_once_while_its_status_stays(joined: Command, partner: Partner) -> None:
    task = referred(joined, partner)
    number = task["identifier"][0]["value"]
    said = {
        "coding": [{"system": "https://ihala.example/fhir/CodeSystem/referral-business-status", "code": "waitlisted"}]
    }
    partner.change(f"Task/{task['id']}", status="accepted")
    joined("pull", "partner")
    partner.change(f"Task/{task['id']}", businessStatus=said)
    joined("pull", "partner")
    told, version = standing(joined, number)
    assert told == "waitlisted"
    partner.change(f"Task/{task['id']}", note=[{"text": "What the hub does not read."}])
    joined("pull", "partner")
    assert standing(joined, number) == (told, version)


def standing(hub: Command, task: str) -> tuple[str, int]:
    with opened(hub.home) as deployment:
        stored = deployment.hub.store.read("Task", task, None)
    assert stored is not None
    return stored.resource()["businessStatus"]["coding"][0]["code"], stored.version
