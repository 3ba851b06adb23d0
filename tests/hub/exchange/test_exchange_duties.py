"""Disclosure by duty, and the review of whatever no consent covered."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub import errors
from hub.conformance import validate
from hub.consent.policies import policies
from hub.errors import HubError
from hub.exchange import overrides, reviews
from hub.exchange.overrides import Duty, Emergency
from hub.exchange.whom import Known
from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system
from hub.fhir.references import reference
from hub.ports import Caller
from tests.support.association import COURT, HOSPITAL, Scene, association, hospital, task_of

WORDS = "Arrivée inconsciente aux urgences, seule."


CIN = Known(identifier_system("cin"), "AB123456")


GLASS = hospital("BTG")


def emergency(known: Known = CIN, **more: Any) -> Emergency:
    return Emergency(known, **({"reason": "medical-emergency", "words": WORDS} | more))


def broken(at: Scene, known: Known = CIN, caller: Caller = GLASS, **more: Any) -> Resource:
    """The review Task of a glass that was just broken."""
    (task,) = overrides.break_glass(emergency(known, **more), caller, hub=at.hub)
    return task


def with_policies(at: Scene, *written: dict[str, Any]) -> Scene:
    """The same scene under policies of the deployment's own."""
    return replace(at, hub=replace(at.hub, policies=policies({"overrides": list(written)})))


@pytest.fixture
def draft(at: Scene) -> Scene:
    """A woman of whom nothing is shared with anybody."""
    at.receive(at.row(consent=None, consent_date=None))
    return at


ON = {"id": "legal-duty", "enabled": True, "recipients": ["court-unit"]}


def duty(at: Scene, **more: str) -> Duty:
    said = {"person": at.one("Patient")["id"], "recipient": COURT, "policy": "legal-duty", "reason": "danger-to-child"}
    return Duty(**(said | {"words": WORDS, "informed": "not-informed-unsafe"} | more))


# --- a duty -----------------------------------------------------------------------------------------------------------


def test_a_duty_opens_what_the_association_keeps_to_the_recipient_for_the_purpose_of_the_policy(draft: Scene) -> None:
    at = with_policies(draft, ON)
    task = overrides.disclose(duty(at), association(), hub=at.hub)
    assert validate(at.one("Task", id=task["id"])) == ()
    seen = task_of(at.read(reference(at.one("Patient")), Caller("court-system", COURT, "HLEGAL")))
    assert seen["name"]
    for caller in (Caller("court-system", COURT, "COC"), hospital("HLEGAL")):
        assert at.search("Patient", caller).total == 0
    [event] = at.audit("override.disclose")
    assert validate(event) == ()
    assert at.store.database.outbox.count_documents({"kind": "override.disclose"}) == 1
    at.clock.forward(timedelta(minutes=60))
    assert at.search("Patient", Caller("court-system", COURT, "HLEGAL")).total == 0


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"policy": "break-glass"}, errors.NO_OVERRIDE), ({"recipient": HOSPITAL}, errors.NO_OVERRIDE),
        ({"recipient": "nowhere"}, errors.NO_OVERRIDE), ({"informed": ""}, errors.BAD_PARAMETER), ({"words": "oui"}, errors.BAD_PARAMETER),
        ({"person": "nobody"}, errors.NOT_FOUND),
    ],
)  # fmt: skip
def test_a_duty_that_no_policy_names_discloses_nothing(
    draft: Scene, more: dict[str, str], problem: errors.Problem
) -> None:
    at = with_policies(draft, ON)
    before = at.everything()
    with pytest.raises(HubError) as caught:
        overrides.disclose(duty(at, **more), association(), hub=at.hub)
    assert caught.value.problem is problem
    assert at.everything() == before


def test_nobody_discloses_what_another_keeps(draft: Scene) -> None:
    at = with_policies(draft, ON)
    with pytest.raises(HubError) as caught:
        overrides.disclose(duty(at), hospital(), hub=at.hub)
    assert caught.value.problem is errors.NOT_FOUND


def test_a_duty_that_is_not_turned_on_is_none(draft: Scene) -> None:
    with pytest.raises(HubError) as caught:
        overrides.disclose(duty(draft), association(), hub=draft.hub)
    assert caught.value.problem is errors.NO_OVERRIDE


# --- the review -------------------------------------------------------------------------------------------------------


def test_a_review_is_the_keepers_and_is_made_once(draft: Scene) -> None:
    task = reference(broken(draft))
    for caller in (GLASS, hospital(), Caller("court-system", COURT, "COC")):
        with pytest.raises(HubError) as caught:
            reviews.review(task, "justified", "", caller, hub=draft.hub)
        assert caught.value.problem is errors.NOT_FOUND
    after = reviews.review(task, "justified", "Le service a rappelé.", association(), hub=draft.hub)
    assert validate(draft.one("Task", id=after["id"])) == ()
    assert draft.audit("override.review")
    with pytest.raises(HubError) as caught:
        reviews.review(task, "not-justified", "", association(), hub=draft.hub)
    assert caught.value.problem is errors.ILLEGAL_TRANSITION


def test_what_was_not_justified_is_closed_at_once(draft: Scene) -> None:
    task = reference(broken(draft))
    draft.clock.forward(timedelta(minutes=1))
    assert draft.search("Patient", GLASS).total == 1
    reviews.review(task, "not-justified", "", association(), hub=draft.hub)
    assert draft.search("Patient", GLASS).total == 0
    assert validate(draft.one("Task", id=task.removeprefix("Task/"))) == ()


def test_a_review_says_only_what_a_review_can_find(draft: Scene) -> None:
    task = reference(broken(draft))
    for outcome, note in (("fine", ""), ("", ""), ("justified", "x" * 501)):
        with pytest.raises(HubError) as caught:
            reviews.review(task, outcome, note, association(), hub=draft.hub)
        assert caught.value.problem is errors.BAD_PARAMETER


def test_a_referral_is_not_reviewed(at: Scene) -> None:
    with pytest.raises(HubError) as caught:
        reviews.review(reference(at.accepted()), "justified", "", association(), hub=at.hub)
    assert caught.value.problem is errors.NOT_FOUND
