"""expand: https://hl7.org/fhir/R4/valueset-operation-expand.html"""

from datetime import UTC, datetime
from typing import Any

import pytest
from fhir.resources.R4B.valueset import ValueSet as ModelledValueSet
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.conformance.terminology import Asked, Coding, Speech, expand, find_value_set, validate_in_value_set
from hub.errors import TOO_COSTLY, UNKNOWN_CANONICAL, HubError
from hub.fhir import Resource
from hub.fhir.canonicals import BASE, code_system, value_set
from hub.fhir.definitions import CodeSystem, Concept, Definitions, ValueSet
from tests.support.terminology import DEFINITIONS, VALUE_SETS, values

AT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
IDENTIFIER = "urn:uuid:00000000-0000-4000-8000-000000000001"
SYSTEM = "https://example.org/CodeSystem/letters"


def expansion(found: ValueSet, *, definitions: Definitions = DEFINITIONS, **asked: Any) -> Resource:
    resource = expand(definitions, found, Asked(**asked), identifier=IDENTIFIER, at=AT)
    return resource["expansion"]  # type: ignore[no-any-return]


def codes(found: ValueSet, **asked: Any) -> list[str]:
    return [one["code"] for one in expansion(found, **asked).get("contains", [])]


def own(concepts: dict[str, Concept]) -> tuple[Definitions, ValueSet]:
    """A small contract: one code system and the value set of all its codes."""
    found = ValueSet("https://example.org/ValueSet/letters", "letters", {SYSTEM: tuple(concepts)})
    return Definitions({}, {SYSTEM: CodeSystem(SYSTEM, "letters", concepts)}, {found.url: found}), found


@pytest.mark.parametrize("found", VALUE_SETS, ids=lambda found: found.name)
def test_every_value_set_expands_to_its_own_codes_and_each_validates(found: ValueSet) -> None:
    resource = expand(DEFINITIONS, found, Asked(), identifier=IDENTIFIER, at=AT)
    ModelledValueSet.model_validate(resource)
    contains = resource["expansion"]["contains"]
    assert {(one["system"], one["code"]) for one in contains} == set(found.codes)
    assert resource["expansion"]["total"] == len(contains) == len(set(found.codes))
    for one in contains:
        asked = Coding(one["system"], one["code"], one.get("display"))
        assert values(validate_in_value_set(DEFINITIONS, found, [asked], Speech()), "result") == [True]


@settings(deadline=None)
@given(st.sampled_from(VALUE_SETS), st.text(max_size=8))
def test_a_code_validates_exactly_when_the_expansion_has_it(found: ValueSet, code: str) -> None:
    for candidate in (code, *(code for _, code in VALUE_SETS[0].codes)):
        for system in found.systems:
            listed = any((one["system"], one["code"]) == (system, candidate) for one in expansion(found)["contains"])
            asked = Coding(system, candidate)
            assert values(validate_in_value_set(DEFINITIONS, found, [asked], Speech()), "result") == [listed]


@settings(deadline=None)
@given(st.sampled_from(VALUE_SETS), st.sampled_from(["", "e", "ال", "é", "sexu"]), st.integers(1, 9))
def test_pages_put_together_are_the_whole(found: ValueSet, word: str, count: int) -> None:
    whole = expansion(found, filter=word)
    paged: list[Resource] = []
    for offset in range(0, whole["total"] + count, count):
        page = expansion(found, filter=word, offset=offset, count=count)
        assert (page["total"], page["offset"]) == (whole["total"], offset)
        paged += page.get("contains", [])
    assert paged == whole.get("contains", [])


@settings(deadline=None)
@given(st.data())
def test_every_label_finds_its_code_however_it_is_written(data: st.DataObject) -> None:
    found = data.draw(st.sampled_from([one for one in VALUE_SETS if one.url.startswith(BASE)]))
    one = data.draw(st.sampled_from(expansion(found, designations=True)["contains"]))
    label = data.draw(st.sampled_from(one.get("designation", [{"value": one["code"]}])))["value"]
    spelled = data.draw(
        st.sampled_from([label, label.upper(), f" {label} ", label.replace("أ", "ا").replace("ة", "ه")])
    )
    assert one["code"] in codes(found, filter=spelled)


@pytest.mark.parametrize(
    ("word", "code"),
    [("hebergement", "shelter"), ("HÉBERGEMENT", "shelter"), ("ايواء", "shelter"), ("إِيوَاء", "shelter"), ("shelter", "shelter")],
)  # fmt: skip
def test_a_filter_knows_arabic_french_and_english(word: str, code: str) -> None:
    assert code in codes(find_value_set(DEFINITIONS, id_="service-type"), filter=word)


def test_all_words_of_a_filter_must_stand_in_one_label() -> None:
    provinces = find_value_set(DEFINITIONS, id_="province")
    assert codes(provinces, filter="hoceima al") == ["MA-HOC"]
    assert codes(provinces, filter="الحسيمة hoceima") == []


