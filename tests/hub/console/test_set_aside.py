"""What is set aside, on a page: how much, why and where, by whom it is seen, and another try; and what is told of a record: nothing."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from hub.console import set_aside as page
from hub.exchange import Hub, set_aside
from hub.fhir.instants import MOROCCO
from hub.fhir.issues import Issue
from hub.outbound.allowed import Allowed
from hub.ports import Changes, Quarantined, Registry
from hub.store import MongoStore
from hub.texts import LANGUAGES
from tests.support.aside import WORD, bad, hand_over, taught
from tests.support.command_line import MARKS
from tests.support.offices import words
from tests.support.people import Browser, Town
from tests.support.uploading import GOOD, uploads

PAGE = "/console/set-aside"
OF = f"{PAGE}/register"
OFFICER = frozenset({"data-desk"})
ISOLATES = dict.fromkeys((0x2068, 0x2069))
CHANGED = "of these records were set aside: try them again"
_TOKEN = re.compile(r'name="csrf_token" value="[^"]*"')


@pytest.fixture
def town(hub: Hub, store: MongoStore, registry: Registry) -> Town:
    return Town(hub, registry, store, key_hosts=(Allowed.read("his.example"),), doors=dict(uploads("amal", "chu")))


@pytest.fixture
def officer(town: Town) -> Browser:
    return signed_in(town)


def signed_in(town: Town, organization: str = "amal", roles: frozenset[str] = OFFICER, language: str = "en") -> Browser:
    browser = town.browser()
    browser.sign_in(
        town.person(f"{organization}-{'-'.join(sorted(roles))}", organization, roles=roles, scopes=frozenset())
    )
    browser.get(f"/console/?lang={language}")
    return browser


def put_aside(town: Town, *rows: str, name: str = "register") -> None:
    hand_over(town.people.hub, dict(town.doors), name, *rows)


def read(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.text
    return unescape(words(answer.text)).translate(ISOLATES)


def numbers(answer: TestResponse) -> dict[str, str]:
    return dict(re.findall(r"<dt>([^<]+)</dt><dd><bdi>([^<]+)</bdi></dd>", answer.text))


def places(answer: TestResponse) -> list[str]:
    return re.findall(r"<bdi>((?:row|record) [^<]+)</bdi>", answer.text)


# --- what is told -------------------------------------------------------------------------------------------------------


def test_of_each_connection_she_reads_how_many_and_since_when(town: Town, officer: Browser) -> None:
    put_aside(town, GOOD, bad(1), bad(2))
    put_aside(town, bad(3), name="complete")
    day = f"{town.clock.now().astimezone(MOROCCO):%d/%m/%Y}"
    shown = officer.get(PAGE).text.translate(ISOLATES)
    rows = re.findall(
        r'<a href="([^"]+)">[^<]+</a></td><td[^>]+><bdi>(\d+)</bdi></td><td[^>]+><bdi>([^<]+)</bdi>', shown
    )
    assert rows == [(f"{PAGE}/complete", "1", day), (OF, "2", day)]


def test_what_is_wrong_in_the_same_way_is_said_once_with_its_rows_the_most_frequent_first(
    town: Town, officer: Browser
) -> None:
    put_aside(town, bad(1, day="hier"), bad(2, word="violence solaire"), bad(3))
    shown = officer.get(OF)
    assert numbers(shown) == {"Records": "3", "The first since": f"{town.clock.now().astimezone(MOROCCO):%d/%m/%Y}"}
    said = read(shown)
    assert said.index("Column “Type de violence”") < said.index("Column “Date d'accueil”")
    assert said.count("Column “Type de violence”") == 1
    assert re.findall(r"Records: (\d)", said) == ["3", "1"]
    assert places(shown) == ["row 2", "row 3", "row 4", "row 2"]


def test_all_places_of_a_reason_are_on_pages_of_their_own_in_the_order_of_the_register(
    town: Town, officer: Browser
) -> None:
    put_aside(town, *map(bad, range(1, page.PLACES + 6)))
    shown = officer.get(OF)
    assert len(places(shown)) == set_aside.FIRST
    (all_places,) = re.findall(rf'href="({OF}/[0-9a-f]+)"', shown.text)
    first = officer.get(all_places)
    assert places(first) == [f"row {number}" for number in range(2, page.PLACES + 2)]
    (more,) = re.findall(rf'href="({OF}/[0-9a-f]+\?page=2)"', first.text)
    assert places(officer.get(more)) == [f"row {number}" for number in range(page.PLACES + 2, page.PLACES + 7)]
    assert "page=3" not in officer.last.text


def test_many_reasons_are_on_several_pages(town: Town, officer: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "A_PAGE", 1)
    put_aside(town, bad(1, day="hier"), bad(2))
    first = officer.get(OF)
    assert read(first).count("Column “") == 1 and f'href="{OF}?page=2"' in first.text
    second = officer.get(f"{OF}?page=2")
    assert "Date d'accueil" in read(second) and "page=3" not in second.text
    for odd in ("0", "-1", "x", "9" * 30, "٣"):
        assert read(officer.get(f"{OF}?page={odd}")) == read(first)


def test_of_very_many_records_the_reasons_of_some_are_shown_and_it_is_said(
    town: Town, officer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(set_aside, "READ", 2)
    put_aside(town, bad(1), bad(2), bad(3))
    said = read(officer.get(OF))
    assert "the reasons of 2 of them" in said
    assert numbers(officer.last)["Records"] == "3"


def test_since_when_is_not_begun_anew_by_another_try(town: Town, officer: Browser) -> None:
    put_aside(town, bad(1))
    day = f"{town.clock.now().astimezone(MOROCCO):%d/%m/%Y}"
    town.clock.forward(timedelta(days=3))
    officer = signed_in(town, roles=frozenset({"data-desk", "referral-desk"}))
    officer.get(OF)
    assert officer.post(OF).status_code == 200
    assert numbers(officer.get(OF))["The first since"] == day


def test_where_nothing_is_set_aside_it_is_said_calmly(officer: Browser) -> None:
    for address in (PAGE, OF):
        said = read(officer.get(address))
        assert "Nothing is set aside." in said
        assert "<button>" not in officer.last.text.partition("<main")[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_value_of_a_cell_and_no_word_of_fhir_is_shown_in_any_language(town: Town, language: str) -> None:
    put_aside(town, bad(1), bad(2, day="hier"), *(bad(number) for number in range(10, 25)))
    not_conforming(town.people.hub, "Patient.telecom[0].value", "Observation.component[2].valueCodeableConcept")
    officer = signed_in(town, language=language)
    shown = [officer.get(PAGE).text, officer.get(OF).text]
    shown += [officer.get(address).text for address in re.findall(rf'href="({OF}/[0-9a-f]+)"', shown[1])]
    officer.get(OF)
    shown.append(officer.post(OF).text)
    assert len(shown) == 4
    for one in shown:
        told = unescape(one)
        assert [mark for mark in (*MARKS, WORD, "lunaire", "hier", "AR-9") if mark in told] == []
        assert (
            re.findall(
                r"Patient|Observation|Consent|FHIR|mapping|concept map|table de corr|جدول الكلمات|conformance|\.component|\[\d",
                words(one),
            )
            == []
        )


def test_what_only_the_contract_says_is_said_of_the_column_it_came_from(town: Town, officer: Browser) -> None:
    not_conforming(town.people.hub, "Patient.name[0].text")
    assert "What stands in the column “Nom et prénom” cannot be taken in" in read(officer.get(OF))


def test_and_of_the_record_where_that_could_be_any_of_many_columns(town: Town, officer: Browser) -> None:
    not_conforming(town.people.hub, "Patient", "Patient.extension[3].value")
    assert read(officer.get(OF)).count("What this record says cannot be taken in as it stands") == 1


def not_conforming(hub: Hub, *paths: str, connection: str = "register") -> None:
    """A record that was read, and from which a resource came that does not conform."""
    issues = tuple(Issue("error", "value", "conformance.control", path, params={"element": path}) for path in paths)
    record = {"kind": "case", "id": "x", "version": "1", "handle": {}, "headers": {}, "row": 7}
    form = uploads("amal", "chu")["register"].mapping
    entry = Quarantined("k", connection, f"{form.id}@{form.version}", "row 7", issues, {}, hub.clock.now(), record)
    hub.store.commit(Changes(quarantine=[entry]))


# --- another try ---------------------------------------------------------------------------------------------------------


def test_what_is_understood_now_is_taken_in_and_the_rest_stays(
    town: Town, officer: Browser, hub: Hub, tmp_path: Path
) -> None:
    put_aside(town, bad(1), bad(2), bad(3, word="violence solaire"))
    assert CHANGED not in read(officer.get(OF))
    town.doors["register"] = taught(town.doors["register"], tmp_path)  # type: ignore[index]  # a dict
    assert f"3 {CHANGED}" in read(officer.get(OF))
    tried = officer.post(OF)
    assert numbers(tried) == {"Tried": "3", "Taken in": "2", "Still set aside": "1"}
    assert hub.store.counts()["Patient"] == 2
    assert [one.place for one in hub.store.quarantine()] == ["row 4"]
    assert CHANGED not in read(officer.get(OF))


def test_where_nothing_changed_nothing_is_taken_in(town: Town, officer: Browser, hub: Hub) -> None:
    put_aside(town, bad(1))
    officer.get(OF)
    tried = officer.post(OF)
    assert numbers(tried) == {"Tried": "1", "Taken in": "0", "Still set aside": "1"}
    assert "They are still not understood" in read(tried)
    assert hub.store.counts().get("Patient", 0) == 0


def test_once_all_is_understood_the_page_says_that_nothing_is_left(
    town: Town, officer: Browser, tmp_path: Path
) -> None:
    put_aside(town, bad(1))
    officer.get(OF)
    town.doors["register"] = taught(town.doors["register"], tmp_path)  # type: ignore[index]  # a dict
    assert "Nothing of this connection is set aside any more" in read(officer.post(OF))
    officer.get("/console/")
    sent_again = officer.post(OF)
    assert numbers(sent_again) == {"Tried": "0", "Taken in": "0", "Still set aside": "0"}
    assert "Nothing is set aside." in read(officer.get(PAGE))


def test_of_very_many_each_press_tries_others(
    town: Town, officer: Browser, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(set_aside, "TRIED", 2)
    put_aside(town, *map(bad, range(1, 5)))
    before = {one.key: one.at for one in hub.store.quarantine()}
    for tries in (2, 4):
        town.clock.forward(timedelta(seconds=1))
        assert "2 are tried at a time" in read(officer.get(OF))
        assert numbers(officer.post(OF))["Tried"] == "2"
        assert sum(before[one.key] != one.at for one in hub.store.quarantine()) == tries


def test_another_try_is_on_record_under_her_name_with_the_number_that_she_is_given(
    town: Town, officer: Browser, store: MongoStore, tmp_path: Path
) -> None:
    put_aside(town, bad(1))
    officer.get(OF)
    town.doors["register"] = taught(town.doors["register"], tmp_path)  # type: ignore[index]  # a dict
    before = store.database.AuditEvent.count_documents({})
    shown = officer.post(OF).text
    (number,) = re.findall(r'<dt>Number in the audit trail</dt><dd class="code" dir="ltr">([^<]+)</dd>', shown)
    told = [one["json"] for one in store.database.AuditEvent.find() if number in one["json"]]
    assert told and all("Practitioner/amal-data-desk-id" in one for one in told)
    assert store.database.AuditEvent.count_documents({}) > before + len(told)  # and what was stored, as in any pull


def test_to_look_changes_nothing(town: Town, officer: Browser, hub: Hub) -> None:
    put_aside(town, bad(1))
    before, aside = hub.store.counts(), list(hub.store.quarantine())
    for address in (PAGE, OF):
        officer.get(address)
    assert (hub.store.counts(), list(hub.store.quarantine())) == (before, aside)


def test_a_form_from_elsewhere_tries_nothing(town: Town, officer: Browser, hub: Hub) -> None:
    put_aside(town, bad(1))
    officer.get(OF)
    before = list(hub.store.quarantine())
    town.clock.forward(timedelta(seconds=1))
    assert officer.post(OF, csrf="made up").status_code == 400
    assert list(hub.store.quarantine()) == before


# --- whose it is ----------------------------------------------------------------------------------------------------------


def _plain(answer: TestResponse) -> str:
    return f"{answer.status} {_TOKEN.sub('', answer.text)}"


@pytest.mark.parametrize("name", ["theirs", "nothing", "register/0123456789abcdef", "theirs/0123456789abcdef"])
def test_a_connection_of_others_is_as_absent_as_none(town: Town, officer: Browser, name: str) -> None:
    put_aside(town, bad(1))
    put_aside(town, bad(2), bad(3), name="theirs")
    nowhere = _plain(officer.get("/console/nothing"))
    assert nowhere.startswith("404")
    assert _plain(officer.get(f"{PAGE}/{name}")) == nowhere
    assert "theirs" not in officer.get(PAGE).text


def test_a_reason_of_others_is_not_found_under_ones_own_connection(town: Town, officer: Browser) -> None:
    rows = [bad(number) for number in range(20)]
    put_aside(town, *rows, name="theirs")
    theirs = signed_in(town, "chu").get(f"{PAGE}/theirs").text
    (reason,) = re.findall(rf'href="{PAGE}/theirs/([0-9a-f]+)"', theirs)
    put_aside(town, *rows)
    assert officer.get(f"{OF}/{reason}").status_code == 404


def test_what_others_have_set_aside_is_tried_by_them_alone(town: Town, officer: Browser, hub: Hub) -> None:
    put_aside(town, bad(1))
    put_aside(town, bad(2), name="theirs")
    before = list(hub.store.quarantine("theirs"))
    town.clock.forward(timedelta(seconds=1))
    officer.get(OF)
    assert officer.post(f"{PAGE}/theirs").status_code == 404
    officer.get(OF)
    assert officer.post(OF).status_code == 200
    assert list(hub.store.quarantine("theirs")) == before


def test_records_of_a_connection_that_is_gone_are_shown_to_nobody(town: Town, officer: Browser) -> None:
    put_aside(town, bad(1))
    del town.doors["register"]  # type: ignore[attr-defined]  # a dict
    assert "Nothing is set aside." in read(officer.get(PAGE))
    assert officer.get(OF).status_code == 404


@pytest.mark.parametrize("roles", ["consent-officer", "technical-desk", "referral-desk social-worker"])
def test_to_other_functions_nothing_is_there(town: Town, hub: Hub, roles: str) -> None:
    put_aside(town, bad(1))
    browser = signed_in(town, roles=frozenset(roles.split()))
    assert PAGE not in browser.get("/console/").text
    nowhere = _plain(browser.get("/console/nothing"))
    assert [_plain(browser.get(address)) for address in (PAGE, OF)] == [nowhere, nowhere]
    before = list(hub.store.quarantine())
    browser.get("/console/")
    assert _plain(browser.post(OF)) == nowhere
    assert list(hub.store.quarantine()) == before


def test_who_is_not_signed_in_is_asked_to_whatever_she_names(town: Town) -> None:
    put_aside(town, bad(1))
    browser = town.browser()
    for address in (PAGE, OF, f"{PAGE}/theirs", f"{PAGE}/nothing", f"{OF}/0123456789abcdef"):
        assert (browser.get(address).status_code, browser.last.location) == (303, "/console/sign-in")


def test_a_data_officer_comes_there_from_her_account(officer: Browser) -> None:
    assert f'href="{PAGE}"' in officer.get("/console/").text


@pytest.mark.parametrize(
    ("name", "told"), [("register", "hand it over again"), ("pulled", "the next time that they are read")]
)
def test_she_is_told_how_what_she_mends_comes_in(town: Town, officer: Browser, name: str, told: str) -> None:
    not_conforming(town.people.hub, "Patient.name[0].text", connection=name)
    shown = officer.get(f"{PAGE}/{name}")
    assert told in read(shown)
    assert ("/console/import-register" in shown.text.partition("</h1>")[2]) == (name == "register")
