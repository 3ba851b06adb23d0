"""Cardinality, types and shapes: what R4's JSON allows, and every way of getting it wrong."""

from typing import Any

import pytest

from tests.support.made_up import R4, element, found, profile

PATIENT = {"resourceType": "Patient", "name": [{"family": "Amrani", "given": ["Salma"]}], "birthDate": "1990"}
ABSENT = {"extension": [{"url": R4 + "data-absent-reason", "valueCode": "unknown"}]}


def errors(resource: Any, *extra: Any) -> list[tuple[str, str]]:
    return [(key, path) for severity, key, path in found(resource, *extra) if severity == "error"]


def test_a_right_resource_has_no_error() -> None:
    assert errors(PATIENT) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": {}}, [("list-expected", "Patient.name")]),
        ({"name": []}, [("empty", "Patient.name")]),
        ({"name": [{}]}, [("empty", "Patient.name[0]")]),
        ({"name": ["Amrani"]}, [("object-expected", "Patient.name[0]")]),
        ({"name": [None]}, [("object-expected", "Patient.name[0]")]),
        ({"name": [{"family": ["a"]}]}, [("one-expected", "Patient.name[0].family")]),
        ({"name": [{"family": ""}]}, [("empty", "Patient.name[0].family")]),
        ({"name": [{"family": None}]}, [("empty", "Patient.name[0].family")]),
        ({"name": [{"family": 1}]}, [("text", "Patient.name[0].family")]),
        ({"name": [{"familyName": "a"}]}, [("unknown-name", "Patient.name[0]")]),
        ({"name": [{"id": "1"}]}, [("invariant ele-1", "Patient.name[0]")]),
        ({"subject": {}}, [("unknown-element", "Patient.subject")]),
        ({"active": "true"}, [("boolean", "Patient.active")]),
        ({"active": 1}, [("boolean", "Patient.active")]),
        ({"birthDate": "1990-02-30"}, [("date", "Patient.birthDate")]),
        ({"birthDate": "12/03/1990"}, [("date", "Patient.birthDate")]),
        ({"gender": "feminine"}, [("wrong-code", "Patient.gender")]),
        ({"multipleBirthInteger": 2.5}, [("integer", "Patient.multipleBirthInteger")]),
        ({"multipleBirthInteger": 2**31}, [("out-of-range", "Patient.multipleBirthInteger")]),
        ({"multipleBirthInteger": 1, "multipleBirthBoolean": True}, [("one-type-only", "Patient.multipleBirth")]),
        ({"deceasedString": "x"}, [("type-not-allowed", "Patient.deceasedString")]),
        ({"link": [{"type": "refer"}]}, [("required", "Patient.link[0].other")]),
        ({"contact": [{"gender": "female"}]}, [("invariant pat-1", "Patient.contact[0]")]),
        ({"meta": [{"versionId": "1"}]}, [("one-expected", "Patient.meta")]),
        ({"id": "a b"}, [("id", "Patient.id")]),
        ({"id": "x" * 65}, [("id", "Patient.id")]),
        ({"language": "français"}, [("code-form", "Patient.language")]),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_at_its_element_and_nothing_else(
    changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert errors(PATIENT | changes) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ({"given": ["Salma", None], "_given": [None, ABSENT]}, []),
        ({"_given": [ABSENT]}, []),
        ({"_family": ABSENT}, []),
        ({"family": "A", "_family": {"id": "f"}}, []),
        ({"given": ["Salma", None]}, [("empty", "Patient.name[0].given[1]")]),
        ({"given": [None], "_given": [None]}, [("empty", "Patient.name[0].given[0]")]),
        ({"given": ["Salma"], "_given": [None, ABSENT]}, [("not-aligned", "Patient.name[0].given")]),
        ({"given": ["Salma"], "_given": ABSENT}, [("list-expected", "Patient.name[0].given")]),
        ({"given": ["Salma"], "_given": []}, [("empty", "Patient.name[0].given")]),
        ({"_family": "x"}, [("object-expected", "Patient.name[0].family")]),
        ({"_family": {}}, [("empty", "Patient.name[0].family")]),
        ({"_family": {"id": "f"}}, [("invariant ele-1", "Patient.name[0].family")]),
        ({"_family": {"value": "x"}}, [("unknown-element", "Patient.name[0].family.value")]),
        ({"family": "A", "_period": {"id": "p"}}, [("no-sibling", "Patient.name[0].period")]),
    ],
    ids=str,
)
def test_primitives_and_what_stands_beside_them_are_read_together(
    name: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert errors(PATIENT | {"name": [name]}) == expected


def test_cardinalities_of_a_profile_are_counted() -> None:
    made_up = profile(
        "Patient",
        element("Patient.name", min=2, max="2"),
        element("Patient.photo", max="0"),
        element("Patient.deceased[x]", min=1),
        element("Patient.contact.name", min=1),
    )
    contact = {"gender": "male", "telecom": [{"system": "phone", "value": "1"}]}
    spoilt = PATIENT | {"photo": [{"title": "x"}], "contact": [contact]}
    assert set(errors(spoilt, made_up)) == {
        ("too-few", "Patient.name"),
        ("ruled-out", "Patient.photo"),
        ("required", "Patient.deceased"),
        ("required", "Patient.contact[0].name"),
    }
    three = PATIENT | {"name": PATIENT["name"] * 3, "_deceasedBoolean": ABSENT}  # type: ignore[operator]
    assert errors(three, made_up) == [("too-many", "Patient.name")]
