"""validate-code, lookup and subsumes.

https://hl7.org/fhir/R4/codesystem-operations.html
"""

import pytest
from fhir.resources.R4B.parameters import Parameters
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.conformance.terminology import (
    Coding,
    Speech,
    find_code_system,
    find_value_set,
    look_up,
    subsumes,
    validate_in_code_system,
    validate_in_value_set,
)
from hub.errors import UNKNOWN_CODE, HubError
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, code_system
from hub.fhir.definitions import CodeSystem
from hub.texts import LANGUAGES
from tests.support.terminology import CODE_SYSTEMS, DEFINITIONS, values

MILIEU = code_system("milieu")
REASONS = find_code_system(DEFINITIONS, url=f"{TERMINOLOGY}/v3-ActReason")
OUTCOMES = {"equivalent", "subsumes", "subsumed-by", "not-subsumed"}
TURNED = {"subsumes": "subsumed-by", "subsumed-by": "subsumes"}


def checked(*codings: Coding, display: str | None = None, sentences: str = "en") -> Resource:
    answer = validate_in_value_set(
        DEFINITIONS, find_value_set(DEFINITIONS, id_="milieu"), codings, Speech(display, sentences)
    )
    Parameters.model_validate(answer)
    return answer


def result(answer: Resource) -> bool:
    (found,) = values(answer, "result")
    return bool(found)


def outcome(system: CodeSystem, a: str, b: str) -> str:
    (found,) = values(subsumes(system, a, b), "outcome")
    return str(found)


# --- validate-code ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("display", [None, "Urban", "urbain", "حضري", "حَضَري", " URBAN "])
def test_a_code_with_one_of_its_labels_is_valid(display: str | None) -> None:
    answer = checked(Coding(MILIEU, "urban", display))
    assert (result(answer), values(answer, "display"), values(answer, "message")) == (True, ["Urban"], [])


def test_a_wrong_display_is_told_with_the_right_ones_and_not_repeated() -> None:
    answer = checked(Coding(MILIEU, "urban", "Fatima"))
    (message,) = values(answer, "message")
    assert not result(answer)
    assert all(label in message for label in ("Urban", "Urbain", "حضري"))
    assert "Fatima" not in str(answer)


def test_a_display_is_held_to_the_language_that_is_asked_for() -> None:
    assert result(checked(Coding(MILIEU, "urban", "Urbain"), display="fr"))
    answer = checked(Coding(MILIEU, "urban", "Urban"), display="fr-MA")
    assert (result(answer), values(answer, "display")) == (False, ["Urbain"])
    assert result(checked(Coding(MILIEU, "urban", "Urban"), display="zgh"))


def test_what_is_wrong_with_a_code_is_told_apart() -> None:
    other_code, other_system = checked(Coding(MILIEU, "lunar")), checked(Coding(code_system("gbv-type"), "urban"))
    assert "urban, rural" in values(other_code, "message")[0]
    assert MILIEU in values(other_system, "message")[0]
    assert not result(other_code)
    assert not result(other_system)


@pytest.mark.parametrize("language", LANGUAGES)
def test_messages_are_in_the_callers_language(language: str) -> None:
    (message,) = values(checked(Coding(MILIEU, "lunar"), sentences=language), "message")
    assert any("\u0600" <= letter <= "\u06ff" for letter in message) == (language == "ar")


def test_of_a_concept_one_right_coding_is_enough() -> None:
    wrong, right = Coding("https://example.org/local", "v"), Coding(MILIEU, "rural")
    assert result(checked(wrong, right))
    assert not result(checked(wrong, wrong))
    assert not result(checked())


@pytest.mark.parametrize("system", CODE_SYSTEMS, ids=lambda system: system.name)
def test_every_code_is_valid_in_its_system_and_in_no_other(system: CodeSystem) -> None:
    for code, concept in system.codes.items():
        for label in {concept.display, *concept.designations.values()}:
            assert result(validate_in_code_system(system, [Coding(system.url, code, label)], Speech()))
        assert not result(validate_in_code_system(system, [Coding("https://example.org/other", code)], Speech()))


@settings(deadline=None)
@given(st.sampled_from(CODE_SYSTEMS), st.text(max_size=6))
def test_a_code_that_is_not_listed_is_wrong_only_where_all_codes_are_listed(system: CodeSystem, text: str) -> None:
    answer = validate_in_code_system(system, [Coding(system.url, f"no-{text}")], Speech())
    assert result(answer) == (not system.complete)
    assert values(answer, "message")


def test_a_display_without_known_labels_is_not_held_against_a_right_code() -> None:
    uses = find_value_set(DEFINITIONS, url="http://hl7.org/fhir/ValueSet/trigger-type")
    asked = Coding("http://hl7.org/fhir/trigger-type", "periodic", "Periodic")
    answer = validate_in_value_set(DEFINITIONS, uses, [asked], Speech())
    assert result(answer)
    assert "could not be checked" in values(answer, "message")[0]


