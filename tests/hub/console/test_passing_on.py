"""A referral is passed on from its page by who was asked: to whom, and what comes of it; and by nobody else."""

import re

import pytest

from hub.ports import Registry
from hub.store import MongoStore
from tests.support.network import KEEPER, outcome, reason
from tests.support.offices import EVERYTHING, Office, office, words

MAY = EVERYTHING | {"user/ServiceRequest.c"}


@pytest.fixture
def at(store: MongoStore, registry: Registry) -> Office:
    made = office(store, registry)
    made.at.agree("chu", "clinique")
    return made


def passed_on(at: Office, task: str, to: str = "clinique") -> str:
    """The id of the part."""
    browser = at.desk("chu")
    page = browser.get(f"/console/referrals/{task}/pass-on")
    assert page.status_code == 200, page.text
    sent = browser.post(f"/console/referrals/{task}/pass-on", to=to)
    assert sent.status_code == 303, sent.text
    return str(sent.location).rpartition("/")[2]


@pytest.mark.parametrize("status", ["requested", "accepted"])
def test_who_was_asked_passes_it_on_and_the_whole_ends_with_the_part(at: Office, status: str) -> None:
    task = at.refer("chu")
    if status != "requested":
        at.at.move("chu", task, status)
    assert f"/console/referrals/{task}/pass-on" in at.page("chu", task)
    part = passed_on(at, task)
    assert part != task
    assert part in at.desk("clinique").get("/console/referrals").text
    assert task not in at.page("clinique", part)
    at.at.move("clinique", part, "accepted")
    at.at.move("clinique", part, "completed", **outcome())
    assert at.at.read(KEEPER, f"Task/{task}")["status"] == "completed"
    assert "menée à bien" in words(at.page("chu", task))


def test_to_whom_it_was_passed_on_is_read_on_its_page_and_she_is_not_offered_it_again(at: Office) -> None:
    task = at.refer("chu")
    offered = at.desk("chu").get(f"/console/referrals/{task}/pass-on").text
    assert {"clinique", "dispensaire"} <= set(re.findall(r'name="to" value="([^"]+)"', offered))
    assert not {"chu", KEEPER} & set(re.findall(r'name="to" value="([^"]+)"', offered))
    part = passed_on(at, task)
    assert f"/console/referrals/{part}" in at.page("chu", task)
    again = at.desk("chu").get(f"/console/referrals/{task}/pass-on").text
    assert "clinique" not in re.findall(r'name="to" value="([^"]+)"', again)
    twice = at.desk("chu").post(f"/console/referrals/{task}/pass-on", to="clinique")
    assert twice.status_code == 422
    at.at.move("clinique", part, "rejected", **reason())
    assert "Passée à" in words(at.page("chu", task))


def test_what_her_consent_does_not_cover_is_a_draft_that_the_other_does_not_see(at: Office) -> None:
    task = at.refer("chu")
    part = passed_on(at, task, "dispensaire")
    assert "brouillon" in words(at.page("chu", part))
    assert at.desk("dispensaire").get(f"/console/referrals/{part}").status_code == 404


def test_nobody_else_is_offered_it_or_does_it(at: Office) -> None:
    task = at.refer("chu")
    before = at.town.hub.store.counts()["ServiceRequest"]
    assert "/pass-on" not in at.page(KEEPER, task)
    for who, status in ((KEEPER, 422), ("clinique", 404)):
        browser = at.desk(who)
        assert browser.get(f"/console/referrals/{task}/pass-on").status_code == status
        browser.get("/console/")
        assert browser.post(f"/console/referrals/{task}/pass-on", to="clinique").status_code == status
    reader = at.desk("chu", scopes=frozenset({"user/Task.rs", "user/HealthcareService.rs"}))
    assert reader.get(f"/console/referrals/{task}/pass-on").status_code == 403
    assert at.town.hub.store.counts()["ServiceRequest"] == before


@pytest.mark.parametrize("to", ["", "nobody", "../Patient/x", "chu", KEEPER])
def test_what_nobody_offered_is_refused(at: Office, to: str) -> None:
    task = at.refer("chu")
    before = at.town.hub.store.counts()["ServiceRequest"]
    at.desk("chu").get(f"/console/referrals/{task}/pass-on")
    assert at.desk("chu").post(f"/console/referrals/{task}/pass-on", to=to).status_code in {400, 409, 422}
    assert at.town.hub.store.counts()["ServiceRequest"] == before


def test_what_is_over_is_not_passed_on(at: Office) -> None:
    task = at.refer("chu")
    at.at.move("chu", task, "rejected", **reason())
    assert "/pass-on" not in at.page("chu", task)
    assert at.desk("chu").get(f"/console/referrals/{task}/pass-on").status_code in {409, 422}
