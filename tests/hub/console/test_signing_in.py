"""How a person signs in, and every way in which somebody else does not."""

import json
import logging
from datetime import timedelta
from typing import Any

import argon2
import pyotp
import pytest

from hub.conformance.validator import validate
from hub.oauth import limits, passwords, second_factor, vault
from hub.oauth import people as signing_in
from tests.support.people import PASSWORD, Browser, Person, Town

WRONG = "autre chose de faux"


def events(town: Town, verb: str) -> list[dict[str, Any]]:
    kept = [json.loads(one["json"]) for one in town.store.database.AuditEvent.find()]
    return [one for one in kept if one["subtype"][1]["code"] == verb]


def is_in(browser: Browser) -> bool:
    return browser.get("/console/").status_code == 200


def test_whoever_signs_in_is_at_home(town: Town) -> None:
    amina = town.person()
    browser = town.browser()
    signed = browser.sign_in(amina)
    assert (signed.status_code, signed.location) == (303, "/console/")
    home = browser.get("/console/")
    assert (home.status_code, "amina" in home.text) == (200, True)


def test_nobody_is_at_home_without_signing_in(town: Town) -> None:
    for path in ("/console/", "/console/clients", "/console/clients/new", "/console/clients/x"):
        answer = town.browser().get(path)
        assert (answer.status_code, answer.location) == (303, "/console/sign-in")


# --- the invitation ---------------------------------------------------------------------------------------------------


def test_an_invitation_may_be_looked_at_often_and_used_once(town: Town) -> None:
    secret = town.invite("amina")
    browser, path = town.browser(), f"/console/welcome/{secret}"
    first = browser.get(path)
    assert browser.get(path).status_code == first.status_code == 200
    offered = second_factor.from_invitation(secret, town.hub.pepper)
    amina = Person(town.people.accounts.account("amina"), offered, town.clock)  # type: ignore[arg-type]
    typed = {"password": PASSWORD, "again": PASSWORD}
    enrolled = browser.post(path, **typed, code=amina.code)
    assert (enrolled.status_code, enrolled.text.count('<li class="code">')) == (200, 10)
    assert browser.get(path).status_code == 404
    assert town.browser().sign_in(amina).status_code == 303


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"password": "court"}, "password"),
        ({"password": "a" * 40}, "password"),
        ({"password": "x" * 60 + "yzabc" * 20}, "password"),
        ({"password": "amina amina 12"}, "password"),
        ({"again": WRONG}, "again"),
        ({"code": "000000"}, "code"),
        ({"code": ""}, "code"),
    ],
)
def test_what_is_wrong_with_an_enrolment_is_named_by_its_field(town: Town, typed: dict[str, str], field: str) -> None:
    secret = town.invite("amina")
    browser, path = town.browser(), f"/console/welcome/{secret}"
    browser.get(path)
    given = {"password": PASSWORD, "again": typed.get("password", PASSWORD), "code": "123456"} | typed
    refused = browser.post(path, **given)
    assert refused.status_code == 422
    assert f'href="#f-{field}"' in refused.text
    assert PASSWORD not in refused.text
    assert browser.get(path).status_code == 200


def test_an_invitation_ends_after_two_days_or_with_the_next(town: Town) -> None:
    old = town.invite("amina")
    new = town.invite("amina")
    assert [town.browser().get(f"/console/welcome/{one}").status_code for one in (old, new)] == [404, 200]
    town.clock.forward(timedelta(hours=48))
    assert town.browser().get(f"/console/welcome/{new}").status_code == 404


def test_a_new_invitation_ends_all_that_she_had(town: Town) -> None:
    amina, browser = town.person(), town.browser()
    browser.sign_in(amina)
    town.invite("amina")
    assert not is_in(browser)
    assert town.browser().sign_in(amina).status_code == 403


# --- what proves it ---------------------------------------------------------------------------------------------------


def test_whatever_is_wrong_the_answer_is_the_same(town: Town) -> None:
    amina = town.person()
    town.invite("nawal")  # invited, and no password yet
    disabled = town.person("salma")
    signing_in.disable(disabled.account, people=town.people)
    tried = [
        {"name": "amina", "password": WRONG, "code": amina.code},
        {"name": "amina", "password": PASSWORD, "code": "000000"},
        {"name": "nobody", "password": PASSWORD, "code": amina.code},
        {"name": "nawal", "password": "", "code": amina.code},
        {"name": "salma", "password": PASSWORD, "code": disabled.code},
        {"name": "", "password": "", "code": ""},
        {"name": "amina'}", "password": PASSWORD, "code": amina.code},
    ]
    answers = set()
    for typed in tried:
        browser = town.browser()
        browser.get("/console/sign-in")
        answer = browser.post("/console/sign-in", **typed)
        text = answer.text.replace(f'value="{typed["name"]}"', 'value=""').replace("amina&#39;}", "")
        answers.add((answer.status_code, len(text)))
        assert not is_in(browser)
    assert {status for status, _ in answers} == {403}
    assert len(answers) == 1


