"""A survivor's account: who saw what, when, why, under which consent, from the record of looks and of nobody else."""

from datetime import timedelta
from operator import itemgetter

import pytest

from hub import errors
from hub.errors import HubError
from hub.exchange import change
from hub.exchange.disclosures import Account, Entry, account
from hub.fhir.references import reference
from tests.support.association import ASSOCIATION, HOSPITAL, Scene, association, court, hospital
from tests.support.consents import asked


def told(at: Scene) -> Account:
    return account(at.one("Patient")["id"], hub=at.hub)


def read(at: Scene, type_: str) -> None:
    at.read(reference(at.one(type_)), hospital())


def refused(at: Scene, type_: str, by: str = HOSPITAL) -> None:
    with pytest.raises(HubError):
        at.read(reference(at.one(type_)), hospital() if by == HOSPITAL else court())


def last(found: list[Entry]) -> Entry:
    return found[0]


def test_a_look_is_told_with_who_when_why_what_and_the_consent(at: Scene) -> None:
    at.accepted()
    at.clock.forward(timedelta(hours=1))
    read(at, "Patient")
    seen = last(told(at).of("seen"))
    assert (seen.organization, seen.action, seen.purpose) == (HOSPITAL, "disclosure.permit", "COC")
    assert (seen.at, seen.profiles) == (at.clock.now(), ("survivor",))
    assert seen.classes == ("core", "safe-contact")
    assert seen.consents == (reference(at.one("Consent")),)


def test_of_a_referral_the_notice_was_seen(at: Scene) -> None:
    at.receive(at.row())
    at.search("Task", hospital())
    assert [one.classes for one in told(at).of("seen")] == [("notice",)]


def test_what_was_seen_before_a_withdrawal_is_told_under_the_consent_of_that_time(at: Scene) -> None:
    at.accepted()
    at.clock.forward(timedelta(hours=1))
    read(at, "Patient")
    at.clock.forward(timedelta(hours=1))
    at.withdraw()
    at.clock.forward(timedelta(hours=1))
    refused(at, "Patient")
    found = told(at)
    assert last(found.of("seen")).consents == (reference(at.one("Consent")),)
    assert [(one.organization, one.reason) for one in found.of("refused")] == [(HOSPITAL, "consent.withdrawn")]


def test_a_consent_that_came_later_did_not_open_what_was_seen_before(at: Scene) -> None:
    at.accepted()
    read(at, "Patient")
    first = at.one("Consent")
    at.clock.forward(timedelta(days=2))
    at.withdraw()
    again = {key: value for key, value in first.items() if key not in {"id", "meta"}}
    at.clock.forward(timedelta(days=2))
    change.create(asked({**again, "dateTime": "2026-06-05"}), association(), hub=at.hub)
    assert {one.consents for one in told(at).of("seen") if "survivor" in one.profiles} == {(reference(first),)}


def test_a_look_keeps_the_consent_that_permitted_it_whatever_becomes_of_that(at: Scene) -> None:
    at.accepted()
    read(at, "Patient")
    at.clock.forward(timedelta(days=2))
    at.receive(at.row(consent_date="02/06/2026"))
    (consent,) = (reference(one) for one in at.all("Consent") if one["status"] == "active")
    assert last(told(at).of("seen")).consents == (consent,)


def test_refusals_stand_apart_with_their_reason(at: Scene) -> None:
    at.receive(at.row())
    refused(at, "Patient", "tribunal")
    found = told(at)
    assert found.of("seen") == []
    assert [(one.reason, one.classes, one.consents) for one in found.of("refused")] == [("consent.no-referral", (), ())]


def test_what_her_association_did_stands_apart(at: Scene) -> None:
    at.receive(at.row())
    at.read(reference(at.one("Patient")), association())
    found = told(at)
    assert found.of("seen") == found.of("refused") == []
    assert {one.organization for one in found.of("own")} <= {"", ASSOCIATION}


def test_nothing_of_another_woman_is_told(at: Scene) -> None:
    at.receive(at.row("1"), at.row("2", case_number="13", survivor_code="S-8", cin=None))
    for task in at.all("Task"):
        at.read(reference(task), hospital())
    for patient in at.all("Patient"):
        assert len(account(patient["id"], hub=at.hub).of("seen")) == 1


def test_making_the_account_is_recorded_as_a_look(at: Scene) -> None:
    at.receive(at.row())
    before = len(at.audit())
    told(at)
    (event,) = [one for one in at.audit() if one["agent"][0].get("altId") == "hub:consent-officer"]
    assert (len(at.audit()), event["outcome"]) == (before + 1, "0")


def test_of_nobody_there_is_no_account(at: Scene) -> None:
    with pytest.raises(HubError) as caught:
        account("00000000-0000-4000-8000-000000000000", hub=at.hub)
    assert caught.value.problem is errors.NOT_FOUND


def test_the_record_of_a_look_names_the_consents_that_permitted_it(at: Scene) -> None:
    at.accepted()
    first = at.one("Consent", status="active")
    at.read(reference(at.one("Patient")), hospital())
    assert consents_named(at, HOSPITAL) == [reference(first)]
    at.clock.forward(timedelta(hours=1))
    replaced = change.create(asked({**first, "status": "active"}), association(), hub=at.hub)
    steps = [{"op": "replace", "path": "/status", "value": "inactive"}]
    change.patch("Consent", first["id"], steps, association(), expected=None, hub=at.hub)
    at.search("Patient", hospital())
    assert consents_named(at, HOSPITAL) == [f"Consent/{replaced.id}"], (
        "what it says is the same, who said it when is not"
    )
    at.clock.forward(timedelta(hours=1))
    at.read(reference(at.one("Patient")), association())
    assert consents_named(at, ASSOCIATION) == [], "her own association needs none"


def consents_named(at: Scene, by: str) -> list[str]:
    """In an organisation's last look."""
    agents = [(one["recorded"], agent) for one in at.audit("disclosure.permit") for agent in one["agent"]]
    _, asked_by = max(
        (one for one in agents if one[1]["who"] == {"reference": f"Organization/{by}"}), key=itemgetter(0)
    )
    policies = asked_by.get("policy", [])
    return [policy for policy in policies if policy.startswith("Consent/")]
