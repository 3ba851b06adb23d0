"""Referrals to an organisation that works with CommCare: sent there, answered there, taken back."""

import json
from dataclasses import replace

import pytest

from adapters.commcare import adapter
from adapters.replay import Served
from hub import mapping
from hub.errors import Fatal
from hub.ports import Connection, FollowUp, SourceRecord, Watermark
from tests.support.commcare import KEY, USER, ProjectSpace, referral, survivor

TASK = "3f0c2a7e-0c55-4b52-9f57-2f1b6c0e4f11"
CASE = f"ihala-to-{TASK}"
SAID = {"referral/survivor_code": "7Q2M-XK4D", "referral/service": "legal", "referral/urgency": "72h"}


@pytest.fixture
def space():
    found = ProjectSpace()
    survivor(found, 1)
    referral(found, 1, 1)
    return found


@pytest.fixture
def connect(space, tmp_path):
    with Served(space).running() as served:

        def make(form="commcare/referral", **asked):
            wanted = {"url": served.url, "domain": "anwar", "user": USER}
            wanted |= {"send": True, "owner": "the-desk"} if form == "commcare/referral" else {}
            layout = mapping.load(form).layout()
            return Connection("c", "association", "commcare", form, wanted | asked, tmp_path, layout, lambda _: KEY)

        yield make


def send(connection, event="new", **values):
    adapter.refer(connection, [FollowUp("f", {"referral": TASK, "event": event}, {**SAID, **values})])


def made(space):
    return [one for one in space.cases.values() if one["external_id"]]


def answered(space, **properties):
    (case,) = made(space)
    space.save(case["case_id"], properties)


def pulled(connection, since=None):
    told = list(adapter.pull(connection, since))
    last = next((one for one in reversed(told) if isinstance(one, Watermark)), since)
    return [one for one in told if isinstance(one, SourceRecord)], last


# --- sent -------------------------------------------------------------------------------------------------------------


def test_a_connection_takes_referrals_only_where_it_says_so(connect):
    assert adapter.takes(connect()) and not adapter.takes(connect("commcare/casework"))


def test_a_referral_sent_twice_is_one_case_that_says_what_is_asked_for_and_names_nobody(space, connect):
    send(connect())
    send(connect())
    (case,) = made(space)
    assert (case["external_id"], case["case_type"], case["owner_id"]) == (CASE, "referral", "the-desk")
    assert case["properties"] == {"survivor_code": "7Q2M-XK4D", "service": "legal", "urgency": "72h"}
    assert (case["case_name"], case["indices"]) == ("Ihala", {})


def test_whose_cases_they_become_has_to_be_said(connect):
    with pytest.raises(Fatal):
        send(connect(owner=""))
    assert [one.text for one in adapter.check(connect(owner=""))] == ["adapters.commcare-no-owner"]


def test_a_change_is_written_into_the_case_and_leaves_what_was_answered_there(space, connect):
    send(connect())
    answered(space, answer_status="acceptee", notes="of their own")
    send(connect(), "changed", **{"referral/urgency": "24h"})
    (case,) = made(space)
    assert case["properties"]["urgency"] == "24h"
    assert (case["properties"]["answer_status"], case["properties"]["notes"]) == ("acceptee", "of their own")


OVERLAY = """
extends: commcare/referral
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


@pytest.mark.parametrize(("event", "told"), [("changed", {"referral/service": "legal"}), ("cancelled", {})])
def test_what_may_be_known_no_more_is_emptied_in_the_case(space, connect, tmp_path, event, told):
    (tmp_path / "referral.yaml").write_text(OVERLAY, "utf-8")
    here = connect()
    here = replace(here, layout=mapping.load(str(tmp_path / "referral.yaml")).layout())
    send(here)
    send(here, "changed", **{"referral/phone": "+212600112233"})
    answered(space, answer_status="acceptee")
    assert made(space)[0]["properties"]["phone"] == "+212600112233"
    adapter.refer(here, [FollowUp("g", {"referral": TASK, "event": event}, told)])
    left = {name: text for name, text in made(space)[0]["properties"].items() if text}
    assert left.keys() == {"answer_status", *(name.partition("/")[2] for name in told)} | (
        {"taken_back"} if event == "cancelled" else set()
    )


def test_a_change_of_what_was_never_sent_makes_no_case(space, connect):
    send(connect(), "changed")
    send(connect(), "cancelled")
    assert made(space) == []


def test_taken_back_by_its_number_alone_its_case_is_closed_and_no_other(space, connect):
    send(connect())
    adapter.refer(connect(), [FollowUp("g", {"referral": TASK, "event": "cancelled"}, {})])
    assert {one["case_id"] for one in space.cases.values() if one["closed"]} == {made(space)[0]["case_id"]}
    assert made(space)[0]["properties"]["taken_back"] == "yes"


def test_any_other_refusal_stops_the_door_and_repeats_nothing_of_it(space, connect, monkeypatch):
    send(connect())
    with pytest.raises(Fatal) as stopped:
        adapter.refer(connect(), [FollowUp("g", {"referral": TASK, "event": "changed"}, {"referral/service": 7})])
    assert "values must be strings" not in str(stopped.value)


# --- answered ---------------------------------------------------------------------------------------------------------


def test_nothing_is_read_before_somebody_answers_and_nothing_of_their_own_cases(space, connect):
    send(connect())
    assert pulled(connect())[0] == []


def test_what_is_answered_is_read_once_and_names_the_referral(space, connect):
    send(connect())
    answered(space, answer_status="acceptee", answer_remark="Lundi à dix heures")
    (answer,), reached = pulled(connect())
    assert (answer.kind, dict(answer.handle)) == ("answer", {"referral": TASK})
    assert answer.content["referral/answer_status"] == "acceptee"
    assert pulled(connect(), reached)[0] == []
    answered(space, answer_status="realisee")
    assert [one.content["referral/answer_status"] for one in pulled(connect(), reached)[0]] == ["realisee"]


def test_what_was_taken_back_is_answered_no_more(space, connect):
    send(connect())
    answered(space, answer_status="acceptee")
    send(connect(), "cancelled")
    assert pulled(connect())[0] == []


def test_the_same_project_space_gives_its_own_cases_to_another_connection_without_those_that_were_sent(space, connect):
    send(connect())
    answered(space, answer_status="acceptee")
    told, _ = pulled(connect("commcare/casework"))
    assert [one.id for one in told] == ["survivor-1", "referral-1"]
    assert TASK not in json.dumps([dict(one.content) for one in told])
