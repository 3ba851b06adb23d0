"""Changes through the API: everybody his own, a referral along its states, and never from a state that has passed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from hub import errors
from hub.consent.keys import own_key
from hub.errors import HubError, Problem
from hub.exchange import Invalid, View, change, disclose
from hub.exchange.change.draft import Draft
from hub.fhir import Resource
from hub.fhir.instants import instant, span
from hub.fhir.serial import loads
from hub.ports import Caller, Changes, Save
from hub.store import MongoStore
from tests.support.association import ASSOCIATION, Scene, association, court, hospital, outcome, reason, task_of
from tests.support.consents import asked


def refusal(act: Any) -> Problem:
    with pytest.raises(HubError) as caught:
        act()
    return caught.value.problem


def update(at: Scene, resource: Resource, by: Caller, expected: int | None = None, **more: Any) -> View:
    body = {**resource, **more}
    return change.update(resource["resourceType"], resource["id"], body, by, expected=expected, hub=at.hub)


def patch(at: Scene, resource: Resource, by: Caller, *steps: Resource) -> View:
    return change.patch(resource["resourceType"], resource["id"], list(steps), by, expected=None, hub=at.hub)


def replaced(path: str, value: Any) -> Resource:
    return {"op": "replace", "path": path, "value": value}


def new(at: Scene, type_: str) -> Resource:
    """A resource of this type as the association could send it: one that the register made, without what is the hub's."""
    at.receive(at.row())
    made = at.one(type_)
    rest = {key: value for key, value in made.items() if key not in {"id", "meta"}}
    return asked(rest) if type_ == "Consent" else rest


# --- a party's own ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type_", ["Patient", "EpisodeOfCare", "Observation", "ServiceRequest", "Consent"])
def test_an_association_creates_what_is_its_own(at: Scene, type_: str) -> None:
    made = change.create({**new(at, type_), "id": "chosen-by-the-caller"}, association(), hub=at.hub)
    assert made.version == 1
    assert made.id != "chosen-by-the-caller"
    assert loads(at.read(f"{type_}/{made.id}", association()).text)["meta"]["profile"]


@pytest.mark.parametrize("type_", ["Patient", "EpisodeOfCare", "Observation", "ServiceRequest", "Consent"])
def test_nobody_creates_in_another_organisations_name_or_for_its_persons(at: Scene, type_: str) -> None:
    body = new(at, type_)
    before = at.everything()
    problem = refusal(lambda: change.create(body, hospital(), hub=at.hub))
    assert problem in {errors.NOT_YOURS, errors.UNKNOWN_REFERENCE}
    assert at.everything() == before


@pytest.mark.parametrize("type_", ["Organization", "AuditEvent", "Provenance"])
def test_what_the_hub_makes_nobody_else_makes(at: Scene, type_: str) -> None:
    problem = refusal(lambda: change.create({"resourceType": type_}, association(), hub=at.hub))
    assert problem is errors.NOT_SUPPORTED


def test_a_recipient_cannot_record_the_consent_that_would_open_its_view(at: Scene) -> None:
    body = new(at, "Consent")
    at.receive(at.row(consent="non", consent_date=None))
    assert refusal(lambda: change.create(body, hospital(), hub=at.hub)) is errors.UNKNOWN_REFERENCE
    assert at.keys(at.one("Patient")) == frozenset()


def test_a_need_for_an_organisation_that_nobody_knows_is_refused(at: Scene) -> None:
    body = new(at, "ServiceRequest") | {"performer": [{"reference": "Organization/nowhere"}]}
    assert refusal(lambda: change.create(body, association(), hub=at.hub)) is errors.UNKNOWN_REFERENCE
    need = at.one("ServiceRequest")
    performer = [{"reference": "Organization/nowhere"}]
    assert refusal(lambda: update(at, need, association(), performer=performer)) is errors.UNKNOWN_REFERENCE


def test_nothing_is_added_to_a_record_that_another_process_has_deleted_since_this_one_looked(at: Scene) -> None:
    body = new(at, "ServiceRequest")
    change.create(body, association(), hub=at.hub)
    person = at.one("Patient")["id"]
    assert at.store.remembers(person, association().organization)
    elsewhere(at, gone(at, "Patient"))
    assert refusal(lambda: change.create(body, association(), hub=at.hub)) is errors.UNKNOWN_REFERENCE


def gone(at: Scene, type_: str) -> Save:
    there = at.one(type_)
    version = int(there["meta"]["versionId"])
    return Save(
        {"resourceType": type_, "id": there["id"]}, at.one("Patient")["id"], ASSOCIATION, (), version, gone=True
    )


