"""What a record could not say, because its tool hides the question from us, stands as it was told before; and no longer than that."""

from dataclasses import replace

import pytest

from hub import mapping
from hub.exchange.replay import replay
from hub.ports import Place, SourceRecord
from tests.support.association import Scene

CONSENT = {"consent": None, "consent_date": None}
NEED = {"request": None, "referred_to": None}


def hidden(at: Scene, cells: dict[str, str | None], **others: str | None) -> SourceRecord:
    """The next version of a row, whose questions were closed to the account."""
    return replace(at.row(**cells, **others), unsaid=tuple(cells))


def test_a_consent_that_the_account_can_no_longer_read_stands_as_it_was_given(at: Scene) -> None:
    at.receive(at.row())
    before = at.keys(at.one("Task"))
    at.receive(hidden(at, CONSENT))
    assert at.one("Consent")["status"] == "active"
    assert before and at.keys(at.one("Task")) == before


def test_a_need_that_the_account_can_no_longer_read_is_neither_revoked_nor_its_referral_stopped(at: Scene) -> None:
    at.receive(at.row())
    receipt = at.receive(hidden(at, NEED))
    assert not receipt.referrals
    assert (at.one("ServiceRequest")["status"], at.one("Task")["status"]) == ("active", "requested")


@pytest.mark.parametrize("between", [1, 2])
def test_once_the_question_is_open_again_a_no_ends_the_consent_as_ever(at: Scene, between: int) -> None:
    at.receive(at.row())
    for number in range(between):
        at.receive(hidden(at, CONSENT, remarks=f"{number}"))
    at.receive(at.row(consent="non", consent_date=None))
    assert at.one("Consent")["status"] == "inactive"
    assert at.keys(at.one("Patient")) == frozenset()


@pytest.mark.parametrize("closed", [{"consent_date": None}, {"referred_to": None}, {**NEED, "consent_date": None}])
def test_a_no_ends_the_consent_although_other_questions_are_closed(at: Scene, closed: dict[str, str | None]) -> None:
    at.receive(at.row())
    at.receive(hidden(at, closed, consent="non"))
    assert at.one("Consent")["status"] == "inactive"


def test_a_record_that_waits_in_quarantine_keeps_what_it_could_not_say(at: Scene) -> None:
    at.receive(at.row())
    assert at.receive(hidden(at, CONSENT, visit_date="hier")).rejected
    assert at.one("Consent")["status"] == "active"
    (waiting,) = at.store.quarantine(at.connection.id)
    mended = replace(waiting, content={**waiting.content, "visit_date": "02/05/2026"})
    replay([mended], at.connection, at.form, hub=at.hub)
    assert at.one("Consent")["status"] == "active"


def test_what_an_account_can_no_longer_read_inside_a_need_stands_as_it_was_told(at: Scene) -> None:
    at.receive(at.row())
    before = at.one("ServiceRequest")
    at.receive(hidden(at, {"urgency": None}, remarks="Revue."))
    assert at.one("ServiceRequest")["priority"] == before["priority"] == "urgent"


def test_a_referral_goes_on_although_whom_it_went_to_can_no_longer_be_read(at: Scene) -> None:
    at.receive(at.row())
    receipt = at.receive(hidden(at, {"referred_to": None}, remarks="Revue."))
    assert not receipt.referrals and at.one("Task")["status"] == "requested"
    assert at.one("ServiceRequest")["performer"] == [{"reference": "Organization/chu-atlas"}]


def test_a_part_that_can_be_read_and_is_empty_is_emptied(at: Scene) -> None:
    at.receive(at.row())
    at.receive(at.row(urgency=None))
    assert "priority" not in at.one("ServiceRequest")


def test_a_part_that_says_something_is_believed_although_others_of_its_kind_are_closed(at: Scene) -> None:
    at.receive(at.row())
    at.receive(replace(at.row(urgency="normal"), unsaid=("urgency",)))
    assert at.one("ServiceRequest")["priority"] == "routine"


# --- what a mapping writes for want of an answer ----------------------------------------------------------------------


def primero(at: Scene, **cells: str) -> SourceRecord:
    at.form = mapping.load("primero/gbvims-plus")
    told = {"survivor_code_no": "S-7", "created_at": "2026-05-01", **cells}
    services = [{"services_section/unique_id": "u1", "services_section/service_type": "health_medical_service"}]
    if day := told.pop("day", None):
        services[0]["services_section/service_response_day_time"] = day
    content = {**told, "services_section": services}
    return SourceRecord("case", "c1", repr(content), content, Place(record="c1"), silent=True)


def test_a_constant_stands_for_nothing_that_was_told_before_and_can_no_longer_be_read(at: Scene) -> None:
    at.receive(primero(at, sex="male", status="closed", age="30"))
    assert (at.one("Patient")["gender"], at.one("EpisodeOfCare")["status"]) == ("male", "finished")
    at.receive(replace(primero(at, age="31"), unsaid=("sex", "status")))
    assert (at.one("Patient")["gender"], at.one("EpisodeOfCare")["status"]) == ("male", "finished")


def test_a_constant_stands_where_nothing_was_ever_told(at: Scene) -> None:
    at.receive(replace(primero(at), unsaid=("sex", "status")))
    assert (at.one("Patient")["gender"], at.one("EpisodeOfCare")["status"]) == ("unknown", "active")


def test_a_constant_takes_the_place_of_an_answer_that_was_emptied(at: Scene) -> None:
    at.receive(primero(at, sex="male", status="closed"))
    at.receive(replace(primero(at), cleared=("sex",)))
    assert (at.one("Patient")["gender"], at.one("EpisodeOfCare")["status"]) == ("unknown", "active")


def test_another_column_stands_for_nothing_that_was_told_before_and_can_no_longer_be_read(at: Scene) -> None:
    at.receive(primero(at, day="2026-05-20"))
    hidden_day = replace(primero(at, age="31"), unsaid=("services_section/service_response_day_time",))
    at.receive(hidden_day)
    assert at.one("ServiceRequest")["authoredOn"] == "2026-05-20"


def test_what_comes_first_and_is_told_is_believed_although_what_would_stand_for_it_is_closed(at: Scene) -> None:
    at.receive(at.row(age="30", birth_date=None))
    at.receive(replace(at.row(age="52", birth_date=None), unsaid=("birth_date",)))
    bands = [one for one in at.one("Patient")["extension"] if one["url"].endswith("age-band")]
    assert [one["valueCode"] for one in bands] == ["41-60"]


def test_that_it_is_not_safe_to_call_stands_where_the_question_is_closed(at: Scene) -> None:
    at.receive(at.row(safe_to_call="non"))
    before = at.one("Patient")["telecom"]
    at.receive(hidden(at, {"safe_to_call": None}, remarks="Revue."))
    assert at.one("Patient")["telecom"] == before and before[0]["extension"]


def test_of_another_number_nobody_has_said_whether_it_is_safe_to_call(at: Scene) -> None:
    at.receive(at.row(safe_to_call="oui"))
    at.receive(hidden(at, {"safe_to_call": None}, phone="0698765432"))
    (one,) = at.one("Patient")["telecom"]
    assert "extension" not in one and one["value"].endswith("698765432")


def test_a_part_of_an_address_that_is_closed_stands_beside_the_parts_that_are_told(at: Scene) -> None:
    at.receive(at.row(commune="Aïn Chock"))
    at.receive(hidden(at, {"commune": None}, address="3, rue du Puits"))
    (address,) = at.one("Patient")["address"]
    assert (address["city"], address["text"]) == ("Aïn Chock", "3, rue du Puits")
