"""The examples of what operations answer: all that they say is of the contract, and as the operation's definition declares it."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.parameters import Parameters

from hub.conformance import examine
from hub.fhir.canonicals import code_system
from hub.fhir.contract import resolved
from hub.fhir.definitions import load
from tests.support.accompanied import rules_broken

OURS = code_system("")


def read(*path: str) -> dict[str, Any]:
    return json.loads(resolved(files("profiles").joinpath(*path).read_text("utf-8")))


def codings(node: Any) -> Iterator[dict[str, str]]:
    if isinstance(node, dict):
        if "system" in node and "code" in node:
            yield node
        for child in node.values():
            yield from codings(child)
    for child in node if isinstance(node, list) else ():
        yield from codings(child)


@pytest.mark.parametrize("name", ["task-timeline", "task-alternatives"])
def test_every_code_is_of_the_contract(name: str) -> None:
    said = [one for one in codings(read("examples", "operations", f"{name}.json")) if one["system"].startswith(OURS)]
    assert said and [one for one in said if not load().display(one["system"], one["code"], "en")] == []


def test_a_timeline_has_the_parts_that_are_declared() -> None:
    example, definition = (read(*path) for path in TIMELINE)
    Parameters.model_validate(example)
    declared = {one["name"]: {part["name"]: part["min"] for part in one["part"]} for one in definition["parameter"]}
    for one in example["parameter"]:
        named = [part["name"] for part in one["part"]]
        assert set(named) <= declared[one["name"]].keys()
        assert {name for name, least in declared[one["name"]].items() if least} <= set(named)


TIMELINE = (("examples", "operations", "task-timeline.json"), ("operation-definitions", "task-timeline.json"))


def test_alternatives_are_a_searchset_of_services() -> None:
    example = read("examples", "operations", "task-alternatives.json")
    Bundle.model_validate(example)
    assert rules_broken(example) == []
    for entry in example["entry"]:
        assert [issue for issue in examine(entry["resource"]) if issue.blocks] == []
