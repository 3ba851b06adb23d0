"""The contract's files: each can be read by another FHIR implementation, and nothing in them points nowhere."""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from hub.conformance.package import FOLDERS
from hub.fhir.canonicals import BASE
from hub.fhir.definitions import DEFAULTS, load
from hub.fhir.elements import Element, Profile
from hub.fhir.r4 import tables
from tests.support.other_fhir import accept

ROOT = Path(str(files("profiles")))
PROFILES = {profile.name for profile in load().profiles()}


def resources(*folders: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for folder in folders:
        for path in sorted((ROOT / folder).glob("*.json")):
            yield f"{folder}/{path.stem}", json.loads(path.read_text("utf-8"))


ALL = dict(resources(*FOLDERS))
SYSTEMS = [name for name, resource in ALL.items() if resource["resourceType"] == "CodeSystem"]


def concepts(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for concept in resource.get("concept", ()):
        yield concept
        yield from concepts(concept)


@pytest.mark.parametrize("name", ALL)
def test_a_definition_is_valid_for_another_implementation_of_fhir(name: str) -> None:
    accept(ALL[name])


@pytest.mark.parametrize("name", ALL)
def test_a_definition_is_called_as_its_file(name: str) -> None:
    resource = ALL[name]
    stem = name.split("/")[1]
    assert resource["id"] == stem
    if resource["resourceType"] == "NamingSystem":
        assert resource["uniqueId"][0]["value"] == f"{BASE}/NamingSystem/{stem}"
    elif resource["resourceType"] == "Basic":
        assert resource["extension"][0]["valueUri"] == f"{BASE}/SubscriptionTopic/{stem}"
    else:
        assert resource["url"] == f"{BASE}/{resource['resourceType']}/{stem}"


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_code_has_a_label_in_arabic_french_and_english(name: str) -> None:
    system = ALL[name]
    url = system.get("supplements", system["url"])
    for concept in concepts(system):
        labels = {language: load().display(url, concept["code"], language) for language in ("ar", "fr", "en")}
        assert all(labels.values())
        assert any("\u0600" <= letter <= "\u06ff" for letter in labels["ar"] or ""), concept["code"]
        assert not any("\u0600" <= letter <= "\u06ff" for letter in (labels["fr"] or "") + (labels["en"] or ""))


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_two_codes_of_a_system_have_the_same_label(name: str) -> None:
    for language in ("ar", "fr"):
        labels = [d["value"] for c in concepts(ALL[name]) for d in c["designation"] if d["language"] == language]
        assert len(labels) == len(set(labels)), language


def test_supplements_label_only_codes_that_exist() -> None:
    for name in SYSTEMS:
        if ALL[name]["content"] == "supplement":
            known = load().code_system(ALL[name]["supplements"]).codes
            assert {concept["code"] for concept in concepts(ALL[name])} <= known.keys()


def test_of_several_profiles_of_a_type_one_is_meant_where_a_resource_names_none() -> None:
    for type_ in {profile.type for profile in load().profiles()}:
        several = load().of_type(type_)
        assert len(several) == 1 or DEFAULTS[type_] in {profile.name for profile in several}
        assert load().for_type(type_) in several


def test_a_resource_has_the_profile_that_it_names_if_that_is_one_of_its_type() -> None:
    survivor, case = load().profile("survivor"), load().profile("case")
    for named in (
        ["http://elsewhere.example/x", survivor.url],
        [f"{survivor.url}|1.0.0"],
        [case.url],
        "no list",
        [None],
    ):
        assert load().profile_of({"resourceType": "Patient", "meta": {"profile": named}}) is survivor
    for strange in ({}, {"resourceType": 3}, {"resourceType": "Unknown"}):
        assert load().profile_of(strange) is None


def test_the_seventy_five_provinces_each_lie_in_one_of_the_twelve_regions() -> None:
    provinces, regions = load().code_system("province"), load().code_system("region")
    assert (len(provinces.codes), len(regions.codes)) == (75, 12)
    assert {province.properties["region"] for province in provinces.codes.values()} == regions.codes.keys()
    assert provinces.codes["MA-CAS"].properties["region"] == "MA-06"
    assert provinces.codes["MA-CHT"].properties["region"] == "MA-09"
    assert provinces.codes["MA-NOU"].properties["region"] == "MA-06"


def structures() -> Iterator[Profile]:
    for name, resource in resources("structure-definitions"):
        stem = name.split("/")[1]
        yield load().extension_definition(stem) if resource["type"] == "Extension" else load().profile(stem)


@pytest.mark.parametrize("profile", list(structures()), ids=lambda profile: profile.name)
def test_every_element_of_a_differential_exists_in_r4(profile: Profile) -> None:
    for element in ALL[f"structure-definitions/{profile.name}"]["differential"]["element"]:
        assert profile.element(element["id"]).path == element["path"]


@pytest.mark.parametrize("profile", list(structures()), ids=lambda profile: profile.name)
def test_every_binding_and_every_reference_target_is_known(profile: Profile) -> None:
    for element in profile.elements.values():
        if element.binding and element.binding.startswith(BASE):
            assert load().value_set(element.binding).codes
        for target in element.targets:
            assert target in tables().children or target[0].isupper() or load().profile(target)


@pytest.mark.parametrize("profile", load().profiles(), ids=lambda profile: profile.name)
def test_every_element_belongs_to_a_known_data_class(profile: Profile) -> None:
    known = load().code_system("data-class").codes.keys()
    assert profile.base_class in known
    assert {element.data_class for element in profile.elements.values()} <= known


@pytest.mark.parametrize("profile", load().profiles(), ids=lambda profile: profile.name)
def test_narrative_and_contained_resources_which_no_data_class_covers_are_ruled_out(profile: Profile) -> None:
    for name in ("text", "contained", "implicitRules"):
        assert profile.element(f"{profile.type}.{name}").max == 0


@pytest.mark.parametrize("profile", load().profiles(), ids=lambda profile: profile.name)
def test_who_may_see_one_profile_of_a_type_does_not_meet_the_shell_of_another(profile: Profile) -> None:
    others = {other.base_class for other in load().of_type(profile.type)} - {profile.base_class}
    assert not profile.classes & others


def about_her(profile: Profile) -> list[Element]:
    """The references to a survivor."""
    pointing = [e for e in profile.elements.values() if e.types == ("Reference",) and e.max != 0]
    return [e for e in pointing if any(t.endswith("survivor") for t in e.targets)]


@pytest.mark.parametrize("profile", load().profiles(), ids=lambda profile: profile.name)
def test_no_free_text_stands_beside_a_reference_to_a_person(profile: Profile) -> None:
    assert about_her(profile) or profile.name not in {"case", "incident", "need", "referral-task", "consent"}
    for element in about_her(profile):
        assert profile.element(f"{element.id}.display").max == 0
        assert profile.element(f"{element.id}.identifier").max == 0


def test_no_free_text_travels_in_a_notice() -> None:
    profile = load().profile("referral-task")
    assert profile.element("Task.description").max == 0
    assert profile.element("Task.note").max == 0
    for one in (*profile.slices("Task.input"), *profile.slices("Task.output")):
        value = profile.element(f"{one.id}.value[x]")
        assert value.types in {("code",), ("dateTime",), ("CodeableConcept",), ("Reference",)}
        if value.types == ("CodeableConcept",):
            assert profile.element(f"{value.id}.text").max == 0
        if value.types == ("Reference",):
            assert profile.element(f"{value.id}.display").max == 0
            assert profile.element(f"{value.id}.identifier").max == 0


def test_every_example_is_named_after_a_profile_and_a_rule() -> None:
    for folder in ("examples/valid", "examples/invalid"):
        named = [name.split("/")[-1].partition("--") for name, _ in resources(folder)]
        assert {profile for profile, _, _ in named} == PROFILES
        assert folder == "examples/valid" or all(rule for _, _, rule in named)


def test_an_invariant_says_the_same_wherever_it_stands() -> None:
    said: dict[str, set[tuple[str, str]]] = {}
    for _, resource in resources("structure-definitions"):
        for element in resource["differential"]["element"]:
            for one in element.get("constraint", ()):
                said.setdefault(one["key"], set()).add((one["human"], one["expression"]))
    assert len(said) > 5
    assert {key for key, told in said.items() if len(told) > 1} == set()
