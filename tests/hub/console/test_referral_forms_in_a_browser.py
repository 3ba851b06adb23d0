"""Between acceptance and closure in a real browser: how far it has come, what is asked and answered, and how it ended after a withdrawal."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from hub.ports import Registry
from hub.store import MongoStore
from tests.support.at_a_browser import (
    Served,
    follow,
    in_arabic_on_a_phone_and_in_french_at_a_desk,
    look,
    needs_chromium,
    opened,
    sign_in,
)
from tests.support.network import KEEPER
from tests.support.offices import EVERYTHING, Office, office
from tests.support.written import example

pytestmark = [needs_chromium]
FORM = "https://chu.example/fhir/Questionnaire/admission"
PATCH = {"Content_Type": "application/json-patch+json"}


@pytest.fixture
def at(store: MongoStore, registry: Registry) -> Iterator[Office]:
    served = Served()
    made = office(store, registry, base=f"{served.root}/fhir")
    with served.running(made.town.app):
        yield made


@in_arabic_on_a_phone_and_in_french_at_a_desk
def test_a_case_worker_says_how_far_it_has_come_asks_and_closes_after_a_withdrawal(
    chromium: Browser, at: Office, language: str, size: ViewportSize
) -> None:
    at.at.agree("chu")
    written = {name: value for name, value in example("questionnaire").items() if name != "id"}
    at.at.create("chu", written | {"url": FORM, "title": "Admission"})
    task = at.refer("chu")
    at.at.move("chu", task, "accepted")
    name = f"referrals-{language}"
    with opened(chromium, language, size) as hers, opened(chromium, language, size) as theirs:
        sign_in(hers, at.town.person("amina", "chu", scopes=EVERYTHING), at.town, language)
        sign_in(theirs, at.town.person("salma", KEEPER, scopes=EVERYTHING), at.town, language)
        _progress(hers, task, name)
        _asked(hers, name)
        _answered(theirs, task, name)
        hers.reload()
        look(hers, f"{name}-answered")
        _withdrawn(at)
        _closed(hers, name)
        assert at.at.read(KEEPER, f"Task/{task}")["status"] == "completed"


@in_arabic_on_a_phone_and_in_french_at_a_desk
def test_who_was_asked_and_cannot_help_passes_it_on(
    chromium: Browser, at: Office, language: str, size: ViewportSize
) -> None:
    at.at.agree("chu", "clinique")
    task = at.refer("chu")
    with opened(chromium, language, size) as page:
        sign_in(page, at.town.person("amina", "chu", scopes=EVERYTHING), at.town, language)
        page.goto(f"{at.town.base.removesuffix('/fhir')}/console/referrals/{task}")
        follow(page, "a[href$='/pass-on']")
        look(page, f"referrals-{language}-pass-on")
        follow(page, "li:has([value=clinique]) button")
        page.wait_for_selector("#course")
        look(page, f"referrals-{language}-part")
        page.goto(f"{at.town.base.removesuffix('/fhir')}/console/referrals/{task}")
        page.wait_for_selector("#parts")
        look(page, f"referrals-{language}-passed-on")


def _progress(page: Page, task: str, name: str) -> None:
    follow(page, "header a[href='/console/referrals']")
    follow(page, f"main a[href='/console/referrals/{task}']")
    follow(page, "a[href$='/progress']")
    follow(page, "main form button")
    page.wait_for_selector("#w-said")
    look(page, f"{name}-progress-wrong")
    page.check("[value=appointment-scheduled]")
    page.fill("[name=when]", "2026-12-24T10:30")
    follow(page, "main form button")
    page.wait_for_selector("#course")
    assert "24/12/2026 10:30" in page.inner_text("main")
    look(page, f"{name}-under-way")


def _asked(page: Page, name: str) -> None:
    follow(page, "a[href$='/ask-information']")
    look(page, f"{name}-ask-information")
    page.check("[name=form]")
    follow(page, "main form button")
    page.wait_for_selector("#requests")


def _answered(page: Page, task: str, name: str) -> None:
    """Found among what waits; a mistake is told beside its question, and what was typed stays."""
    follow(page, "header a[href='/console/referrals']")
    look(page, f"{name}-what-waits")
    follow(page, f".needed a[href='/console/referrals/{task}']")
    follow(page, "a[href$='/answer']")
    page.fill("[name='q-2.2']", "Certificat remis.")
    follow(page, "main form button")
    page.wait_for_selector("#w-q-1")
    assert page.input_value("[name='q-2.2']") == "Certificat remis."
    look(page, f"{name}-answer-wrong")
    page.fill("[name='q-1']", "2026-03-12")
    page.check("[name='q-2.1'] >> nth=0")
    follow(page, "main form button")
    page.wait_for_selector("#course")


def _withdrawn(at: Office) -> None:
    for one in (at.at.by(KEEPER).get("/fhir/Consent?status=active").json or {})["entry"]:
        steps = [{"op": "replace", "path": "/status", "value": "inactive"}]
        assert (
            at.at.by(KEEPER).send("PATCH", f"/fhir/Consent/{one['resource']['id']}", steps, **PATCH).status_code == 200
        )


def _closed(page: Page, name: str) -> None:
    page.reload()
    look(page, f"{name}-gone")
    page.goto(re.sub(r"/console/.*", "/console/referrals", page.url))
    look(page, f"{name}-withdrawn")
    follow(page, "a[href$='/close']")
    follow(page, "main form button")
    page.wait_for_selector("#w-how")
    look(page, f"{name}-close-wrong")
    page.check("[value=completed]")
    page.check("[value=partly-provided]")
    follow(page, "main form button")
    page.wait_for_url("**/console/referrals")
