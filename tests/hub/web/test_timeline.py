"""Task/[id]/$timeline over HTTP: `profiles/operation-definitions/task-timeline.json`"""

import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any, Final

import pytest
from fhir.resources.R4B.operationdefinition import OperationDefinition
from fhir.resources.R4B.parameters import Parameters

from hub.fhir import Resource
from tests.support.parties import Party
from tests.support.shared_case import SharedCase, share

DEFINITION: Final = json.loads(
    files("profiles").joinpath("operation-definitions", "task-timeline.json").read_text("utf-8")
)
VALUES: Final = {
    "instant": "valueInstant", "Reference": "valueReference", "Coding": "valueCoding", "code": "valueCode",
    "CodeableConcept": "valueCodeableConcept", "Duration": "valueDuration",
}  # fmt: skip


@pytest.fixture
def case(party: Callable[..., Party], survivor: Resource) -> SharedCase:
    return share(party, survivor)


def events(party: Party, task: str) -> list[dict[str, Any]]:
    answer = party.get(f"/fhir/{task}/$timeline")
    assert answer.status_code == 200, answer.text
    Parameters.model_validate(answer.json)
    return told(answer.json or {}, "event")


def told(answer: Resource, name: str) -> list[dict[str, Any]]:
    return [{part["name"]: part for part in one["part"]} for one in answer.get("parameter", []) if one["name"] == name]


def test_until_when_the_outcome_is_awaited_is_told_to_both_alike_and_of_nothing_that_is_over(case: SharedCase) -> None:
    declared = {one["name"] for one in DEFINITION["parameter"][1]["part"]}
    found = [told(by.get(f"/fhir/{case.task}/$timeline").json or {}, "due") for by in (case.keeper, case.reader)]
    assert found[0] == found[1]
    (due,) = found[0]
    assert set(due) == declared
    assert (due["about"]["valueReference"]["reference"], due["stage"]["valueCode"]) == (case.task, "outcome")
    assert due["since"]["valueInstant"] < due["until"]["valueInstant"]
    case.withdraw()
    (due,) = told(case.keeper.get(f"/fhir/{case.task}/$timeline").json or {}, "due")
    assert due["stage"]["valueCode"] == "hold"


def test_the_answer_is_what_the_definition_says(case: SharedCase) -> None:
    OperationDefinition.model_validate(DEFINITION)
    declared = {one["name"]: one for one in DEFINITION["parameter"][0]["part"]}
    found = events(case.keeper, case.task)
    assert {one["action"]["valueCoding"]["code"] for one in found} == {"referral.send", "referral.accept"}
    for event in found:
        assert set(event) <= set(declared)
        assert {name for name, one in declared.items() if one["min"] == 1} <= set(event)
        assert all(VALUES[declared[name]["type"]] in part for name, part in event.items())


def test_both_sides_are_told_the_same_steps_by_the_same_parties(case: SharedCase) -> None:
    told = [
        [
            (one["action"]["valueCoding"]["code"], one["who"]["valueReference"]["reference"])
            for one in events(by, case.task)
        ]
        for by in (case.keeper, case.reader)
    ]
    assert told[0] == told[1] == [("referral.send", "Organization/amal"), ("referral.accept", "Organization/chu")]


def test_hidden_and_absent_are_answered_alike(case: SharedCase) -> None:
    hidden = case.stranger.get(f"/fhir/{case.task}/$timeline")
    absent = case.stranger.get("/fhir/Task/00000000-0000-4000-8000-000000000000/$timeline")
    assert (hidden.status_code, hidden.data) == (absent.status_code, absent.data)
    assert hidden.status_code == 404
    case.withdraw()
    assert case.reader.get(f"/fhir/{case.task}/$timeline").data == hidden.data


def test_it_is_asked_with_the_scope_of_a_read(party: Callable[..., Party], case: SharedCase) -> None:
    assert party("amal", "system/Patient.r").get(f"/fhir/{case.task}/$timeline").status_code == 403
    assert party("amal", "system/Task.r").get(f"/fhir/{case.task}/$timeline").status_code == 200


def test_it_is_asked_of_one_referral(case: SharedCase) -> None:
    assert case.keeper.get("/fhir/Task/$timeline").status_code == 404
    assert case.keeper.get(f"/fhir/{case.patient}/$timeline").status_code == 404


def test_no_words_are_in_it(case: SharedCase) -> None:
    answer = case.keeper.get(f"/fhir/{case.task}/$timeline")
    assert '"text"' not in answer.text and "Patient/" not in answer.text
