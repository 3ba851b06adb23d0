"""Withdrawing is one act: all of a survivor's consents, or what concerns one recipient, with what became of it."""

from datetime import timedelta

import pytest

from hub.conformance import validate
from hub.consent.keys import own
from hub.consent.partial import without
from hub.errors import NOT_FOUND, HubError
from hub.exchange.withdraw import withdraw
from hub.fhir.references import reference
from hub.ports import Changes, Key, Save
from tests.hub.exchange.test_exchange_aftermath import inbox, sign
from tests.support.association import COURT, HOSPITAL, Scene, association, court, hospital
from tests.support.consents import permit, provision


def referred_to_both(at: Scene) -> str:
    """One woman, referred to the hospital and to the court, who accepted both; her id."""
    at.receive(at.row(), at.row("2", case_number="13", referred_to="Tribunal", request="juridique"))
    for task in at.all("Task"):
        at.move(task, "accepted", hospital() if task["owner"]["reference"].endswith(HOSPITAL) else court())
    (patient,) = at.all("Patient")
    return str(patient["id"])


def status_of(at: Scene, owner: str) -> str:
    (task,) = [one for one in at.all("Task") if one["owner"]["reference"].endswith(owner)]
    return str(task["status"])


def test_all_her_consents_end_in_one_act(at: Scene) -> None:
    person = referred_to_both(at)
    at.clock.forward(timedelta(days=1))
    at.read(f"Patient/{person}", hospital())
    done = withdraw(person, association(), hub=at.hub)
    assert set(done.ended) == {reference(one) for one in at.all("Consent")}
    assert {one["status"] for one in at.all("Consent")} == {"inactive"}
    assert {(one.recipient, one.last) for one in done.told} >= {(HOSPITAL, at.clock.now())}
    assert {one.recipient for one in done.told} == {HOSPITAL, COURT}
    assert {(one.recipient, one.status) for one in done.stopped} == {(HOSPITAL, "on-hold"), (COURT, "on-hold")}
    assert len(at.audit("consent.withdraw")) == len(done.ended)


def test_one_recipient_is_left_out_of_a_consent_that_is_written_anew(at: Scene) -> None:
    person = referred_to_both(at)
    withdraw(person, association(), hub=at.hub)
    sign(at, permit(HOSPITAL, ["core"]), permit(COURT, ["core", "legal"]))
    for task in [one for one in at.all("Task") if one["status"] == "on-hold"]:
        at.move(task, "accepted", hospital() if task["owner"]["reference"].endswith(HOSPITAL) else court())
    told_before = len(inbox(at, court()))
    done = withdraw(person, association(), recipient=HOSPITAL, hub=at.hub)
    (anew,) = [one for one in at.all("Consent") if reference(one) in done.written]
    assert (anew["status"], [issue for issue in validate(anew) if issue.blocks]) == ("active", [])
    assert HOSPITAL not in str(anew["provision"])
    assert (status_of(at, HOSPITAL), status_of(at, COURT)) == ("on-hold", "accepted")
    assert len(inbox(at, court())) == told_before, "whom it does not concern is told nothing"
    (event,) = [one for one in at.audit("consent.withdraw") if "consent.create" in str(one["subtype"])]
    assert [one["what"]["reference"] for one in event["entity"][:2]] == [*done.ended, *done.written]


def test_what_follows_among_another_keepers_records_is_told_to_that_keeper_alone(at: Scene) -> None:
    person = referred_to_both(at)
    (mine,) = [one for one in at.all("Task") if one["owner"]["reference"].endswith(COURT)]
    nour = {"requester": {"reference": "Organization/nour"}}
    asked = {
        **next(one for one in at.all("ServiceRequest") if reference(one) == mine["focus"]["reference"]),
        "id": "their-need",
        **nour,
    }
    theirs = {**mine, **nour, "id": "theirs", "status": "requested", "focus": {"reference": reference(asked)}}
    saves = [Save(one, person, "nour", (Key(own("nour")),)) for one in (asked, theirs)]
    at.hub.store.commit(Changes(saves=saves, persons={person: at.hub.store.compartments([person])[person].revision}))
    done = withdraw(person, association(), hub=at.hub)
    assert next(one for one in at.all("Task") if one["id"] == theirs["id"])["status"] == "cancelled"
    assert {one.status for one in done.stopped} == {"on-hold"}


def test_undoing_is_a_new_consent(at: Scene) -> None:
    person = referred_to_both(at)
    withdraw(person, association(), recipient=HOSPITAL, hub=at.hub)
    sign(at, permit(HOSPITAL, ["core"]))
    assert status_of(at, HOSPITAL) == "on-hold"
    assert at.read(reference(next(t for t in at.all("Task") if t["owner"]["reference"].endswith(HOSPITAL))), hospital())


def test_a_consent_that_names_nobody_else_ends_as_a_whole() -> None:
    only = {"provision": provision(exceptions=[permit(HOSPITAL, ["core"]), provision("deny", to=[COURT])])}
    assert without(only, HOSPITAL) is None
    both = {"provision": provision(exceptions=[permit(HOSPITAL, ["core"]), permit(COURT, ["core"])])}
    assert without(both, HOSPITAL) == {"provision": provision(exceptions=[permit(COURT, ["core"])])}


def test_what_denies_stays() -> None:
    rules = [permit(COURT, ["core"]), provision("deny", to=[HOSPITAL])]
    assert without({"provision": provision(exceptions=rules)}, HOSPITAL) == {"provision": provision(exceptions=rules)}


def test_another_organisation_finds_nothing_to_withdraw(at: Scene) -> None:
    person = referred_to_both(at)
    for attempt in (
        lambda: withdraw(person, hospital(), hub=at.hub),
        lambda: withdraw("nobody", hospital(), hub=at.hub),
    ):
        with pytest.raises(HubError) as caught:
            attempt()
        assert caught.value.problem is NOT_FOUND


def test_what_has_ended_cannot_be_withdrawn_again(at: Scene) -> None:
    person = referred_to_both(at)
    withdraw(person, association(), hub=at.hub)
    with pytest.raises(HubError):
        withdraw(person, association(), hub=at.hub)
