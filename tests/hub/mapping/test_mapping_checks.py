"""A mapping that cannot work is refused when it is loaded, with every problem at its file and line."""

from datetime import date
from pathlib import Path

import pytest

from hub.errors import HubError
from hub.mapping import Context, MappingError, available, check, load
from hub.texts import LANGUAGES, say

CONTEXT = Context("association", str, date(2026, 11, 23))
SOUND = """
id: test/form
version: "1"
title: {ar: أ, fr: b, en: c}
kinds: [row]
columns:
  code: {transform: digits, required: true}
  seen: {transform: date, required: true}
  types: {transform: codes, map: violence-types, systems: [gbv-type, association-violence-type]}
resources:
  - local: patient
    profile: survivor
    elements:
      identifier[survivor-code].system: {constant: "https://ihala.example/fhir/NamingSystem/survivor-code"}
      identifier[survivor-code].value: {compose: [code, seen]}
      gender: {constant: female}
      managingOrganization: {organization: custodian}
"""


def write(folder: Path, text: str, name: str = "test/form") -> Path:
    place = folder / name
    place.mkdir(parents=True)
    (place / "mapping.yaml").write_text(text, "utf-8")
    return folder


def problems(folder: Path, text: str) -> list[tuple[str, str]]:
    search = write(folder, text)
    return [
        (issue.text.removeprefix("mapping.check-"), issue.params["place"])
        for issue in check("test/form", search=[search])
    ]


def line_of(text: str, needle: str) -> str:
    return f"mappings/test/form/mapping.yaml:{next(n for n, line in enumerate(text.splitlines(), 1) if needle in line)}"


def test_a_sound_mapping_has_no_problems(tmp_path):
    assert problems(tmp_path, SOUND) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("gender: {constant: female}", "gendre: {constant: female}", "unknown-path"),
        ("gender: {constant: female}", "name.family[x]: code", "unknown-path"),
        ("gender: {constant: female}", "contact.name: code", "unknown-path"),
        ("gender: {constant: female}", "gender: {constant: fem}", "unknown-code"),
        ("gender: {constant: female}", "gender: nom", "unknown-column"),
        ("gender: {constant: female}", "name: code", "not-a-leaf"),
        ("gender: {constant: female}", "gender: {derive: guess, from: [code]}", "unknown-transform"),
        ("gender: {constant: female}", "gender: {constant: female, when: {resembles: code}}", "unknown-condition"),
        ("gender: {constant: female}", "gender: {constant: female, when: {present: nom}}", "unknown-column"),
        ("gender: {constant: female}", "gender: {draft: case}", "unknown-draft"),
        ("gender: {constant: female}", "deceasedMoment: seen", "unknown-path"),
        ("gender: {constant: female}", "maritalStatus: {column: code, parts: x}", "unknown-key"),
        ("gender: {constant: female}", "birthDate: [seen, code]", "direction"),
        ("gender: {constant: female}", "birthDate: {column: seen, part: band}", "shape"),
        ("gender: {constant: female}", "birthDate: {for_each: types, elements: {}}", "not-a-list"),
        ("{compose: [code, seen]}", "{compose: [code, seen], digest: true}", "forward-only"),
        ("transform: date", "transform: dates", "unknown-transform"),
        ("map: violence-types", "map: nowhere", "unknown-map"),
        ("systems: [gbv-type, ", "systems: [gbv, ", "unknown-system"),
        ("code: {transform: digits, required: true}", "code: {transform: digits, obligatory: true}", "unknown-key"),
        ("code: {transform: digits, required: true}", 'code: {transform: answer, words: {"yes": [no]}}', "quote"),
        ("kinds: [row]", "kind: [row]", "unknown-key"),
        ("profile: survivor", "profile: survivors", "unknown-profile"),
    ],
)
def test_each_mistake_is_found_at_its_line(tmp_path, old, new, problem):
    text = SOUND.replace(old, new)
    assert (problem, line_of(text, new)) in problems(tmp_path, text)


def test_a_required_element_that_nothing_gives_is_found(tmp_path):
    text = SOUND.replace("      gender: {constant: female}\n", "")
    found = check("test/form", search=[write(tmp_path, text)])
    assert [(issue.text, issue.params["path"]) for issue in found] == [("mapping.check-required", "Patient.gender")]


def test_a_code_that_the_element_does_not_allow_is_found(tmp_path):
    text = SOUND.replace("gender: {constant: female}", "gender: types")
    assert "unknown-code" in [problem for problem, _ in problems(tmp_path, text)]


def test_a_concept_map_with_a_wrong_target_is_found_at_its_own_line(tmp_path):
    search = write(tmp_path, SOUND.replace("map: violence-types", "map: own"))
    (tmp_path / "test/form/own.json").write_text(
        '{"resourceType": "ConceptMap", "group": [{"target": "https://ihala.example/fhir/CodeSystem/gbv-type",\n'
        '"element": [{"code": "x",\n "target": [{"code": "astral"}]}]}]}',
        "utf-8",
    )
    found = check("test/form", search=[search])
    assert ("mapping.check-unknown-code", "mappings/test/form/own.json:3") in [
        (issue.text, issue.params["place"]) for issue in found
    ]


def test_all_problems_are_told_at_once(tmp_path):
    text = SOUND.replace("gender: {constant: female}", "gender: nom").replace("transform: date", "transform: dates")
    with pytest.raises(MappingError) as refused:
        load("test/form", search=[write(tmp_path, text)])
    assert {"mapping.check-unknown-column", "mapping.check-unknown-transform"} <= {
        one.text for one in refused.value.issues
    }
    assert refused.value.place.startswith("mappings/test/form/mapping.yaml:")
    assert refused.value.params["detail"].count("\n") == len(refused.value.issues) - 1


