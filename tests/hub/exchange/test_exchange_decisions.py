"""Each decision by her consents is recorded: once while the token and her consents stay the same, a denial each time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.audit.decisions import is_decision
from hub.conformance import validate
from hub.errors import HubError
from hub.exchange import change, decided, overrides
from hub.exchange.disclosures import account
from hub.exchange.overrides import Emergency
from hub.exchange.whom import Known
from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system
from hub.fhir.references import reference
from hub.ports import Caller, Changes
from hub.store import MongoStore
from tests.support.association import COURT, Scene, association, court, hospital, task_of, to
from tests.support.consents import provision

HOSPITAL = replace(hospital(), token="a" * 64)
PAYLOAD = ("Patient", "EpisodeOfCare", "Observation", "ServiceRequest")


def decisions(at: Scene) -> list[Resource]:
    found = [one for one in at.all("AuditEvent") if is_decision(one)]
    return sorted(found, key=lambda one: str(one["recorded"]))


def versions(event: Resource) -> list[str]:
    return [one["what"]["reference"] for one in event["entity"] if one["type"]["code"] == "Consent"]


def consents(event: Resource) -> list[str]:
    return [one.partition("/_history/")[0] for one in versions(event)]


def kind(event: Resource) -> tuple[str, str]:
    return event["subtype"][0]["code"], event.get("outcomeDesc", "")


def refused(at: Scene, resource: Resource, by: Caller) -> None:
    with pytest.raises(HubError):
        at.read(reference(resource), by)


def test_the_first_look_of_a_token_at_her_tells_the_decision_and_the_next_ones_do_not(at: Scene) -> None:
    at.accepted()
    before = len(decisions(at))
    for type_ in PAYLOAD:
        at.read(reference(at.one(type_)), HOSPITAL)
        at.search(type_, HOSPITAL)
    (told,) = decisions(at)[before:]
    assert kind(told) == ("AuthZ-Consent", "")
    assert consents(told) == [reference(at.one("Consent"))]
    assert told["entity"][0]["what"] == {"reference": reference(at.one("Patient"))}


def test_another_token_is_another_decision(at: Scene) -> None:
    at.accepted()
    before = len(decisions(at))
    for token in ("a", "b", "a"):
        at.read(reference(at.one("Patient")), replace(HOSPITAL, token=token * 64))
    assert len(decisions(at)) == before + 2


def test_each_woman_in_a_result_has_a_decision_of_her_own(at: Scene) -> None:
    at.receive(at.row("1"), at.row("2", case_number="13", survivor_code="S-8", cin=None))
    at.search("Task", HOSPITAL)
    at.search("Task", HOSPITAL)
    hers = sorted(one["entity"][0]["what"]["reference"] for one in decisions(at))
    assert hers == sorted(map(reference, at.all("Patient")))


def test_who_acts_without_a_token_is_decided_about_each_time(at: Scene) -> None:
    """As what is sent to a tool: consent is asked again each time that something is sent."""
    at.accepted()
    before = len(decisions(at))
    for _ in range(2):
        at.read(reference(at.one("Patient")), hospital())
    assert len(decisions(at)) == before + 2


def test_what_an_organisation_keeps_itself_needs_no_decision(at: Scene) -> None:
    at.receive(at.row())
    for type_ in (*PAYLOAD, "Task", "Consent"):
        at.read(reference(at.one(type_)), replace(association(), token="c" * 64))
    assert decisions(at) == []


def test_a_denial_is_told_each_time_with_its_reason_and_the_consents_that_were_asked(at: Scene) -> None:
    at.receive(at.row())
    consent = reference(at.one("Consent"))
    for by in (HOSPITAL, HOSPITAL, court()):
        refused(at, at.one("Patient"), by)
    told = decisions(at)
    reasons = ["consent.no-referral", *["consent.not-accepted"] * 2]
    assert sorted(map(kind, told)) == [("AuthZ-Consent", reason) for reason in reasons]
    assert all(consents(one) == [consent] and one["outcome"] == "4" for one in told)


def test_after_a_withdrawal_the_decision_is_another_one_and_names_the_consent_that_ended(at: Scene) -> None:
    at.accepted()
    at.read(reference(at.one("Patient")), HOSPITAL)
    consent = reference(at.one("Consent"))
    at.withdraw()
    at.clock.forward(timedelta(seconds=1))
    refused(at, at.one("Patient"), HOSPITAL)
    denied = decisions(at)[-1]
    assert (kind(denied), consents(denied)) == (("AuthZ-Consent", "consent.withdrawn"), [consent])


def test_the_version_that_decided_is_named_after_every_edit(at: Scene) -> None:
    at.accepted()
    consent = at.one("Consent")
    named = reference(consent)
    before = len(decisions(at))
    at.read(reference(at.one("Patient")), HOSPITAL)
    said = [*consent["provision"]["provision"], provision("deny", to=[COURT])]
    edited = {**consent, "provision": {**consent["provision"], "provision": said}}
    change.update("Consent", consent["id"], edited, association(), expected=None, hub=at.hub)
    for _ in range(2):
        at.clock.forward(timedelta(seconds=1))
        at.read(reference(at.one("Patient")), HOSPITAL)
    at.withdraw()
    at.clock.forward(timedelta(seconds=1))
    refused(at, at.one("Patient"), HOSPITAL)
    told = decisions(at)[before:]
    assert [versions(one) for one in told] == [[f"{named}/_history/{number}"] for number in (1, 2, 3)]
    looks = [one for one in at.all("AuditEvent") if not is_decision(one) and named in str(one["agent"])]
    assert looks and "_history" not in str([one["agent"] for one in looks])


def test_her_account_names_a_consent_by_its_day_whatever_its_version(at: Scene) -> None:
    at.accepted()
    at.clock.forward(timedelta(hours=1))
    at.read(reference(at.one("Patient")), HOSPITAL)
    told = account(at.one("Patient")["id"], hub=at.hub)
    seen = next(one for one in told.entries if one.kind == "seen" and one.at == at.clock.now())
    assert [told.dates[one] for one in seen.consents] == [at.one("Consent")["dateTime"][:10]]


def test_what_never_was_is_decided_in_as_many_events_as_what_is_hidden(at: Scene) -> None:
    at.receive(at.row())
    counts = []
    for id_ in ("00000000-0000-4000-8000-000000000000", at.one("Patient")["id"]):
        before = len(at.all("AuditEvent"))
        refused(at, {"resourceType": "Patient", "id": id_}, HOSPITAL)
        counts.append(len(at.all("AuditEvent")) - before)
    assert counts == [2, 2]
    of_nobody = next(one for one in decisions(at) if kind(one) == ("AuthZ-Role", "consent.absent"))
    assert not [one for one in of_nobody["entity"] if "reference" in one["what"]]


def test_without_any_consent_the_denial_is_by_none(at: Scene) -> None:
    at.receive(at.row(consent="non", consent_date=None))
    refused(at, at.one("Patient"), HOSPITAL)
    (told,) = decisions(at)
    assert kind(told)[0] == "AuthZ-Role"
    assert consents(told) == []
    assert told["entity"][0]["what"] == {"reference": reference(at.one("Patient"))}


def test_a_look_through_a_broken_glass_is_decided_by_its_review_and_by_no_consent(at: Scene) -> None:
    at.receive(at.row(consent=None, consent_date=None))
    glass = replace(HOSPITAL, purpose="BTG", token="d" * 64)
    known = Known(identifier_system("cin"), "AB123456")
    emergency = Emergency(known, reason="medical-emergency", words="Arrivée inconsciente aux urgences, seule.")
    (task,) = overrides.break_glass(emergency, glass, hub=at.hub)
    for _ in range(2):
        at.read(reference(at.one("Patient")), glass)
    (told,) = decisions(at)
    assert kind(told) == ("AuthZ-Role", "")
    assert reference(task) in [one["what"].get("reference") for one in told["entity"]]


def test_who_accepts_a_referral_is_decided_about(at: Scene) -> None:
    """The token that changes it has not looked at it before."""
    at.receive(at.row())
    seen = at.read(reference(at.one("Task")), hospital())
    before = len(decisions(at))
    accepting, body = replace(HOSPITAL, token="e" * 64), {**task_of(seen), "status": "accepted"}
    change.update("Task", seen.id, body, accepting, expected=seen.version, hub=at.hub)
    assert [kind(one) for one in decisions(at)[before:]] == [("AuthZ-Consent", "")]


def test_the_keeper_finds_the_decisions_and_the_others_do_not(at: Scene) -> None:
    at.accepted()
    at.read(reference(at.one("Patient")), HOSPITAL)
    asked = to("Consent", at.one("Consent")["id"])
    assert any("AuthZ-Consent" in one.text for one in at.search("AuditEvent", association(), entity=asked).entries)
    assert (
        at.search("AuditEvent", hospital(), entity=asked).total
        == at.search("AuditEvent", court(), entity=asked).total
        == 0
    )


def test_her_account_tells_a_look_once(at: Scene) -> None:
    at.accepted()
    at.clock.forward(timedelta(hours=1))
    at.read(reference(at.one("Patient")), HOSPITAL)
    refused(at, at.one("Patient"), court())
    told = account(at.one("Patient")["id"], hub=at.hub)
    lately = [one for one in told.entries if one.at == at.clock.now() and one.kind != "own"]
    assert sorted(one.kind for one in lately) == ["refused", "seen"]


def test_a_decision_whose_event_could_not_be_written_is_told_by_the_next_look(
    at: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    at.accepted()
    before = len(decisions(at))

    def fail(_: Changes) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(at.hub.store, "commit", fail)
        at.read(reference(at.one("Patient")), HOSPITAL)
    assert len(decisions(at)) == before
    at.read(reference(at.one("Patient")), HOSPITAL)
    assert len(decisions(at)) == before + 1


def test_every_event_that_was_written_conforms(at: Scene, store: MongoStore) -> None:
    at.accepted()
    for by in (HOSPITAL, replace(HOSPITAL, request="4bf92f3577b34da6a3ce929d0e0e4736"), court(), association()):
        for type_ in (*PAYLOAD, "Task", "Consent"):
            at.search(type_, by)
            _try_to_read(at, at.one(type_), by)
    at.withdraw()
    _try_to_read(at, at.one("Patient"), HOSPITAL)
    found = at.all("AuditEvent")
    told = {(one["subtype"][0]["code"], one["outcome"]) for one in found}
    assert told >= {
        ("AuthZ-Consent", "0"),
        ("AuthZ-Consent", "4"),
        ("read", "0"),
        ("read", "4"),
        ("search", "0"),
        ("update", "0"),
    }
    assert [(issue, one) for one in found for issue in validate(one) if issue.blocks] == []


def _try_to_read(at: Scene, resource: Resource, by: Caller) -> None:
    try:
        at.read(reference(resource), by)
    except HubError:
        return


def test_what_is_remembered_does_not_grow_for_ever_and_the_used_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decided, "MOST", 3)
    told = decided.Decided()

    def case(name: str) -> decided.Case:
        return name, "p", "a"

    for name in ("one", "two", "three", "one", "four"):
        told.remember(case(name), ["Consent/c"])
    known: Sequence[str] = [name for name in ("one", "two", "three", "four") if told.knows(case(name), ["Consent/c"])]
    assert known == ["one", "three", "four"]
    assert not told.knows(case("one"), ["Consent/c", "Consent/d"])
