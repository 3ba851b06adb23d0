"""Referrals that a party writes itself, and what the parties of a referral ask of each other about it."""

import pytest

from hub import errors
from hub.exchange import change
from hub.fhir import Resource
from hub.fhir.instants import span
from hub.store import MongoStore
from tests.support.network import (
    KEEPER,
    NEED,
    PERSON,
    Network,
    agreed,
    business,
    by,
    cancellation,
    need,
    network,
    outcome,
    question,
    reason,
    referred,
    refusal,
    survivor,
)


@pytest.fixture
def at(store: MongoStore) -> Network:
    found = network(store)
    found.keep(survivor(), need(), agreed("chu", "clinique"))
    return found


def moved_to(at: Network, status: str) -> str:
    """A referral to the hospital that has come as far as this."""
    id_ = str(at.create(referred("chu"), KEEPER)["id"])
    way = {
        "requested": [],
        "received": ["received"],
        "accepted": ["accepted"],
        "in-progress": ["accepted", "in-progress"],
    }
    for one in way[status]:
        at.move(id_, one, "chu")
    return id_


# --- a referral ------------------------------------------------------------------------------------------------------


def test_a_requester_refers_a_need_and_the_hub_adds_what_it_knows(at: Network) -> None:
    task = at.create(referred("chu"), KEEPER)
    assert task["requester"] == {"reference": f"Organization/{KEEPER}"}
    assert task["for"] == {"reference": f"Patient/{PERSON}"}
    assert task["priority"] == "urgent"
    assert [one["type"]["coding"][0]["code"] for one in task["input"]] == ["service-type", "province", "age-band"]
    assert span(task["restriction"]["period"]["end"])[0] > at.clock.now()
    assert at.stored(NEED, "ServiceRequest")["performer"] == [{"reference": "Organization/chu"}]
    assert len(at.all("Task")) == 1
    assert ("referral.send", f"Task/{task['id']}") in at.told()
    assert at.read(task["id"], "chu")["status"] == "requested"


def test_a_draft_waits_for_who_wrote_it_and_the_recipient_knows_nothing(at: Network) -> None:
    task = at.create(referred("chu", status="draft"), KEEPER)
    at.keep(agreed("chu"))
    assert at.stored(task["id"])["status"] == "draft"
    assert not at.sees("Task", task["id"], "chu")
    at.move(task["id"], "requested", KEEPER)
    assert at.read(task["id"], "chu")["status"] == "requested"


def test_sending_makes_the_need_active(at: Network) -> None:
    at.keep(need(status="draft"))
    at.create(referred("chu"), KEEPER)
    assert at.stored(NEED, "ServiceRequest")["status"] == "active"


def test_without_consent_nothing_is_sent_and_a_draft_may_be_kept(at: Network) -> None:
    assert refusal(lambda: at.create(referred("tribunal"), KEEPER)) is errors.ILLEGAL_TRANSITION
    draft = at.create(referred("tribunal", status="draft"), KEEPER)
    assert refusal(lambda: at.move(draft["id"], "requested", KEEPER)) is errors.ILLEGAL_TRANSITION


def test_of_one_need_and_recipient_one_referral_is_open_at_a_time(at: Network) -> None:
    first = at.create(referred("chu"), KEEPER)
    assert refusal(lambda: at.create(referred("chu"), KEEPER)) is errors.ASKED_ALREADY
    at.move(first["id"], "rejected", "chu", **reason())
    assert at.create(referred("chu"), KEEPER)["id"] != first["id"]


def test_a_need_given_to_another_by_a_new_referral_stops_the_first(at: Network) -> None:
    first = at.create(referred("chu"), KEEPER)
    second = at.create(referred("clinique"), KEEPER)
    assert (at.stored(first["id"])["status"], at.stored(second["id"])["status"]) == ("cancelled", "requested")


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (referred("chu", need_="need-of-nobody"), errors.UNKNOWN_REFERENCE),
        (referred("chu", requester={"reference": "Organization/chu"}), errors.NOT_YOURS),
        (referred("chu", **{"for": {"reference": "Patient/somebody-else"}}), errors.UNKNOWN_REFERENCE),
        (referred("nowhere"), errors.UNKNOWN_REFERENCE),
        (referred("chu", status="accepted"), errors.ILLEGAL_TRANSITION),
        (referred("chu", **outcome()), errors.NOT_YOURS),
        (referred("chu", intent="proposal"), errors.INVALID),
        (referred("chu", code={"coding": "nonsense"}), errors.INVALID),
        (referred("chu", focus="nonsense"), errors.UNKNOWN_REFERENCE),
    ],
)
def test_what_is_not_a_referral_of_ones_own_need_is_refused(
    at: Network, sent: Resource, problem: errors.Problem
) -> None:
    before = at.all("Task")
    assert refusal(lambda: at.create(sent, KEEPER)) is problem
    assert at.all("Task") == before


