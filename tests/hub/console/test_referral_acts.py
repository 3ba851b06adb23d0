"""What a person can do with a referral is what the state machine lets her side do: no more is offered, no more is accepted, no less."""

import re
from typing import Any

import pytest

from hub.ports import Registry
from hub.referral.transitions import TRANSITIONS
from hub.store import MongoStore
from tests.support.network import KEEPER, reason
from tests.support.offices import Office, office, words

WAY = ("received", "accepted", "in-progress")
STATES = ("draft", "requested", "received", "accepted", "in-progress", "on-hold", "rejected", "completed")
ALL = sorted({to for _, to in TRANSITIONS})
SIDES = {"owner": "chu", "requester": KEEPER}
CASES = [(status, side) for status in STATES for side in SIDES if (status, side) != ("draft", "owner")]
"""A draft is not seen by its owner."""
OFTEN = {"requested", "in-progress", "completed"}
SAID = {"reason": "no-capacity", "words": "Service complet.", "outcome": "service-provided"}


@pytest.fixture
def at(store: MongoStore, registry: Registry) -> Office:
    return office(store, registry)


def referred(at: Office, status: str) -> str:
    """A referral to the hospital that stands so."""
    if status == "draft":
        return at.refer("rabat")  # no consent covers it
    task = at.refer("chu")
    for step in WAY[: WAY.index(status) + 1] if status in WAY else ():
        at.at.move("chu", task, step)
    if status == "on-hold":
        at.at.move("chu", task, "accepted")
        at.at.move("chu", task, "on-hold", **reason())
    if status == "rejected":
        at.at.move("chu", task, "rejected", **reason())
    if status == "completed":
        at.at.move("chu", task, "accepted")
        assert at.do("chu", task, "completed", outcome="service-provided").status_code == 303
    return task


def offered(page: str) -> set[str]:
    return set(re.findall(r"/do/([a-z-]+)\"", page))


def targets(status: str, side: str) -> set[str]:
    return {to for (start, to), edge in TRANSITIONS.items() if start == status and side in edge.actors}


def said(status: str, to: str) -> dict[str, str]:
    """What the form of this act asks for."""
    needs = TRANSITIONS[status, to].needs
    return {"reason": {"reason": SAID["reason"], "words": SAID["words"]}, "outcome": {"outcome": SAID["outcome"]}}.get(
        next(iter(needs), ""), {}
    )


@pytest.mark.parametrize(("status", "side"), CASES)
def test_every_act_of_a_side_is_offered_and_works(at: Office, status: str, side: str) -> None:
    who = SIDES[side]
    at.at.agree("chu")
    allowed = targets(status, side)
    task = referred(at, status)
    assert offered(at.page(who, task)) == allowed
    for to in sorted(allowed - {"requested"}):
        done = at.do(who, task, to, **said(status, to))
        assert done.status_code == 303, words(done.text)
        assert at.at.read(KEEPER, f"Task/{task}")["status"] == to
        task = referred(at, status)


def test_a_prepared_referral_is_sent_once_her_consent_covers_it(at: Office) -> None:
    task = at.refer("rabat")
    refused = at.do(KEEPER, task, "requested")
    assert (refused.status_code, at.at.read(KEEPER, f"Task/{task}")["status"]) == (422, "draft")


@pytest.mark.parametrize(
    ("status", "side"), [pytest.param(*one, marks=() if one[0] in OFTEN else pytest.mark.deep) for one in CASES]
)
def test_what_is_not_hers_is_refused_as_by_the_api(at: Office, status: str, side: str) -> None:
    who = SIDES[side]
    at.at.agree("chu")
    task = referred(at, status)
    before = at.at.read(KEEPER, f"Task/{task}")
    for to in sorted(set(ALL) - targets(status, side) - {status}):
        by_hand = at.do(who, task, to, reason=SAID["reason"], words=SAID["words"])
        assert by_hand.status_code == by_api(at, who, task, to), (to, words(by_hand.text))
        assert at.desk(who).get(f"/console/referrals/{task}/do/{to}").status_code == 422
    assert at.at.read(KEEPER, f"Task/{task}") == before