def elsewhere(at: Scene, *saves: Save) -> None:
    """Another process commits this; what the one at hand remembers is as it was."""
    person = at.one("Patient")["id"]
    other = MongoStore(at.store.database, at.store._now, 20, at.store.vault.keks)
    other.commit(Changes(saves=saves, persons={person: other.compartments([person])[person].revision}))


def test_a_change_that_says_nothing_new_to_this_process_is_one_where_another_has_changed_it_since(at: Scene) -> None:
    at.receive(at.row())
    patient = at.one("Patient")
    assert update(at, patient, association(), active=patient["active"]).version == 1
    changed = {**patient, "active": not patient["active"]}
    elsewhere(at, Save(changed, patient["id"], ASSOCIATION, (own_key(ASSOCIATION),), 1))
    assert update(at, patient, association(), active=patient["active"]).version == 3


def test_what_is_refused_is_refused_by_what_is_so_now(at: Scene) -> None:
    change.create(new(at, "ServiceRequest"), association(), hub=at.hub)
    person, seen = at.one("Patient")["id"], list[bool]()
    task = gone(at, "EpisodeOfCare")

    def act(draft: Draft) -> str:
        seen.append(draft.person(person).get(f"EpisodeOfCare/{task.id}") is not None)
        if seen[-1]:
            raise HubError(errors.NOT_YOURS)
        return ""

    assert refusal(lambda: change.carry_out(act, association(), hub=at.hub)) is errors.NOT_YOURS
    elsewhere(at, task)
    assert at.store.supposed(person) is not None
    change.carry_out(act, association(), hub=at.hub)
    assert seen == [True, True, False]
    assert at.store.supposed(person) is None, "somebody else acts on her, too: she is asked about first"


def test_what_does_not_conform_is_refused_with_all_findings_and_leaves_nothing(at: Scene) -> None:
    body = new(at, "ServiceRequest")
    before = at.everything()
    with pytest.raises(Invalid) as caught:
        change.create({**body, "intent": "plan", "status": "nonsense"}, association(), hub=at.hub)
    assert len([issue for issue in caught.value.issues if issue.blocks]) >= 2
    assert at.everything() == before


def test_a_need_created_for_a_consenting_woman_is_sent_in_the_same_act(at: Scene) -> None:
    change.create(new(at, "ServiceRequest"), association(), hub=at.hub)
    assert sorted(task["status"] for task in at.all("Task")) == ["requested", "requested"]


def test_the_same_content_again_is_the_same_version(at: Scene) -> None:
    at.receive(at.row())
    patient = at.one("Patient")
    before = at.everything("AuditEvent")
    assert update(at, patient, association(), expected=1).version == 1
    assert at.everything("AuditEvent") == before


def test_an_update_is_the_next_version(at: Scene) -> None:
    at.receive(at.row())
    assert update(at, at.one("Patient"), association(), expected=1, active=False).version == 2
    assert at.one("Patient")["active"] is False


def test_a_stale_version_is_refused(at: Scene) -> None:
    at.receive(at.row())
    patient = at.one("Patient")
    update(at, patient, association(), expected=1, active=False)
    assert refusal(lambda: update(at, patient, association(), expected=1, active=True)) is errors.STALE


def test_of_several_who_change_the_same_version_one_wins(at: Scene) -> None:
    at.receive(at.row())
    need = at.one("ServiceRequest")

    def attempt(priority: str) -> bool:
        try:
            update(at, need, association(), expected=1, priority=priority)
        except HubError as problem:
            assert problem.problem in {errors.STALE, errors.CONFLICT}
            return False
        return True

    with ThreadPoolExecutor(4) as callers:
        won = list(callers.map(attempt, ["stat", "asap", "routine", "stat"]))
    assert won.count(True) == 1
    stored = at.store.read("ServiceRequest", need["id"], None)
    assert stored is not None and stored.version == 2


def test_whose_it_is_and_whom_it_concerns_never_change(at: Scene) -> None:
    at.receive(at.row("1"), at.row("2", case_number="13", survivor_code="S-8", cin=None))
    need, other = at.all("ServiceRequest")
    assert refusal(lambda: update(at, need, association(), subject=other["subject"])) is errors.IMMUTABLE
    requester = {"reference": "Organization/chu-atlas"}
    assert refusal(lambda: update(at, need, association(), requester=requester)) is errors.NOT_YOURS
    assert refusal(lambda: patch(at, need, association(), replaced("/id", "x"))) is errors.WRONG_ID


def test_a_partial_view_cannot_replace_the_whole(at: Scene) -> None:
    at.receive(at.row())
    tag = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
    cut = at.one("Patient") | {"meta": {"tag": [tag]}}
    cut.pop("name")
    assert refusal(lambda: update(at, cut, association())) is errors.SUBSETTED
    assert "name" in at.one("Patient")


