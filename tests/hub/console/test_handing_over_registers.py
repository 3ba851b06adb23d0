"""A register handed over on a page: tried, then taken in; by whom, to which connections; and what is kept or told of the file: nothing."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from hub.console.found import MOST_PLACES
from hub.exchange import Hub
from hub.exchange import upload as uploading
from hub.exchange.tally import PLACES
from hub.outbound.allowed import Allowed
from hub.ports import Registry
from hub.store import MongoStore
from hub.texts import LANGUAGES, say
from tests.support.command_line import BAD, MARKS, MENDED
from tests.support.offices import words
from tests.support.people import Browser, Town
from tests.support.uploading import GOOD, leaving_out, register, uploads

PAGE = "/console/import-register"
OFFICER = frozenset({"data-desk"})
OTHER = GOOD.replace("1;05/01/2026;AR-001", "2;06/01/2026;AR-002").replace("0612345678", "0612345679")
ISOLATES = dict.fromkeys((0x2068, 0x2069))
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_SEAL = re.compile(r'name="tried" value="([^"]+)"')


@pytest.fixture
def town(hub: Hub, store: MongoStore, registry: Registry) -> Town:
    return Town(hub, registry, store, key_hosts=(Allowed.read("his.example"),), doors=uploads("amal", "chu"))


@pytest.fixture
def officer(town: Town) -> Browser:
    return signed_in(town)


def signed_in(town: Town, organization: str = "amal", roles: frozenset[str] = OFFICER, language: str = "en") -> Browser:
    browser = town.browser()
    browser.sign_in(town.person(f"{organization}-officer", organization, roles=roles, scopes=frozenset()))
    browser.get(f"{PAGE}?lang={language}")
    return browser


def send(browser: Browser, content: bytes, name: str = "register", act: str = "try", **more: str) -> TestResponse:
    token = _TOKEN.search(browser.last.text)
    form = {"csrf_token": token[1] if token else "", "connection": name, "act": act} | more
    kind, body = encode_multipart(form, content)
    browser.last = browser.http.open(PAGE, method="POST", base_url="https://hub.example", data=body, content_type=kind)
    return browser.last


def encode_multipart(form: dict[str, str], content: bytes) -> tuple[str, bytes]:
    """As a browser sends it: https://www.rfc-editor.org/rfc/rfc7578."""
    parts = [
        f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in form.items()
    ]
    file = '--cut\r\nContent-Disposition: form-data; name="register"; filename="2026.csv"\r\nContent-Type: text/csv\r\n\r\n'
    return "multipart/form-data; boundary=cut", "".join((*parts, file)).encode() + content + b"\r\n--cut--\r\n"


def take(browser: Browser, content: bytes, name: str = "register", **more: str) -> TestResponse:
    """With what the page of the trial had in its form."""
    return send(browser, content, name, "take", **({"tried": seal(browser)} | more))


def seal(browser: Browser) -> str:
    found = _SEAL.search(browser.last.text)
    return found[1] if found else ""


def counts(hub: Hub) -> dict[str, int]:
    return hub.store.counts() | {"AuditEvent": 0}


def numbers(answer: TestResponse) -> dict[str, int]:
    assert answer.status_code == 200, answer.text
    shown = re.findall(r"<dt>([^<]+)</dt><dd><bdi>(\d+)</bdi></dd>", answer.text)
    return {label: int(number) for label, number in shown}


# --- from the trial to the receipt ----------------------------------------------------------------------------------


def test_a_trial_shows_what_would_become_of_it_and_stores_nothing(officer: Browser, hub: Hub) -> None:
    before = counts(hub)
    tried = send(officer, register(GOOD, OTHER, BAD))
    assert numbers(tried) == {"Records read": 3, "New": 2, "Not understood, set aside": 1}
    assert "row 4" in tried.text
    assert "Column “Type de violence”: …" in words(tried.text).translate(ISOLATES)  # and not what FHIR calls it
    assert counts(hub) == before
    assert list(hub.store.quarantine()) == []


