"""Exceptional disclosures: named, reasoned, short, told at once, reviewed afterwards; and nothing else is opened by them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub import errors
from hub.conformance import validate
from hub.consent.policies import policies
from hub.delivery.worker import deliver
from hub.errors import HubError
from hub.exchange import change, exceptions, overrides
from hub.exchange.overrides import Emergency
from hub.exchange.tell import Listening, tell
from hub.exchange.whom import Known
from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system
from hub.fhir.references import reference
from hub.ports import Caller, Happened
from hub.store import MongoStore
from tests.support.association import ASSOCIATION, COURT, HOSPITAL, Scene, association, hospital, task_of, verbs
from tests.support.consents import provision

WORDS = "Arrivée inconsciente aux urgences, seule."


CIN = Known(identifier_system("cin"), "AB123456")


GLASS = hospital("BTG")


def emergency(known: Known = CIN, **more: Any) -> Emergency:
    return Emergency(known, **({"reason": "medical-emergency", "words": WORDS} | more))


def broken(at: Scene, known: Known = CIN, caller: Caller = GLASS, **more: Any) -> Resource:
    """The review Task of a glass that was just broken."""
    (task,) = overrides.break_glass(emergency(known, **more), caller, hub=at.hub)
    return task


def refused(at: Scene, act: Callable[[], object], problem: errors.Problem) -> Resource:
    """The AuditEvent of an attempt that was refused; nothing else is written."""
    before = at.everything("AuditEvent", "chains")
    known = {one["id"] for one in at.audit()}
    with pytest.raises(HubError) as caught:
        act()
    assert caught.value.problem is problem
    assert at.everything("AuditEvent", "chains") == before
    (event,) = [one for one in at.audit() if one["id"] not in known]
    return event


def with_policies(at: Scene, *written: dict[str, Any]) -> Scene:
    """The same scene under policies of the deployment's own."""
    return replace(at, hub=replace(at.hub, policies=policies({"overrides": list(written)})))


def opened(at: Scene, resource: Resource, purpose: str = "BTG", organization: str = HOSPITAL) -> set[str]:
    prefix = f"{organization}|{purpose}|"
    return {grant.removeprefix(prefix) for grant in at.keys(resource) if grant.startswith(prefix)}


@pytest.fixture
def draft(at: Scene) -> Scene:
    """A woman of whom nothing is shared with anybody."""
    at.receive(at.row(consent=None, consent_date=None))
    return at


# --- what is opened ---------------------------------------------------------------------------------------------------


def test_a_broken_glass_opens_the_classes_of_the_policy_for_its_minutes_and_no_longer(draft: Scene) -> None:
    patient = reference(draft.one("Patient"))
    with pytest.raises(HubError):
        draft.read(patient, GLASS)
    broken(draft)
    seen = task_of(draft.read(patient, GLASS))
    assert seen["name"][0]["text"] == "Zineb Alaoui"
    assert "text" not in seen["address"][0] and seen["meta"]["tag"][0]["code"] == "SUBSETTED"
    draft.clock.forward(timedelta(minutes=15) - timedelta(seconds=1))
    draft.read(patient, GLASS)
    draft.clock.forward(timedelta(seconds=1))
    with pytest.raises(HubError) as caught:
        draft.read(patient, GLASS)
    assert caught.value.problem is errors.NOT_FOUND


def test_it_is_open_for_that_purpose_and_that_organisation_alone(draft: Scene) -> None:
    broken(draft)
    patient = reference(draft.one("Patient"))
    for caller in (hospital(), hospital("TREAT"), Caller("court-system", COURT, "BTG")):
        with pytest.raises(HubError):
            draft.read(patient, caller)
        assert draft.search("Patient", caller).total == 0
    assert draft.search("Patient", GLASS).total == 1


def test_another_woman_stays_closed(draft: Scene) -> None:
    draft.receive(
        draft.row("2", case_number="13", survivor_code="S-8", cin="CD654321", consent=None, consent_date=None)
    )
    broken(draft)
    assert draft.search("Patient", GLASS).total == 1
    assert {key for one in draft.all("Patient") for key in draft.keys(one)} == {
        f"{HOSPITAL}|BTG|{name}" for name in ("core", "identity", "safe-contact")
    }


