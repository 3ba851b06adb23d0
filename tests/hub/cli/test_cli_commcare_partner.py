"""A partner that works in CommCare, from end to end: it is referred to there, answers there, and both sides know."""

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.replay import Served
from hub.bootstrap import opened
from hub.exchange import disclose
from hub.fhir import Resource
from hub.fhir.query import Query
from hub.fhir.serial import loads
from hub.ports import Caller
from tests.support.command_line import GOOD, Command, marks_in
from tests.support.commcare import KEY, USER, ProjectSpace

CONNECTION = """organization: example-hospital
adapter: commcare
mapping: commcare/referral
settings:
  url: {url}
  domain: anwar
  user: {user}
  send: true
  owner: the-desk
secrets:
  key: {{file: secrets/commcare}}
"""
WITHDRAWN = GOOD.replace(";oui;05/01/2026;", ";non;;")
HOSPITAL, ASSOCIATION = "example-hospital", "example-association"


@pytest.fixture
def space() -> ProjectSpace:
    return ProjectSpace()


@pytest.fixture
def joined(hub: Command, space: ProjectSpace) -> Iterator[Command]:
    """An association with a register refers to the partner."""
    with Served(space).running() as served:
        (hub.home / "connections" / "partner.yaml").write_text(CONNECTION.format(url=served.url, user=USER), "utf-8")
        (hub.home / "secrets").mkdir(exist_ok=True)
        (hub.home / "secrets" / "commcare").write_text(KEY, "utf-8")
        hub.register(GOOD)
        hub("pull", "register")
        hub("deliver")
        yield hub


def case(space: ProjectSpace) -> dict[str, Any]:
    (only,) = space.cases.values()
    return only


def answer(hub: Command, space: ProjectSpace, **properties: str) -> dict[str, int]:
    """The partner's worker saves the form of the case, and the hub reads."""
    space.save(case(space)["case_id"], properties)
    (numbers,) = hub.json("pull", "partner")
    return dict(numbers)


def seen(hub: Command, type_: str, organization: str) -> list[Resource]:
    with opened(hub.home) as deployment:
        page = disclose.search(Query(type_), Caller("test", organization, "COC"), hub=deployment.hub)
        return [loads(one.text) for one in page.entries]


def task(hub: Command) -> Resource:
    (only,) = seen(hub, "Task", ASSOCIATION)
    return only


def test_the_partner_finds_a_case_with_what_is_asked_for_and_nothing_of_her(
    joined: Command, space: ProjectSpace
) -> None:
    sent = case(space)
    assert sent["external_id"] == f"ihala-to-{task(joined)['id']}"
    assert {"service", "urgency"} <= sent["properties"].keys()
    assert sent["properties"].keys() <= {"service", "urgency", "province", "age_band", "language", "survivor_code"}
    notice = {one["type"]["coding"][0]["code"]: one for one in task(joined)["input"]}
    assert sent["properties"]["service"] == notice["service-type"]["valueCodeableConcept"]["coding"][0]["code"]
    assert sent["properties"].get("age_band") == notice.get("age-band", {}).get("valueCode"), "codes, and no labels"
    assert sent["properties"].get("province") == notice.get("province", {}).get("valueCode")
    in_hours = {"stat": "24h", "urgent": "72h", "asap": "72h", "routine": "normal"}
    assert sent["properties"]["urgency"] == in_hours[task(joined)["priority"]]
    assert marks_in(str(sent)) == [] and "AR-001" not in str(sent)
    assert task(joined)["status"] == "received"
    joined("deliver")
    assert len(space.cases) == 1


def test_what_it_answers_moves_the_referral_and_its_words_reach_the_requester(
    joined: Command, space: ProjectSpace
) -> None:
    words = {"answer_status": "acceptee", "answer_appointment": "2026-04-02", "answer_remark": "Venir à dix heures"}
    assert answer(joined, space, **words)["updated"] == 1
    assert task(joined)["status"] == "accepted"
    (told,) = seen(joined, "Communication", ASSOCIATION)
    assert told["payload"] == [{"contentString": "Venir à dix heures"}]
    assert answer(joined, space, answer_status="realisee", answer_outcome="partly-provided")["updated"] == 1
    codes = str(task(joined)["output"])
    assert task(joined)["status"] == "completed" and "partly-provided" in codes and "2026-04-02" in codes
    assert len(seen(joined, "Communication", ASSOCIATION)) == 1
    joined("deliver")
    assert space.cases and not case(space)["closed"]  # its own words are not told to it