def test_the_recipient_sees_the_case_and_changes_none_of_it(at: Scene) -> None:
    at.accepted()
    for type_ in ("Patient", "EpisodeOfCare", "Observation", "ServiceRequest"):
        seen = loads(at.read(f"{type_}/{at.one(type_)['id']}", hospital()).text)
        whole = {**at.one(type_), "language": "fr"}
        assert refusal(lambda seen=seen: update(at, seen, hospital(), language="fr")) in {
            errors.SUBSETTED, errors.NOT_YOURS,
        }  # fmt: skip
        assert refusal(lambda whole=whole: update(at, whole, hospital())) is errors.NOT_YOURS


def test_what_is_hidden_cannot_be_changed_and_looks_absent(at: Scene) -> None:
    at.receive(at.row())
    for by in (hospital(), court()):
        patient = at.one("Patient")
        assert refusal(lambda by=by, patient=patient: update(at, patient, by, active=False)) is errors.NOT_FOUND
    assert refusal(lambda: update(at, at.one("Task"), court())) is errors.NOT_FOUND


def test_an_unknown_id_is_not_created_by_an_update(at: Scene) -> None:
    body = new(at, "Patient") | {"id": "00000000-0000-4000-8000-000000000000"}
    assert refusal(lambda: update(at, body, association())) is errors.NOT_FOUND


def test_audit_and_provenance_are_never_changed(at: Scene) -> None:
    at.receive(at.row())
    for type_ in ("AuditEvent", "Provenance"):
        record = at.all(type_)[0]
        problem = refusal(lambda record=record: update(at, record, association(), language="fr"))
        assert problem is errors.NOT_SUPPORTED


# --- consent ---------------------------------------------------------------------------------------------------------


def test_withdrawal_is_one_act_with_all_that_follows(at: Scene) -> None:
    at.accepted()
    at.withdraw()
    assert at.one("Consent")["status"] == "inactive"
    assert at.one("Task")["status"] == "on-hold"
    assert at.keys(at.one("Patient")) == frozenset()
    assert len(at.audit("consent.withdraw")) == len(at.audit("referral.hold")) == 1


def test_a_consent_recorded_later_sends_what_waited(at: Scene) -> None:
    body = new(at, "Consent")
    at.receive(at.row(consent="non", consent_date=None))
    change.create({**body, "dateTime": instant(at.clock.now())}, association(), hub=at.hub)
    assert sorted(task["status"] for task in at.all("Task")) == ["cancelled", "requested"]
    assert at.search("Task", hospital()).total == 2


def test_a_consent_for_research_alone_sends_no_referral(at: Scene) -> None:
    body = new(at, "Consent")
    at.receive(at.row(consent="non", consent_date=None))
    body["provision"]["provision"][0]["purpose"][0]["code"] = "HRESCH"
    change.create(body, association(), hub=at.hub)
    assert [task["status"] for task in at.all("Task")] == ["cancelled"]


def test_a_consent_can_be_given_back_after_a_withdrawal_and_work_goes_on(at: Scene) -> None:
    task = at.accepted()
    at.withdraw()
    given = asked(at.one("Consent"))["verification"]
    again = {"op": "add", "path": "/verification", "value": given}
    patch(at, at.one("Consent"), association(), replaced("/status", "active"), again)
    assert task_of(at.read(f"Task/{task['id']}", hospital()))["status"] == "on-hold"
    at.move(task, "in-progress", hospital())
    assert "businessStatus" not in at.one("Task"), "what the hub said of the pause goes with it"
    assert len(at.all("Task")) == 1


# --- referrals -------------------------------------------------------------------------------------------------------


def test_the_recipient_answers_works_and_completes(at: Scene) -> None:
    task = at.accepted()
    at.clock.forward(timedelta(hours=1))
    at.move(task, "in-progress", hospital())
    begun = at.clock.now()
    at.clock.forward(timedelta(days=2))
    at.move(task, "completed", hospital(), **outcome())
    done = at.one("Task")
    assert [span(done["executionPeriod"][edge])[0] for edge in ("start", "end")] == [begun, at.clock.now()]
    assert span(done["lastModified"])[0] == at.clock.now()
    verbs = ["referral.send", "referral.accept", "referral.start", "referral.complete"]
    assert [len(at.audit(verb)) for verb in verbs] == [1, 1, 1, 1]
    assert [row["kind"] for row in at.store.database.outbox.find().sort("order")] == verbs