def by_api(at: Office, who: str, task: str, to: str) -> int:
    """The status of the same change as a system makes it."""
    seen = at.at.read(who, f"Task/{task}")
    steps: list[dict[str, Any]] = [{"op": "replace", "path": "/status", "value": to}]
    steps += [{"op": "add", "path": "/statusReason", "value": reason()["statusReason"]}]
    headers = {"Content_Type": "application/json-patch+json", "If_Match": f'W/"{seen["meta"]["versionId"]}"'}
    answer = at.at.by(who).send("PATCH", f"/fhir/Task/{task}", steps, **headers)
    assert answer.status_code in {403, 422}
    return answer.status_code


@pytest.mark.parametrize(
    ("to", "form", "field"),
    [
        ("rejected", {"words": "Complet."}, "reason"),
        ("rejected", {"reason": "no-capacity"}, "words"),
        ("rejected", {"reason": "no-capacity", "words": "x" * 501}, "words"),
        ("rejected", {"reason": "timeout", "words": "Complet."}, "reason"),
        ("rejected", {"reason": "of my own", "words": "Complet."}, "reason"),
        ("completed", {}, "outcome"),
        ("completed", {"outcome": "of my own"}, "outcome"),
    ],
)
def test_what_an_act_needs_is_asked_for_and_what_was_typed_stays(
    at: Office, to: str, form: dict[str, str], field: str
) -> None:
    at.at.agree("chu")
    task = referred(at, "accepted")
    answer = at.do("chu", task, to, **form)
    assert answer.status_code == 422
    assert f'id="w-{field}"' in answer.text
    assert form.get("words", "") in answer.text
    assert at.at.read("chu", f"Task/{task}")["status"] == "accepted"


def test_where_somebody_was_faster_nothing_is_overwritten_and_nothing_that_was_typed_is_lost(at: Office) -> None:
    at.at.agree("chu")
    task, browser = referred(at, "requested"), at.desk("chu")
    form = browser.get(f"/console/referrals/{task}/do/rejected").text
    (version,) = re.findall(r'name="version" value="(\d+)"', form)
    at.at.move("chu", task, "accepted")
    typed = {"version": version, "reason": "out-of-area", "words": "Nous ne couvrons pas ce quartier."}
    late = browser.post(f"/console/referrals/{task}/do/rejected", **typed)
    assert late.status_code == 412
    assert "entre-temps" in late.text and "acceptée" in late.text
    assert typed["words"] in late.text and 'value="out-of-area" checked' in late.text
    assert at.at.read("chu", f"Task/{task}")["status"] == "accepted"
    (version,) = re.findall(r'name="version" value="(\d+)"', late.text)
    assert browser.post(f"/console/referrals/{task}/do/rejected", **{**typed, "version": version}).status_code == 303


def test_what_is_possible_no_more_shows_what_was_typed(at: Office) -> None:
    at.at.agree("chu")
    task, browser = referred(at, "requested"), at.desk("chu")
    browser.get(f"/console/referrals/{task}/do/rejected")
    at.at.move("yasmine", task, "cancelled", **reason("survivor-declined"))
    late = browser.post(
        f"/console/referrals/{task}/do/rejected", version="1", reason="no-capacity", words="Complet ce mois."
    )
    assert (late.status_code, "Complet ce mois." in late.text) == (412, True)


@pytest.mark.parametrize("version", ["", "0", "-1", "x", "99999999999999999999"])
def test_an_act_names_the_version_that_was_seen(at: Office, version: str) -> None:
    at.at.agree("chu")
    task = referred(at, "requested")
    assert at.do("chu", task, "accepted", version=version).status_code == 412
    assert at.at.read("chu", f"Task/{task}")["status"] == "requested"