def test_consents_traces_reviews_and_what_no_consent_could_open_stay_closed(at: Scene) -> None:
    at.accepted()
    own = with_policies(at, {"id": "break-glass", "classes": ["core", "identity", "needs-and-services", "legal"]})
    broken(own)
    for type_ in ("Consent", "Provenance", "AuditEvent", "Task"):
        assert at.search(type_, GLASS).total == 0, type_
    for type_ in ("Patient", "EpisodeOfCare", "ServiceRequest"):
        assert opened(at, at.one(type_)) <= {"core", "identity", "needs-and-services", "legal"}
        assert opened(at, at.one(type_))


def test_a_second_call_does_not_lengthen_the_first_but_is_reviewed_for_itself(draft: Scene) -> None:
    first = broken(draft)
    draft.clock.forward(timedelta(minutes=10))
    second = broken(draft)
    assert first["id"] != second["id"]
    assert draft.one("Task", id=first["id"]) == first | {"meta": draft.one("Task", id=first["id"])["meta"]}
    assert len([one for one in draft.all("Task") if one["code"]["coding"][0]["code"] == "review-override"]) == 2
    draft.clock.forward(timedelta(minutes=10))
    assert draft.search("Patient", GLASS).total == 1
    draft.clock.forward(timedelta(minutes=5))
    assert draft.search("Patient", GLASS).total == 0


# --- what is recorded -------------------------------------------------------------------------------------------------


def test_the_record_conforms_and_says_who_why_what_until_when_and_by_which_rule(draft: Scene) -> None:
    task = broken(draft, caller=replace(GLASS, practitioner="Practitioner/9"))
    stored = draft.one("Task", id=task["id"])
    assert validate(stored) == ()
    assert stored["instantiatesUri"] == "https://profiles.ihe.net/ITI/PCF/Policy-break-glass-only"
    assert stored["owner"]["reference"] == f"Organization/{ASSOCIATION}"
    assert stored["requester"]["reference"] == f"Organization/{HOSPITAL}"
    assert stored["reasonCode"]["text"] == WORDS
    said = {one["type"]["coding"][0]["code"] for one in stored["input"]}
    assert said == {"override-kind", "recipient", "purpose", "data-class", "despite-refusal", "opened-by"}


def test_it_is_told_in_the_same_commit_and_flagged_in_the_audit(draft: Scene, store: MongoStore) -> None:
    task = broken(draft)
    [row] = store.database.outbox.find({"kind": "override.open"})
    assert row["reference"] == reference(task)
    [event] = draft.audit("override.open")
    assert validate(event) == ()
    assert (event["type"]["code"], event["subtype"][0]["code"]) == ("110113", "110127")
    assert event["agent"][0]["purposeOfUse"][0]["coding"][0]["code"] == "BTG"
    assert event["entity"][0]["what"]["reference"] == reference(task)
    assert WORDS not in str(event)
    assert draft.search("AuditEvent", association()).total  # its keeper sees it


def test_the_keeper_that_listens_is_told_at_once_and_who_broke_it_is_not(draft: Scene, store: MongoStore) -> None:
    """What `/events` tells, row by row as they are committed."""
    task = broken(draft)
    [row] = store.database.outbox.find({"kind": "override.open"})
    happened = Happened("1", "1", row["kind"], row["reference"], row.get("recipient", ""), 1, draft.clock.now())
    keeper, breaker = (Listening(one, frozenset({"Task"})) for one in (association(), GLASS))
    heard = tell([happened], [keeper, breaker], hub=draft.hub)
    assert {one: [told.row.reference for told in those] for one, those in heard.items()} == {keeper: [reference(task)]}


def test_the_notice_stands_in_the_log_at_once_and_holds_up_nothing(
    draft: Scene, store: MongoStore, caplog: pytest.LogCaptureFixture
) -> None:
    broken(draft)
    assert deliver([], hub=draft.hub) == 0
    assert [one.getMessage() for one in caplog.records if one.levelname == "WARNING"] == ["override.to-be-reviewed"]
    assert store.database.outbox.count_documents({}) == 0
    assert exceptions.waiting(draft.hub) == 1  # and in the numbers until it is reviewed


