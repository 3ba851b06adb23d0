"""References and the JSON text of resources: what is written is what is read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.fhir.references import reference, slots, split
from hub.fhir.serial import dumps, loads

IDS = st.from_regex(r"[A-Za-z0-9\-.]{1,64}", fullmatch=True)
TYPES = st.sampled_from(["Patient", "Task", "HealthcareService"])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(TYPES, IDS)
def test_splitting_undoes_a_reference(type_: str, id_: str) -> None:
    assert split(reference({"resourceType": type_, "id": id_})) == (type_, id_)


@pytest.mark.parametrize(
    ("literal", "parts"),
    [
        ("Patient/1/_history/3", ("Patient", "1")),
        ("https://hub.example/fhir/Patient/1", ("Patient", "1")),
        ("https://hub.example/fhir/Patient/1/_history/3", ("Patient", "1")),
        ("#contained", ("", "#contained")),
        ("", ("", "")),
    ],
)
def test_the_forms_of_a_literal_reference(literal: str, parts: tuple[str, str]) -> None:
    assert split(literal) == parts


@given(JSON)
def test_every_literal_reference_is_found_and_nothing_else(node: Any) -> None:
    def written(node: Any) -> list[str]:
        if isinstance(node, dict):
            mine = [node["reference"]] if isinstance(node.get("reference"), str) else []
            return mine + [found for child in node.values() for found in written(child)]
        return [found for child in node for found in written(child)] if isinstance(node, list) else []

    deeper = {"subject": {"reference": "Patient/1"}, "more": [node, {"reference": {"reference": "Task/2"}}]}
    assert sorted(slot["reference"] for slot in slots(deeper) if isinstance(slot["reference"], str)) == sorted(
        written(deeper)
    )


def test_a_slot_can_be_rewritten_in_place() -> None:
    resource = {
        "resourceType": "Task",
        "focus": {"reference": "draft:need"},
        "supporting": [{"reference": "draft:need"}],
    }
    for slot in slots(resource):
        slot["reference"] = "ServiceRequest/1"
    assert "draft:" not in dumps(resource)


@given(st.dictionaries(TEXT, JSON, max_size=5))
def test_a_resource_that_was_written_is_read_back(resource: dict[str, Any]) -> None:
    text = dumps(resource)
    assert loads(text) == resource == json.loads(text)


def test_elements_keep_their_order_and_arabic_stays_readable() -> None:
    assert (
        dumps({"resourceType": "Patient", "name": "زينب", "id": "1"})
        == '{"resourceType":"Patient","name":"زينب","id":"1"}'
    )


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "NaN"])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        loads(text)
