"""One journey in a real browser, in each language, on a phone and on a desk, without scripts; and what axe finds on the way.

https://www.w3.org/TR/WCAG22/. It is skipped where the system has no Chromium: none is downloaded.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pyotp
import pytest
from playwright.sync_api import Browser, Page, Route, ViewportSize

from hub.exchange import Hub
from hub.oauth import second_factor
from hub.oauth.keys import public
from hub.ports import Registry
from hub.store import MongoStore
from tests.support import at_a_browser
from tests.support.at_a_browser import DESK, PHONE, Served, needs_chromium, opened
from tests.support.parties import KEY
from tests.support.people import BACK, PASSWORD, Person, Town, request_path

pytestmark = [needs_chromium]


@contextmanager
def served(hub: Hub, registry: Registry, store: MongoStore) -> Iterator[Town]:
    server = Served()
    town = Town(hub, registry, store, base=f"{server.root}/fhir")
    with server.running(town.app):
        yield town


class Visit:
    """A page as she sees it: at each stop axe looks, too, and nothing may stick out to the side."""

    def __init__(self, page: Page, root: str, name: str) -> None:
        self.page, self.root, self.name = page, root, name

    def go(self, path: str) -> None:
        self.page.goto(f"{self.root}{path}")

    def fill(self, **typed: str) -> None:
        for name, value in typed.items():
            self.page.fill(f"[name={name}]", value)

    def press(self, button: str) -> None:
        at_a_browser.follow(self.page, button)

    def look(self, stop: str) -> None:
        at_a_browser.look(self.page, f"people-{self.name}-{stop}")


@pytest.mark.parametrize(
    ("language", "size"),
    [("ar", PHONE), ("fr", DESK), ("en", PHONE)],
    ids=["Arabic on a phone", "French on a desk", "English on a phone"],
)
def test_an_officer_comes_in_registers_a_system_and_permits_an_application(
    chromium: Browser, hub: Hub, registry: Registry, store: MongoStore, language: str, size: ViewportSize
) -> None:
    with served(hub, registry, store) as town, opened(chromium, language, size) as page:
        page.context.route("**/*", lambda route: _answer(route, town))
        name = f"{language}-{'phone' if size == PHONE else 'desk'}"
        journey(Visit(page, town.base.removesuffix("/fhir"), name), town)


def _answer(route: Route, town: Town) -> None:
    """The application's own address stands for itself; nothing else is loaded from elsewhere."""
    if route.request.url.startswith(BACK):
        route.fulfill(status=200, content_type="text/html", body="<title>back</title>")
    elif route.request.url.startswith(town.base.removesuffix("/fhir")):
        route.continue_()
    else:
        route.abort()


def journey(visit: Visit, town: Town) -> None:
    officer = enrolled(visit, town)
    signed_in(visit, officer)
    registered(visit, town)
    permitted(visit, town, officer)
    visit.go("/console/")
    visit.look("home")
    visit.press("button.danger")
    visit.page.wait_for_url("**/console/sign-in")


def enrolled(visit: Visit, town: Town) -> Person:
    roles = frozenset({"consent-officer", "referral-desk"})
    secret = town.invite("s.officer", roles=roles)
    offered = second_factor.from_invitation(secret, town.hub.pepper)
    visit.go(f"/console/welcome/{secret}")
    visit.look("welcome")
    visit.fill(password="court", again="court", code="1")
    visit.press("main button")
    visit.look("welcome-wrong")
    visit.fill(password=PASSWORD, again=PASSWORD, code=pyotp.TOTP(offered).at(town.clock.now()))
    visit.press("main button")
    visit.page.wait_for_selector(".codes")
    visit.look("enrolled")
    account = town.people.accounts.account("s.officer")
    assert account
    return Person(account, offered, town.clock)


def signed_in(visit: Visit, officer: Person) -> None:
    visit.press("main a.button")
    visit.look("sign-in")
    visit.fill(name="s.officer", password="pas le bon mot", code=officer.code)
    visit.press("main button")
    visit.look("sign-in-wrong")
    visit.fill(name="s.officer", password=PASSWORD, code=officer.code)
    visit.press("main button")
    visit.page.wait_for_url("**/console/")


def registered(visit: Visit, town: Town) -> None:
    visit.press("header a[href='/console/clients']")
    visit.press("main a.button")
    visit.press("main button")
    visit.page.wait_for_selector(".wrong")
    visit.look("client-new-wrong")
    visit.fill(title="Carnet des orientations", keys=json.dumps(public(KEY)), redirects=BACK)
    for value in ("people", "referrals-answer", "COC", "TREAT"):
        visit.page.check(f"[value={value}]")
    visit.press("main button")
    visit.page.wait_for_selector("#f-kid")
    visit.look("client")
    visit.go("/console/clients")
    visit.look("clients")


def permitted(visit: Visit, town: Town, officer: Person) -> None:
    (client,) = [one for one in town.registry.clients() if one.title == "Carnet des orientations"]
    visit.go(request_path(client_id=client.id, aud=town.base))
    visit.look("authorize")
    visit.page.check("[value=TREAT]")
    visit.page.click("button[value=permit]")  # leads to a site that there is not
    visit.page.wait_for_url(f"{BACK}?*")
    assert "code=" in visit.page.url
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": "v" * 64}
    code = visit.page.url.split("code=")[1].split("&")[0]
    assert town.token(**town.proven(client.id, code=code, **form)).status_code == 200
    assert officer.account.organization == client.organization