# --- lookup -----------------------------------------------------------------------------------------------------------


def test_a_code_is_looked_up_with_its_labels_and_properties() -> None:
    answer = look_up(find_code_system(DEFINITIONS, id_="province"), "MA-HOC", language="ar")
    Parameters.model_validate(answer)
    assert values(answer, "name") == ["Provinces and prefectures of Morocco"]
    assert values(answer, "version") == ["1.0.0"]
    assert values(answer, "display") == ["الحسيمة"]
    assert {d["language"]: d["value"] for d in values(answer, "designation")} == {
        "en": "Al Hoceïma", "fr": "Al Hoceïma", "ar": "الحسيمة",
    }  # fmt: skip
    assert values(answer, "property") == [{"code": "region", "value": "MA-01"}]
    (region,) = [one for one in answer["parameter"] if one["name"] == "property"]
    assert region["part"][1] == {"name": "value", "valueCode": "MA-01"}


@pytest.mark.parametrize("system", CODE_SYSTEMS, ids=lambda system: system.name)
def test_parent_and_child_tell_the_same_of_every_code(system: CodeSystem) -> None:
    found = {
        code: [(p["code"], p["value"]) for p in values(look_up(system, code), "property")] for code in system.codes
    }
    up = {(parent, code) for code, listed in found.items() for name, parent in listed if name == "parent"}
    down = {(code, child) for code, listed in found.items() for name, child in listed if name == "child"}
    assert up == down
    assert all(outcome(system, parent, code) == "subsumes" for parent, code in up)


def test_only_the_properties_that_are_named_are_given() -> None:
    provinces = find_code_system(DEFINITIONS, id_="province")
    french = look_up(provinces, "MA-HOC", only={"lang.fr"})
    assert [d["language"] for d in values(french, "designation")] == ["fr"]
    assert values(french, "property") == []
    region = look_up(provinces, "MA-HOC", only={"region"})
    assert values(region, "designation") == []
    assert values(region, "property") == [{"code": "region", "value": "MA-01"}]


def test_a_definition_is_told_where_there_is_one() -> None:
    classes = find_code_system(DEFINITIONS, id_="data-class")
    defined = [code for code, concept in classes.codes.items() if concept.definition]
    assert defined
    for code in defined:
        (told,) = values(look_up(classes, code, only={"definition"}), "property")
        assert told == {"code": "definition", "value": classes.codes[code].definition}


@pytest.mark.parametrize("system", CODE_SYSTEMS, ids=lambda system: system.name)
def test_a_code_system_is_found_by_its_id_and_by_its_canonical(system: CodeSystem) -> None:
    assert ":" in system.name or find_code_system(DEFINITIONS, id_=system.name) is system  # a urn has no instance here
    assert find_code_system(DEFINITIONS, url=system.url) is system


@pytest.mark.parametrize(("a", "b"), [("NONE", "COC"), ("COC", "NONE"), ("", "")])
def test_an_unknown_code_is_not_found(a: str, b: str) -> None:
    with pytest.raises(HubError) as refused:
        subsumes(REASONS, a, b)
    assert refused.value.problem is UNKNOWN_CODE
    with pytest.raises(HubError) as refused:
        look_up(REASONS, a if a != "COC" else b)
    assert refused.value.problem is UNKNOWN_CODE


# --- subsumes ---------------------------------------------------------------------------------------------------------


def test_all_four_outcomes() -> None:
    parent = REASONS.codes["COC"].parent
    assert parent is not None
    siblings = next(code for code, concept in REASONS.codes.items() if concept.parent == parent and code != "COC")
    assert outcome(REASONS, "COC", "COC") == "equivalent"
    assert outcome(REASONS, parent, "COC") == "subsumes"
    assert outcome(REASONS, "COC", parent) == "subsumed-by"
    assert outcome(REASONS, "COC", siblings) == "not-subsumed"


@settings(deadline=None)
@given(st.sampled_from(CODE_SYSTEMS), st.data())
def test_subsumption_is_a_partial_order(system: CodeSystem, data: st.DataObject) -> None:
    a, b, c = (data.draw(st.sampled_from(sorted(system.codes))) for _ in range(3))
    ab, ba, bc, ac = (outcome(system, x, y) for x, y in ((a, b), (b, a), (b, c), (a, c)))
    below = {"equivalent", "subsumes"}
    assert {ab, ba, bc, ac} <= OUTCOMES
    assert ba == TURNED.get(ab, ab)
    assert (ab == "equivalent") == (a == b)
    assert not (ab in below and bc in below) or ac in below


@settings(deadline=None)
@given(st.data())
def test_what_lies_above_subsumes_all_that_lies_below(data: st.DataObject) -> None:
    line = [data.draw(st.sampled_from(sorted(REASONS.codes)))]
    while (parent := REASONS.codes[line[-1]].parent) in REASONS.codes:
        line.append(str(parent))
    assert all(outcome(REASONS, above, line[0]) == "subsumes" for above in line[1:])
