"""A data officer hands a register over in a real browser: on a phone in Arabic, at a desk in French; and what axe finds on the way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from hub.exchange import Hub
from hub.ports import Registry
from hub.store import MongoStore
from hub.texts import say
from tests.support.at_a_browser import (
    Served,
    follow,
    in_arabic_on_a_phone_and_in_french_at_a_desk,
    look,
    needs_chromium,
    opened,
    sign_in,
)
from tests.support.command_line import BAD
from tests.support.people import Town
from tests.support.uploading import GOOD, register, uploads

pytestmark = [needs_chromium]
PAGE = "/console/import-register"
OFFICER = frozenset({"data-desk"})
ROWS = [BAD.replace("AR-003", f"AR-1{number:02}") for number in range(11)]


@pytest.fixture
def town(hub: Hub, store: MongoStore, registry: Registry) -> Iterator[Town]:
    served = Served()
    town = Town(hub, registry, store, base=f"{served.root}/fhir", doors=uploads("amal", "chu"))
    with served.running(town.app):
        yield town


@in_arabic_on_a_phone_and_in_french_at_a_desk
def test_a_data_officer_tries_a_register_and_takes_it_in(
    chromium: Browser, town: Town, hub: Hub, tmp_path: Path, language: str, size: ViewportSize
) -> None:
    written = tmp_path / "registre.csv"
    written.write_bytes(register(GOOD, *ROWS))
    with opened(chromium, language, size) as page:
        officer = town.person("d.officer", "amal", roles=OFFICER, scopes=frozenset())
        sign_in(page, officer, town, language)
        look(page, f"register-{language}-home")
        follow(page, f"header a[href='{PAGE}']")
        look(page, f"register-{language}-form")
        _mistakes(page, tmp_path, language)
        _tried_and_taken(page, written, language)
        assert hub.store.counts()["ServiceRequest"] == 1
        page.goto(f"{town.base.removesuffix('/fhir')}/console/no/such/page")
        look(page, f"register-{language}-no-such-page")


def _mistakes(page: Page, folder: Path, language: str) -> None:
    """Nothing chosen, no register, and one that is too large: each is answered where she sees it."""
    follow(page, "main button")
    page.wait_for_selector("#w-register")
    look(page, f"register-{language}-nothing-chosen")
    (folder / "list.csv").write_text("no;such\n1;2\n")
    _hand_over(page, folder / "list.csv")
    page.wait_for_selector("#w-register")
    look(page, f"register-{language}-not-a-register")
    (folder / "large.csv").write_bytes(b"x" * 9_000_000)
    _hand_over(page, folder / "large.csv")
    page.wait_for_selector(".card")
    assert say("console.too-large-file-title", language) == page.inner_text("h1")
    look(page, f"register-{language}-too-large")
    follow(page, f"main a[href='{PAGE}']")


def _tried_and_taken(page: Page, written: Path, language: str) -> None:
    _hand_over(page, written)
    page.wait_for_selector("[name=tried]", state="attached")
    look(page, f"register-{language}-tried")
    page.set_input_files("[name=register]", written)
    follow(page, "button[value=take]")
    page.wait_for_selector("#receipt")
    look(page, f"register-{language}-taken")


def _hand_over(page: Page, file: Path) -> None:
    page.check("[value=register]")
    page.set_input_files("[name=register]", file)
    follow(page, "button[value=try]")


def test_it_is_all_there_without_scripts(chromium: Browser, town: Town, hub: Hub, tmp_path: Path) -> None:
    written = tmp_path / "register.csv"
    written.write_bytes(register(GOOD))
    with opened(chromium, "en", ViewportSize(width=360, height=740), scripts=False) as page:
        sign_in(page, town.person("d.officer", "amal", roles=OFFICER, scopes=frozenset()), town, "en")
        follow(page, f"header a[href='{PAGE}']")
        _hand_over(page, written)
        page.set_input_files("[name=register]", written)
        follow(page, "button[value=take]")
        page.wait_for_selector("#receipt")
        assert hub.store.counts()["ServiceRequest"] == 1


def test_where_no_connection_takes_registers_she_reads_what_to_do(chromium: Browser, town: Town) -> None:
    with opened(chromium, "ar", ViewportSize(width=360, height=740)) as page:
        sign_in(page, town.person("n.officer", "fes", roles=OFFICER, scopes=frozenset()), town, "ar")
        follow(page, f"header a[href='{PAGE}']")
        page.wait_for_selector(".empty")
        look(page, "register-ar-none")
