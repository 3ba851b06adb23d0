"""The contract as pages: whole in three languages, nothing points nowhere, nothing comes from elsewhere, nothing is left untranslated."""

import posixpath
import re
from collections.abc import Mapping
from functools import cache
from html import unescape
from html.parser import HTMLParser

import pytest

from hub import texts
from hub.conformance import package
from hub.conformance.site import pages
from hub.conformance.site.rows import opens, rows
from hub.fhir.data_classes import data_classes
from hub.fhir.definitions import load

PROFILES = [profile.name for profile in load().profiles()]


@cache
def site() -> Mapping[str, bytes]:
    return pages(package.load())


def text(path: str) -> str:
    return site()[path].decode()


class Page(HTMLParser):
    """What a page is made of: tags, links, ids, the language and direction of its root."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.root: dict[str, str | None] = {}
        self.words: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag not in {"meta", "link", "input", "br"}:
            self.open.append(tag)
        if tag == "html":
            self.root = given
        self.links += [value for name in ("href", "src") if (value := given.get(name))]
        self.ids += [value for value in (given.get("id"),) if value]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and not {"pre", "title"} & set(self.open):
            self.words.append(data.strip())


@cache
def page(path: str) -> Page:
    return Page(text(path))


HTML = [path for path in site() if path.endswith(".html")]


def test_every_page_is_there_in_each_language() -> None:
    found = {
        language: {p.partition("/")[2] for p in HTML if p.startswith(f"{language}/")} for language in texts.LANGUAGES
    }
    assert found["ar"] == found["fr"] == found["en"]
    assert {f"profiles/{name}.html" for name in PROFILES} <= found["ar"]
    assert {f"codes/{one.name}.html" for one in load().value_sets()} <= found["ar"]


def test_every_link_leads_to_a_page_a_file_or_a_place_on_one() -> None:
    for path in HTML:
        for link in page(path).links:
            target, _, place = link.partition("#")
            found = posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) if target else path
            assert found in site(), (path, link)
            assert not place or place in page(found).ids, (path, link)


def test_nothing_runs_and_nothing_is_fetched_from_elsewhere() -> None:
    for path in HTML:
        assert {"script", "iframe", "img", "object"}.isdisjoint(page(path).tags)
        assert not [link for link in page(path).links if "://" in link or link.startswith(("//", "data:"))]


def test_every_tag_is_closed_and_no_id_is_given_twice() -> None:
    for path in HTML:
        assert page(path).open == [], path
        assert len(page(path).ids) == len(set(page(path).ids)), path


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("fr", "ltr"), ("en", "ltr")])
def test_a_page_says_its_language_and_runs_in_its_direction(language: str, direction: str) -> None:
    for path in HTML:
        if path.startswith(f"{language}/"):
            assert (page(path).root["lang"], page(path).root["dir"]) == (language, direction)


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_shows_each_element_with_its_data_class_and_what_opens_it(name: str) -> None:
    shown = unescape(text(f"fr/profiles/{name}.html"))
    found = list(rows(load().profile(name), load()))
    assert found
    for row in found:
        assert f'id="{row.element.id}"' in shown
        assert row.data_class is not None
        assert load().display("data-class", row.data_class.code, "fr") in shown
        assert texts.say(f"site.opens-{row.opens}", "fr") in shown


def test_what_a_profile_rules_out_is_not_shown() -> None:
    ids = {row.element.id for row in rows(load().profile("survivor"), load())}
    assert "Patient.identifier:cin.value" in ids
    assert ids.isdisjoint({"Patient.photo", "Patient.text", "Patient.link", "Patient.identifier:cin.assigner"})


def test_only_what_a_consent_can_open_is_said_to_be_opened_by_one() -> None:
    for one in data_classes().values():
        assert (opens(one) == "consent") == one.shareable
    assert opens(data_classes()["safety-plan"]) == "never"
    assert opens(data_classes()["directory"]) == "public"


def test_a_refused_example_shows_the_answer_that_its_sender_gets() -> None:
    shown = unescape(text("ar/profiles/survivor.html"))
    assert "gender-missing" in shown
    assert texts.say("conformance.required", "ar", element="Patient.gender") in shown


def test_no_sentence_of_an_arabic_page_is_left_in_latin_letters() -> None:
    """Headings, labels and sentences; names of elements, codes and canonicals stay as they are."""
    plain = re.compile(r"[A-Za-z][a-z',.;:()-]*(?: [A-Za-z(][a-z',.;:()-]*)+")
    general = ("index", "data-classes", "others")
    for path in (*(f"ar/{name}.html" for name in general), *(f"ar/profiles/{name}.html" for name in PROFILES)):
        assert [w for w in page(path).words if plain.fullmatch(w) and "()" not in w and w != "JSON Schema"] == [], path


@pytest.mark.parametrize("path", ["data-classes.html", "others.html", "index.html"])
def test_no_two_languages_say_a_sentence_alike(path: str) -> None:
    said = {lang: {w for w in page(f"{lang}/{path}").words if w.count(" ") > 2} for lang in texts.LANGUAGES}
    assert said["fr"].isdisjoint(said["en"]) and said["ar"].isdisjoint(said["fr"] | said["en"])


def test_the_same_contract_gives_the_same_pages() -> None:
    assert pages(package.load()) == site()
