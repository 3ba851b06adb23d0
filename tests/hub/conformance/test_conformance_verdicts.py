"""The verdict and the words agree on anything, and the words give nothing away."""

import json
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hub import texts
from hub.conformance import lexical, schema, validate
from hub.fhir.canonicals import profile
from hub.fhir.data_classes import identifying
from hub.fhir.definitions import load
from tests.support.blanks import blanks

EXAMPLES = [
    json.loads(path.read_text("utf-8")) for path in sorted(Path(str(files("profiles"))).glob("examples/valid/*.json"))
]
SURVIVOR = next(e for e in EXAMPLES if e["resourceType"] == "Patient" and "telecom" in e)
REFERENCE = {p.name: jsonschema.Draft202012Validator(schema(p.name)) for p in load().profiles()}
SECRET = "فاطمة السرية"


def places(node: Any, where: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [where, *(place for key, child in children for place in places(child, (*where, key)))]


JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, -1, 1.5, "", " ", "x", "2026-02-30", "2026", "Patient/x", "active", [], {}, [None], [[]], [{}], {"x": 1},
     {"coding": []}, {"coding": [{}]}, {"reference": "x"}, {"extension": [{"url": "x"}]}, "a" * 30000, 10**12, "a\x00b", "\x1f", "a\n", "a\nb\tc\r"]
).map(deepcopy)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A valid example with one to three things wrong, or perhaps still right."""
    resource = deepcopy(draw(st.sampled_from(EXAMPLES)))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from([place for place in places(resource) if place and place[0] != "meta"]))
        parent = resource
        for key in way:
            parent = parent[key]
        match draw(st.sampled_from(["remove", "replace", "repeat", "add"])):
            case "remove":
                del parent[last]
            case "replace":
                parent[last] = draw(JUNK)
            case "repeat":
                parent[last] = [parent[last], parent[last]] if isinstance(parent, dict) else parent[last]
            case "add" if isinstance(parent, dict):
                parent[
                    draw(st.sampled_from(["foo", "text", "extension", f"_{last}", "valueString", "id", "display"]))
                ] = draw(JUNK)
    return resource


@settings(max_examples=250, deadline=None)
@given(damaged())
def test_what_the_schema_refuses_is_explained_and_what_it_accepts_is_not(resource: Any) -> None:
    named = load().profile(resource["meta"]["profile"][0])
    verdict = REFERENCE[named.name].is_valid(resource) if isinstance(resource.get("resourceType"), str) else False
    issues = validate(resource)
    structural = [issue for issue in issues if issue.code != "invariant"]
    assert verdict == (not structural)
    assert "conformance.invalid" not in {issue.text for issue in issues}
    for issue in issues:
        assert texts.say(issue.text, "ar", **issue.params)


@pytest.mark.parametrize(
    "resource",
    [None, [], "x", {}, {"resourceType": None}, {"resourceType": "Medication"}, {"resourceType": ["Patient"]}],
)
def test_what_is_no_resource_of_ours_is_said_to_be_none(resource: Any) -> None:
    (issue,) = validate(resource)
    assert (issue.code, issue.text) == ("not-supported", "conformance.no-profile")


def test_the_profile_is_the_first_of_ours_that_the_resource_names_else_that_of_its_type() -> None:
    plain = {key: value for key, value in SURVIVOR.items() if key != "meta"}
    assert validate(plain) == ()
    assert validate({**plain, "meta": {"profile": ["http://hl7.org/fhir/StructureDefinition/Patient"]}}) == ()
    assert validate({**plain, "meta": {"profile": ["https://example.org/other", profile("survivor")]}}) == ()
    assert validate({**plain, "meta": {"profile": [profile("case")]}}) != ()


def test_two_defects_are_two_issues() -> None:
    resource = deepcopy(SURVIVOR)
    resource["gender"] = "femme"
    del resource["managingOrganization"]
    assert {issue.path for issue in validate(resource)} == {"Patient.gender", "Patient.managingOrganization"}


def test_a_missing_resource_type_is_not_blamed_on_the_rest() -> None:
    assert [issue.path for issue in validate({**SURVIVOR, "resourceType": "Observation"})] == ["Patient"]


def identifying_places() -> list[tuple[Any, ...]]:
    spoken = {"name", "telecom", "birthDate", "address", "identifier"}
    return [place for place in places(SURVIVOR) if place and place[0] in spoken]


@pytest.mark.parametrize("place", identifying_places(), ids=lambda place: ".".join(map(str, place)))
def test_no_identifying_value_is_repeated_in_an_issue(place: tuple[Any, ...]) -> None:
    resource = deepcopy(SURVIVOR)
    parent = resource
    for key in place[:-1]:
        parent = parent[key]
    for spoiled in ({SECRET: SECRET}, [SECRET], SECRET, [{"value": SECRET, SECRET: 1}], f"{SECRET}\n", "SECRET-1"):
        parent[place[-1]] = spoiled
        for issue in validate(resource):
            said = repr(issue) + "".join(
                texts.say(issue.text, language, **issue.params) for language in texts.LANGUAGES
            )
            assert SECRET not in said
            assert place[-1] == "state" or "SECRET-1" not in said  # the province is core: its wrong code may be shown


def test_a_wrong_code_is_shown_only_where_it_identifies_no_one() -> None:
    shown = validate({**SURVIVOR, "gender": "femme"})[0]
    assert shown.params["code"] == "femme"
    longer = validate({**SURVIVOR, "gender": "c'est une femme du quartier"})[0]
    assert "code" not in longer.params
    assert "female" in longer.params["codes"]


def test_the_identifying_classes_exist() -> None:
    assert load().code_system("data-class").codes.keys() >= identifying()


def test_every_invariant_has_its_sentence() -> None:
    for one in load().profiles():
        for _, constraint in one.constraints:
            assert constraint.key in texts.catalogue("conformance")


def test_every_sentence_is_in_arabic_french_and_english() -> None:
    for key, said in texts.catalogue("conformance").items():
        assert said.keys() == set(texts.LANGUAGES), key
        assert len({frozenset(blanks(text)) for text in said.values()}) == 1, key


def test_a_schema_is_complete_in_itself() -> None:
    for one in load().profiles():
        published = schema(one.name)
        assert published["$id"] == one.url
        used = {part.split('"')[0] for part in json.dumps(published).split("#/$defs/")[1:]}
        assert used == published["$defs"].keys()


def test_there_is_no_schema_for_an_unknown_profile() -> None:
    with pytest.raises(KeyError):
        schema("unheard-of")


DATES = {
    "2026": True, "2026-03": True, "2026-03-12": True, "2024-02-29": True, "2000-02-29": True, "2026-02-29": False,
    "1900-02-29": False, "2026-04-31": False, "2026-13": False, "26-03-12": False, "2026-3-1": False, "12/03/2026": False,
    "0026-03-12": False, "٢٠٢٦": False, "2026-03-12 ": False, "2026-03-12\n": False,
}  # fmt: skip


@pytest.mark.parametrize("written", DATES)
def test_a_date_is_one_that_exists(written: str) -> None:
    assert (validate({**SURVIVOR, "birthDate": written}) == ()) == DATES[written]


TIMES = {
    "2026-03-12T10:00:00Z": True, "2026-03-12T10:00:00.123+01:00": True, "2026-03-12": True, "2026": True,
    "2026-03-12T10:00:00": False, "2026-03-12T10:00Z": False, "2026-03-12T24:00:00Z": False, "2026-03-12T10:00:60Z": False,
    "2026-03T10:00:00Z": False, "2026-03-12 10:00:00Z": False,
}  # fmt: skip


@pytest.mark.parametrize("written", TIMES)
def test_a_time_has_a_zone(written: str) -> None:
    incident = next(e for e in EXAMPLES if e["resourceType"] == "Observation")
    assert (validate({**incident, "effectiveDateTime": written}) == ()) == TIMES[written]


def test_references_are_relative_and_lead_to_the_types_they_may() -> None:
    pattern = lexical.reference(("Patient",))
    validator = jsonschema.Draft202012Validator({"pattern": pattern})
    assert validator.is_valid("Patient/0b9d-1") and validator.is_valid("Patient/x/_history/2")
    for wrong in (
        "Organization/x",
        "Patient/",
        "Patient/a b",
        "https://example.org/Patient/x",
        "#x",
        "urn:uuid:x",
        "xPatient/x",
    ):
        assert not validator.is_valid(wrong)


def test_issue_types_are_those_of_fhir() -> None:
    used = {entry["code"] for entry in yaml.safe_load(_issues()).values()}
    assert used <= {"structure", "required", "value", "code-invalid", "invariant", "too-long", "not-supported"}


def _issues() -> str:
    return Path(str(files("profiles"))).joinpath("examples/invalid/issues.yaml").read_text("utf-8")


def test_a_slice_that_must_be_there_is_missed_where_the_whole_list_is_absent() -> None:
    service = deepcopy(next(e for e in EXAMPLES if e["resourceType"] == "HealthcareService" and "_name" in e))
    del service["_name"]["extension"][0]["extension"]
    (issue,) = validate(service)
    assert (issue.code, issue.path) == ("required", "HealthcareService.name.extension[0].extension")
    assert not REFERENCE["service"].is_valid(service)
