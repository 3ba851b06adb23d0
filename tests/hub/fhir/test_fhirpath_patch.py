"""FHIRPath Patch, case by case: https://hl7.org/fhir/R4/fhirpatch.html"""

from copy import deepcopy
from typing import Any

import pytest

from hub.fhir import Resource
from hub.fhir.fhirpath_patch import apply
from hub.fhir.json_patch import BadPatch, PatchFailed

PATIENT: Resource = {
    "resourceType": "Patient",
    "id": "p",
    "birthDate": "1920-01-01",
    "_birthDate": {"extension": [{"url": "http://example.org/x", "valueString": "x"}]},
    "identifier": [{"system": "http://s", "value": n} for n in ("value 1", "value 2", "value 3")],
    "contact": [{"name": {"text": "a name"}, "gender": "unknown"}],
    "extension": [{"url": "http://example.org/a", "valueCode": "a"}, {"url": "http://example.org/b", "valueCode": "b"}],
    "deceasedBoolean": False,
}


def patched(*operations: dict[str, Any], document: Resource = PATIENT) -> Resource:
    body = [{"name": "operation", "part": [{"name": n, **v} for n, v in one.items()]} for one in operations]
    before = deepcopy(document)
    after = apply(document, {"resourceType": "Parameters", "parameter": body})
    assert document == before
    return after


def step(kind: str, path: str, **parts: Any) -> dict[str, Any]:
    return {"type": {"valueCode": kind}, "path": {"valueString": path}, **parts}


def numbers(resource: Resource) -> list[str]:
    return [one["value"] for one in resource["identifier"]]


NEW = {"valueIdentifier": {"system": "http://s", "value": "new"}}


def test_add_sets_what_is_not_there_and_appends_to_a_list() -> None:
    after = patched(
        step(
            "add", "Patient", name={"valueString": "maritalStatus"}, value={"valueCodeableConcept": {"text": "married"}}
        ),
        step("add", "Patient", name={"valueString": "identifier"}, value=NEW),
        step("add", "Patient.contact[0]", name={"valueString": "telecom"}, value={"valueContactPoint": {"value": "1"}}),
        step("add", "Patient", name={"valueString": "multipleBirth"}, value={"valueInteger": 2}),
    )
    assert after["maritalStatus"] == {"text": "married"}
    assert numbers(after) == ["value 1", "value 2", "value 3", "new"]
    assert after["contact"][0]["telecom"] == [{"value": "1"}]
    assert after["multipleBirthInteger"] == 2


def test_an_element_without_a_type_of_its_own_is_given_by_its_parts() -> None:
    parts = [
        {"name": "name", "valueHumanName": {"text": "another"}},
        {"name": "relationship", "valueCodeableConcept": {"text": "sister"}},
    ]
    after = patched(step("add", "Patient", name={"valueString": "contact"}, value={"part": parts}))
    assert after["contact"][1] == {"name": {"text": "another"}, "relationship": [{"text": "sister"}]}


def test_insert_puts_into_a_list_at_a_place() -> None:
    for at, expected in ((0, 0), (1, 1), (3, 3)):
        assert (
            numbers(patched(step("insert", "Patient.identifier", index={"valueInteger": at}, value=NEW)))[expected]
            == "new"
        )
    first = patched(
        step("insert", "Patient.name", index={"valueInteger": 0}, value={"valueHumanName": {"text": "the first"}})
    )
    assert first["name"] == [{"text": "the first"}]


def test_delete_takes_away_and_of_nothing_is_no_error() -> None:
    after = patched(step("delete", "Patient.birthDate"), step("delete", "Patient.contact[0]"))
    assert not {"birthDate", "_birthDate", "contact"} & after.keys()
    assert patched(step("delete", "Patient.maritalStatus")) == PATIENT
    assert numbers(patched(step("delete", "Patient.identifier[1]"))) == ["value 1", "value 3"]


def test_replace_changes_the_value_and_of_a_choice_its_type() -> None:
    assert patched(step("replace", "Patient.birthDate", value={"valueDate": "1930"}))["birthDate"] == "1930"
    named = patched(step("replace", "Patient.contact[0].name.text", value={"valueString": "the name"}))
    assert named["contact"][0]["name"] == {"text": "the name"}
    dead = patched(step("replace", "Patient.deceased", value={"valueDateTime": "2026"}))
    assert (dead["deceasedDateTime"], "deceasedBoolean" in dead) == ("2026", False)


