"""Every element of every profile has a name in plain Arabic, French and English, so that no one needs FHIR to read the contract."""

import re
from collections.abc import Iterator
from importlib.resources import files
from itertools import groupby
from typing import Any

import pytest
import yaml

from hub.conformance.json_schema import definitions
from hub.conformance.plan import Complex, Planner
from hub.fhir import Resource
from hub.fhir.definitions import Profile, load
from hub.fhir.r4 import tables
from hub.fhir.serial import loads
from hub.fhir.words import LANGUAGES, Words, code_label, has_words, of_path, of_profile, r4_path, translated, words

PROFILES = load().profiles()
PLANNER = Planner(load())
CATALOGUE: dict[str, Any] = {
    key: said
    for path in files("profiles").joinpath("words").iterdir()
    if path.name.endswith(".yaml")
    for key, said in yaml.safe_load(path.read_text("utf-8")).items()
}
ARABIC = re.compile(r"[\u0600-\u06ff]")
FRENCH_OR_ENGLISH = {
    "fr": re.compile(r"\b(the|of|and|which|who|when|what|whether|with|by)\b", re.IGNORECASE),
    "en": re.compile(r"\b(le|la|les|des|du|qui|une|dans|avec|pour|est)\b", re.IGNORECASE),
}
JARGON = re.compile(
    r"codeable|concept|coding|backbone|cardinalit|slice|binding|canonical|resource\b|ressource|FHIR|primitive|[a-z][A-Z]",
    re.ASCII,
)
NAME_OF_A_STANDARD = re.compile(r"[A-Z0-9 -]+")
WHERE = "add it to profiles/words, to the file of its resource type, or to types.yaml if it belongs to a data type"


def nodes(profile: Profile) -> Iterator[Complex]:
    yield from (node for node, _ in definitions(PLANNER.profile(profile)).values())


def elements(node: Complex) -> Iterator[tuple[str, str]]:
    """What stands in one object: id in its profile (empty in a data type) and path in R4."""
    for group in node.groups:
        if node.profile is None:
            yield "", f"{node.key}.{group}"
        else:
            id_ = f"{node.element_id}.{group}"
            yield id_, r4_path(node.profile, id_)


def said(node: Complex, id_: str, path: str, language: str) -> Words:
    return words(node.profile, id_, language) if node.profile else of_path(path, language)


each_profile = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)


@each_profile
def test_every_element_that_may_occur_is_named(profile: Profile) -> None:
    for node in nodes(profile):
        assert node.profile or has_words(node.key), f"{node.key} has no words: {WHERE}"
        for id_, path in elements(node):
            assert has_words(path), f"{path} has no words: {WHERE}"
            for language in LANGUAGES:
                assert said(node, id_, path, language).title, f"{id_ or path} has no words in {language}: {WHERE}"


@each_profile
def test_each_language_is_itself(profile: Profile) -> None:
    for node in nodes(profile):
        for id_, path in elements(node):
            for language in LANGUAGES:
                found = said(node, id_, path, language)
                text = f"{found.title} {found.description}"
                assert bool(ARABIC.search(found.title)) == (language == "ar"), (id_ or path, language, found.title)
                assert language == "ar" or not FRENCH_OR_ENGLISH[language].search(text), (id_ or path, language, text)


@each_profile
def test_no_two_elements_of_one_object_are_called_alike(profile: Profile) -> None:
    for node in nodes(profile):
        for language in LANGUAGES:
            titles = sorted((said(node, *one, language).title.casefold(), one) for one in elements(node))
            for title, alike in groupby(titles, key=lambda pair: pair[0]):
                assert len(list(alike)) == 1, (node.key, language, title)


@each_profile
def test_the_kinds_of_one_list_are_not_called_alike(profile: Profile) -> None:
    for node in nodes(profile):
        for id_, _ in elements(node):
            kinds = node.profile.slices(id_) if node.profile else ()
            for language in LANGUAGES:
                titles = [words(profile, kind.id, language).title for kind in kinds if kind.max != 0]
                assert len(set(titles)) == len(titles), (
                    f"{profile.name}: give the kinds of {id_} a `label` in {language}"
                )


