"""Consents begin and end by their dates: keys open and close to the instant, and what follows is done soon after."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.consent.policies import policies
from hub.errors import NOT_FOUND, HubError
from hub.exchange.expire import TURN, sweep
from hub.fhir.references import reference
from hub.ports import FOREVER
from tests.hub.exchange.test_exchange_aftermath import inbox, sign
from tests.support.association import BEGINNING, HOSPITAL, Scene, hospital, outcome
from tests.support.consents import permit

ENDS = BEGINNING + timedelta(days=10)
"""The first instant that the consent does not cover; what it writes as its end is the last that it does."""

A_MOMENT = timedelta(milliseconds=1)
A_DAY = timedelta(days=1)


@pytest.fixture
def at(at: Scene) -> Scene:
    """A deployment that reminds nobody of a referral: what is due is due by a consent."""
    usual = at.hub.deadlines
    stages = {name: replace(pace, steps=()) for name, pace in usual.stages.items()}
    at.hub = replace(at.hub, deadlines=replace(usual, stages=stages))
    return at


def until_the_end(at: Scene, status: str) -> Scene:
    """A referral under a consent that ends after ten days and is the only one."""
    at.receive(at.row(consent="non", consent_date=None))
    sign(at, permit(HOSPITAL, ["core"], until=ENDS - A_MOMENT))
    if status != "requested":
        at.move(at.one("Task"), status, hospital())
    return at


@pytest.mark.parametrize(
    ("before", "after"), [("requested", "cancelled"), ("received", "cancelled"), ("accepted", "on-hold")]
)
def test_when_a_consent_ends_its_referrals_stop_and_the_recipient_is_told(at: Scene, before: str, after: str) -> None:
    until_the_end(at, before)
    at.clock.at = ENDS - A_MOMENT
    assert sweep(hub=at.hub) == 0
    at.clock.at = ENDS
    with pytest.raises(HubError) as hidden:
        at.read(reference(at.one("Task")), hospital())
    assert hidden.value.problem is NOT_FOUND, "closed before anything is swept"
    assert sweep(hub=at.hub) == 1
    task = at.one("Task")
    assert (task["status"], task["businessStatus"]["coding"][0]["code"]) == (after, "consent-withdrawn")
    assert len(inbox(at, hospital())) == 1
    assert len(at.audit("consent.expire")) == 1
    assert len(at.audit("consent.notify")) == 1


def test_a_referral_that_was_completed_before_is_told_of_too(at: Scene) -> None:
    until_the_end(at, "accepted")
    at.move(at.one("Task"), "completed", hospital(), **outcome())
    at.clock.at = ENDS + A_DAY
    sweep(hub=at.hub)
    assert at.one("Task")["status"] == "completed"
    assert len(inbox(at, hospital())) == 1


def test_sweeping_again_changes_nothing(at: Scene) -> None:
    until_the_end(at, "accepted")
    at.clock.at = ENDS + A_DAY
    sweep(hub=at.hub)
    before = at.everything()
    at.clock.forward(A_DAY)
    assert sweep(hub=at.hub) == 0
    assert at.everything() == before


def test_an_act_that_comes_after_the_end_and_before_the_sweep_does_what_the_sweep_would(at: Scene) -> None:
    until_the_end(at, "accepted")
    at.clock.at = ENDS + A_DAY
    at.receive(at.row(consent="non", consent_date=None, remarks="Autre chose."))
    assert at.one("Task")["status"] == "on-hold"
    assert len(inbox(at, hospital())) == 1
    assert sweep(hub=at.hub) == 0


def test_what_she_agreed_to_after_a_no_is_not_taken_back_by_an_edit_of_that_row(at: Scene) -> None:
    until_the_end(at, "accepted")
    at.receive(at.row(consent="non", consent_date=None, remarks="Autre chose."))
    assert at.one("Task")["status"] == "accepted"
    assert at.read(reference(at.one("Task")), hospital())


def test_a_referral_whose_consent_begins_is_sent(at: Scene) -> None:
    at.receive(at.row(consent="non", consent_date=None))
    sign(at, permit(HOSPITAL, ["core"], since=BEGINNING + A_DAY))
    assert at.one("Task")["status"] == "draft"
    at.clock.at = BEGINNING + A_DAY
    assert sweep(hub=at.hub) == 1
    assert at.one("Task")["status"] == "requested"
    assert at.read(reference(at.one("Task")), hospital())


def test_a_sweep_that_comes_late_does_all_that_happened_meanwhile(at: Scene) -> None:
    """It began and ended while nobody swept: what was open in between may have been seen."""
    until_the_end(at, "accepted")
    sign(at, permit(HOSPITAL, ["identity"], since=ENDS, until=ENDS + A_DAY))
    at.clock.at = ENDS + 2 * A_DAY
    sweep(hub=at.hub)
    assert at.one("Task")["status"] == "on-hold"
    assert len(inbox(at, hospital())) == 1


def test_one_process_sweeps_at_a_time_and_its_turn_passes_on_when_it_dies(at: Scene) -> None:
    until_the_end(at, "accepted")
    at.clock.at = ENDS
    assert at.hub.store.take_turn(TURN, "another", ENDS, ENDS + timedelta(seconds=60))
    assert sweep(hub=at.hub) == 0
    at.clock.forward(timedelta(seconds=60))
    assert sweep(hub=at.hub) == 1


def test_persons_from_before_this_was_kept_are_looked_at_once(at: Scene) -> None:
    until_the_end(at, "accepted")
    at.store.database.persons.update_many({}, {"$unset": {"n": ""}})
    assert sweep(hub=at.hub) == 1
    assert sweep(hub=at.hub) == 0
    (person,) = at.store.database.persons.find()
    assert person["n"] == ENDS


def test_of_whom_nothing_changes_by_itself_nothing_is_due(at: Scene) -> None:
    at.receive(at.row(consent="non", consent_date=None))
    (person,) = at.store.database.persons.find()
    assert person["n"] == FOREVER


def test_other_rules_reach_every_record_by_the_next_sweep_without_an_act(at: Scene) -> None:
    """A deployment that is told that a girl's own consent does not suffice closes what was opened by one."""
    at.receive(at.row(birth_date="02/03/2010", consent="non", consent_date=None))
    old = replace(at.hub, policies=policies({"ages": {"own_consent": 15}}))
    assert at.store.follow_rules("before")
    new, at.hub = at.hub, old
    sign(at, permit(HOSPITAL, ["core"]))
    assert at.one("Task")["status"] == "requested"
    at.hub = new
    assert sweep(hub=at.hub) == 0
    assert not at.store.follow_rules("before")
    assert at.store.follow_rules("after")
    assert sweep(hub=at.hub) == 1
    assert at.one("Task")["status"] == "cancelled"
    assert at.keys(at.one("Patient")) == frozenset()