@pytest.mark.parametrize(
    ("source", "destination", "expected"), [(2, 0, "312"), (0, 2, "231"), (1, 0, "213"), (1, 1, "123")]
)
def test_move_changes_the_order(source: int, destination: int, expected: str) -> None:
    moved = step(
        "move", "Patient.identifier", source={"valueInteger": source}, destination={"valueInteger": destination}
    )
    assert "".join(one[-1] for one in numbers(patched(moved))) == expected


@pytest.mark.parametrize(
    "path",
    [
        "Patient.identifier.where(value = 'value 2')",
        "Patient.identifier.where(system = 'http://s' and value = 'value 2').value",
        "Patient.identifier[1]",
        "Patient.identifier.where(value = 'value 2').first()",
        "Patient.identifier.where(value.endsWith('2'))",
        "Patient.identifier.where(value != 'value 1' and (value = 'value 2' or system.empty()))",
        "Patient.identifier.where(value in ('value 2' | 'x'))",
    ],
)
def test_paths_find_one_among_several(path: str) -> None:
    after = patched(step("delete", path))
    assert "value 2" not in str(after["identifier"])


def test_an_extension_is_named_by_its_url() -> None:
    changed = step("replace", "Patient.extension('http://example.org/b').value", value={"valueCode": "changed"})
    assert [one["valueCode"] for one in patched(changed)["extension"]] == ["a", "changed"]


@pytest.mark.parametrize(
    "operation",
    [
        step("delete", "Patient.identifier"),
        step("replace", "Patient.identifier", value=NEW),
        step("replace", "Patient.maritalStatus", value={"valueCodeableConcept": {}}),
        step("add", "Patient", name={"valueString": "birthDate"}, value={"valueDate": "1930"}),
        step("insert", "Patient.identifier", index={"valueInteger": 4}, value=NEW),
        step("move", "Patient.identifier", source={"valueInteger": 3}, destination={"valueInteger": 0}),
        step("move", "Patient.birthDate", source={"valueInteger": 0}, destination={"valueInteger": 0}),
        step("delete", "Patient"),
        step("delete", "Patient.identifier.where(value > 'a')"),
    ],
)
def test_what_does_not_fit_fails(operation: dict[str, Any]) -> None:
    with pytest.raises(PatchFailed):
        patched(operation)


@pytest.mark.parametrize(
    "operation",
    [
        step("delete", "Observation.status"),
        step("delete", "Patient.nothingOfTheKind"),
        step("delete", "Patient.identifier.select(value)"),
        step("delete", "Patient.identifier.where(value.matches('(a+)+$'))"),
        step("delete", "Patient.identifier.where(%resource.active)"),
        step("delete", "Patient.identifier.where(value)"),
        step("delete", "Patient.identifier.where(repeat(value).exists())"),
        step("delete", "Patient.identifier.where(value = )"),
        step("delete", ""),
        step("delete", "Patient." + "a" * 600),
        step("merge", "Patient"),
        step("add", "Patient", name={"valueString": "unheardOf"}, value=NEW),
        step("add", "Patient", name={"valueString": "identifier"}),
        step("insert", "Patient.identifier", index={"valueInteger": -1}, value=NEW),
        {"type": {"valueCode": "delete"}},
        {},
    ],
)
def test_what_is_no_patch_is_refused(operation: dict[str, Any]) -> None:
    with pytest.raises(BadPatch):
        patched(operation)


@pytest.mark.parametrize("parameter", [None, [], "x", [3], [{"name": "other"}], [{"name": "operation", "part": [3]}]])
def test_what_is_no_list_of_operations_is_refused(parameter: Any) -> None:
    with pytest.raises(BadPatch):
        apply(PATIENT, {"resourceType": "Parameters", "parameter": parameter})


def test_what_belongs_to_an_item_of_a_list_moves_and_goes_with_it() -> None:
    given = {"resourceType": "Patient", "name": [{"given": ["a", "b", "c"], "_given": [None, {"id": "of b"}]}]}
    at = "Patient.name[0].given"
    moved = patched(step("move", at, source={"valueInteger": 1}, destination={"valueInteger": 0}), document=given)
    assert moved["name"][0] == {"given": ["b", "a", "c"], "_given": [{"id": "of b"}, None, None]}
    gone = patched(step("delete", f"{at}[0]"), document=given)
    assert gone["name"][0] == {"given": ["b", "c"], "_given": [{"id": "of b"}, None]}
    more = patched(step("insert", at, index={"valueInteger": 1}, value={"valueString": "x"}), document=given)
    assert more["name"][0] == {"given": ["a", "x", "b", "c"], "_given": [None, None, {"id": "of b"}, None]}