@pytest.mark.parametrize(
    ("status", "by", "problem"),
    [
        ("accepted", association(), errors.NOT_YOURS),
        ("completed", hospital(), errors.ILLEGAL_TRANSITION),
        ("entered-in-error", hospital(), errors.NOT_YOURS),
        ("draft", association(), errors.ILLEGAL_TRANSITION),
    ],
)
def test_a_wrong_actor_or_a_wrong_step_is_refused_and_changes_nothing(
    at: Scene, status: str, by: Caller, problem: Problem
) -> None:
    at.receive(at.row())
    task = at.one("Task")
    assert (
        refusal(lambda: at.move(task, status, by, **reason("no-capacity"), **(outcome() if by == hospital() else {})))
        is problem
    )
    assert at.one("Task") == task


def test_a_referral_is_refused_only_with_a_reason_and_completed_only_with_an_outcome(at: Scene) -> None:
    task = at.accepted()
    # The profile says it first, the state machine too.
    assert refusal(lambda: at.move(task, "rejected", hospital())) in {errors.INVALID, errors.MISSING_REASON}
    assert refusal(lambda: at.move(task, "completed", hospital())) in {errors.INVALID, errors.MISSING_OUTCOME}
    assert at.one("Task")["status"] == "accepted"


def test_the_recipient_does_not_rewrite_the_notice_or_the_deadline(at: Scene) -> None:
    task = at.accepted()
    later = {"period": {"end": "2030-01-01T00:00:00Z"}}
    assert refusal(lambda: at.move(task, "accepted", hospital(), restriction=later)) is errors.NOT_YOURS
    assert refusal(lambda: at.move(task, "accepted", hospital(), input=[])) in {errors.NOT_YOURS, errors.INVALID}


def test_the_requester_cannot_send_without_consent(at: Scene) -> None:
    at.receive(at.row(consent="non", consent_date=None))
    draft = at.one("Task")
    with pytest.raises(HubError) as caught:
        at.move(draft, "requested", association())
    assert (caught.value.problem, caught.value.text) == (errors.ILLEGAL_TRANSITION, "consent.none")
    assert at.one("Task") == draft


def test_a_referral_that_the_requester_cancels_because_she_changed_her_mind_is_not_sent_again(at: Scene) -> None:
    at.receive(at.row())
    at.move(at.one("Task"), "cancelled", association(), **reason("consent-withdrawn"))
    assert [task["status"] for task in at.all("Task")] == ["cancelled"]


def test_times_are_the_hubs(at: Scene) -> None:
    at.receive(at.row())
    at.clock.forward(timedelta(hours=3))
    at.move(at.one("Task"), "accepted", hospital(), lastModified="2020-01-01T00:00:00Z")
    assert span(at.one("Task")["lastModified"])[0] == at.clock.now()


def test_the_same_answer_again_is_the_same_version(at: Scene) -> None:
    task = at.accepted()
    seen = at.read(f"Task/{task['id']}", hospital())
    assert update(at, task_of(seen), hospital(), expected=seen.version).version == seen.version


def test_hospital_and_association_at_once_come_to_one_state(at: Scene) -> None:
    for n in range(6):
        code = {"case_number": str(n), "survivor_code": f"S-{n}", "cin": None}
        at.receive(at.row(str(n + 1), **code))

    def both(task: Resource) -> None:
        acts = [
            lambda: at.move(task, "accepted", hospital()),
            lambda: at.move(task, "cancelled", association(), **reason("survivor-declined")),
        ]
        with ThreadPoolExecutor(2) as parties:
            for act in [parties.submit(act) for act in acts]:
                problem = act.exception()
                assert problem is None or (
                    isinstance(problem, HubError)
                    and problem.problem in {errors.STALE, errors.CONFLICT, errors.ILLEGAL_TRANSITION}
                )

    for task in at.all("Task"):
        both(task)
    for task in at.all("Task"):
        stored = at.store.read("Task", task["id"], None)
        assert stored is not None
        is_open = any(key.grant == "chu-atlas|COC|core" for key in _patient_keys(at, task))
        assert is_open == (task["status"] == "accepted")
        acts = [*at.audit("referral.accept"), *at.audit("referral.cancel")]
        mine = [act for act in acts if act["entity"][0]["what"]["reference"] == f"Task/{task['id']}"]
        assert stored.version == 1 + len(mine)


def _patient_keys(at: Scene, task: Resource) -> tuple[Any, ...]:
    stored = at.store.read("Patient", task["for"]["reference"].split("/")[1], None)
    assert stored is not None
    return stored.keys


def test_the_answer_to_a_change_is_the_callers_own_view(at: Scene) -> None:
    at.receive(at.row())
    task = at.one("Task")
    answered = at.move(task, "accepted", hospital())
    assert answered.text == disclose.read("Task", task["id"], hospital(), hub=at.hub).text
