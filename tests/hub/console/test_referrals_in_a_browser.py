"""A case worker's first day in a real browser: on a phone in Arabic, at a desk in French, without scripts; and what axe finds.

https://www.w3.org/TR/WCAG22/. It is skipped where the system has no Chromium: none is downloaded.
"""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from hub.ports import Registry
from hub.store import MongoStore
from tests.support.network import CLASSES, KEEPER, reason
from tests.support.offices import EVERYTHING, Office, office
from tests.support.people import PASSWORD

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PHONE, DESK = (360, 740), (1280, 800)
SHOTS = os.environ.get("IHALA_SCREENSHOTS", "")  # a folder for pictures of each page, to be looked at by people

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this system: install the package chromium")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def served(store: MongoStore, registry: Registry) -> Iterator[Office]:
    """The pages on a port of this machine."""
    server = make_server("127.0.0.1", 0, Flask("not yet"), threaded=True)
    at = office(store, registry, base=f"http://127.0.0.1:{server.port}/fhir")
    server.app = at.town.app
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield at
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def look(page: Page, name: str) -> None:
    """At each stop axe looks, too, and nothing may stick out to the side."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)
    found = Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name}: sticks out by {wide} px"


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("language", "size"), [("ar", PHONE), ("fr", DESK)], ids=["Arabic on a phone", "French on a desk"]
)
def test_a_case_worker_answers_writes_and_closes(
    chromium: Browser, store: MongoStore, registry: Registry, language: str, size: tuple[int, int]
) -> None:
    with served(store, registry) as at:
        at.at.agree("chu", "clinique", classes=(*CLASSES, "identity", "safe-contact", "messages"))
        tasks = [at.refer("chu"), at.refer("chu", priority="stat"), at.refer("chu", priority="routine")]
        width, height = size
        context = chromium.new_context(viewport={"width": width, "height": height}, locale=language)
        try:
            _day(context.new_page(), at, tasks, language)
        finally:
            context.close()


def _day(page: Page, at: Office, tasks: list[str], language: str) -> None:
    root, name = at.town.base.removesuffix("/fhir"), f"referrals-{language}"
    worker = at.town.person("amina", "chu", scopes=EVERYTHING)
    page.goto(f"{root}/console/sign-in?lang={language}")
    for field, typed in (("name", "amina"), ("password", PASSWORD), ("code", worker.code)):
        page.fill(f"[name={field}]", typed)
    page.click("main button")
    page.click("header a[href='/console/referrals']")
    look(page, f"{name}-list")
    page.click(f"main a[href='/console/referrals/{tasks[0]}']")
    look(page, f"{name}-notice")
    page.click("form[action$='/do/accepted'] button")
    page.fill("[name=message]", "هل يمكنها الحضور يوم الخميس؟" if language == "ar" else "Peut-elle venir jeudi ?")
    page.click("form[action$='/messages'] button")
    look(page, f"{name}-opened")
    page.click("a[href$='/do/completed']")
    page.check("[value=service-provided]")
    page.click("main form button")
    look(page, f"{name}-over")
    page.goto(f"{root}/console/referrals/{tasks[1]}/do/rejected")
    page.click("main form button")
    look(page, f"{name}-refusal")
    _elsewhere(page, at, tasks[1], name)


def _elsewhere(page: Page, at: Office, task: str, name: str) -> None:
    """The association's side: who else could help."""
    root = at.town.base.removesuffix("/fhir")
    at.at.move("chu", task, "rejected", **reason())
    keeper = at.town.person("salma", KEEPER, scopes=EVERYTHING)
    page.click("header form button")
    for field, typed in (("name", "salma"), ("password", PASSWORD), ("code", keeper.code)):
        page.fill(f"[name={field}]", typed)
    page.click("main button")
    page.goto(f"{root}/console/referrals/{task}")
    look(page, f"{name}-refused")
    page.goto(f"{root}/console/referrals/{task}/alternatives")
    look(page, f"{name}-alternatives")
