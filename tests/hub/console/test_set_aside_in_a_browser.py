"""What is set aside in a real browser: on a phone in Arabic, at a desk in French; and what axe finds on the way.

https://www.w3.org/TR/WCAG22/. It is skipped where the system has no Chromium: none is downloaded.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize

from hub.exchange import Hub
from hub.ports import Registry
from hub.store import MongoStore
from hub.texts import say
from tests.support.aside import bad, hand_over, taught
from tests.support.at_a_browser import (
    SHOTS,
    Served,
    follow,
    in_arabic_on_a_phone_and_in_french_at_a_desk,
    look,
    needs_chromium,
    opened,
    sign_in,
)
from tests.support.people import Town
from tests.support.uploading import uploads

pytestmark = [needs_chromium]
PAGE = "/console/set-aside"
REGISTER = "/console/import-register"
OFFICER = frozenset({"data-desk"})


@pytest.fixture
def town(hub: Hub, store: MongoStore, registry: Registry) -> Iterator[Town]:
    served = Served()
    town = Town(hub, registry, store, base=f"{served.root}/fhir", doors=dict(uploads("amal", "chu")))
    with served.running(town.app):
        yield town


def put_aside(town: Town) -> None:
    """More than are named at once, of three kinds, and some of another connection."""
    rows = [bad(number) for number in range(1, 13)]
    rows += [
        bad(20, day="hier", word="violence physique"),
        bad(21, word="violence physique").replace("juridique", "magie"),
    ]
    hand_over(town.people.hub, dict(town.doors), "register", *rows)
    hand_over(town.people.hub, dict(town.doors), "complete", bad(30))


@in_arabic_on_a_phone_and_in_french_at_a_desk
def test_a_data_officer_reads_what_to_mend_and_tries_again(
    chromium: Browser, town: Town, hub: Hub, tmp_path: Path, language: str, size: ViewportSize
) -> None:
    put_aside(town)
    name = f"set-aside-{language}"
    with opened(chromium, language, size) as page:
        sign_in(page, town.person("d.officer", "amal", roles=OFFICER, scopes=frozenset()), town, language)
        look(page, f"{name}-home")
        follow(page, f"header a[href='{REGISTER}']")
        follow(page, f".tabs a[href='{PAGE}']")
        assert page.locator("tbody tr").count() == 2
        look(page, f"{name}-overview")
        follow(page, f"main a[href='{PAGE}/register']")
        assert page.locator(".threads li").count() == 3
        look(page, f"{name}-reasons")
        follow(page, ".threads a")
        assert page.locator(".places li").count() == 12
        look(page, f"{name}-places")
        page.go_back()
        town.doors["register"] = taught(town.doors["register"], tmp_path)  # type: ignore[index]  # a dict
        page.reload()
        look(page, f"{name}-changed")
        if SHOTS:
            page.emulate_media(media="print")
            page.screenshot(path=f"{SHOTS}/{name}-printed-{size['width']}.png", full_page=True)
            page.emulate_media(media="screen")
        follow(page, "main button")
        assert page.inner_text("h1") == say("console.set-aside.tried", language)
        look(page, f"{name}-tried")
        assert hub.store.counts()["Patient"] == 12
        follow(page, f"main a[href='{PAGE}/register']")
        assert page.locator(".threads li").count() == 2


@in_arabic_on_a_phone_and_in_french_at_a_desk
def test_where_nothing_is_set_aside_she_may_rest(
    chromium: Browser, town: Town, language: str, size: ViewportSize
) -> None:
    with opened(chromium, language, size) as page:
        sign_in(page, town.person("n.officer", "amal", roles=OFFICER, scopes=frozenset()), town, language)
        follow(page, f"header a[href='{REGISTER}']")
        follow(page, f".tabs a[href='{PAGE}']")
        page.wait_for_selector(".empty")
        look(page, f"set-aside-{language}-none")


def test_it_is_all_there_without_scripts(chromium: Browser, town: Town, hub: Hub, tmp_path: Path) -> None:
    hand_over(town.people.hub, dict(town.doors), "register", bad(1))
    town.doors["register"] = taught(town.doors["register"], tmp_path)  # type: ignore[index]  # a dict
    with opened(chromium, "en", ViewportSize(width=360, height=740), scripts=False) as page:
        sign_in(page, town.person("d.officer", "amal", roles=OFFICER, scopes=frozenset()), town, "en")
        follow(page, f"header a[href='{REGISTER}']")
        follow(page, f".tabs a[href='{PAGE}']")
        follow(page, f"main a[href='{PAGE}/register']")
        follow(page, "main button")
        assert hub.store.counts()["Patient"] == 1
