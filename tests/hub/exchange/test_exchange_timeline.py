"""The course of a referral: who did what, when, why and for how long, and for each caller what it may see."""

from datetime import timedelta
from typing import Any

import pytest

from hub.errors import NOT_FOUND, HubError
from hub.exchange.expire import sweep
from hub.exchange.timeline import timeline
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.instants import instant
from hub.fhir.references import reference
from hub.ports import Caller, Changes, Key, Save
from hub.referral.timeline import HUB, Event
from hub.store import MongoStore
from tests.hub.exchange.test_exchange_overdue import DUE
from tests.hub.exchange.test_exchange_passed_on import parted
from tests.support.association import (
    ASSOCIATION,
    BEGINNING,
    HOSPITAL,
    Scene,
    association,
    court,
    hospital,
    outcome,
    reason,
)
from tests.support.network import KEEPER, Network, agreed, by, cancellation, need, network, survivor

OURS, THEIRS = f"Organization/{ASSOCIATION}", f"Organization/{HOSPITAL}"


def told(at: Scene, caller: Caller, **how: Any) -> tuple[Event, ...]:
    return timeline(at.one("Task")["id"], caller, hub=at.hub, **how)


def brief(events: tuple[Event, ...]) -> list[tuple[str, str]]:
    return [(event.action[1], event.who) for event in events]


@pytest.fixture
def done(at: Scene) -> Scene:
    """Sent on a Monday morning, accepted a day later, begun and ended two days after that."""
    at.receive(at.row())
    task = at.one("Task")
    at.clock.forward(timedelta(days=1))
    at.move(task, "accepted", hospital())
    at.clock.forward(timedelta(days=2))
    at.move(task, "in-progress", hospital())
    at.clock.forward(timedelta(hours=1))
    at.move(task, "completed", hospital(), **outcome())
    return at


@pytest.mark.parametrize("caller", [association(), hospital()])
def test_both_sides_see_who_did_what_when_and_how_long_it_took(done: Scene, caller: Caller) -> None:
    events = told(done, caller)
    assert brief(events) == [
        ("referral.send", OURS), ("referral.accept", THEIRS), ("referral.start", THEIRS), ("referral.complete", THEIRS),
    ]  # fmt: skip
    assert [event.at for event in events][:2] == [BEGINNING, BEGINNING + timedelta(days=1)]
    assert [event.took for event in events] == [None, timedelta(days=1), timedelta(days=2), timedelta(hours=1)]
    assert [event.status for event in events] == ["requested", "accepted", "in-progress", "completed"]


def test_working_time_is_less_than_the_time_of_the_clock(done: Scene) -> None:
    worked = [event.worked for event in told(done, hospital())]
    assert worked == [None, timedelta(hours=8), timedelta(hours=16), timedelta(hours=1)]


def test_a_refusal_is_told_with_its_reason_and_without_the_words(at: Scene) -> None:
    at.receive(at.row())
    at.move(at.one("Task"), "rejected", hospital(), **reason("no-capacity"))
    last = told(at, association())[-1]
    coding = {"system": code_system("referral-status-reason"), "code": "no-capacity"}
    assert (last.who, last.reasons) == (THEIRS, ({"coding": [coding]},))


def test_reminders_and_delays_are_told_to_who_may_see_them(at: Scene) -> None:
    at.receive(at.row())
    for moment in (DUE - timedelta(hours=36), DUE):
        at.clock.at = moment
        sweep(hub=at.hub)
    keeper, owner = told(at, association()), told(at, hospital())
    assert [one for one, _ in brief(keeper)] == [
        "referral.send",
        "referral.remind",
        "referral.remind",
        "referral.overdue",
    ]
    assert [set(event.to) for event in keeper][1:] == [{THEIRS}, {THEIRS}, {THEIRS, OURS}]
    assert {event.who for event in keeper[1:]} == {HUB}
    assert brief(owner) == [("referral.send", OURS), ("referral.overdue", HUB)]  # the trail is the keeper's


def test_what_was_withdrawn_is_absent_for_the_recipient_and_told_as_the_hubs_step_to_the_keeper(at: Scene) -> None:
    at.receive(at.row())
    at.withdraw()
    with pytest.raises(HubError) as hidden:
        told(at, hospital())
    with pytest.raises(HubError) as absent:
        timeline("nothing", hospital(), hub=at.hub)
    assert hidden.value.problem == absent.value.problem == NOT_FOUND
    assert brief(told(at, association()))[1:] == [("referral.cancel", HUB), ("consent-change", OURS)]


def test_strangers_see_nothing(done: Scene) -> None:
    with pytest.raises(HubError) as hidden:
        told(done, court())
    assert hidden.value.problem == NOT_FOUND


def test_a_look_is_recorded_with_the_keeper(done: Scene) -> None:
    before = len(done.audit("disclosure.permit"))
    told(done, hospital())
    assert len(done.audit("disclosure.permit")) > before


def test_what_the_token_does_not_reach_is_not_told(at: Scene) -> None:
    at.receive(at.row())
    at.clock.at = DUE
    sweep(hub=at.hub)
    assert [one for one, _ in brief(told(at, association(), types=("Task",)))] == ["referral.send", "referral.overdue"]


def message(at: Scene, keys: tuple[Key, ...], id_: str) -> Resource:
    person = at.one("Patient")["id"]
    body: Resource = {
        "resourceType": "Communication", "id": id_, "status": "completed",
        "meta": {"profile": ["https://ihala.example/fhir/StructureDefinition/message"]},
        "category": [{"coding": [{"system": code_system("message-category"), "code": "question"}]}],
        "subject": {"reference": f"Patient/{person}"}, "about": [{"reference": reference(at.one("Task"))}],
        "sent": instant(at.clock.now()), "sender": {"reference": THEIRS}, "recipient": [{"reference": OURS}],
        "payload": [{"contentString": "Words that stay where they are."}],
    }  # fmt: skip
    revision = at.store.compartments([person])[person].revision
    at.store.commit(Changes(saves=[Save(body, person, ASSOCIATION, keys)], persons={person: revision}))
    return body


def test_a_message_is_told_by_its_kind_to_who_may_see_it(done: Scene) -> None:
    done.clock.forward(timedelta(hours=1))
    message(done, (Key(f"{ASSOCIATION}|*|*"),), "a-message")
    last = told(done, association())[-1]
    assert (last.about, last.action[1], last.who, last.to) == ("Communication/a-message", "question", THEIRS, (OURS,))
    assert "stay where they are" not in repr([vars(event) for event in told(done, association())])
    assert "question" not in [code for code, _ in brief(told(done, hospital()))]


@pytest.fixture
def among(store: MongoStore) -> Network:
    found = network(store)
    found.keep(survivor(), need(), agreed("chu", "clinique", "dispensaire"))
    return found


def test_what_is_asked_about_it_and_to_whom_it_is_passed_on_is_part_of_it(among: Network) -> None:
    parent, (part,) = parted(among, "clinique")
    among.move(part, "accepted", "clinique")
    asked = among.create(cancellation(parent), KEEPER)
    seen = timeline(parent, by(KEEPER), hub=among.hub)
    abouts = {event.about for event in seen}
    assert abouts == {f"Task/{parent}", f"Task/{part}", f"Task/{asked['id']}"}
    assert [(event.action[1], event.who) for event in seen if event.about == f"Task/{part}"] == [
        ("referral.send", "Organization/chu"), ("referral.accept", "Organization/clinique"),
    ]  # fmt: skip
    its_own = timeline(part, by("clinique"), hub=among.hub)
    assert {event.about for event in its_own} == {f"Task/{part}"}
