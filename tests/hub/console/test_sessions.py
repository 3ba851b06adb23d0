"""The session of who has signed in: how long it lasts, what ends it, and what is done in its name from elsewhere."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.support.people import PASSWORD, Browser, Town, request_path


def events(town: Town, verb: str) -> list[dict[str, Any]]:
    kept = [json.loads(one["json"]) for one in town.store.database.AuditEvent.find()]
    return [one for one in kept if one["subtype"][1]["code"] == verb]


def is_in(browser: Browser) -> bool:
    return browser.get("/console/").status_code == 200


# --- the session ------------------------------------------------------------------------------------------------------


def test_the_cookie_is_for_this_host_over_https_and_not_for_scripts(town: Town) -> None:
    browser = town.browser()
    browser.sign_in(town.person())
    cookie = browser.last.headers["Set-Cookie"]
    assert cookie.startswith("__Host-ihala=")
    attributes = {part.strip() for part in cookie.split(";")[1:]}
    assert attributes == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}


def test_what_the_browser_held_before_signing_in_is_good_for_nothing_after(town: Town) -> None:
    """Fixation: whoever planted a cookie knows nothing of the session."""
    amina, victim = town.person(), town.browser()
    victim.get("/console/sign-in")
    planted = victim.cookie
    victim.sign_in(amina)
    attacker = town.browser()
    attacker.http.set_cookie("__Host-ihala", planted, domain="hub.example")
    assert not is_in(attacker)
    assert victim.cookie != planted


def test_a_session_ends_when_nothing_is_done_and_after_a_day_of_work(town: Town) -> None:
    amina, browser = town.person(), town.browser()
    browser.sign_in(amina)
    for _ in range(18):
        town.clock.forward(timedelta(minutes=26))
        assert is_in(browser)
    town.clock.forward(timedelta(minutes=13))
    assert not is_in(browser)  # eight hours are over
    browser.sign_in(amina)
    town.clock.forward(timedelta(minutes=30))
    assert not is_in(browser)


def test_signed_out_the_cookie_is_good_for_nothing(town: Town) -> None:
    browser = town.browser()
    browser.sign_in(town.person())
    held = browser.cookie
    browser.get("/console/")
    assert browser.post("/console/sign-out").status_code == 303
    thief = town.browser()
    thief.http.set_cookie("__Host-ihala", held, domain="hub.example")
    assert not is_in(thief)


def test_signing_out_everywhere_ends_every_session_and_every_application(town: Town) -> None:
    town.application()
    amina, here, there = town.person(), town.browser(), town.browser()
    there.sign_in(amina)
    got = town.redeem(town.permitted(amina, here)).json or {}
    home = here.get("/console/")
    assert "Carnet" in home.text
    here.post("/console/sign-out-everywhere")
    assert not is_in(here)
    assert not is_in(there)
    assert town.ask(got["access_token"]).status_code == 401
    assert town.renew(got["refresh_token"]).status_code == 400
    assert len(events(town, "person.sign-out")) == 1


def test_she_ends_one_application_and_nobody_elses(town: Town) -> None:
    town.application()
    amina, salma, browser = town.person(), town.person("salma"), town.browser()
    hers = town.redeem(town.permitted(amina, browser)).json or {}
    others = town.redeem(town.permitted(salma)).json or {}
    family = next(town.people.accounts.families("amina", town.clock.now())).id
    foreign = next(town.people.accounts.families("salma", town.clock.now())).id
    browser.get("/console/")
    assert family in browser.last.text
    browser.post("/console/end", family=foreign)
    browser.get("/console/")
    browser.post("/console/end", family=family)
    assert town.ask(hers["access_token"]).status_code == 401
    assert town.ask(others["access_token"]).status_code == 200


# --- requests from elsewhere ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/console/sign-in", "/console/sign-out", "/console/sign-out-everywhere", "/console/end", "/console/clients/new"],
)
@pytest.mark.parametrize("csrf", ["", "x", "of another"])
def test_a_form_that_we_did_not_show_to_this_browser_does_nothing(town: Town, path: str, csrf: str) -> None:
    amina, browser = town.person(roles=frozenset({"consent-officer"})), town.browser()
    browser.sign_in(amina)
    browser.get("/console/")
    if csrf == "of another":
        other = town.browser()
        other.get("/console/sign-in")
        csrf = other.last.text.split('name="csrf_token" value="')[1].split('"')[0]
    refused = browser.post(path, csrf=csrf, name="amina", password=PASSWORD, code=amina.code)
    assert refused.status_code == 400
    assert is_in(browser)


def test_nobody_permits_an_application_by_a_link(town: Town) -> None:
    town.application()
    browser, path = town.browser(), request_path()
    browser.sign_in(town.person(), path)
    assert browser.get(f"{path}&act=permit&purpose=COC").status_code == 200
    assert browser.post(path, csrf="", act="permit", purpose="COC").status_code == 400


def test_every_page_forbids_scripts_frames_and_referrers(town: Town) -> None:
    browser = town.browser()
    pages = [browser.get("/console/sign-in"), browser.get("/console/welcome/x"), browser.get("/oauth/authorize")]
    browser.sign_in(town.person())
    pages += [
        browser.last,
        browser.get("/console/"),
        browser.get("/console/clients"),
        browser.get("/console/clients/x"),
    ]
    for page in pages:
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "script" not in policy
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert "<script" not in page.text and "style=" not in page.text and "http://" not in page.text


def test_a_form_may_lead_to_the_application_that_asks_and_nowhere_else(town: Town) -> None:
    town.application()
    page = town.browser().get(request_path())
    assert page.headers["Content-Security-Policy"].endswith("form-action 'self' https://app.example")


def test_no_address_can_send_her_elsewhere_after_signing_in(town: Town) -> None:
    amina = town.person()
    for lure in ("?next=https://evil.example", "?lang=https://evil.example", "?url=//evil.example"):
        signed = town.browser().sign_in(amina, f"/console/sign-in{lure}")
        assert signed.location == "/console/"