def test_every_look_through_the_broken_glass_names_it(draft: Scene) -> None:
    task = broken(draft)
    draft.read(reference(draft.one("Patient")), GLASS)
    [event] = draft.audit("disclosure.permit")
    assert reference(task) in event["agent"][0]["policy"]
    assert validate(event) == ()


# --- what is refused --------------------------------------------------------------------------------------------------


def test_a_token_for_another_purpose_breaks_no_glass(draft: Scene) -> None:
    for purpose in ("COC", "TREAT", "ETREAT", "HLEGAL", ""):
        event = refused(draft, lambda p=purpose: broken(draft, caller=hospital(p)), errors.PURPOSE_LACKING)  # type: ignore[misc]
        assert (event["outcome"], verbs(event)) == ("4", ["override.refuse"])
        assert validate(event) == () or not purpose


def test_a_policy_that_names_roles_or_recipients_is_for_them_alone(draft: Scene) -> None:
    doctors = with_policies(draft, {"id": "break-glass", "roles": ["doctor"], "recipients": ["hospital-unit"]})
    refused(draft, lambda: broken(doctors), errors.NO_OVERRIDE)
    refused(draft, lambda: broken(doctors, caller=replace(GLASS, roles=frozenset({"reception"}))), errors.NO_OVERRIDE)
    judge = Caller("court-system", COURT, "BTG", roles=frozenset({"doctor"}))
    refused(draft, lambda: broken(doctors, caller=judge), errors.NO_OVERRIDE)
    assert broken(doctors, caller=replace(GLASS, roles=frozenset({"doctor"})))


@pytest.mark.parametrize(
    "more", [{"reason": "curiosity"}, {"reason": ""}, {"words": "urgent"}, {"words": " " * 40}, {"words": "x" * 501}]
)
def test_without_a_reason_in_a_code_and_in_words_nothing_is_opened(draft: Scene, more: dict[str, str]) -> None:
    refused(draft, lambda: broken(draft, **more), errors.BAD_PARAMETER)


@pytest.mark.parametrize(
    "known",
    [
        Known(CIN.system, "AB123457"), Known(CIN.system, "ab"), Known("", "AB123456"), Known(CIN.system, "AB123456", custodian=COURT),
        Known(identifier_system("passport"), "AB123456"), Known(person="nobody"), Known(),
    ],
)  # fmt: skip
def test_nobody_is_found_but_by_the_exact_number(draft: Scene, known: Known) -> None:
    event = refused(draft, lambda: broken(draft, known), errors.NOT_FOUND)
    assert event["outcomeDesc"] == "consent.override-nobody"
    assert "AB1" not in str(event)
    assert validate(event) == ()


def test_a_reference_is_enough_only_for_whom_the_caller_knows(at: Scene) -> None:
    at.receive(at.row())
    her = Known(person=at.one("Patient")["id"])
    refused(at, lambda: broken(at, her, Caller("court-system", COURT, "BTG")), errors.NOT_FOUND)
    assert broken(at, her)["for"]["reference"] == f"Patient/{her.person}"


def test_a_number_without_a_system_is_of_the_kind_that_its_type_says(draft: Scene) -> None:
    patient = draft.one("Patient")
    bare = [{key: value for key, value in one.items() if key != "system"} for one in patient["identifier"][1:]]
    body = {**patient, "identifier": [patient["identifier"][0], *bare]}
    change.update("Patient", patient["id"], body, association(), expected=None, hub=draft.hub)
    refused(draft, lambda: broken(draft, Known(identifier_system("passport"), CIN.value)), errors.NOT_FOUND)
    assert broken(draft)


