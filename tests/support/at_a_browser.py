"""A real browser at pages that are served on a port of this machine, and what is looked at on each of them.

https://www.w3.org/TR/WCAG22/. What uses it is skipped where the system has no Chromium: none is downloaded.
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
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from werkzeug.serving import make_server

from hub.texts import LANGUAGES
from tests.support.people import PASSWORD, Person, Town

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PHONE, DESK = ViewportSize(width=360, height=740), ViewportSize(width=1280, height=800)
SHOTS = os.environ.get(
    "IHALA_SCREENSHOTS", ""
)  # a folder for pictures of each page in each language, to be looked at by people

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this system: install the package chromium")
_EVERYWHERE = [(language, size) for language in LANGUAGES for size in (PHONE, DESK)]
in_arabic_on_a_phone_and_in_french_at_a_desk = pytest.mark.parametrize(
    ("language", "size"),
    _EVERYWHERE if SHOTS else [("ar", PHONE), ("fr", DESK)],
    ids=None if SHOTS else ["Arabic on a phone", "French on a desk"],
)


@contextmanager
def browsing() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Served:
    """An application that is made when its address is known."""

    def __init__(self) -> None:
        self._server = make_server("127.0.0.1", 0, Flask("not yet"), threaded=True)
        self.root = f"http://127.0.0.1:{self._server.port}"

    @contextmanager
    def running(self, app: Flask) -> Iterator[None]:
        self._server.app = app
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


@contextmanager
def opened(browser: Browser, language: str, size: ViewportSize, *, scripts: bool = True) -> Iterator[Page]:
    context = browser.new_context(viewport=size, locale=language, java_script_enabled=scripts)
    try:
        yield context.new_page()
    finally:
        context.close()


def sign_in(page: Page, person: Person, town: Town, language: str) -> None:
    page.goto(f"{town.base.removesuffix('/fhir')}/console/sign-in?lang={language}")
    for field, typed in (("name", person.account.id), ("password", PASSWORD), ("code", person.code)):
        page.fill(f"[name={field}]", typed)
    follow(page, "main button")


def follow(page: Page, selector: str) -> None:
    """Press what leads to another page, and be there.

    Without scripts every button and link of these pages does; a click alone returns while the old page still stands.
    """
    with page.expect_navigation():
        page.click(selector)


def look(page: Page, name: str) -> None:
    """Axe looks, too, and nothing may stick out to the side."""
    if SHOTS:
        place = "phone" if page.viewport_size == PHONE else "desk"
        page.screenshot(path=str(Path(SHOTS) / f"{name}-{place}.png"), full_page=True)
    found = Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name}: sticks out by {wide} px"