@each_profile
def test_titles_are_free_of_jargon(profile: Profile) -> None:
    for node in nodes(profile):
        for id_, path in elements(node):
            for language in LANGUAGES:
                title = said(node, id_, path, language).title
                assert not JARGON.search(title), (id_ or path, title)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_profiles_are_called_alike(language: str) -> None:
    titles = {profile.name: of_profile(profile, language).title for profile in PROFILES}
    assert all(titles.values())
    alike = [name for name, title in titles.items() if list(titles.values()).count(title) > 1]
    assert not alike, f"give these profiles a `_title` of their own in {language}: {alike}"


STATED = {
    f"{path.name}": loads(path.read_bytes())
    for path in files("profiles").joinpath("structure-definitions").iterdir()
    if path.name.endswith(".json")
}


@pytest.mark.parametrize("file", sorted(STATED))
def test_what_a_profile_says_itself_it_says_in_three_languages(file: str) -> None:
    for name, node, text in own_words(STATED[file]):
        for language in LANGUAGES if not NAME_OF_A_STANDARD.fullmatch(text) else ():
            found = translated(node, name, language)
            where = f"{file}, {node['id']}: add _{name} in {language}"
            assert found and bool(ARABIC.search(found)) == (language == "ar"), where


def own_words(definition: Resource) -> Iterator[tuple[str, Resource, str]]:
    for node in (definition, *definition["differential"]["element"]):
        for name in ("title", "description", "label", "short", "definition"):
            if name in node:
                yield name, node, node[name]


@pytest.mark.parametrize("folder", ["value-sets", "code-systems"])
def test_every_value_set_and_code_system_has_a_title_in_three_languages(folder: str) -> None:
    for path in files("profiles").joinpath(folder).iterdir():
        if path.name.endswith(".json"):
            resource = loads(path.read_bytes())
            for language in LANGUAGES:
                assert translated(resource, "title", language), f"{folder}/{path.name}: add _title in {language}"


def test_a_profile_s_own_words_come_first() -> None:
    incident = load().profile("incident")
    found = words(incident, "Observation.value[x]", "fr")
    assert found.title == "Type principal de violence"
    assert of_path("Observation.value[x]", "fr").title == "Résultat"


def test_a_kind_is_called_as_its_code_or_its_extension() -> None:
    survivor = load().profile("survivor")
    assert words(survivor, "Patient.identifier:survivor-code", "en").title == "Survivor code"
    assert words(survivor, "Patient.identifier:survivor-code", "ar").title == code_label(
        load().code_system("identifier-type").url, "survivor-code", "ar"
    )
    assert words(survivor, "Patient.extension:reported-age", "fr").title == "Âge déclaré"
    assert words(survivor, "Patient.extension:reported-age.extension:estimated", "fr").title == "Estimation"


def test_an_element_deep_in_a_profile_is_called_as_in_its_data_type() -> None:
    case = load().profile("case")
    assert words(case, "EpisodeOfCare.period.end", "ar") == of_path("Period.end", "ar")


def test_a_path_without_words_is_called_by_its_name() -> None:
    assert not has_words("Dosage.asNeeded[x]")
    assert of_path("Dosage.asNeeded[x]", "ar") == Words("asNeeded")


def test_the_words_speak_of_elements_that_exist_once() -> None:
    known = tables().rows.keys() | tables().children.keys() | tables().primitives.keys()
    for key in CATALOGUE:
        if not ({*key} & {"*", "#", ":"}):
            assert key in known | {one["id"] for one in tables().extensions}, key


@pytest.mark.parametrize("key", CATALOGUE)
def test_the_words_are_complete_and_short(key: str) -> None:
    for name, texts in CATALOGUE[key].items():
        assert name in {"title", "description"}
        assert texts.keys() == set(LANGUAGES)
        assert ARABIC.search(texts["ar"]) and not ARABIC.search(texts["fr"] + texts["en"])
        if name == "title":
            assert all(len(title.split()) <= 7 for title in texts.values()), texts
        else:
            assert all(sentence.endswith(".") for sentence in texts.values()), texts
        assert "victim" not in texts["en"].lower() and "الضحية" not in texts["ar"]


def test_every_element_of_the_supported_types_has_words_also_where_no_profile_keeps_it_yet() -> None:
    never = {"contained", "implicitRules", "modifierExtension", "text"}
    roots = {path for path in CATALOGUE if path in tables().children and "." not in path}
    for path in tables().rows:
        if path.partition(".")[0] in roots and path.rpartition(".")[2] not in never:
            assert has_words(path), f"{path} has no words: {WHERE}"