def test_a_filter_that_finds_nothing_gives_an_empty_expansion() -> None:
    found = expansion(find_value_set(DEFINITIONS, id_="milieu"), filter="lunar")
    assert found["total"] == 0
    assert "contains" not in found


def test_displays_are_in_the_language_asked_for_and_in_the_next_best_where_there_is_none() -> None:
    milieu = find_value_set(DEFINITIONS, id_="milieu")
    asked = ("ar", "fr-MA", "zgh", "ary-MA", "de", None)
    said = {language: expansion(milieu, language=language)["contains"][0]["display"] for language in asked}
    assert said == {"ar": "حضري", "fr-MA": "Urbain", "zgh": "حضري", "ary-MA": "حضري", "de": "Urban", None: "Urban"}


def test_displays_are_in_tifinagh_where_the_labels_are_known() -> None:
    days = find_value_set(DEFINITIONS, id_="days-of-week")
    said = [one["display"] for one in expansion(days, language="zgh-MA")["contains"]]
    assert said == ["ⴰⵢⵏⴰⵙ", "ⴰⵙⵉⵏⴰⵙ", "ⴰⴽⵕⴰⵙ", "ⴰⴽⵡⴰⵙ", "ⴰⵙⵉⵎⵡⴰⵙ", "ⴰⵙⵉⴹⵢⴰⵙ", "ⴰⵙⴰⵎⴰⵙ"]


def test_designations_are_given_where_they_are_asked_for() -> None:
    milieu = find_value_set(DEFINITIONS, id_="milieu")
    assert "designation" not in expansion(milieu)["contains"][0]
    spoken = {one["language"] for one in expansion(milieu, designations=True)["contains"][0]["designation"]}
    assert spoken == {"ar", "fr", "en"}


def test_an_expansion_says_what_shaped_it() -> None:
    milieu = find_value_set(DEFINITIONS, id_="milieu")
    found = expansion(milieu, filter="u", offset=0, count=1, active_only=True, language="fr")
    assert (found["identifier"], found["timestamp"]) == (IDENTIFIER, "2026-03-01T10:00:00.000+00:00")
    assert {one["name"]: next(v for k, v in one.items() if k != "name") for one in found["parameter"]} == {
        "filter": "u", "offset": 0, "count": 1, "displayLanguage": "fr", "includeDesignations": False, "activeOnly": True,
        "version": f"{code_system('milieu')}|1.0.0",
    }  # fmt: skip


def test_a_count_of_nothing_tells_the_size() -> None:
    found = expansion(find_value_set(DEFINITIONS, id_="province"), count=0)
    assert found["total"] == 75
    assert "contains" not in found


def test_retired_codes_are_marked_and_left_out_where_only_active_ones_are_wanted() -> None:
    retired = [Concept("Old", properties={"status": "retired"}), Concept("Older", properties={"inactive": "true"})]
    definitions, found = own({"new": Concept("New"), "old": retired[0], "older": retired[1]})
    marked = {one["code"]: one.get("inactive") for one in expansion(found, definitions=definitions)["contains"]}
    assert marked == {"new": None, "old": True, "older": True}
    assert codes(found, definitions=definitions, active_only=True) == ["new"]


def test_too_many_codes_at_once_are_refused_and_given_in_parts() -> None:
    definitions, found = own({f"c{n}": Concept(f"Code {n}") for n in range(1001)})
    with pytest.raises(HubError) as refused:
        expansion(found, definitions=definitions)
    assert refused.value.problem is TOO_COSTLY
    assert refused.value.params == {"limit": "1000"}
    assert len(codes(found, definitions=definitions, count=1000)) == 1000
    assert codes(found, definitions=definitions, filter="c1000") == ["c1000"]


@pytest.mark.parametrize("found", VALUE_SETS, ids=lambda found: found.name)
def test_a_value_set_is_found_by_its_id_and_by_its_canonical(found: ValueSet) -> None:
    assert find_value_set(DEFINITIONS, id_=found.name) is found
    assert find_value_set(DEFINITIONS, url=found.url) is found


@pytest.mark.parametrize(
    "url", ["milieu", value_set("moon"), f"{value_set('milieu')}|9", code_system("milieu"), "|", "http://hl7.org/fhir/ValueSet/task-status|5.0.0"]
)  # fmt: skip
def test_an_unknown_canonical_or_version_is_not_found(url: str) -> None:
    with pytest.raises(HubError) as refused:
        find_value_set(DEFINITIONS, url=url)
    assert refused.value.problem is UNKNOWN_CANONICAL


@pytest.mark.parametrize("url", [f"{value_set('milieu')}|1.0.0", "http://hl7.org/fhir/ValueSet/task-status|4.0.1"])
def test_a_canonical_with_its_version_is_found(url: str) -> None:
    assert find_value_set(DEFINITIONS, url=url).url == url.partition("|")[0]
