"""Referrals that wait: reminded, called late, escalated; each step once, in order, told and on record, and no status changed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from hub.exchange import change, expire
from hub.exchange.expire import sweep
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.instants import span
from hub.ports import Changes, Key, Save
from hub.referral.deadline_file import deadlines
from hub.referral.transitions import business_status, check
from tests.support.association import (
    ASSOCIATION,
    BEGINNING,
    COURT,
    HOSPITAL,
    Scene,
    association,
    hospital,
    outcome,
    reason,
)

A_MOMENT = timedelta(milliseconds=1)
VERBS = ("referral.remind", "referral.overdue", "referral.escalate")
DUE = BEGINNING + timedelta(hours=72)
"""Sent on a Monday morning, urgent: Thursday, at the same time."""


@pytest.fixture
def sent(at: Scene) -> Scene:
    at.receive(at.row())
    return at


def steps_of(at: Scene) -> list[tuple[str, str]]:
    """The steps on record, in order: the verb, and after how many per cent; without those that come again and again."""
    events = sorted(at.all("AuditEvent"), key=lambda one: one["meta"]["lastUpdated"])
    found = [
        (subtype["code"], detail["valueString"])
        for event in events
        for subtype in event["subtype"]
        for detail in event["entity"][0].get("detail", ())
        if subtype["code"] in (*VERBS, "referral.cancel")
        and detail["type"] == "deadline-step"
        and " again " not in detail["valueString"]
    ]
    order = sorted(found, key=lambda one: (one[1].split()[1], int(one[1].split()[2])))
    return [(verb, name.split()[2]) for verb, name in order]


def rows(at: Scene) -> list[tuple[str, str]]:
    found = at.store.database.outbox.find().sort("order")
    return [(row["kind"], row["recipient"]) for row in found if row["kind"] in (*VERBS, "referral.cancel")]


def swept(at: Scene, moment: datetime) -> Resource:
    at.clock.at = moment
    sweep(hub=at.hub)
    return at.one("Task")


def test_the_deadline_is_on_the_task_and_counted_in_the_hours_of_work(at: Scene) -> None:
    at.clock.at = datetime(2026, 6, 4, 10, tzinfo=UTC)  # a Thursday, eleven o'clock: three days later is Sunday
    at.receive(at.row())
    assert span(at.one("Task")["restriction"]["period"]["end"])[0] == datetime(2026, 6, 8, 7, 30, tzinfo=UTC)


def test_the_owner_is_reminded_before_and_both_are_told_when_it_is_late(sent: Scene) -> None:
    assert swept(sent, BEGINNING + timedelta(hours=36) - A_MOMENT)["status"] == "requested"
    assert steps_of(sent) == []
    swept(sent, BEGINNING + timedelta(hours=36))
    assert (steps_of(sent), rows(sent)) == ([("referral.remind", "50")], [("referral.remind", HOSPITAL)])
    swept(sent, DUE - A_MOMENT)
    assert [step for _, step in steps_of(sent)] == ["50", "90"]
    assert business_status(sent.one("Task")) == ""
    task = swept(sent, DUE)
    assert (task["status"], business_status(task)) == ("requested", "acceptance-overdue")
    assert rows(sent)[2:] == [("referral.overdue", HOSPITAL), ("referral.overdue", "")]


def test_then_it_is_escalated_and_its_status_is_still_what_it_was(sent: Scene) -> None:
    task = swept(sent, DUE + timedelta(hours=36))
    assert (task["status"], business_status(task)) == ("requested", "escalated")
    task = swept(sent, DUE + timedelta(days=100))
    assert (task["status"], business_status(task)) == ("requested", "escalated")
    assert [step for _, step in steps_of(sent)] == ["50", "90", "100", "150", "200"]


def test_after_a_downtime_all_steps_are_caught_up_in_order_and_none_twice(sent: Scene) -> None:
    swept(sent, DUE + timedelta(days=30))
    verbs = ["referral.remind", "referral.remind", "referral.overdue", "referral.escalate", "referral.escalate"]
    assert [verb for verb, _ in steps_of(sent)] == verbs
    told = [HOSPITAL, HOSPITAL, HOSPITAL, "", HOSPITAL, "", "", ""]
    assert [who for _, who in rows(sent)] == told
    before = sent.everything()
    assert sweep(hub=sent.hub) == 0
    sent.store.database.persons.update_many({}, {"$set": {"n": None}})  # as after a change of the rules
    sweep(hub=sent.hub)
    after = sent.everything()
    assert {**after, "persons": []} == {**before, "persons": []}


def again(at: Scene) -> list[str]:
    found = [detail["valueString"] for event in at.all("AuditEvent") for detail in event["entity"][0].get("detail", ())]
    return sorted(name.rpartition(" ")[2] for name in found if " again " in name)


def test_after_the_last_step_somebody_is_told_again_every_day_until_it_is_over(sent: Scene) -> None:
    last = DUE + timedelta(hours=72)
    swept(sent, last)
    assert again(sent) == []
    for day in (1, 2, 3):
        before = rows(sent)
        swept(sent, last + timedelta(days=day) - A_MOMENT)
        assert rows(sent) == before
        swept(sent, last + timedelta(days=day))
        assert rows(sent) == [*before, ("referral.remind", "")]
        assert sweep(hub=sent.hub) == 0
    swept(sent, last + timedelta(days=40))
    assert again(sent) == ["1", "2", "3", "40"], "what fell into a downtime is told once"
    sent.move(sent.one("Task"), "rejected", hospital(), **reason("no-capacity"))
    swept(sent, last + timedelta(days=90))
    assert len(again(sent)) == 4


def test_how_often_and_whom_is_the_deployments_to_say(sent: Scene) -> None:
    sent.hub = replace(sent.hub, deadlines=deadlines({"again": {"days": 7, "tell": ["owner"]}}))
    last = DUE + timedelta(hours=72)
    swept(sent, last + timedelta(days=7) - A_MOMENT)
    assert again(sent) == []
    swept(sent, last + timedelta(days=7))
    assert rows(sent)[-1] == ("referral.remind", HOSPITAL)


def test_a_coordinator_that_consent_covers_is_told_when_escalation_reaches_it_and_sees_the_notice_until_then(
    at: Scene,
) -> None:
    at.hub = replace(at.hub, deadlines=replace(at.hub.deadlines, coordinator=COURT))
    at.receive(at.row())
    consented = at.one("Consent")
    root = consented["provision"]
    both = [
        {**one, "actor": [*one["actor"], {**one["actor"][0], "reference": {"reference": f"Organization/{COURT}"}}]}
        for one in root["provision"]
    ]
    new = {**consented, "provision": {**root, "provision": both}}
    person, replaced = consented["patient"]["reference"].partition("/")[2], int(consented["meta"]["versionId"])
    known = at.store.compartments([person])[person].revision
    hers = Save(new, person, ASSOCIATION, (Key(f"{ASSOCIATION}|*|*"),), replaced)
    at.store.commit(Changes(saves=[hers], persons={person: known}))
    by = replace(hospital(), organization=COURT, client="court")
    swept(at, DUE + timedelta(hours=36) - A_MOMENT)
    assert at.search("Task", by).total == 0
    task = swept(at, DUE + timedelta(hours=36))
    assert ("referral.escalate", COURT) in rows(at)
    assert at.search("Task", by).total == 1
    assert at.search("Patient", by).total == at.search("ServiceRequest", by).total == 0
    at.move(task, "accepted", hospital())
    assert at.search("Task", by).total == 0
    assert not at.all("Communication"), "that it sees no more is no withdrawal"


def words(task: Resource) -> list[str]:
    return [one["code"] for one in task.get("businessStatus", {}).get("coding", ())]


def test_an_appointment_that_was_said_before_it_was_late_is_said_again_once_somebody_acts(sent: Scene) -> None:
    sent.move(sent.one("Task"), "accepted", hospital())
    sent.move(sent.one("Task"), "accepted", hospital(), businessStatus=saying("appointment-scheduled"))
    late = swept(sent, BEGINNING + timedelta(days=100))
    assert words(late) == ["escalated", "appointment-scheduled"]
    assert words(swept(sent, BEGINNING + timedelta(days=150))) == words(late)
    sent.move(late, "in-progress", hospital())
    assert words(sent.one("Task")) == ["appointment-scheduled"]


def test_so_it_is_where_the_requester_gives_more_time(sent: Scene) -> None:
    sent.move(sent.one("Task"), "requested", hospital(), businessStatus=saying("waitlisted"))
    assert words(swept(sent, DUE)) == ["acceptance-overdue", "waitlisted"]
    sent.move(sent.one("Task"), "requested", association(), priority="routine")
    assert words(sent.one("Task")) == ["waitlisted"]


def saying(word: str) -> Resource:
    return {"coding": [{"system": code_system("referral-business-status"), "code": word}]}


def test_a_correction_of_the_holidays_repeats_no_step(sent: Scene) -> None:
    swept(sent, DUE + timedelta(hours=1))
    wider = deadlines({"calendar": {"dated": [{"day": f"2026-06-{day:02}"} for day in range(1, 20)]}})
    sent.hub = replace(sent.hub, deadlines=wider)
    sent.store.database.persons.update_many({}, {"$set": {"n": None}})
    sweep(hub=sent.hub)
    assert [step for _, step in steps_of(sent)] == ["50", "90", "100"]


def test_an_act_between_a_step_and_its_sweep_takes_nothing_away(sent: Scene) -> None:
    """Another row of hers arrives after the deadline, before anybody has swept."""
    sent.clock.at = DUE + A_MOMENT
    sent.receive(sent.row(remarks="Autre chose."))
    sweep(hub=sent.hub)
    assert [step for _, step in steps_of(sent)] == ["50", "90", "100"]


def test_acceptance_ends_the_one_wait_and_begins_the_next(sent: Scene) -> None:
    swept(sent, DUE)
    sent.move(sent.one("Task"), "accepted", hospital())
    assert business_status(sent.one("Task")) == ""
    task = swept(sent, DUE + timedelta(days=3))
    assert business_status(task) == ""
    task = swept(sent, DUE + timedelta(days=7))
    assert (task["status"], business_status(task)) == ("accepted", "outcome-overdue")
    assert [step for _, step in steps_of(sent)] == ["50", "90", "100"] * 2


def test_what_is_over_waits_for_nobody(sent: Scene) -> None:
    sent.move(sent.one("Task"), "accepted", hospital())
    sent.move(sent.one("Task"), "completed", hospital(), **outcome())
    swept(sent, DUE + timedelta(days=400))
    assert steps_of(sent) == []
    (person,) = sent.store.database.persons.find()
    assert person["n"].year == 9999


def test_what_is_on_hold_has_somebody_who_is_told(sent: Scene) -> None:
    sent.move(sent.one("Task"), "accepted", hospital())
    sent.move(sent.one("Task"), "on-hold", hospital(), **reason("survivor-unreachable"))
    task = swept(sent, BEGINNING + timedelta(hours=72))
    assert (task["status"], business_status(task)) == ("on-hold", "")
    assert rows(sent) == [("referral.remind", HOSPITAL), ("referral.remind", "")]


def test_a_draft_that_waits_for_consent_is_told_to_its_requester_and_to_nobody_else(at: Scene) -> None:
    at.receive(at.row(consent="non", consent_date=None))
    task = swept(at, BEGINNING + timedelta(days=10))
    assert (task["status"], business_status(task)) == ("draft", "awaiting-consent")
    assert [verb for verb, _ in steps_of(at)] == ["referral.remind", "referral.overdue", "referral.escalate"]
    assert {who for _, who in rows(at)} == {""}


def test_another_priority_moves_the_deadline_and_what_was_late_is_late_no_more(sent: Scene) -> None:
    swept(sent, DUE)
    task = sent.one("Task")
    steps = [{"op": "replace", "path": "/priority", "value": "stat"}]
    change.patch("Task", task["id"], steps, association(), expected=None, hub=sent.hub)
    task = sent.one("Task")
    assert span(task["restriction"]["period"]["end"])[0] == DUE + timedelta(hours=24)
    assert business_status(task) == ""
    task = swept(sent, DUE + timedelta(hours=24))
    assert business_status(task) == "acceptance-overdue"
    assert [step for _, step in steps_of(sent)] == ["50", "90", "100"] * 2


def test_the_deadline_that_the_requester_names_holds(sent: Scene) -> None:
    task = sent.one("Task")
    asked = "2026-06-20T10:00:00.000+00:00"
    steps = [
        {"op": "replace", "path": "/priority", "value": "routine"},
        {"op": "replace", "path": "/restriction/period/end", "value": asked},
    ]
    change.patch("Task", task["id"], steps, association(), expected=None, hub=sent.hub)
    assert sent.one("Task")["restriction"]["period"]["end"] == asked
    assert business_status(swept(sent, span(asked)[0] - A_MOMENT)) == ""
    assert business_status(swept(sent, span(asked)[0])) == "acceptance-overdue"


def test_a_referral_is_cancelled_for_lack_of_time_only_where_the_deployment_says_so(sent: Scene) -> None:
    stage = {
        "within": {name: {"hours": 10, "count": "clock"} for name in ("stat", "asap", "urgent", "routine")},
        "steps": [{"at": 100, "do": "overdue", "tell": ["owner"]}, {"at": 300, "do": "cancel", "tell": ["requester"]}],
    }
    sent.hub = replace(sent.hub, deadlines=deadlines({"stages": {"acceptance": stage}}))
    before = sent.one("Task")
    task = swept(sent, DUE + timedelta(hours=144))
    assert (task["status"], task["statusReason"]["coding"][0]["code"]) == ("cancelled", "timeout")
    assert rows(sent)[-1] == ("referral.cancel", "")
    check(before, task, "hub")


def test_when_consent_ends_first_it_is_stopped_and_nobody_is_told_that_it_was_late(sent: Scene) -> None:
    sent.withdraw()
    swept(sent, DUE + timedelta(days=30))
    assert sent.one("Task")["status"] == "cancelled"
    assert steps_of(sent) == []


def test_everything_that_the_hub_writes_is_a_change_that_it_may_make(sent: Scene) -> None:
    versions = [sent.one("Task")]
    for hours in (36, 65, 72, 108, 144):
        versions.append(swept(sent, BEGINNING + timedelta(hours=hours)))
    for before, after in pairwise(versions):
        check(before, after, "hub")


def test_who_was_told_stands_in_the_audit_trail_of_the_keeper(sent: Scene) -> None:
    swept(sent, DUE)
    (event,) = sent.audit("referral.overdue")
    named = {entity["what"].get("reference", "") for entity in event["entity"]}
    assert {f"Organization/{HOSPITAL}", f"Organization/{ASSOCIATION}"} <= named
    stored = sent.hub.store.read("AuditEvent", event["id"], None)
    assert stored and [key.grant for key in stored.keys] == [f"{ASSOCIATION}|*|*"]


@pytest.fixture(autouse=True)
def every_resource_still_conforms(at: Scene) -> Iterator[None]:
    from hub.conformance import validate  # noqa: PLC0415

    yield
    for one in (*at.all("Task"), *at.all("AuditEvent")):
        assert not [issue for issue in validate(one) if issue.severity == "error"], one


def test_several_workers_at_once_take_each_step_once(sent: Scene) -> None:
    """Without turns, which only spare them work: what holds is the revision of her records."""
    sent.clock.at = DUE + timedelta(days=30)
    (person,) = [one["_id"] for one in sent.store.database.persons.find()]
    with ThreadPoolExecutor(4) as workers:
        done = list(workers.map(lambda _: expire._settle(person, sent.hub), range(8)))
    assert any(done)
    assert [step for _, step in steps_of(sent)] == ["50", "90", "100", "150", "200"]
    assert len(rows(sent)) == 8


def test_a_draft_that_is_sent_gets_its_deadline_from_then(at: Scene) -> None:
    at.receive(at.row(consent="non", consent_date=None))
    at.clock.at = BEGINNING + timedelta(days=7)
    at.receive(at.row())
    task = at.one("Task")
    assert task["status"] == "requested"
    assert span(task["restriction"]["period"]["end"])[0] == BEGINNING + timedelta(days=10)
