"""The one door out: hidden equals absent, in reads and in searches, and every look leaves a trace."""

from datetime import timedelta

import pytest

from hub import errors
from hub.errors import HubError
from hub.exchange import disclose
from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system
from hub.fhir.query import Query, Sort
from hub.fhir.serial import loads
from hub.ports import Caller
from tests.support.association import Scene, association, code, court, hospital, reason, task_of, to

PAYLOAD = ("Patient", "EpisodeOfCare", "Observation", "ServiceRequest")
SECRETS = ("S-7/2026", "Zineb", "AB123456", "Orangers", "1990", "peur", "12/2026")


def refused(at: Scene, reference: str, by: Caller) -> HubError:
    with pytest.raises(HubError) as caught:
        at.read(reference, by)
    return caught.value


def name(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def test_the_association_sees_all_that_it_keeps_whole(at: Scene) -> None:
    at.receive(at.row())
    for type_ in (*PAYLOAD, "Task", "Consent"):
        seen = at.read(name(at.one(type_)), association())
        assert loads(seen.text) == at.one(type_)
        assert at.search(type_, association()).total == 1


def test_before_acceptance_the_recipient_sees_the_notice_and_nothing_that_points_to_her(at: Scene) -> None:
    at.receive(at.row())
    seen = at.read(name(at.one("Task")), hospital()).text
    assert not [secret for secret in SECRETS if secret in seen]
    for type_ in (*PAYLOAD, "Consent"):
        assert refused(at, name(at.one(type_)), hospital()).problem is errors.NOT_FOUND
        assert at.search(type_, hospital()).total == 0
    assert at.search("Task", hospital()).total == 1


def test_acceptance_opens_what_the_consent_names(at: Scene) -> None:
    at.accepted()
    patient = loads(at.read(name(at.one("Patient")), hospital()).text)
    assert patient["telecom"][0]["value"] == "+212612345678"
    assert patient["address"] == [{"state": "MA-CAS", "country": "MA"}]
    assert "name" not in patient and "birthDate" not in patient
    assert [i["system"] for i in patient["identifier"]] == [identifier_system("pseudonym")]
    assert {tag["code"] for tag in patient["meta"]["tag"]} == {"SUBSETTED"}
    for type_ in PAYLOAD:
        text = at.read(name(at.one(type_)), hospital()).text
        assert not [secret for secret in ("Zineb", "AB123456", "Orangers", "peur") if secret in text]
        assert at.search(type_, hospital()).total == 1


def test_an_element_that_may_not_be_seen_finds_nobody(at: Scene) -> None:
    at.accepted()
    cin = "https://ihala.example/fhir/NamingSystem/cin"
    survivor_code = "https://ihala.example/fhir/NamingSystem/survivor-code"
    assert at.search("Patient", association(), identifier=code("AB123456", cin)).total == 1
    assert at.search("Patient", hospital(), identifier=code("AB123456", cin)).total == 0
    assert at.search("Patient", hospital(), identifier=code("AB123456")).total == 0
    assert at.search("Patient", association(), identifier=code("S-7/2026", survivor_code)).total == 1
    assert at.search("Patient", hospital(), identifier=code("S-7/2026", survivor_code)).total == 0


def test_a_hidden_element_cannot_be_read_from_the_order_of_results_either(at: Scene) -> None:
    at.accepted()
    ordered = Query("Patient", sort=(Sort("birthdate"),))
    assert disclose.search(ordered, association(), hub=at.hub).total == 1
    assert disclose.search(ordered, hospital(), hub=at.hub).total == 0


@pytest.mark.parametrize(
    "by", [court(), hospital("HRESCH"), Caller("x", "", "COC")], ids=["other", "purpose", "nobody"]
)
def test_another_organisation_or_purpose_finds_nothing_anywhere(at: Scene, by: Caller) -> None:
    at.accepted()
    for type_ in (*PAYLOAD, "Task", "Consent", "Provenance"):
        hidden = refused(at, name(at.all(type_)[0]), by)
        absent = refused(at, f"{type_}/00000000-0000-4000-8000-000000000000", by)
        assert (hidden.problem, hidden.params, hidden.path, hidden.text) == (
            absent.problem, absent.params, absent.path, absent.text,
        )  # fmt: skip
        assert at.search(type_, by).total == 0
    assert at.search("Task", by, owner=to("Organization", "chu-atlas")).total == 0


def test_refusal_closes_and_the_notice_stays(at: Scene) -> None:
    task = at.accepted()
    at.move(task, "rejected", hospital(), **reason("no-capacity"))
    assert task_of(at.read(name(task), hospital()))["status"] == "rejected"
    for type_ in PAYLOAD:
        assert refused(at, name(at.one(type_)), hospital()).problem is errors.NOT_FOUND
        assert at.search(type_, hospital()).total == 0


def test_withdrawal_hides_everything_at_once(at: Scene) -> None:
    task = at.accepted()
    assert at.search("Patient", hospital()).total == 1
    at.withdraw()
    for type_ in (*PAYLOAD, "Task"):
        assert refused(at, name(at.one(type_)), hospital()).problem is errors.NOT_FOUND
        assert at.search(type_, hospital()).total == 0
    assert at.one("Task", id=task["id"])["status"] == "on-hold"
    assert at.read(name(task), association()).text


def test_a_consent_that_ends_closes_without_anybody_doing_anything(at: Scene) -> None:
    at.accepted()
    patient = name(at.one("Patient"))
    at.clock.forward(timedelta(days=400))
    assert refused(at, patient, hospital()).problem is errors.NOT_FOUND
    assert at.search("Patient", hospital()).total == 0
    assert at.search("Task", hospital()).total == 0


def test_totals_count_what_the_caller_sees_and_pages_are_full(at: Scene) -> None:
    rows = [at.row(str(n), case_number=str(n), survivor_code=f"S-{n}", cin=None, consent="non", consent_date=None)
            for n in range(1, 5)]  # fmt: skip
    rows += [at.row(str(n), case_number=str(n), survivor_code=f"S-{n}", cin=None) for n in range(5, 8)]
    at.receive(*rows)
    assert at.search("Task", association()).total == 7
    first = disclose.search(Query("Task", count=2), hospital(), hub=at.hub)
    assert (first.total, len(first.entries)) == (3, 2)
    second = disclose.search(Query("Task", count=2, after=first.after), hospital(), hub=at.hub)
    assert (second.total, len(second.entries), second.after) == (3, 1, None)


# --- the trace -------------------------------------------------------------------------------------------------------


def looks(at: Scene, action: str, by: str = "chu-system") -> list[Resource]:
    return [one for one in at.audit(action) if one["agent"][0].get("altId") == by]


def test_a_read_is_recorded_with_who_for_what_and_whom(at: Scene) -> None:
    at.accepted()
    patient = at.one("Patient")
    before = len(looks(at, "disclosure.permit"))
    at.read(name(patient), hospital())
    events = looks(at, "disclosure.permit")
    assert len(events) == before + 1
    (event,) = [one for one in events if name(patient) == one["entity"][0]["what"]["reference"]]
    assert event["agent"][0]["purposeOfUse"][0]["coding"][0]["code"] == "COC"
    assert event["outcome"] == "0"


def test_a_denial_is_recorded_with_its_reason(at: Scene) -> None:
    at.receive(at.row())
    patient = name(at.one("Patient"))
    refused(at, patient, hospital())
    refused(at, patient, court())
    at.move(at.one("Task"), "accepted", hospital())
    refused(at, patient, hospital("HRESCH"))
    at.withdraw()
    refused(at, patient, hospital())
    denied = [
        (one["agent"][0]["altId"], one["outcomeDesc"])
        for one in sorted(at.audit("disclosure.deny"), key=lambda o: o["meta"]["lastUpdated"])
    ]
    assert sorted(denied) == sorted(
        [
            ("chu-system", "consent.not-accepted"),
            ("court-system", "consent.no-referral"),
            ("chu-system", "consent.purpose"),
            ("chu-system", "consent.withdrawn"),
        ]
    )
    assert all(one["outcome"] == "4" for one in at.audit("disclosure.deny"))


def test_a_need_referred_elsewhere_is_denied_for_want_of_a_referral(at: Scene) -> None:
    at.receive(at.row("1", request="soins médicaux, écoute"))
    medical = next(task for task in at.all("Task") if "medical" in str(task["input"]))
    at.move(medical, "accepted", hospital())
    listening = next(need for need in at.all("ServiceRequest") if "listening" in str(need["code"]))
    refused(at, name(listening), court())
    refused(at, name(listening), hospital())
    assert [one["outcomeDesc"] for one in looks(at, "disclosure.deny")] == ["consent.not-accepted"]
    assert [one["outcomeDesc"] for one in looks(at, "disclosure.deny", "court-system")] == ["consent.no-referral"]


def test_what_never_existed_is_recorded_as_such(at: Scene) -> None:
    refused(at, "Patient/00000000-0000-4000-8000-000000000000", hospital())
    (event,) = at.audit("disclosure.deny")
    assert event["outcomeDesc"] == "consent.absent"


def test_a_search_is_recorded_once_for_each_woman_whom_it_shows(at: Scene) -> None:
    at.receive(at.row("1"), at.row("2", case_number="13", survivor_code="S-8", cin=None))
    at.search("Task", hospital())
    people = [one["entity"][-1]["what"]["reference"] for one in looks(at, "disclosure.permit")]
    assert sorted(people) == sorted(f"Patient/{patient['id']}" for patient in at.all("Patient"))
    at.search("Task", court())
    assert len(looks(at, "disclosure.permit", "court-system")) == 1, "one that showed nobody leaves a trace too"


def test_the_association_sees_who_looked_and_the_hospital_does_not(at: Scene) -> None:
    at.accepted()
    patient = at.one("Patient")
    at.read(name(patient), hospital())
    mine = at.search("AuditEvent", association(), patient=to("Patient", patient["id"]))
    assert any("chu-system" in entry.text for entry in mine.entries)
    assert at.search("AuditEvent", hospital()).total == at.search("AuditEvent", court()).total == 0


def test_no_trace_holds_what_was_seen(at: Scene) -> None:
    at.accepted()
    at.read(name(at.one("Patient")), association())
    at.search("Patient", association(), identifier=code("AB123456"))
    at.search("Patient", hospital(), identifier=code("AB123456"))
    for event in at.audit():
        assert not [secret for secret in (*SECRETS, "0612345678", "+212612345678", "S-7") if secret in str(event)]