def test_the_same_file_once_more_is_taken_in_and_the_receipt_has_a_number_of_the_trail(
    officer: Browser, hub: Hub, store: MongoStore
) -> None:
    send(officer, register(GOOD, BAD))
    taken = take(officer, register(GOOD, BAD))
    assert numbers(taken) == {"Records read": 2, "New": 1, "Not understood, set aside": 1}
    assert hub.store.counts()["ServiceRequest"] == 1
    assert [one.connection for one in hub.store.quarantine()] == ["register"]
    (number,) = re.findall(r'<dt>Number</dt><dd class="code" dir="ltr">([^<]+)</dd>', taken.text)
    assert any(number in one["json"] for one in store.database.AuditEvent.find())
    assert 'href="/console/set-aside/register"' in taken.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_left_out_as_a_test_is_told_and_there_is_nothing_to_take_in(
    hub: Hub, store: MongoStore, registry: Registry, tmp_path: Path, language: str
) -> None:
    doors = uploads("amal", "chu")
    doors["register"] = leaving_out(doors["register"], tmp_path, "[{column: remarks, begins: Récit}]")
    town = Town(hub, registry, store, key_hosts=(Allowed.read("his.example"),), doors=doors)
    officer = signed_in(town, language=language)
    tried = send(officer, register(GOOD, OTHER))
    assert numbers(tried)[say("console.hand-over.number-left_out", language)] == 2
    assert not seal(officer) and not any(mark in tried.text for mark in MARKS)
    assert say("console.hand-over.all-tests", language) in unescape(tried.text)
    assert hub.store.counts().get("Patient", 0) == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sign_that_every_row_has_is_told_above_the_numbers_and_only_where_enough_rows_have_it(
    hub: Hub, store: MongoStore, registry: Registry, tmp_path: Path, language: str
) -> None:
    doors = uploads("amal", "chu")
    doors["register"] = leaving_out(doors["register"], tmp_path, "[{column: remarks, begins: Récit}]")
    town = Town(hub, registry, store, key_hosts=(Allowed.read("his.example"),), doors=doors)
    officer = signed_in(town, language=language)
    rows = [GOOD.replace("1;05/01/2026;AR-001", f"{at};05/01/2026;AR-{at:03}") for at in range(1, 21)]
    assert 'role="alert"' not in send(officer, register(*rows[1:])).text
    officer.get(PAGE)
    tried = send(officer, register(*rows))
    alarm = re.search(r'<p class="wrong" role="alert">([^<]+)</p>\s*<dl class="numbers">', tried.text)
    told = say("receive.all-left-out", language, count="20")
    assert alarm and unescape(alarm[1]).translate(ISOLATES) == told
    assert unescape(tried.text).translate(ISOLATES).count(told) == 1


def test_the_rows_that_were_mended_are_taken_in_the_next_time(officer: Browser) -> None:
    for rows in ((GOOD, BAD), (GOOD, MENDED)):
        officer.get(PAGE)
        send(officer, register(*rows))
        taken = take(officer, register(*rows))
    assert numbers(taken) == {"Records read": 2, "New": 1, "With nothing new": 1}
    assert "/console/set-aside/register" not in taken.text


def test_a_file_that_says_nothing_new_is_not_asked_for_again(officer: Browser) -> None:
    send(officer, register(GOOD))
    take(officer, register(GOOD))
    officer.get(PAGE)
    tried = send(officer, register(GOOD))
    assert "says nothing that the hub does not know" in tried.text
    assert 'name="tried"' not in tried.text


def test_a_complete_register_says_what_it_would_withdraw(town: Town, officer: Browser) -> None:
    send(officer, register(GOOD, OTHER), "complete")
    take(officer, register(GOOD, OTHER), "complete")
    officer.get(PAGE)
    town.clock.forward(timedelta(minutes=1))
    assert numbers(send(officer, register(GOOD), "complete"))["No longer in the register, withdrawn"] == 1


def test_one_word_that_stands_in_many_rows_is_said_once_with_its_rows(officer: Browser) -> None:
    many = [BAD.replace(BAD.split(";")[2], f"AR-1{number:02}", 1) for number in range(12)]
    tried = send(officer, register(*many))
    assert words(tried.text).count("Type de violence") == 1
    assert "row 2" in tried.text
    assert "further places: \u20684\u2069" in tried.text or "further places: 4" in tried.text


# --- only what was tried is taken in -----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["another file", "another connection", "no seal", "the seal of another person"])
def test_what_was_not_tried_is_tried_and_not_taken_in(town: Town, officer: Browser, hub: Hub, how: str) -> None:
    before = counts(hub)
    send(officer, register(GOOD))
    changes: dict[str, Any] = {
        "another file": {"content": register(OTHER)},
        "another connection": {"name": "complete"},
        "no seal": {"tried": ""},
        "the seal of another person": {"tried": "x" * 64},
    }[how]
    if how == "the seal of another person":
        colleague = town.browser()
        colleague.sign_in(town.person("colleague", "amal", roles=OFFICER))
        colleague.get(PAGE)
        send(colleague, register(GOOD))
        changes = {"tried": seal(colleague)}
    answer = take(officer, **({"content": register(GOOD)} | changes))
    assert "not the file that you had tried" in answer.text
    assert counts(hub) == before


