"""The code lists, value sets and naming systems that the package `profiles` ships: sound FHIR, and readable in three languages."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from hub.exchange.change.draft import TO_WHOM
from hub.exchange.change.referral import VERBS
from hub.fhir import Resource, canonicals
from hub.fhir.definitions import load

CODE = re.compile(r"[^\s]+(\s[^\s]+)*")  # https://hl7.org/fhir/R4/datatypes.html#code
ARABIC = re.compile(r"[\u0621-\u064a]")
LANGUAGES = {"ar", "fr", "en"}
PROVINCES = {  # ISO 3166-2:MA; upstream copies file CHT under MA-06 and NOU under MA-04, where neither lies
    "MA-01": "CHE FAH HOC LAR MDF OUZ TET TNG",
    "MA-02": "BER DRI FIG GUF JRA NAD OUJ TAI",
    "MA-03": "BOM FES HAJ IFR MEK MOU SEF TAO TAZ",
    "MA-04": "KEN KHE RAB SAL SIK SIL SKH",
    "MA-05": "AZI BEM FQH KHN KHO",
    "MA-06": "BES BRR CAS JDI MED MOH NOU SET SIB",
    "MA-07": "CHI ESI HAO KES MAR REH SAF YUS",
    "MA-08": "ERR MID OUA TIN ZAG",
    "MA-09": "AGD CHT INE TAR TAT TIZ",
    "MA-10": "ASZ GUE SIF TNT",
    "MA-11": "BOD ESM LAA TAF",
    "MA-12": "AOU OUD",
}


def read(folder: str) -> list[Resource]:
    found = sorted(files("profiles").joinpath(folder).iterdir(), key=lambda path: path.name)
    return [json.loads(path.read_text("utf-8")) | {"file": path.name} for path in found if path.name.endswith(".json")]


def concepts(resource: Resource) -> Iterator[Resource]:
    for concept in resource.get("concept", ()):
        yield concept
        yield from concepts(concept)


def labels(concept: Resource) -> dict[str, str]:
    """The display is English, as the system's `language` says; the designations add the other languages."""
    return {"en": concept["display"]} | {d["language"]: d["value"] for d in concept["designation"]}


ALL = read("code-systems")
SYSTEMS = [resource for resource in ALL if resource["content"] != "supplement"]
LISTED = [resource for resource in SYSTEMS if resource["content"] != "not-present"]
SUPPLEMENTS = [resource for resource in ALL if resource["content"] == "supplement"]
each_system = pytest.mark.parametrize("system", LISTED, ids=lambda r: r["id"])


@each_system
def test_every_concept_has_a_label_in_each_of_the_three_languages(system: Resource) -> None:
    assert system["language"] == "en"
    for concept in concepts(system):
        found = labels(concept)
        assert set(found) == LANGUAGES, concept["code"]
        assert all(label and label == label.strip() for label in found.values()), concept["code"]
        assert Counter(d["language"] for d in concept["designation"]).most_common(1)[0][1] == 1, concept["code"]


@each_system
def test_arabic_labels_are_in_arabic_letters_and_only_they_are(system: Resource) -> None:
    for concept in concepts(system):
        found = labels(concept)
        assert ARABIC.search(found["ar"]) and not re.search("[A-Za-z]", found["ar"]), concept["code"]
        assert not ARABIC.search(found["fr"] + found["en"]), concept["code"]


@each_system
def test_no_two_concepts_of_a_system_read_alike(system: Resource) -> None:
    for language in LANGUAGES:
        told = Counter(labels(concept)[language].casefold() for concept in concepts(system))
        assert told.most_common(1)[0][1] == 1, (language, told.most_common(1))


@each_system
def test_codes_are_fhir_codes_and_none_occurs_twice(system: Resource) -> None:
    codes = [concept["code"] for concept in concepts(system)]
    assert codes and all(CODE.fullmatch(code) for code in codes)
    assert len(codes) == len(set(codes))
    assert system.get("count", len(codes)) == len(codes)


@pytest.mark.parametrize("resource", ALL + read("value-sets"), ids=lambda r: f"{r['resourceType']}-{r['id']}")
def test_a_file_carries_the_name_that_its_canonical_ends_with(resource: Resource) -> None:
    canonical = {"CodeSystem": canonicals.code_system, "ValueSet": canonicals.value_set}[resource["resourceType"]]
    assert resource["file"] == f"{resource['id']}.json"
    assert resource["url"] == canonical(resource["id"])