@pytest.mark.parametrize("organization", ["chu", "clinique", "tribunal"])
def test_nobody_refers_anothers_need_and_it_looks_absent(at: Network, organization: str) -> None:
    assert refusal(lambda: at.create(referred("clinique"), organization)) is errors.UNKNOWN_REFERENCE
    assert refusal(lambda: at.create(referred("clinique", need_="absent"), organization)) is errors.UNKNOWN_REFERENCE


@pytest.mark.parametrize("status", ["revoked", "completed", "entered-in-error"])
def test_a_need_that_has_ended_is_not_referred(at: Network, status: str) -> None:
    at.keep(need(status=status))
    assert refusal(lambda: at.create(referred("chu"), KEEPER)) is errors.OUT_OF_TURN


def test_the_same_change_sent_again_is_the_same_version(at: Network) -> None:
    id_ = str(at.create(referred("chu"), KEEPER)["id"])
    for status, more in (("accepted", {}), ("in-progress", {}), ("completed", outcome())):
        seen = at.store.read("Task", id_, None)
        assert seen is not None
        body = {**at.read(id_, "chu"), "status": status, **more}
        versions = [
            change.update("Task", id_, body, by("chu"), expected=seen.version, hub=at.hub).version for _ in range(3)
        ]
        assert versions == [seen.version + 1] * 3


def test_who_cancels_what_it_sent_revokes_the_need_unless_it_looks_elsewhere(at: Network) -> None:
    first = at.create(referred("chu"), KEEPER)
    at.move(first["id"], "cancelled", KEEPER, **reason("not-selected"))
    assert at.stored(NEED, "ServiceRequest")["status"] == "active"
    second = at.create(referred("clinique"), KEEPER)
    at.move(second["id"], "cancelled", KEEPER, **reason("survivor-declined"))
    assert at.stored(NEED, "ServiceRequest")["status"] == "revoked"


def test_a_refused_need_stays_active_and_is_to_be_referred_anew(at: Network) -> None:
    first = at.create(referred("chu"), KEEPER)
    at.move(first["id"], "rejected", "chu", **reason())
    assert business(at.stored(first["id"])) == "re-routing"
    assert at.stored(NEED, "ServiceRequest")["status"] == "active"
    assert ("referral.reject", f"Task/{first['id']}") in at.told()
    second = at.create(referred("clinique"), KEEPER)
    assert second["focus"] == first["focus"]


def test_a_referral_entered_in_error_is_hidden_from_its_owner_alone(at: Network) -> None:
    id_ = moved_to(at, "accepted")
    at.move(id_, "entered-in-error", KEEPER, **reason("entered-in-error"))
    assert at.sees("Task", id_, KEEPER)
    assert not at.sees("Task", id_, "chu")
    assert not at.sees("Patient", PERSON, "chu")


# --- a cancellation asked for ----------------------------------------------------------------------------------------


def test_a_cancellation_is_asked_for_once_work_has_begun_and_the_owner_agrees(at: Network) -> None:
    id_ = moved_to(at, "in-progress")
    assert refusal(lambda: at.move(id_, "cancelled", KEEPER, **reason())) is errors.NOT_YOURS
    asked = at.create(cancellation(id_), KEEPER)
    assert asked["owner"] == {"reference": "Organization/chu"}
    assert business(at.stored(id_)) == "cancellation-requested"
    assert at.read(asked["id"], "chu")["status"] == "requested"
    at.move(asked["id"], "accepted", "chu")
    ended = at.stored(id_)
    assert (ended["status"], ended["statusReason"]["coding"][0]["code"]) == ("cancelled", "survivor-declined")
    assert {("cancellation.accept", f"Task/{asked['id']}"), ("referral.cancel", f"Task/{id_}")} <= set(at.told())
    assert not at.sees("Patient", PERSON, "chu")


def test_the_owner_may_refuse_with_a_reason_and_goes_on(at: Network) -> None:
    id_ = moved_to(at, "in-progress")
    asked = at.create(cancellation(id_), KEEPER)
    assert refusal(lambda: at.move(asked["id"], "rejected", "chu")) is errors.MISSING_REASON
    at.move(asked["id"], "rejected", "chu", statusReason={"coding": reason("safety-risk")["statusReason"]["coding"]})
    assert (at.stored(id_)["status"], business(at.stored(id_))) == ("in-progress", "")


def test_the_owner_may_answer_with_an_outcome_all_the_same(at: Network) -> None:
    id_ = moved_to(at, "in-progress")
    asked = at.create(cancellation(id_), KEEPER)
    at.move(id_, "completed", "chu", **outcome())
    assert at.stored(id_)["status"] == "completed"
    assert at.stored(asked["id"])["status"] == "cancelled"


