"""The three forms of a survivor, and every other profile that narrows one of ours: what each may hold, and nothing more."""

import json
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from hub.conformance import schema, validate
from hub.fhir.canonicals import BASE, profile
from hub.fhir.definitions import load

ROOT = Path(str(files("profiles")))
EXAMPLES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(ROOT.glob("examples/valid/*.json"))}
BASES = {
    path.stem: definition["baseDefinition"]
    for path in sorted(ROOT.glob("structure-definitions/*.json"))
    if (definition := json.loads(path.read_text("utf-8")))["baseDefinition"].startswith(BASE)
}
DERIVED = [name for name in EXAMPLES if name.partition("--")[0] in BASES]
CALL = f"{BASE}/StructureDefinition/safe-to-call"


def named(resource: dict[str, Any], *profiles: str) -> dict[str, Any]:
    return {**deepcopy(resource), "meta": {"profile": list(profiles)}}


def issues(resource: dict[str, Any]) -> set[str]:
    return {issue.path for issue in validate(resource)}


def elements(name: str) -> set[str]:
    """What a resource of this profile may hold on its first level."""
    return set(schema(name)["$defs"][name]["properties"])


@pytest.mark.parametrize("name", DERIVED)
def test_what_conforms_to_a_profile_conforms_to_that_which_it_narrows(name: str) -> None:
    assert validate(named(EXAMPLES[name], BASES[name.partition("--")[0]])) == ()


def test_the_anonymous_form_holds_age_band_sex_language_province_and_one_identifier_and_nothing_else() -> None:
    assert elements("survivor-anonymous") == {
        "resourceType", "id", "meta", "extension", "identifier", "gender", "address", "communication", "managingOrganization"
    }  # fmt: skip
    anonymous = load().profile("survivor-anonymous")
    assert [one.slice_name for one in anonymous.slices("Patient.extension") if one.max != 0] == ["age-band"]
    assert [one.slice_name for one in anonymous.slices("Patient.identifier") if one.max != 0] == [
        "survivor-code",
        "pseudonym",
    ]
    assert {e.name for e in anonymous.children("Patient.address") if e.max != 0} <= {"id", "extension", "state"}


@pytest.mark.parametrize("name", [name for name, one in EXAMPLES.items() if one["resourceType"] == "Patient"])
def test_a_name_a_number_or_a_birth_date_fits_into_no_anonymous_form(name: str) -> None:
    told = {"Patient.name", "Patient.telecom", "Patient.birthDate"} & {f"Patient.{key}" for key in EXAMPLES[name]}
    assert told <= issues(named(EXAMPLES[name], profile("survivor-anonymous")))


def test_the_pseudonymous_form_takes_neither_name_nor_papers_nor_street_nor_day_of_birth() -> None:
    url = profile("survivor-pseudonymous")
    assert issues(named(EXAMPLES["survivor"], url)) == {
        "Patient.name", "Patient.identifier[1]", "Patient.extension[4]", "Patient.address[0].text", "Patient.address[0].city"
    }  # fmt: skip
    year = EXAMPLES["survivor-pseudonymous"]
    for written, refused in (("1994", False), ("1994-05", True), ("1994-05-20", True)):
        assert bool(issues({**named(year, url), "birthDate": written})) == refused


def test_each_form_is_a_survivor_and_a_survivor_that_names_no_form_may_be_any() -> None:
    for form in ("named", "pseudonymous", "anonymous"):
        assert issues({k: v for k, v in EXAMPLES[f"survivor-{form}"].items() if k != "meta"}) == set()
    assert load().for_type("Patient") is load().profile("survivor")


@pytest.mark.parametrize("number", ["8350", "19", "177", "2511", "+212600000000", "0612345678"])
def test_a_short_number_is_a_number_too(number: str) -> None:
    survivor = named(EXAMPLES["survivor--safe-contact"], profile("survivor"))
    survivor["telecom"] = [
        {"extension": [{"url": CALL, "valueBoolean": True}], "system": "phone", "value": number},
    ]
    assert issues(survivor) == set()


@pytest.mark.parametrize("language", ["ar", "ary", "fr", "zgh", "shi", "tzm", "rif", "es"])
def test_the_languages_of_the_country_can_be_said_even_of_an_anonymous_survivor(language: str) -> None:
    survivor = deepcopy(EXAMPLES["survivor-anonymous"])
    survivor["communication"][0]["language"]["coding"][0]["code"] = language
    assert issues(survivor) == set()
    labels = {said: load().display("urn:ietf:bcp:47", language, said) for said in ("ar", "fr", "en")}
    assert all(labels.values()) and labels["ar"] != labels["en"]


EXCLUDED = sorted(
    code for code, concept in load().code_system("caregiver-suspicion").codes.items() if concept.properties["excluded"]
)


@pytest.mark.parametrize("code", load().code_system("caregiver-suspicion").codes)
def test_whoever_is_suspected_is_neither_named_nor_reachable(code: str) -> None:
    caregiver = deepcopy(EXAMPLES["caregiver"])
    caregiver["extension"][1]["valueCode"] = code
    for left_out in ("name", "telecom"):
        half = {key: value for key, value in caregiver.items() if key != left_out}
        assert bool(issues(half)) == (code in EXCLUDED)
    assert EXCLUDED == ["complicit", "perpetrator"]