def test_a_form_that_we_did_not_show_changes_nothing(at: Office) -> None:
    at.at.agree("chu")
    task, browser = referred(at, "requested"), at.desk("chu")
    browser.get(f"/console/referrals/{task}")
    answer = browser.post(f"/console/referrals/{task}/do/accepted", csrf="made-up", version="1")
    assert answer.status_code == 400
    assert at.at.read("chu", f"Task/{task}")["status"] == "requested"


def test_of_three_who_could_take_it_on_one_wins_and_the_others_are_told(at: Office) -> None:
    at.at.agree("chu", "clinique", "dispensaire")
    task = at.refer()
    for who in ("chu", "clinique"):
        listed = at.desk(who).get("/console/referrals?box=open").text
        assert task in listed
        assert offered(at.page(who, task)) == {"accepted"}
    assert at.do("chu", task, "accepted").status_code == 303
    too_late = at.desk("clinique").post(f"/console/referrals/{task}/do/accepted", version="1")
    assert too_late.status_code == 412
    assert "plus rapide" in too_late.text
    assert at.at.read("chu", f"Task/{task}")["owner"]["reference"] == "Organization/chu"
    assert task not in at.desk("clinique").get("/console/referrals?box=open").text
    assert at.desk("clinique").get(f"/console/referrals/{task}").status_code == 404


def test_whoever_may_only_read_is_offered_nothing_and_changes_nothing(at: Office) -> None:
    at.at.agree("chu")
    task = referred(at, "requested")
    reader = at.desk("chu", scopes=frozenset({"user/Task.rs"}))
    assert offered(reader.get(f"/console/referrals/{task}").text) == set()
    assert reader.post(f"/console/referrals/{task}/do/accepted", version="1").status_code == 403
    reader.get(f"/console/referrals/{task}")
    assert reader.post(f"/console/referrals/{task}/messages", message="Bonjour").status_code == 403
    assert at.at.read("chu", f"Task/{task}")["status"] == "requested"


def test_the_audit_trail_names_the_person_who_acted(at: Office) -> None:
    at.at.agree("chu")
    task = referred(at, "requested")
    at.do("chu", task, "accepted")
    trail = at.at.by(KEEPER).get(f"/fhir/AuditEvent?entity=Task/{task}&subtype=referral.accept").json or {}
    (event,) = [one["resource"] for one in trail["entry"]]
    assert "Practitioner/chu-id" in str(event["agent"])


def test_how_far_it_has_come_is_said_by_who_works_on_it_and_seen_by_who_sent_it(at: Office) -> None:
    at.at.agree("chu")
    task, browser = referred(at, "accepted"), at.desk("chu")
    assert "/progress" in at.page("chu", task) and "/progress" not in at.page(KEEPER, task)
    form = browser.get(f"/console/referrals/{task}/progress").text
    assert "outcome-overdue" not in form
    (version,) = re.findall(r'name="version" value="(\d+)"', form)
    for wrong in ({}, {"said": "escalated"}, {"said": "appointment-scheduled", "when": "demain"}):
        assert browser.post(f"/console/referrals/{task}/progress", version=version, **wrong).status_code == 422
    made = {"said": "appointment-scheduled", "when": "2026-12-24T10:30"}
    assert browser.post(f"/console/referrals/{task}/progress", version=version, **made).status_code == 303
    page = words(at.page(KEEPER, task))
    assert "Rendez-vous fixé" in page and "24/12/2026 10:30" in page
    browser.get(f"/console/referrals/{task}/progress")
    late = browser.post(f"/console/referrals/{task}/progress", version=version, said="appointment-missed")
    assert (late.status_code, 'value="appointment-missed" checked' in late.text) == (412, True)


def test_who_sent_it_does_not_say_how_far_it_has_come(at: Office) -> None:
    at.at.agree("chu")
    task, browser = referred(at, "accepted"), at.desk(KEEPER)
    browser.get(f"/console/referrals/{task}")
    version = at.at.read(KEEPER, f"Task/{task}")["meta"]["versionId"]
    said = {"version": version, "said": "appointment-scheduled", "when": "2026-12-24T10:30"}
    assert browser.post(f"/console/referrals/{task}/progress", **said).status_code == 403
