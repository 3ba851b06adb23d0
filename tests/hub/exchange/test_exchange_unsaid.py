"""What a record could not say, because its tool hides the question from us, stands as it was told before; and no longer than that."""

from dataclasses import replace

import pytest

from hub.exchange.replay import replay
from hub.ports import SourceRecord
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
