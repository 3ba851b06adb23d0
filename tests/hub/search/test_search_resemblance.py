"""How much a record is like what is said of her: https://hl7.org/fhir/R4/patient-operation-match.html"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.fhir import Resource
from hub.search.resemblance import POSSIBLE, PROBABLE, resemblance, words

CIN = "https://ihala.example/fhir/NamingSystem/cin"


def person(name: str = "", **more: Any) -> Resource:
    named = {"name": [{"text": name}]} if name else {}
    return {"resourceType": "Patient", **named, **more}


def holder(value: str, system: str | None = CIN, **more: Any) -> Resource:
    identifier = {"value": value} | ({"system": system} if system else {})
    return person(more.pop("name", ""), identifier=[identifier], **more)


@pytest.mark.parametrize(
    ("said", "record", "grade"),
    [
        (holder("AB1"), holder("AB1"), "certain"),
        (holder("AB1", name="Zineb"), holder("AB1"), "certain"),
        (holder("AB1", birthDate="1990"), holder("AB1", birthDate="1990-03-02"), "certain"),
        (holder("AB1", birthDate="1990"), holder("AB1", birthDate="1991"), "probable"),
        (holder("AB1", name="Zineb Alaoui"), holder("AB1", name="Khadija Berrada"), "probable"),
        (holder("AB1", None), holder("AB1"), "probable"),
        (holder("AB1", "urn:oid:1.2.3"), holder("AB1"), "certainly-not"),
        (holder("AB1"), holder("AB2"), "certainly-not"),
        (
            person("Zineb Alaoui", birthDate="1990-03-02", gender="female"),
            person("Alaoui Zineb", birthDate="1990-03-02", gender="female"),
            "probable",
        ),
        (person("Zineb Alaoui"), person("zineb  ALAOUI"), "possible"),
        (person("Zineb Alaoui"), person("Zeineb Alaoui", birthDate="1990", gender="female"), "possible"),
        (person("Zineb"), person("Zineb Alaoui"), "certainly-not"),
        (person("Zineb Alaoui", birthDate="1990"), person("Zineb Alaoui", birthDate="1991"), "certainly-not"),
        (person("Zineb Alaoui", gender="female"), person("Zineb Alaoui", gender="male"), "certainly-not"),
        (person("Zineb Alaoui", gender="unknown"), person("Zineb Alaoui", gender="male"), "possible"),
        (person("أمينة العلوي"), person("امينه العلوى"), "possible"),
        (person("زينب العلوي"), person("Zineb Alaoui"), "certainly-not"),
        (person(birthDate="1990-03-02"), person(birthDate="1990-03-02"), "certainly-not"),
        (person(), person(), "certainly-not"),
    ],
)
def test_a_grade_follows_from_what_is_the_same_and_what_speaks_against_it(
    said: Resource, record: Resource, grade: str
) -> None:
    assert resemblance(said, record).grade == grade


def test_a_name_is_the_same_whole_or_in_parts() -> None:
    parts = {"resourceType": "Patient", "name": [{"family": "Alaoui", "given": ["Zineb", None]}]}
    assert (
        resemblance(person("Zineb Alaoui"), parts).score == resemblance(person("Zineb Alaoui"), parts | {}).score == 0.6
    )
    assert words(parts) == ("zineb", "alaoui")


def test_what_a_view_does_not_show_counts_for_nothing() -> None:
    masked = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]
    }
    view = {"resourceType": "Patient", "name": [masked], "identifier": [masked], "_birthDate": masked}
    assert resemblance(holder("AB1", name="Zineb", birthDate="1990"), view).score == 0


PEOPLE = st.fixed_dictionaries(
    {"resourceType": st.just("Patient")},
    optional={
        "name": st.lists(st.fixed_dictionaries({"text": st.sampled_from(["Zineb Alaoui", "زينب", "Amal", "zineb"])}), max_size=2),
        "birthDate": st.sampled_from(["1990", "1990-03", "1990-03-02", "1991"]),
        "gender": st.sampled_from(["female", "male", "unknown"]),
        "identifier": st.lists(st.fixed_dictionaries({"value": st.sampled_from("ab"), "system": st.sampled_from([CIN, "x:y"])}), max_size=2),
    },
)  # fmt: skip


@given(PEOPLE, PEOPLE)
def test_a_score_is_between_nothing_and_one_the_same_from_both_sides_and_its_grade_follows_from_it(
    one: Resource, other: Resource
) -> None:
    found = resemblance(one, other)
    assert found == resemblance(other, one)
    assert 0 <= found.score <= 1
    expected = "certainly-not" if found.score < POSSIBLE else "possible" if found.score < PROBABLE else None
    assert found.grade == (expected or ("certain" if found.score == 1 and _share(one, other) else "probable"))


def _share(one: Resource, other: Resource) -> bool:
    return any(a == b for a in one.get("identifier", ()) for b in other.get("identifier", ()))