def test_a_cancellation_is_the_requesters_to_ask_and_to_take_back_and_the_owners_to_answer(at: Network) -> None:
    id_ = moved_to(at, "in-progress")
    assert refusal(lambda: at.create(cancellation(id_), "chu")) is errors.NOT_YOURS
    for stranger in ("tribunal", "clinique"):
        assert refusal(lambda stranger=stranger: at.create(cancellation(id_), stranger)) is errors.UNKNOWN_REFERENCE
    asked = at.create(cancellation(id_), KEEPER)
    assert refusal(lambda: at.create(cancellation(id_), KEEPER)) is errors.ASKED_ALREADY
    assert refusal(lambda: at.move(asked["id"], "accepted", KEEPER)) is errors.NOT_YOURS
    assert not at.sees("Task", asked["id"], "tribunal")
    at.move(asked["id"], "cancelled", KEEPER)
    assert business(at.stored(id_)) == ""


def test_what_has_not_begun_is_cancelled_and_not_asked_about(at: Network) -> None:
    id_ = moved_to(at, "received")
    assert refusal(lambda: at.create(cancellation(id_), KEEPER)) is errors.OUT_OF_TURN


# --- information asked for -------------------------------------------------------------------------------------------


def answers(at: Network, keeper: str = KEEPER) -> Resource:
    form: Resource = {
        "resourceType": "QuestionnaireResponse",
        "id": "answers-1",
        "status": "completed",
        "subject": {"reference": f"Patient/{PERSON}"},
    }
    at.keep(form, keeper=keeper)
    kind = {"coding": [{"system": "https://ihala.example/fhir/CodeSystem/task-output", "code": "answers"}]}
    return {"output": [{"type": kind, "valueReference": {"reference": "QuestionnaireResponse/answers-1"}}]}


@pytest.mark.parametrize("status", ["requested", "received", "accepted", "in-progress"])
def test_the_owner_asks_for_what_is_missing_and_the_referral_waits_where_it_is(at: Network, status: str) -> None:
    id_ = moved_to(at, status)
    asked = at.create(question(id_), "chu")
    assert asked["owner"] == {"reference": f"Organization/{KEEPER}"}
    stands = "received" if status == "requested" else status
    assert (at.stored(id_)["status"], business(at.stored(id_))) == (stands, "awaiting-information")
    assert ("information.request", f"Task/{asked['id']}") in at.told()
    assert refusal(lambda: at.move(asked["id"], "completed", KEEPER)) is errors.MISSING_OUTCOME
    at.move(asked["id"], "completed", KEEPER, **answers(at))
    assert (at.stored(id_)["status"], business(at.stored(id_))) == (stands, "")


@pytest.mark.parametrize("word", ["appointment-scheduled", "waitlisted"])
def test_what_the_owner_had_said_before_it_asked_is_said_again_once_there_is_an_answer(at: Network, word: str) -> None:
    id_ = moved_to(at, "accepted")
    at.move(id_, "accepted", "chu", businessStatus={"coding": [
        {"system": "https://ihala.example/fhir/CodeSystem/referral-business-status", "code": word}
    ]})  # fmt: skip
    asked = at.create(question(id_), "chu")
    assert business(at.stored(id_)) == "awaiting-information"
    back = at.create(cancellation(id_), KEEPER)
    assert business(at.stored(id_)) == "cancellation-requested"
    at.move(back["id"], "rejected", "chu", statusReason={"coding": reason("safety-risk")["statusReason"]["coding"]})
    assert business(at.stored(id_)) == "awaiting-information"
    at.move(asked["id"], "completed", KEEPER, **answers(at))
    said = at.stored(id_)["businessStatus"]["coding"]
    assert [one["code"] for one in said] == [word]


def test_answers_are_a_form_of_hers_that_who_answers_keeps(at: Network) -> None:
    id_ = moved_to(at, "accepted")
    asked = at.create(question(id_), "chu")
    elsewhere = answers(at, keeper="tribunal")
    assert refusal(lambda: at.move(asked["id"], "completed", KEEPER, **elsewhere)) is errors.UNKNOWN_REFERENCE


def test_that_the_owner_says_of_itself_that_it_waits_for_information_stays(at: Network) -> None:
    id_ = moved_to(at, "accepted")
    asked = at.create(question(id_), "chu")
    at.move(asked["id"], "cancelled", "chu")
    assert business(at.stored(id_)) == ""
    at.clock.forward(at.clock.now() - at.clock.now().replace(hour=0))
    at.move(id_, "accepted", "chu", businessStatus={"coding": [
        {"system": "https://ihala.example/fhir/CodeSystem/referral-business-status", "code": "awaiting-information"}
    ]})  # fmt: skip
    assert business(at.stored(id_)) == "awaiting-information"


def test_a_referral_that_ends_closes_what_was_asked_about_it(at: Network) -> None:
    id_ = moved_to(at, "received")
    asked = at.create(question(id_), "chu")
    at.move(id_, "cancelled", KEEPER, **reason("survivor-declined"))
    assert at.stored(asked["id"])["status"] == "cancelled"


def test_a_withdrawal_hides_what_was_asked_too(at: Network) -> None:
    id_ = moved_to(at, "accepted")
    asked = at.create(question(id_), "chu")
    at.keep({**agreed("chu"), "status": "inactive"})
    assert not at.sees("Task", id_, "chu")
    assert not at.sees("Task", asked["id"], "chu")
