"""The way of a record into the hub, with a real form and a real database: nothing twice, nothing by halves, no one stopped."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from hub.directory.organizations import Entry, Names
from hub.exchange import Hub, change
from hub.exchange.receive import prepare, receive
from hub.exchange.replay import replay
from hub.ports import Changes, Watermark
from hub.store import MongoStore
from tests.support.association import ASSOCIATION, Scene, association, hospital, reason, verbs


def test_a_row_becomes_a_case_with_its_referral_provenance_and_audit(at: Scene) -> None:
    receipt = at.receive(at.row())
    assert (receipt.read, receipt.created, receipt.rejected) == (1, 1, ())
    assert receipt.referrals == {"referral.send": 1}
    assert {type_: len(at.all(type_)) for type_ in ("Patient", "EpisodeOfCare", "Observation", "Consent")} == {
        "Patient": 1, "EpisodeOfCare": 1, "Observation": 1, "Consent": 1,
    }  # fmt: skip
    task = at.one("Task")
    assert (task["status"], task["owner"]["reference"]) == ("requested", "Organization/chu-atlas")
    assert task["for"]["reference"] == f"Patient/{at.one('Patient')['id']}"
    (provenance,) = at.all("Provenance")
    assert len(provenance["target"]) == 5
    (event,) = at.audit()
    assert verbs(event) == ["record.receive", "referral.send"]
    assert {entity["what"]["reference"].split("/")[0] for entity in event["entity"]} == {
        "Patient", "EpisodeOfCare", "Observation", "Consent", "ServiceRequest", "Task",
    }  # fmt: skip


def test_everything_of_a_record_belongs_to_one_person(at: Scene) -> None:
    at.receive(at.row())
    patient = at.one("Patient")
    (compartment,) = at.store.compartments([patient["id"]]).values()
    assert {f"{one.type}" for one in compartment.documents} == {
        "Patient", "EpisodeOfCare", "Observation", "Consent", "ServiceRequest", "Task",
    }  # fmt: skip
    assert all(one.custodian == ASSOCIATION for one in compartment.documents)
    assert "draft:" not in str([one.text for one in compartment.documents])


def test_no_source_identifier_is_a_logical_id(at: Scene) -> None:
    at.receive(at.row())
    for type_ in ("Patient", "EpisodeOfCare", "ServiceRequest", "Task"):
        assert "S-7" not in at.one(type_)["id"]
        assert len(at.one(type_)["id"]) == 36


def test_the_same_records_again_change_nothing_at_all(at: Scene) -> None:
    rows = [at.row("1"), at.row("2", case_number="13", survivor_code="S-8", cin=None)]
    at.receive(*rows)
    before = at.everything()
    at.clock.forward(timedelta(days=1))
    receipt = at.receive(*rows)
    assert (receipt.unchanged, receipt.created, receipt.updated) == (2, 0, 0)
    assert at.everything() == before


def test_a_new_version_of_the_form_that_says_the_same_makes_no_new_version_of_anything(at: Scene) -> None:
    rows = [at.row("1"), at.row("2", case_number="13", address="4, rue du Port", phone="0661111111")]
    at.receive(*rows)
    before = at.everything("ledger", "settings")
    at.form.version = "1.0.1"
    receipt = at.receive(*rows)
    assert receipt.created == 0
    after = at.everything("ledger", "settings")
    for type_ in ("EpisodeOfCare", "Observation", "ServiceRequest", "Task", "Consent", "Patient"):
        assert after[type_] == before[type_], type_


def test_an_edited_record_makes_exactly_one_new_version_of_what_changed(at: Scene) -> None:
    at.receive(at.row())
    before = at.everything()
    receipt = at.receive(at.row(remarks="Elle va mieux."))
    assert (receipt.updated, receipt.created) == (1, 0)
    after = at.everything()
    for type_ in ("Patient", "EpisodeOfCare", "Consent", "ServiceRequest", "Task"):
        assert after[type_] == before[type_], type_
    assert [one["v"] for one in after["Observation"]] == [2]
    assert [one["_id"].split("/")[0] for one in after["history"]] == ["Observation"]


def test_a_bad_row_never_stops_the_others(at: Scene) -> None:
    receipt = at.receive(
        at.row("1", visit_date="hier"), at.row("2", case_number="13", survivor_code="S-8"), at.row("3", visit_date=None)
    )
    assert (receipt.created, len(receipt.rejected)) == (1, 2)
    assert len(at.all("Patient")) == 1
    assert len(list(at.store.quarantine("register"))) == 2


@pytest.mark.parametrize(("minute", "future"), [(59, True), (0, False)])
def test_what_comes_after_midnight_in_morocco_is_of_no_day_to_come(at: Scene, minute: int, future: bool) -> None:
    at.clock.at = datetime(2026, 11, 27, 22 if future else 23, minute, tzinfo=UTC)
    receipt = at.receive(at.row(visit_date="28/11/2026"))
    assert [issue.text for one in receipt.rejected for issue in one.issues] == ["mapping.date-future"] * future


def test_a_rejected_row_says_where_and_why_without_its_content(at: Scene) -> None:
    receipt = at.receive(at.row("4", visit_date="hier"))
    (rejected,) = receipt.rejected
    assert rejected.place == "sheet 1, row 5"
    assert any(issue.blocks for issue in rejected.issues)
    told = repr(receipt)
    for secret in ("Zineb", "AB123456", "Orangers", "0612345678", "peur"):
        assert secret not in told


def test_nothing_of_a_rejected_row_is_stored_but_the_row_itself(at: Scene) -> None:
    at.receive(at.row(visit_date="hier"))
    assert {name for name, found in at.everything("settings", "keyvault").items() if found} == {"ledger", "quarantine"}


def test_a_rejected_row_waits_and_is_not_tried_again_until_it_changes(at: Scene) -> None:
    bad = at.row(visit_date="hier")
    at.receive(bad)
    (again,) = at.receive(bad).rejected
    assert again.again
    assert at.receive(at.row()).created == 1
    assert list(at.store.quarantine()) == []


def test_a_record_in_quarantine_is_replayed_when_the_directory_knows_more(at: Scene) -> None:
    at.receive(at.row(referred_to="Clinique Nouvelle"))
    (waiting,) = at.store.quarantine()
    still = replay([waiting], at.connection, at.form, hub=at.hub)
    assert len(still.rejected) == 1

    names = Names([Entry("clinique", "hospital-unit", {"fr": "Clinique Nouvelle"}, "MA-CAS")])
    wiser = Hub(at.store, at.clock, at.hub.ids, names, at.hub.pepper)
    assert replay([waiting], at.connection, at.form, hub=wiser).created == 1
    assert list(at.store.quarantine()) == []
    assert at.one("Task")["owner"]["reference"] == "Organization/clinique"


def test_two_persons_with_one_code_are_for_a_person_to_decide(at: Scene) -> None:
    receipt = at.receive(at.row("1"), at.row("2", case_number="13", cin="CD654321"))
    assert (receipt.created, len(receipt.rejected)) == (1, 1)
    assert [issue.text for issue in receipt.rejected[0].issues] == ["receive.two-persons-one-code"]
    assert len(at.all("Patient")) == 1
    assert [one["identifier"][1]["value"] for one in at.all("Patient")] == ["AB123456"]


def test_two_visits_of_one_woman_are_one_person_with_two_cases(at: Scene) -> None:
    at.receive(at.row("1"))
    at.receive(at.row("2", case_number="40", visit_date="20/05/2026", cin=None, phone=None, request="écoute"))
    patient = at.one("Patient")
    assert len(at.all("EpisodeOfCare")) == 2
    assert patient["telecom"], "what the second visit is silent about stays"
    assert any(one["value"] == "AB123456" for one in patient["identifier"])


def test_two_visits_in_one_batch_are_one_person_too(at: Scene) -> None:
    receipt = at.receive(at.row("1"), at.row("2", case_number="40", visit_date="20/05/2026"))
    assert receipt.created == 2
    assert (len(at.all("Patient")), len(at.all("EpisodeOfCare"))) == (1, 2)


def test_a_row_that_now_names_another_woman_is_for_a_person_to_decide(at: Scene) -> None:
    at.receive(at.row("1"), at.row("2", case_number="13", survivor_code="S-8", cin="CD654321"))
    receipt = at.receive(at.row("1", survivor_code="S-8"))
    assert [issue.text for issue in receipt.rejected[0].issues] == ["receive.person-changed"]


def test_a_phone_number_taken_out_of_the_register_is_taken_out_of_the_hub(at: Scene) -> None:
    at.receive(at.row())
    assert "telecom" in at.one("Patient")
    at.receive(at.row(phone=None, safe_to_call=None))
    assert "telecom" not in at.one("Patient")


def test_what_two_records_say_of_one_woman_is_not_taken_out_by_one_of_them(at: Scene) -> None:
    at.receive(at.row("1"), at.row("2", case_number="40", visit_date="20/05/2026", phone=None))
    at.receive(at.row("2", case_number="40", visit_date="20/05/2026", phone=None, remarks="autre"))
    assert "telecom" in at.one("Patient")


# --- consent and needs taken back in the source ------------------------------------------------------------------------


def test_consent_taken_back_in_the_source_cancels_what_waits_and_closes_every_key(at: Scene) -> None:
    at.receive(at.row())
    assert at.keys(at.one("Task")) == {"chu-atlas|COC|notice"}
    receipt = at.receive(at.row(consent="non", consent_date=None))
    assert receipt.referrals == {"referral.cancel": 1}
    assert at.one("Consent")["status"] == "inactive"
    assert at.one("Task")["status"] == "cancelled"
    for type_ in ("Patient", "EpisodeOfCare", "Observation", "ServiceRequest", "Task", "Consent"):
        assert at.keys(at.one(type_)) == frozenset()


def test_consent_taken_back_in_the_source_holds_what_is_at_work(at: Scene) -> None:
    at.accepted()
    assert at.keys(at.one("Patient")) == {"chu-atlas|COC|core", "chu-atlas|COC|safe-contact"}
    at.receive(at.row(consent="non", consent_date=None))
    task = at.one("Task")
    assert (task["status"], task["businessStatus"]["coding"][0]["code"]) == ("on-hold", "consent-withdrawn")
    assert at.keys(at.one("Patient")) == at.keys(task) == frozenset()


def test_consent_taken_back_counts_even_when_the_row_cannot_be_understood(at: Scene) -> None:
    at.accepted()
    receipt = at.receive(at.row(consent="non", consent_date=None, visit_date="hier"))
    assert len(receipt.rejected) == 1
    assert at.one("Consent")["status"] == "inactive"
    assert at.keys(at.one("Patient")) == frozenset()
    assert at.one("EpisodeOfCare")["period"]["start"] == "2026-05-01", "nothing else of the row is taken"


def test_a_mistake_elsewhere_in_the_row_withdraws_nothing(at: Scene) -> None:
    at.receive(at.row())
    before = at.everything("ledger", "quarantine")
    assert len(at.receive(at.row(visit_date="hier")).rejected) == 1
    assert at.everything("ledger", "quarantine") == before


def test_consent_given_again_sends_a_new_referral(at: Scene) -> None:
    at.receive(at.row())
    at.receive(at.row(consent="non", consent_date=None))
    at.receive(at.row(consent_date="20/05/2026"))
    assert sorted(task["status"] for task in at.all("Task")) == ["cancelled", "requested"]
    assert sorted(consent["status"] for consent in at.all("Consent")) == ["active", "inactive"]


def test_a_need_dropped_from_the_source_is_revoked_and_its_referral_cancelled(at: Scene) -> None:
    at.receive(at.row(request="soins médicaux, écoute"))
    assert len(at.all("Task")) == 2
    at.receive(at.row(request="soins médicaux"))
    by_status = {need["status"]: need["code"]["coding"][0]["code"] for need in at.all("ServiceRequest")}
    assert by_status == {"active": "medical", "revoked": "listening"}
    assert sorted(task["status"] for task in at.all("Task")) == ["cancelled", "requested"]


def test_a_need_given_to_somebody_else_leaves_the_first_and_goes_to_the_second(at: Scene) -> None:
    at.receive(at.row())
    at.receive(at.row(referred_to="Tribunal"))
    states = {task["owner"]["reference"]: task["status"] for task in at.all("Task")}
    assert states == {"Organization/chu-atlas": "cancelled", "Organization/tribunal": "requested"}
    hospitals = [task for task in at.all("Task") if task["owner"]["reference"].endswith("chu-atlas")]
    assert at.keys(hospitals[0]) == frozenset()


def test_without_consent_the_referral_waits_and_nobody_sees_it(at: Scene) -> None:
    receipt = at.receive(at.row(consent="non", consent_date=None))
    assert receipt.referrals == {"referral.draft": 1}
    assert at.one("Task")["status"] == "draft"
    assert at.keys(at.one("Task")) == frozenset()


# --- with others at the same time --------------------------------------------------------------------------------------


class Meanwhile:
    """A store of the same database in which somebody else acts just before the first commit."""

    def __init__(self, store: MongoStore, act: object) -> None:
        self._store, self._act = store, act

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def commit(self, changes: Changes) -> datetime:
        act, self._act = self._act, None
        if act:
            act()  # type: ignore[operator]
        return self._store.commit(changes)


def test_a_change_made_meanwhile_is_not_lost(at: Scene) -> None:
    at.receive(at.row())
    task = at.one("Task")
    racing = Hub(
        Meanwhile(at.store, lambda: at.move(task, "rejected", hospital(), **reason("no-capacity"))),  # type: ignore[arg-type]
        at.clock, at.hub.ids, at.hub.directory, at.hub.pepper,
    )  # fmt: skip
    row = at.row(consent="non", consent_date=None)
    receipt = receive([row], at.connection, at.form, hub=racing)
    assert receipt.referrals == {}, "computed again: there was nothing left to cancel"
    assert at.one("Task")["status"] == "rejected"
    assert at.one("Consent")["status"] == "inactive"
    assert at.keys(at.one("Task")) == frozenset()


def test_two_readers_of_one_source_store_every_record_once(at: Scene) -> None:
    rows = [at.row(str(n), case_number=str(n), survivor_code=f"S-{n}", cin=None) for n in range(1, 9)]
    with ThreadPoolExecutor(2) as readers:
        receipts = list(readers.map(lambda part: at.receive(*part), [rows[:6], rows[2:]]))
    assert len(at.all("Patient")) == len(at.all("EpisodeOfCare")) == len(at.all("Task")) == 8
    assert sum(receipt.created for receipt in receipts) == 8


def test_the_watermark_is_kept_with_the_records_and_not_before_them(at: Scene) -> None:
    at.receive(at.row(), watermark=Watermark("10"))
    assert at.store.watermark("register") == Watermark("10")
    prepare([at.row("2", case_number="13")], at.connection, at.form, hub=at.hub, watermark=Watermark("11"))
    assert at.store.watermark("register") == Watermark("10")


def test_preparing_says_what_would_be_and_writes_nothing(at: Scene) -> None:
    before = at.everything()
    rows = [at.row("1"), at.row("2", case_number="13", survivor_code="S-8", visit_date="hier")]
    _, receipt = prepare(rows, at.connection, at.form, hub=at.hub)
    assert (receipt.created, len(receipt.rejected), receipt.referrals) == (1, 1, {"referral.send": 1})
    assert at.everything() == before


def test_what_the_hospital_says_meanwhile_survives_the_next_edit_of_the_register(at: Scene) -> None:
    at.accepted()
    at.receive(at.row(urgency="normal"))
    assert at.one("Task")["status"] == "accepted"


def test_a_resource_created_through_the_api_is_left_alone_by_the_register(at: Scene) -> None:
    at.receive(at.row())
    patient = at.one("Patient")
    note = {**at.one("Observation"), "note": [{"text": "ajout"}]}
    change.create(note, association(), hub=at.hub)
    at.receive(at.row(remarks="autre"))
    assert {one["note"][0]["text"] for one in at.all("Observation")} == {"ajout", "autre"}
    assert at.one("Patient")["id"] == patient["id"]


def test_labels_that_her_keeper_put_on_a_survivor_stay(at: Scene) -> None:
    at.receive(at.row())
    patient = at.one("Patient")
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PRS"}
    steps = [{"op": "add", "path": "/meta/security/-", "value": label}]
    change.patch("Patient", patient["id"], steps, association(), expected=None, hub=at.hub)
    at.receive(at.row(phone=None))
    found = at.one("Patient")["meta"]["security"]
    assert label in found
    assert [one["code"] for one in found if one != label] == [one["code"] for one in patient["meta"]["security"]]


@pytest.mark.parametrize("edit", [{"full_name": "Zineb B."}, {"phone": "0661111111"}, {"province": "Fès"}])
def test_any_edit_is_one_version_more_and_the_old_one_is_in_the_history(at: Scene, edit: dict[str, str]) -> None:
    at.receive(at.row())
    at.receive(at.row(**edit))
    stored = at.store.read("Patient", at.one("Patient")["id"], None)
    assert stored is not None and stored.version == 2
    assert at.store.database.history.count_documents({"r": f"Patient/{stored.id}"}) == 1
