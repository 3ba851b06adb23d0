"""A case worker's first day in a real browser: on a phone in Arabic, at a desk in French, without scripts; and what axe finds.

https://www.w3.org/TR/WCAG22/. It is skipped where the system has no Chromium: none is downloaded.
"""

from collections.abc import Iterator
from contextlib import contextmanager

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
from tests.support.network import CLASSES, KEEPER, reason
from tests.support.offices import EVERYTHING, Office, office

pytestmark = [needs_chromium]


@contextmanager
def served(store: MongoStore, registry: Registry) -> Iterator[Office]:
    server = Served()
    at = office(store, registry, base=f"{server.root}/fhir")
    with server.running(at.town.app):
        yield at


@in_arabic_on_a_phone_and_in_french_at_a_desk
def test_a_case_worker_answers_writes_and_closes(
    chromium: Browser, store: MongoStore, registry: Registry, language: str, size: ViewportSize
) -> None:
    with served(store, registry) as at:
        at.at.agree("chu", "clinique", classes=(*CLASSES, "identity", "safe-contact", "messages"))
        tasks = [at.refer("chu"), at.refer("chu", priority="stat"), at.refer("chu", priority="routine")]
        with opened(chromium, language, size) as page:
            _day(page, at, tasks, language)


def _day(page: Page, at: Office, tasks: list[str], language: str) -> None:
    name = f"referrals-{language}"
    worker = at.town.person("amina", "chu", scopes=EVERYTHING)
    sign_in(page, worker, at.town, language)
    follow(page, "header a[href='/console/referrals']")
    look(page, f"{name}-list")
    follow(page, f"main a[href='/console/referrals/{tasks[0]}']")
    look(page, f"{name}-notice")
    follow(page, "form[action$='/do/accepted'] button")
    page.fill("[name=message]", "هل يمكنها الحضور يوم الخميس؟" if language == "ar" else "Peut-elle venir jeudi ?")
    follow(page, "form[action$='/messages'] button")
    look(page, f"{name}-opened")
    follow(page, "a[href$='/do/completed']")
    page.check("[value=service-provided]")
    follow(page, "main form button")
    look(page, f"{name}-over")
    page.goto(f"{at.town.base.removesuffix('/fhir')}/console/referrals/{tasks[1]}/do/rejected")
    follow(page, "main form button")
    look(page, f"{name}-refusal")
    _elsewhere(page, at, tasks[1], language)


def _elsewhere(page: Page, at: Office, task: str, language: str) -> None:
    """The association's side: who else could help."""
    root, name = at.town.base.removesuffix("/fhir"), f"referrals-{language}"
    at.at.move("chu", task, "rejected", **reason())
    keeper = at.town.person("salma", KEEPER, scopes=EVERYTHING)
    follow(page, "header form button")
    sign_in(page, keeper, at.town, language)
    page.goto(f"{root}/console/referrals/{task}")
    look(page, f"{name}-refused")
    page.goto(f"{root}/console/referrals/{task}/alternatives")
    look(page, f"{name}-alternatives")
