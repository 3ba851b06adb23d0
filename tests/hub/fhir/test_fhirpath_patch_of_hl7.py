"""The cases by which HL7 tests FHIRPath Patch, by their names: https://github.com/FHIR/fhir-test-cases, r4/patch/fhir-path-tests.xml.

What each of them says is written here anew, as JSON. Two are left out: *Full Resource*, which repeats *Replace Primitive* on a long
example, and *Consecutive operations*, whose expected result no operation of it leads to.
"""

from typing import Any

import pytest

from hub.fhir import Resource
from hub.fhir.fhirpath_patch import apply
from hub.fhir.json_patch import PatchFailed

Parts = dict[str, Any]


def operation(type_: str, path: str, **parts: Any) -> Resource:
    told: dict[str, Any] = {"type": {"valueCode": type_}, "path": {"valueString": path}, **parts}
    return {"name": "operation", "part": [{"name": name, **value} for name, value in told.items()]}


def add(path: str, name: str, **value: Any) -> Resource:
    return operation("add", path, name={"valueString": name}, value=value)


def insert(at: int, number: int) -> Resource:
    return operation(
        "insert", "Patient.identifier", index={"valueInteger": at}, value={"valueIdentifier": numbered(number)}
    )


def move(source: int, destination: int) -> Resource:
    places = {"source": {"valueInteger": source}, "destination": {"valueInteger": destination}}
    return operation("move", "Patient.identifier", **places)


def numbered(number: int) -> Resource:
    return {"system": "http://example.org", "value": f"value {number}"}


def of(*numbers: int) -> Resource:
    return {"identifier": [numbered(number) for number in numbers]}


BORN: Resource = {"birthDate": "1920-01-01"}
LATER: Resource = {"birthDate": "1930-01-01"}
CONTACT: Resource = {"contact": [{"name": {"text": "a name"}, "gender": "male"}]}
NAMED: Resource = {"contact": [{"name": {"text": "a name"}}]}
MARRIED: Resource = {"maritalStatus": {"text": "married"}}
OFFICIAL = "Patient.identifier.where(use = 'official').period"

CASES: dict[str, tuple[Resource, list[Resource], Resource]] = {
    "No Difference": (BORN, [], BORN),
    "Replace Primitive": (BORN, [operation("replace", "Patient.birthDate", value={"valueDate": "1930-01-01"})], LATER),
    "Delete Primitive": (BORN, [operation("delete", "Patient.birthDate")], {}),
    "Add Primitive": ({}, [add("Patient", "birthDate", valueDate="1930-01-01")], LATER),
    "Replace Nested Primitive #1": (
        CONTACT,
        [operation("replace", "Patient.contact[0].gender", value={"valueCode": "female"})],
        {"contact": [{"name": {"text": "a name"}, "gender": "female"}]},
    ),
    "Replace Nested Primitive #2": (
        CONTACT,
        [operation("replace", "Patient.contact[0].name.text", value={"valueString": "the name"})],
        {"contact": [{"name": {"text": "the name"}, "gender": "male"}]},
    ),
    "Delete Nested Primitive #1": (CONTACT, [operation("delete", "Patient.contact[0].gender")], NAMED),
    "Delete Nested Primitive #2": (
        CONTACT, [operation("delete", "Patient.contact[0].name.text")], {"contact": [{"gender": "male"}]},
    ),
    "Add Nested Primitive": (NAMED, [add("Patient.contact[0]", "gender", valueCode="male")], CONTACT),
    "Add Complex": ({}, [add("Patient", "maritalStatus", valueCodeableConcept={"text": "married"})], MARRIED),
    "Replace Complex": (
        {"maritalStatus": {"id": "1", "text": "married"}},
        [operation("replace", "Patient.maritalStatus", value={"valueCodeableConcept": {"id": "2", "text": "not married"}})],
        {"maritalStatus": {"id": "2", "text": "not married"}},
    ),
    "Delete Complex": (MARRIED, [operation("delete", "Patient.maritalStatus")], {}),
    "Add Anonymous Type": (
        {}, [add("Patient", "contact", part=[{"name": "name", "valueHumanName": {"text": "a name"}}])], NAMED,
    ),
    "Delete Anonymous Type": (NAMED, [operation("delete", "Patient.contact[0]")], {}),
    "List unchanged": (of(1, 2), [], of(1, 2)),
    "List unchanged, contents changed": (
        of(1, 2),
        [
            operation("replace", f"Patient.identifier[{at}].value", value={"valueString": f"value {number}"})
            for at, number in ((0, 2), (1, 1))
        ],
        of(2, 1),
    ),
    "Add to list": (of(1, 2), [insert(2, 3)], of(1, 2, 3)),
    "Insert in list #1": (of(1, 2), [insert(1, 3)], of(1, 3, 2)),
    "Insert in list #2": (of(1, 2), [insert(0, 3)], of(3, 1, 2)),
    "Delete from List #1": (of(1, 2, 3), [operation("delete", "Patient.identifier[0]")], of(2, 3)),
    "Delete from List #2": (of(1, 2, 3), [operation("delete", "Patient.identifier[1]")], of(1, 3)),
    "Delete from List #3": (of(1, 2, 3), [operation("delete", "Patient.identifier[2]")], of(1, 2)),
    "Reorder List #1": (of(1, 2, 3, 4), [move(3, 1)], of(1, 4, 2, 3)),
    "Reorder List #2": (of(1, 2, 3, 4), [move(3, 0)], of(4, 1, 2, 3)),
    "Reorder List #3": (of(1, 2, 3, 4), [move(3, 2)], of(1, 2, 4, 3)),
    "Reorder List #4": (of(1, 2, 3, 4), [move(0, 3)], of(2, 3, 4, 1)),
    "Reorder List #5": (of(1, 2, 3, 4), [move(1, 0), move(2, 1)], of(2, 3, 1, 4)),
    "Reorder List #6": (of(1, 2, 3, 4), [move(3, 0), move(3, 1), move(3, 2)], of(4, 3, 2, 1)),
    "Operation on missing element #2": ({}, [add("Patient", "identifier", valueIdentifier=numbered(3))], of(3)),
}  # fmt: skip


def patched(before: Resource, operations: list[Resource]) -> Resource:
    parameters: Resource = {"resourceType": "Parameters"} | ({"parameter": operations} if operations else {})
    return apply({"resourceType": "Patient", **before}, parameters)


@pytest.mark.parametrize("name", CASES)
def test_a_case_of_hl7_has_the_outcome_that_hl7_expects(name: str) -> None:
    before, operations, after = CASES[name]
    assert patched(before, operations) == {"resourceType": "Patient", **after}


def test_an_operation_on_a_missing_element_fails() -> None:
    before = {"identifier": [{"use": "official", "value": "123"}]}
    with pytest.raises(PatchFailed):
        patched(before, [add(OFFICIAL, "end", valueDate="2021-12-01")])
