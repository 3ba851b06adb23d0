"""Bindings: required is an error, extensible a warning, and nothing is said of what cannot be known here."""

import json
from importlib.resources import files
from typing import Any

import pytest

from hub.conformance import examine
from hub.fhir.r4 import EXTENSION
from tests.support.made_up import element, found, profile

PATIENT: dict[str, Any] = {"resourceType": "Patient"}
OBSERVATION: dict[str, Any] = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
CODES = "https://example.org/fhir/CodeSystem/colours"
SET = "https://example.org/fhir/ValueSet/colours"
SYSTEM = {
    "resourceType": "CodeSystem",
    "url": CODES,
    "status": "draft",
    "content": "complete",
    "concept": [{"code": "red", "concept": [{"code": "crimson"}]}, {"code": "blue"}],
}


def value_set(**compose: Any) -> Any:
    include = compose or {"system": CODES}
    return {"resourceType": "ValueSet", "url": SET, "status": "draft", "compose": {"include": [include]}}


def bound(strength: str, path: str = "Observation.method") -> Any:
    return profile(path.partition(".")[0], element(path, binding={"strength": strength, "valueSet": f"{SET}|1.0"}))


def concept(code: str, system: str = CODES) -> Any:
    return OBSERVATION | {"method": {"coding": [{"system": system, "code": code}]}}


@pytest.mark.parametrize(
    ("strength", "expected"),
    [
        ("required", [("error", "not-in-value-set", "Observation.method")]),
        ("extensible", [("warning", "should-be-in-value-set", "Observation.method")]),
        ("preferred", []),
        ("example", []),
    ],
)
def test_how_strongly_a_binding_binds(strength: str, expected: list[Any]) -> None:
    made_up = bound(strength)
    assert found(concept("crimson"), made_up, SYSTEM, value_set()) == []
    assert found(concept("green"), made_up, SYSTEM, value_set()) == expected
    assert found(concept("red", "https://other.example"), made_up, SYSTEM, value_set()) == expected


def test_one_coding_of_several_is_enough() -> None:
    both = OBSERVATION | {"method": {"coding": [{"code": "x"}, {"system": CODES, "code": "blue"}]}}
    assert found(both, bound("required"), SYSTEM, value_set()) == []


def test_words_alone_will_do_but_where_a_code_is_required() -> None:
    words = OBSERVATION | {"method": {"text": "reddish"}}
    assert found(words, bound("extensible"), SYSTEM, value_set()) == []
    assert found(words, bound("required"), SYSTEM, value_set()) == [("error", "not-in-value-set", "Observation.method")]


def test_value_sets_list_concepts_name_others_and_have_expansions() -> None:
    listed = value_set(system=CODES, concept=[{"code": "red"}])
    within = value_set(valueSet=["https://example.org/fhir/ValueSet/inner"])
    inner = {**value_set(), "url": "https://example.org/fhir/ValueSet/inner"}
    expansion = {"contains": [{"system": CODES, "contains": [{"system": CODES, "code": "red"}]}]}
    expanded = {"resourceType": "ValueSet", "url": SET, "expansion": expansion}
    wrong = [("error", "not-in-value-set", "Observation.method")]
    for brought in ((listed,), (within, inner, SYSTEM), (expanded,)):
        assert found(concept("red"), bound("required"), *brought) == []
        assert found(concept("green"), bound("required"), *brought) == wrong


@pytest.mark.parametrize(
    "compose",
    [
        {"system": CODES},  # without the code system
        {"system": CODES, "filter": [{"property": "concept", "op": "is-a", "value": "red"}]},
        {"valueSet": [SET]},  # itself
        {"valueSet": ["https://example.org/fhir/ValueSet/unknown"]},
    ],
    ids=str,
)
def test_of_a_value_set_that_cannot_be_worked_out_nothing_is_said(compose: Any) -> None:
    assert found(concept("green"), bound("required"), value_set(**compose)) == []


def test_what_is_excluded_makes_its_system_one_of_which_nothing_is_known() -> None:
    excluding = value_set()
    excluding["compose"]["exclude"] = [{"system": CODES, "concept": [{"code": "blue"}]}]
    assert found(concept("blue"), bound("required"), SYSTEM, excluding) == []


def test_codes_of_code_systems_of_this_project_are_known() -> None:
    ours = value_set(system="https://ihala.example/fhir/CodeSystem/gbv-type")
    assert found(concept("x", "https://ihala.example/fhir/CodeSystem/gbv-type"), bound("required"), ours) == [
        ("error", "not-in-value-set", "Observation.method")
    ]


def test_a_bare_code_is_of_any_system_of_its_value_set() -> None:
    made_up = bound("required", "Patient.gender")
    only = value_set(system="http://hl7.org/fhir/administrative-gender", concept=[{"code": "female"}])
    assert found(PATIENT | {"gender": "female"}, made_up, only) == []
    assert found(PATIENT | {"gender": "male"}, made_up, only) == [("error", "wrong-code", "Patient.gender")]


@pytest.mark.parametrize(
    ("attachment", "is_right"),
    [
        ({"contentType": "image/png"}, True),
        ({"contentType": "application/fhir+json; fhirVersion=4.0"}, True),
        ({"contentType": "a picture"}, False),
        ({"language": "zgh-Tfng-MA"}, True),
        ({"language": "fr_MA"}, False),
    ],
    ids=str,
)
def test_codes_that_no_list_holds_are_looked_at_by_their_form(attachment: Any, is_right: bool) -> None:
    path = f"Patient.photo[0].{next(iter(attachment))}"
    issues = found(PATIENT | {"photo": [{"title": "x", **attachment}]})
    assert issues == ([] if is_right else [("error", "code-form", path)])


def test_money_is_bound_by_its_currency() -> None:
    invoice = {"resourceType": "Invoice", "status": "draft", "totalNet": {"value": 1, "currency": "MAD"}}
    assert found(invoice) == []
    spoilt = invoice | {"totalNet": {"value": 1, "currency": "dirham"}}
    assert found(spoilt) == [("error", "code-form", "Invoice.totalNet.currency")]


def test_where_a_profile_demands_a_code_no_other_is_wished_for() -> None:
    """R4 wishes for a type of identifier of its own list; our profile fixes another, and a purpose binds to a list of ours."""
    for name in ("survivor", "statistics-consent", "consent-by-class"):
        resource = json.loads(files("profiles").joinpath("examples", "valid", f"{name}.json").read_bytes())
        assert [i for i in examine(resource) if i.text == "conformance.should-be-in-value-set"] == []
    bare = {
        "resourceType": "Patient",
        "identifier": [{"type": {"coding": [{"system": "https://x.example", "code": "y"}]}}],
    }
    wished = [i.path for i in examine(bare, [f"{EXTENSION}Patient"]) if i.text == "conformance.should-be-in-value-set"]
    assert wished == ["Patient.identifier[0].type"]