def test_a_file_that_is_no_yaml_is_refused_with_its_line(tmp_path):
    assert problems(tmp_path, "id: x\ncolumns: [") == [("unreadable", "mappings/test/form/mapping.yaml:3")]


def test_a_mapping_that_does_not_exist_is_refused():
    with pytest.raises(HubError):
        load("spreadsheet/nowhere")
    assert check("spreadsheet/nowhere")


def test_every_packaged_mapping_is_sound():
    assert len(available()) >= 4
    assert [issue for reference in available() for issue in check(reference)] == []


def test_every_problem_has_a_sentence_in_every_language(tmp_path):
    broken = SOUND.replace("gender: {constant: female}", "gendre: nom").replace("id: test/form", "idd: x")
    for issue in check("test/form", search=[write(tmp_path, broken)]):
        for language in LANGUAGES:
            assert say(issue.text, language, **issue.params)


def test_a_deployment_extends_a_packaged_mapping_by_its_own_headers(tmp_path):
    text = """
extends: spreadsheet/register-fr
id: own/form
columns:
  visit_date: {headers: {fr: [Reçue le]}}
  phone: {on_error: quarantine}
"""
    mapping = load("own/form", search=[write(tmp_path, text, "own/form")])
    assert mapping.id == "own/form"
    assert mapping.layout().columns["visit_date"][0] == "Reçue le"
    assert "Date d'accueil" in mapping.layout().columns["visit_date"]


def test_a_form_like_another_is_expected_to_have_the_columns_whose_headers_it_names_itself(tmp_path):
    text = """
extends: spreadsheet/register-fr
id: own/form
columns:
  visit_date: {headers: {fr: [Reçue le]}}
  referred_to: {headers: {fr: [Adressée à]}}
  phone: {on_error: quarantine}
  outcome: {headers: {fr: [Suite]}}
  unmapped_1: {headers: {fr: [Casier]}, ignored: true}
"""
    above = "extends: own/form\nid: own/other\ncolumns:\n  age: {headers: {fr: [Ans]}}\n"
    search = [write(tmp_path, text, "own/form"), write(tmp_path, above, "own/other")]
    assert load("own/form", search=search).layout().expected == {"visit_date", "referred_to"}
    assert load("own/other", search=search).layout().expected == {"age"}
    assert load("spreadsheet/register-ar").layout().expected == frozenset()  # a ready one names whatever may be there


def test_a_mistake_in_an_overlay_is_told_in_the_overlay(tmp_path):
    search = write(tmp_path, "extends: spreadsheet/register-fr\ncolumns:\n  age: {transform: ages}\n", "own/form")
    assert {issue.params["place"] for issue in check("own/form", search=[search])} == {
        "mappings/own/form/mapping.yaml:3"
    }


def test_a_deployments_own_mapping_wins_over_the_packaged_one_of_its_name(tmp_path):
    search = write(tmp_path, SOUND.replace("test/form", "kobo/intake"), "kobo/intake")
    assert load("kobo/intake", search=[search]).version == "1"
    assert load("kobo/intake").version == "1.2.0"


def test_the_layout_names_what_an_adapter_needs():
    layout = load("spreadsheet/register-ar").layout()
    assert layout.required == {"visit_date"}
    assert layout.columns["referral_status"][0] == "وضعية الإحالة"
    assert set(layout.follow_up) == {
        *("referral_status", "referral_status_date", "referral_outcome", "appointment"),
        *("information_asked", "cancellation_asked", "messages_waiting"),
    }
    assert set(layout.key) <= set(layout.columns)


def test_derived_elements_are_listed_as_one_way():
    one_way = load("spreadsheet/register-fr").one_way
    assert {"Observation.value", "Consent.provision.period.end"} <= set(one_way)
    assert "Patient.birthDate" not in one_way


def test_a_check_can_only_say_what_stands_in_the_catalogue(tmp_path):
    text = SOUND + "checks:\n  - {when: {absent: types}, say: mapping.nonsense, column: types}\n"
    assert ("unknown-text", line_of(text, "checks:").rpartition(":")[0] + f":{len(text.splitlines())}") in problems(
        tmp_path, text
    )


WORDS = ("yes", "no", "on", "off", "y", "n", "Yes", "NO", "none", "1_hour", "12:30", "1e3")


@pytest.mark.parametrize("word", WORDS)
def test_a_word_that_stands_without_quotes_is_that_word_or_is_told(tmp_path, word):
    """YAML has made booleans and numbers of such words; a choice of a tool is never one."""
    line = f'code: {{transform: answer, words: {{"yes": [{word}]}}}}'
    text = SOUND.replace("code: {transform: digits, required: true}", line)
    told = [problem for problem, _ in problems(tmp_path, text)]
    assert told == (["quote"] if word.casefold() in {"yes", "no", "on", "off"} else [])
    if not told:
        form = load("test/form", search=[tmp_path])
        assert form._plan.columns["code"].transform.forward(word, CONTEXT).value == "yes"


@pytest.mark.parametrize("word", ["null", "~", ""])
def test_nothing_where_a_word_is_wanted_is_told(tmp_path, word):
    text = SOUND.replace(
        "code: {transform: digits, required: true}", f'code: {{transform: answer, words: {{"yes": [{word}, x]}}}}'
    )
    assert problems(tmp_path, text)