def test_nothing_of_the_file_is_written_to_a_disk_or_kept_in_the_session(
    officer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a temporary file")

    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", refuse)
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    cookie = len(officer.cookie)
    filler = f"{GOOD}\n" * 5000
    assert len(filler) > 600_000
    tried = send(officer, register(GOOD, filler))
    assert tried.status_code == 200
    assert len(officer.cookie) <= cookie + 8


# --- whose it is ----------------------------------------------------------------------------------------------------------


def test_only_connections_of_ones_own_that_take_uploads_are_offered(town: Town, officer: Browser) -> None:
    offered = re.findall(r'type="radio" name="connection" value="([^"]+)"', officer.get(PAGE).text)
    assert offered == ["complete", "register"]
    theirs = signed_in(town, "chu").get(PAGE).text
    assert re.findall(r'type="radio" name="connection" value="([^"]+)" checked', theirs) == ["theirs"]


@pytest.mark.parametrize("name", ["theirs", "pulled", "nothing", ""])
def test_any_other_connection_is_as_absent_as_none(officer: Browser, hub: Hub, name: str) -> None:
    before = counts(hub)
    answer = send(officer, register(GOOD), name)
    assert (answer.status_code, "Choose the connection" in answer.text) == (422, True)
    assert f'value="{name or "-"}"' not in answer.text
    assert counts(hub) == before


def test_where_no_connection_takes_uploads_the_page_says_what_to_do(town: Town) -> None:
    nobody = Town(town.hub, town.registry, town.store, doors={})
    browser = signed_in(nobody)
    assert "Ask whoever runs the hub" in browser.get(PAGE).text
    assert 'type="file"' not in browser.last.text


@pytest.mark.parametrize("roles", ["consent-officer", "technical-desk", "referral-desk social-worker"])
def test_other_functions_neither_see_the_page_nor_hand_anything_over(town: Town, hub: Hub, roles: str) -> None:
    browser = signed_in(town, roles=frozenset(roles.split()))
    before = counts(hub)
    assert browser.get(PAGE).status_code == 403
    assert PAGE not in browser.get("/console/").text
    assert send(browser, register(GOOD)).status_code == 403
    assert counts(hub) == before


def test_the_page_is_reached_from_home_by_a_data_officer_alone(officer: Browser) -> None:
    assert PAGE in officer.get("/console/").text


def test_nobody_who_is_not_signed_in_is_heard(town: Town) -> None:
    browser = town.browser()
    assert (browser.get(PAGE).status_code, browser.last.location) == (303, "/console/sign-in")
    browser.get("/console/sign-in")
    assert send(browser, register(GOOD)).status_code == 303
    assert send(browser, b"x" * 100_000).status_code == 413


def test_a_form_from_elsewhere_is_refused(officer: Browser, hub: Hub) -> None:
    before = counts(hub)
    assert send(officer, register(GOOD), csrf_token="made up").status_code == 400
    assert counts(hub) == before


def test_a_trial_and_a_taking_in_are_on_record_under_her_name(officer: Browser, store: MongoStore) -> None:
    def looks() -> int:
        return sum("Practitioner/amal-officer-id" in one["json"] for one in store.database.AuditEvent.find())

    before = looks()
    send(officer, register(GOOD))
    tried = looks()
    take(officer, register(GOOD))
    assert before < tried < looks()


# --- what is wrong with a file -------------------------------------------------------------------------------------------


def test_what_cannot_be_read_is_said_beside_the_field(
    officer: Browser, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = counts(hub)
    monkeypatch.setattr(uploading, "MOST_RECORDS", 1)
    for content, told in [
        (b"", "Choose a file"),
        (b"no;such\n1;2\n", "header"),
        (b"Date;Code;Nom\n05/01/2026;B-7;Zineb\n", "Is this the right file?"),
        (b"<html><table>", ""),
        (b"PK\x03\x04 not a workbook", ""),
        (register(GOOD, OTHER), "Divide it into several files"),
    ]:
        officer.get(PAGE)
        answer = send(officer, content)
        assert answer.status_code == 422, told
        assert 'id="w-register"' in answer.text
        assert told in answer.text
    assert counts(hub) == before


def test_a_file_that_is_too_large_is_told_so_on_a_page(officer: Browser) -> None:
    answer = send(officer, b"x" * (6 * 1024 * 1024))
    assert (answer.status_code, "More than 5 MB" in answer.text) == (413, True)
    officer.get(PAGE)
    assert send(officer, b"x" * (5 * 1024 * 1024 + 1)).status_code == 422


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_value_of_a_cell_is_shown_in_any_language(town: Town, language: str) -> None:
    browser = signed_in(town, language=language)
    tried = send(browser, register(GOOD, BAD))
    assert say("console.hand-over.tried", language) in unescape(tried.text)
    pages = [tried.text, take(browser, register(GOOD, BAD)).text]
    assert say("console.hand-over.taken", language) in pages[1]
    assert [mark for mark in (*MARKS, "lunaire", "2026.csv") for page in pages if mark in page] == []


def test_rows_with_the_same_mistake_are_all_counted_however_many_are_named(officer: Browser) -> None:
    rows = [BAD.replace("3;", f"{number};", 1) for number in range(1, PLACES + 31)]
    send(officer, register(*rows))
    assert say("console.hand-over.more-places", "en", count=PLACES + 30 - MOST_PLACES) in words(officer.last.text)