def test_a_code_that_two_women_go_by_opens_neither_until_it_is_said_whose_code_it_is(draft: Scene) -> None:
    other = replace(draft, connection=replace(draft.connection, id="other", organization=COURT))
    other.receive(draft.row("9", full_name="Autre Exemple", cin="XX000001", consent=None, consent_date=None))
    codes = {one["identifier"][0]["value"] for one in draft.all("Patient")}
    assert len(draft.all("Patient")) == 2 and len(codes) == 1
    code = Known(identifier_system("survivor-code"), codes.pop())
    refused(draft, lambda: broken(draft, code), errors.NOT_FOUND)
    task = broken(draft, replace(code, custodian=ASSOCIATION))
    assert task["owner"]["reference"] == f"Organization/{ASSOCIATION}"


def test_one_womans_number_opens_what_each_of_her_associations_keeps_and_tells_each(draft: Scene) -> None:
    other = replace(draft, connection=replace(draft.connection, id="other", organization=COURT))
    other.receive(draft.row("9", consent=None, consent_date=None))
    tasks = overrides.break_glass(emergency(), GLASS, hub=draft.hub)
    assert {one["owner"]["reference"] for one in tasks} == {f"Organization/{ASSOCIATION}", f"Organization/{COURT}"}
    assert draft.search("Patient", GLASS).total == 2
    assert draft.store.database.outbox.count_documents({"kind": "override.open"}) == 2


def test_what_she_refused_expressly_stays_closed_unless_the_policy_says_so(at: Scene) -> None:
    at.receive(at.row())
    consent = at.one("Consent", status="active")
    deny = provision("deny", to=[HOSPITAL], purposes=["BTG"], classes=["identity"])
    body = {**consent, "provision": {**consent["provision"], "provision": [*consent["provision"]["provision"], deny]}}
    change.update("Consent", consent["id"], body, association(), expected=None, hub=at.hub)
    broken(at)
    assert "name" not in task_of(at.read(reference(at.one("Patient")), GLASS))
    broken(with_policies(at, {"id": "break-glass", "despite_refusal": True}))
    assert "name" in task_of(at.read(reference(at.one("Patient")), GLASS))


def test_a_refusal_closes_a_glass_that_is_broken_already(at: Scene) -> None:
    at.receive(at.row())
    broken(at)
    consent = at.one("Consent", status="active")
    deny = provision("deny", to=[HOSPITAL])
    body = {**consent, "provision": {**consent["provision"], "provision": [*consent["provision"]["provision"], deny]}}
    change.update("Consent", consent["id"], body, association(), expected=None, hub=at.hub)
    assert at.search("Patient", GLASS).total == 0
    event = refused(at, lambda: broken(at), errors.NOT_FOUND)
    assert event["outcomeDesc"] == "consent.override-closed"


# --- beside referrals -------------------------------------------------------------------------------------------------


def test_a_review_is_no_referral_and_nobody_but_its_keeper_sees_or_moves_it(at: Scene) -> None:
    at.receive(at.row())
    review = broken(at)
    at.move(next(one for one in at.all("Task") if one["id"] != review["id"]), "accepted", hospital())
    assert at.one("Task", id=review["id"])["status"] == "requested"
    assert at.keys(review) == frozenset()
    assert [one.id for one in at.search("Task", GLASS).entries] == []
    assert review["id"] not in [one.id for one in at.search("Task", hospital()).entries]
    steps = [{"op": "replace", "path": "/restriction/period/end", "value": "2099-01-01T00:00:00+00:00"}]
    for caller, problem in (
        (GLASS, errors.NOT_FOUND),
        (hospital(), errors.NOT_FOUND),
        (association(), errors.NOT_SUPPORTED),
    ):
        with pytest.raises(HubError) as caught:
            change.patch("Task", review["id"], steps, caller, expected=None, hub=at.hub)
        assert caught.value.problem is problem


def test_keys_that_nobody_gave_back_are_gone_with_the_next_change_of_hers(draft: Scene) -> None:
    """The predicate closes a glass by the clock; what is written afterwards does not keep it."""
    broken(draft)
    draft.clock.forward(timedelta(hours=1))
    draft.receive(draft.row(consent=None, consent_date=None, remarks="Elle a appelé."))
    assert opened(draft, draft.one("Patient")) == set()