def test_a_system_that_lists_nothing_has_no_concept() -> None:
    empty = {system["id"] for system in SYSTEMS if "concept" not in system}
    assert empty == {"connection", "mapping"} == {s["id"] for s in SYSTEMS if s["content"] == "not-present"}


@pytest.mark.parametrize("supplement", SUPPLEMENTS, ids=lambda r: r["id"])
def test_a_supplement_adds_arabic_and_french_to_codes_that_exist(supplement: Resource) -> None:
    system = load().code_system(supplement["supplements"])
    for concept in concepts(supplement):
        assert system.contains(concept["code"]), concept["code"]
        assert set(system.codes[concept["code"]].designations) >= LANGUAGES, concept["code"]


def test_every_province_lies_in_the_region_that_iso_3166_gives_it() -> None:
    provinces = load().code_system("province").codes
    expected = {f"MA-{code}": region for region, codes in PROVINCES.items() for code in codes.split()}
    assert {code: concept.properties["region"] for code, concept in provinces.items()} == expected
    assert len(expected) == 75


def test_the_regions_are_the_twelve_that_the_provinces_name() -> None:
    assert set(load().code_system("region").codes) == set(PROVINCES)


def test_every_class_of_data_is_defined_in_the_three_languages() -> None:
    (system,) = (s for s in SYSTEMS if s["id"] == "data-class")
    for concept in system["concept"]:
        translations = [
            {part["url"]: part.get("valueCode", part.get("valueString")) for part in extension["extension"]}
            for extension in concept["_definition"]["extension"]
        ]
        sentences = {"en": concept["definition"]} | {t["lang"]: t["content"] for t in translations}
        assert set(sentences) == LANGUAGES, concept["code"]
        assert all(sentence.endswith(".") for sentence in sentences.values()), concept["code"]
        assert ARABIC.search(sentences["ar"]), concept["code"]


def test_every_act_that_the_hub_records_has_a_label() -> None:
    kept = {
        f"{noun}.{verb}"
        for noun in ("survivor", "case", "incident", "need", "consent", "outcome", "protective-measure")
        for verb in ("create", "update")
    }
    others = {
        "record.receive",
        "disclosure.permit",
        "disclosure.deny",
        "consent.withdraw",
        "referral.draft",
        "referral.update",
        "token.issue",
        "token.refuse",
        "token.revoke",
        "token.introspect",
    }
    said = {verb for of_one in VERBS.values() for verb in of_one.values()} | TO_WHOM.keys()
    assert kept | others | said <= set(load().code_system("audit-action").codes)


def test_every_value_set_draws_on_codes_that_exist() -> None:
    definitions = load()
    for resource in read("value-sets"):
        codes = definitions.value_set(resource["id"]).codes
        assert codes, resource["id"]
        assert all(definitions.code_system(system).contains(code) for system, code in codes), resource["id"]


def test_the_value_set_that_a_system_names_is_the_whole_system() -> None:
    definitions = load()
    named = [system for system in SYSTEMS if "valueSet" in system]
    assert {s["id"] for s in named} == {s["id"] for s in SYSTEMS if s["content"] == "complete"}
    for system in named:
        assert dict(definitions.value_set(system["valueSet"]).systems) == {
            system["url"]: tuple(definitions.code_system(system["url"]).codes)
        }


def test_every_binding_of_a_profile_finds_its_value_set() -> None:
    definitions = load()
    structures = "".join(json.dumps(resource) for resource in read("structure-definitions"))
    bound = set(re.findall(r'"valueSet": "([^"]+)"', structures))
    assert len(bound) > 20
    for url in bound:
        assert definitions.value_set(url).codes, url


def test_every_naming_system_stands_for_the_identifier_system_of_its_name() -> None:
    found = {r["id"]: [u["value"] for u in r["uniqueId"]] for r in read("naming-systems")}
    assert found == {name: [canonicals.identifier_system(name)] for name in found}
    written = "".join(path.read_text("utf-8") for path in Path(str(files("profiles"))).rglob("*.json"))
    assert set(re.findall(re.escape(canonicals.identifier_system("")) + r"([\w-]+)", written)) == set(found)


def test_every_naming_system_says_in_the_three_languages_what_its_identifiers_are() -> None:
    for resource in read("naming-systems"):
        told = {part["valueCode"] for e in resource["_description"]["extension"] for part in e["extension"][:1]}
        assert told == {"ar", "fr"}, resource["id"]
