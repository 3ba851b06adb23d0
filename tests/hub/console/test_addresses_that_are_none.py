"""An address below the pages that is none: a page in the reader's language, and nothing of what was asked for."""

import re

import pytest

from hub.texts import LANGUAGES, say
from tests.support.people import Town

NONE = (
    "/console/nothing",
    "/console/referrals/x/y/z",
    "/console//x",
    "/console/Patient/Zineb-Alaoui",
    "/console/a%0d%0ab",
)
_TOKEN = re.compile(r'name="csrf_token" value="[^"]*"')


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", NONE)
def test_it_is_told_so_on_a_page_in_the_readers_language(town: Town, path: str, language: str) -> None:
    answer = town.browser().get(path, Accept_Language=language)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert say("console.no-such-page-title", language) in answer.text.replace("&#39;", "'")
    assert f'<html lang="{language}"' in answer.text


def test_all_of_them_are_the_same_bytes_and_repeat_nothing_of_the_address(town: Town) -> None:
    assert len({town.browser().get(path).text for path in NONE}) == 1


def test_whoever_is_signed_in_is_told_the_same(town: Town) -> None:
    browser = town.browser()
    browser.sign_in(town.person())
    assert browser.get("/console/nothing").text == town.browser().get("/console/nothing").text


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD"])
def test_no_method_makes_it_answer_as_an_application_is_answered(town: Town, method: str) -> None:
    http = town.app.test_client()
    answer = http.open("/console/nothing", method=method, base_url="https://hub.example")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    wrong = http.open("/console/sign-out", method="GET", base_url="https://hub.example")
    assert (wrong.status_code, wrong.mimetype) == (404, "text/html")


def test_an_application_is_still_answered_as_an_application(town: Town) -> None:
    answer = town.app.test_client().get("/consoles", base_url="https://hub.example")
    assert (answer.status_code, answer.mimetype) == (404, "application/fhir+json")


def test_a_language_is_chosen_on_such_a_page_too(town: Town) -> None:
    browser = town.browser()
    assert 'href="?lang=ar"' in browser.get("/console/nothing").text
    assert '<html lang="ar" dir="rtl">' in browser.get("/console/nothing?lang=ar").text
