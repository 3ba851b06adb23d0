"""The pages of the contract in a real browser: on a phone nothing sticks out to the side, whatever a definition is called.

It is skipped where the system has no Chromium: none is downloaded.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from hub.conformance import package
from hub.conformance.site import pages
from hub.texts import LANGUAGES
from tests.support.at_a_browser import PHONE, browsing, look, needs_chromium, opened

pytestmark = [needs_chromium]
LOOKED_AT = (
    "index.html",
    "data-classes.html",
    "others.html",
    "profiles/referral-task.html",
    "codes/request-priority.html",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    for path, content in pages(package.load()).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def sticks_out(page: Page, path: Path) -> bool:
    page.goto(path.as_uri())
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_on_a_phone_no_profile_sticks_out_to_the_side(chromium: Browser, site: Path, language: str) -> None:
    with opened(chromium, language, PHONE) as page:
        profiles = sorted((site / language / "profiles").glob("*.html"))
        assert profiles
        assert [path.name for path in profiles if sticks_out(page, path)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_of_the_contract_are_for_everybody(chromium: Browser, site: Path, language: str) -> None:
    with opened(chromium, language, PHONE) as page:
        for path in LOOKED_AT:
            page.goto((site / language / path).as_uri())
            look(page, f"site-{language}-{path.replace('/', '-').removesuffix('.html')}")