def test_an_unknown_account_costs_the_same_work(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is counted, not timed: each try is one verification of argon2, at one cost, and as many commands to the
    database."""
    amina, costs = town.person(kept=passwords.hashed(PASSWORD)), []
    verify = argon2.PasswordHasher.verify

    def counted(self: argon2.PasswordHasher, kept: str, given: str) -> bool:
        costs.append(argon2.extract_parameters(kept))
        return verify(self, kept, given)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted)
    passwords.matches("x", "")
    written = []
    for name in ("amina", "nobody", "x"):
        before = town.store.database.AuditEvent.count_documents({})
        assert signing_in.prove(name, WRONG, amina.code, people=town.people, address="a") is None
        written.append(town.store.database.AuditEvent.count_documents({}) - before)
    assert len(costs) == 4
    assert len(set(map(str, costs))) == 1
    assert (costs[0].memory_cost, costs[0].time_cost) == (46 * 1024, 1)
    assert written == [1, 1, 1]


def test_a_code_is_good_once(town: Town) -> None:
    amina = town.person()
    code = amina.code
    assert town.browser().sign_in(amina, code=code).status_code == 303
    assert town.browser().sign_in(amina, code=code).status_code == 403


def test_a_code_is_read_as_it_was_meant(town: Town) -> None:
    amina = town.person()
    code = amina.code
    arabic = code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert town.browser().sign_in(amina, code=f"{arabic[:3]} {arabic[3:]}").status_code == 303


@pytest.mark.parametrize(("late", "status"), [(-60, 403), (-30, 303), (0, 303), (30, 303), (60, 403)])
def test_a_phone_may_be_half_a_minute_wrong_and_no_more(town: Town, late: int, status: int) -> None:
    amina = town.person()
    town.clock.forward(timedelta(minutes=10))
    code = amina.code
    town.clock.forward(timedelta(seconds=late))
    assert town.browser().sign_in(amina, code=code).status_code == status


def test_a_recovery_code_stands_once_in_the_place_of_the_phone(town: Town) -> None:
    amina = town.person()
    code = amina.recovery[3].upper()
    assert town.browser().sign_in(amina, code=code).status_code == 303
    assert town.browser().sign_in(amina, code=code).status_code == 403
    assert town.browser().sign_in(amina, code=amina.recovery[4]).status_code == 303


def test_the_database_keeps_no_secret_of_hers_in_clear(town: Town) -> None:
    amina, browser = town.person(), town.browser()
    invitation = town.invite("nawal")
    browser.sign_in(amina)
    database = town.store.database
    kept = str([list(database[name].find()) for name in database.list_collection_names()])
    held = town.people.accounts.sessions("amina", town.clock.now())
    assert next(held).hash in kept
    for secret in (PASSWORD, amina.secret, invitation, browser.cookie, *amina.recovery):
        assert secret not in kept
    assert "$argon2id$" in kept


def test_the_second_factor_opens_only_with_the_pepper_and_for_its_account(town: Town) -> None:
    amina = town.person()
    sealed = amina.account.second_factor
    key = vault.key(town.hub.pepper, "hub.oauth.second_factor")
    assert vault.unseal(sealed, key, "amina").decode() == amina.secret
    assert vault.unseal(sealed, key, "salma") == b""
    assert vault.unseal(sealed, vault.key(b"another", "hub.oauth.second_factor"), "amina") == b""
    assert vault.unseal(sealed[:-1], key, "amina") == b""


# --- too often --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["amina", "nobody"])
def test_after_ten_tries_at_one_address_even_the_right_password_waits(town: Town, name: str) -> None:
    amina, browser = town.person(), town.browser()
    browser.get("/console/sign-in")
    assert browser.post("/console/sign-in", name=name, password=WRONG, code="0").status_code == 403
    almost = {"$set": {"n": limits.SIGN_INS_OF_ACCOUNT.most - 1}}  # each try takes long, as it should
    town.store.database.attempts.update_many({}, almost)
    browser.get("/console/sign-in")
    assert browser.post("/console/sign-in", name=name, password=WRONG, code="0").status_code == 403
    browser.get("/console/sign-in")
    waiting = browser.post("/console/sign-in", name=name, password=PASSWORD, code=amina.code)
    assert (waiting.status_code, int(waiting.headers["Retry-After"]) <= 900) == (429, True)
    assert town.browser(address="192.0.2.8").sign_in(amina).status_code == 303  # nobody is locked out elsewhere
    town.clock.forward(timedelta(seconds=900))
    assert town.browser().sign_in(amina).status_code == 303


def test_many_names_at_one_address_wait(town: Town) -> None:
    now, most = town.clock.now(), limits.SIGN_INS_AT_ADDRESS.most
    for number in range(most):
        limits.count_sign_in(
            f"name-{number}", "192.0.2.7", registry=town.registry, secret=town.people.counting, now=now
        )
    browser = town.browser()
    browser.get("/console/sign-in")
    assert browser.post("/console/sign-in", name="another", password="x", code="x").status_code == 429


def test_who_has_the_password_and_guesses_codes_everywhere_shuts_the_account_and_is_not_told(town: Town) -> None:
    amina = town.person()
    for _ in range(limits.WRONG_CODES.most - 1):
        limits.count_wrong_code("amina", registry=town.registry, secret=town.people.counting, now=town.clock.now())
    assert signing_in.prove("amina", PASSWORD, "000000", people=town.people, address="a") is None
    refused = town.browser().sign_in(amina)
    assert refused.status_code == 403  # in the words of any other refusal
    town.clock.forward(timedelta(days=1))
    assert town.browser().sign_in(amina).status_code == 303


def test_wrong_passwords_from_everywhere_lock_nobody_out(town: Town) -> None:
    amina = town.person()
    for number in range(3):
        signing_in.prove("amina", WRONG, "000000", people=town.people, address=f"a-{number}")
    limit, secret, now = limits.WRONG_CODES, town.people.counting, town.clock.now()
    assert town.registry.counts([limits._at(limit, now, secret, "amina")[0]]) == {}
    assert town.browser().sign_in(amina).status_code == 303


# --- what is told -----------------------------------------------------------------------------------------------------


def test_signing_in_and_failing_to_are_in_the_audit_trail_without_a_name(town: Town) -> None:
    amina, browser = town.person(), town.browser()
    browser.sign_in(amina, password=WRONG)
    browser.sign_in(amina)
    failed, done = events(town, "person.sign-in")
    assert (failed["outcome"], done["outcome"]) == ("4", "0")
    assert done["agent"][0]["who"] == {"reference": "Practitioner/amina-id"}
    assert failed["entity"][0]["what"] == {"reference": "Practitioner/amina-id"}
    assert "amina" not in json.dumps([failed, done]).replace("amina-id", "")


def test_what_is_told_of_a_sign_in_names_the_request(town: Town) -> None:
    amina, browser = town.person(), town.browser()
    answers = [browser.sign_in(amina, password=WRONG), browser.sign_in(amina)]
    told = [one["entity"][-1] for one in events(town, "person.sign-in")]
    assert [one["type"]["code"] for one in told] == ["XrequestId"] * 2
    assert [one["what"]["identifier"]["value"] for one in told] == [one.headers["X-Request-Id"] for one in answers]
    assert [one["entity"][-1]["type"]["code"] for one in events(town, "person.invite")] == ["4"], (
        "no request asked for it"
    )


def test_every_event_of_people_conforms_to_its_profile(town: Town) -> None:
    town.application()
    secret = town.invite("nawal")
    code = pyotp.TOTP(second_factor.from_invitation(secret, town.hub.pepper)).at(town.clock.now())
    assert signing_in.enrol(secret, PASSWORD, code, people=town.people)
    amina, browser = town.person(), town.browser()
    browser.sign_in(amina, password=WRONG)
    town.redeem(town.permitted(amina, browser))
    browser.get("/console/")
    browser.post("/console/sign-out-everywhere")
    told = [json.loads(one["json"]) for one in town.store.database.AuditEvent.find()]
    assert {one["subtype"][1]["code"] for one in told} >= {
        "person.invite", "person.enrol", "person.sign-in", "person.authorise", "person.sign-out",
    }  # fmt: skip
    assert [issue for one in told for issue in validate(one) if issue.blocks] == []


def test_no_log_has_a_name_a_password_or_a_link(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = town.invite("nawal")
    town.browser().get(f"/console/welcome/{secret}")
    amina, browser = town.person(), town.browser()
    browser.sign_in(amina, password=WRONG)
    browser.sign_in(amina)
    said = caplog.text + str([vars(record) for record in caplog.records])
    assert "request.answered" in said
    for mark in (secret, PASSWORD, WRONG, amina.secret, browser.cookie, "amina", "192.0.2.7"):
        assert mark not in said


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("fr", "ltr"), ("en", "ltr")])
def test_pages_speak_the_language_that_is_chosen_and_keep_to_it(town: Town, language: str, direction: str) -> None:
    browser = town.browser()
    browser.get(f"/console/sign-in?lang={language}", **{"Accept-Language": "de"})
    again = browser.get("/console/sign-in")
    assert f'<html lang="{language}" dir="{direction}">' in again.text


def test_she_is_spoken_to_in_her_language(town: Town) -> None:
    browser = town.browser()
    browser.sign_in(town.person(languages=("ar", "fr")))
    assert '<html lang="ar" dir="rtl">' in browser.get("/console/").text