OVERLAY = """extends: commcare/referral
id: our/referral
version: "1.0.0"
title: {ar: إحالة, fr: Orientation, en: Referral}
columns:
  referral/phone: {transform: phone, direction: back}
resources:
  - local: patient
    profile: survivor
    partial: true
    elements:
      identifier[pseudonym].system: {constant: "https://ihala.example/fhir/NamingSystem/pseudonym"}
      identifier[pseudonym].value: referral/survivor_code
      telecom.system: {constant: phone}
      telecom.value: referral/phone
"""


def test_what_it_may_know_once_it_has_accepted_stands_in_the_case_and_is_emptied_when_she_withdraws(
    joined: Command, space: ProjectSpace
) -> None:
    (joined.home / "mappings" / "our" / "referral").mkdir(parents=True)
    (joined.home / "mappings" / "our" / "referral" / "mapping.yaml").write_text(OVERLAY, "utf-8")
    partner = joined.home / "connections" / "partner.yaml"
    partner.write_text(
        partner.read_text("utf-8").replace("mapping: commcare/referral", "mapping: our/referral"), "utf-8"
    )
    assert not case(space)["properties"].get("survivor_code")
    answer(joined, space, answer_status="acceptee")
    joined("deliver")
    told = case(space)["properties"]
    assert told["survivor_code"] and "612345678" in told["phone"]
    assert "Marquée" not in str(told) and "Récit" not in str(told) and "AR-001" not in str(told)
    joined.register(WITHDRAWN)
    joined("pull", "register")
    joined("deliver")
    left = {name: text for name, text in case(space)["properties"].items() if text}
    assert left == {"answer_status": "acceptee", "taken_back": "yes"} and case(space)["closed"]


@pytest.mark.parametrize(("said", "reason"), [("no-capacity", "no-capacity"), ("whatever", "out-of-scope")])
def test_a_refusal_has_a_reason_also_where_it_says_none_that_is_known(
    joined: Command, space: ProjectSpace, said: str, reason: str
) -> None:
    answer(joined, space, answer_status="refusee", answer_reason=said)
    found = task(joined)
    assert (found["status"], found["statusReason"]["coding"][0]["code"]) == ("rejected", reason)


def test_what_was_not_done_waits_until_somebody_says_why(joined: Command, space: ProjectSpace) -> None:
    assert answer(joined, space, answer_status="non_aboutie")["quarantined"] == 1
    answer(joined, space, answer_reason="survivor-unreachable")
    assert task(joined)["status"] == "failed"
    assert joined.json("quarantine", "list") == []


def test_an_answer_that_was_discarded_stays_so_until_the_partner_says_something_else(
    joined: Command, space: ProjectSpace
) -> None:
    answer(joined, space, answer_status="non_aboutie")
    (waits,) = joined.json("quarantine", "list")
    assert joined.json("quarantine", "discard", waits["key"], "--reason", "mistake")["discarded"] == 1
    again = answer(joined, space, answer_status="non_aboutie")
    assert (again["quarantined"], again["waiting"]) == (0, 0)
    answer(joined, space, answer_reason="survivor-unreachable")
    assert task(joined)["status"] == "failed"
    assert joined.json("quarantine", "list", "--discarded") == []


def test_what_she_has_withdrawn_is_taken_back_there_by_its_number_alone(joined: Command, space: ProjectSpace) -> None:
    joined.register(WITHDRAWN)
    joined("pull", "register")
    joined("deliver")
    left = {name: text for name, text in case(space)["properties"].items() if text}
    assert case(space)["closed"] and left == {"taken_back": "yes"}
    assert answer(joined, space, answer_status="acceptee")["read"] == 0
