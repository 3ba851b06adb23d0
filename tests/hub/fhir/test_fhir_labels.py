"""Security labels follow from what stands in a resource, and say nothing of what does not."""

import itertools
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from hub.fhir.data_classes import CONFIDENTIALITY, data_classes
from hub.fhir.definitions import load
from hub.fhir.labels import HANDLING, ORDER, labelled, labels, relabelled
from hub.fhir.masking import REDACTED, redact
from hub.fhir.presence import present

EXAMPLES = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted(Path(str(files("profiles"))).glob("examples/valid/*.json"))
}
VERY_RESTRICTED = {"system": CONFIDENTIALITY, "code": "V"}


def codes(resource: Any) -> list[str]:
    return [label["code"] for label in resource["meta"]["security"]]


@pytest.mark.parametrize("name", EXAMPLES)
def test_labels_are_the_high_water_mark_of_the_classes_present(name: str) -> None:
    resource = EXAMPLES[name]
    profile = load().profile_of(resource)
    assert profile
    classes = {profile.base_class, *(element.data_class for _, element in present(resource))}
    found = [(label["system"], label["code"]) for label in labels(resource)]
    said = {(one["system"], one["code"]) for name in classes for one in data_classes()[name].labels}
    confidentiality = [code for system, code in found if system == CONFIDENTIALITY]
    assert len(confidentiality) == 1
    expected = max((code for system, code in said if system == CONFIDENTIALITY), key=ORDER.index)
    assert profile.name == "shelter-location" or confidentiality == [expected]
    assert {one for one in said if one[0] != CONFIDENTIALITY} <= set(found)
    assert (HANDLING["code"] in [code for _, code in found]) == any(code == "SDV" for _, code in said)


def test_a_narrative_raises_the_mark_and_without_it_the_mark_is_lower() -> None:
    need = EXAMPLES["need"]
    assert codes(labelled(need))[0] == "V"
    without = {key: value for key, value in need.items() if key != "note"}
    assert codes(labelled(without)) == ["R", "SDV", "NORDSCLCD"]
    shortened = {key: value for key, value in labelled(need).items() if key != "note"}
    assert codes(labelled(shortened, labelled(need)))[0] == "R"


def test_what_no_profile_describes_is_very_restricted() -> None:
    assert codes(labelled({"resourceType": "Basic", "id": "x"})) == ["V", "NORDSCLCD"]


def test_a_keeper_may_raise_the_mark_and_never_lower_it() -> None:
    case = EXAMPLES["case"]
    raised = labelled(
        {**case, "meta": {**case["meta"], "security": [VERY_RESTRICTED, {"system": "urn:x", "code": "Y"}]}}
    )
    assert codes(raised) == ["V", "SDV", "NORDSCLCD", "Y"]
    lowered = labelled({**case, "meta": {**case["meta"], "security": [{"system": CONFIDENTIALITY, "code": "N"}]}})
    assert codes(lowered) == ["R", "SDV", "NORDSCLCD"]


def test_labels_by_rule_that_come_back_with_a_change_are_not_taken_for_the_keepers_own() -> None:
    need = labelled(EXAMPLES["need"])
    raised = labelled({**need, "meta": {**need["meta"], "security": [*need["meta"]["security"], {"code": "Y"}]}}, need)
    assert codes(raised) == ["V", "SDV", "VIO", "NORDSCLCD", "Y"]
    changed = {key: value for key, value in raised.items() if key != "note"}
    assert codes(labelled(changed, raised)) == ["R", "SDV", "NORDSCLCD", "Y"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_labelling_again_changes_nothing(name: str) -> None:
    once = labelled(EXAMPLES[name])
    assert labelled(once) == labelled(once, once) == labelled(EXAMPLES[name], once) == once


def test_where_a_record_came_from_is_not_kept() -> None:
    case = EXAMPLES["case"]
    assert "source" not in labelled({**case, "meta": {**case["meta"], "source": "urn:kobo:form:7"}})["meta"]


@pytest.mark.parametrize("name", ["survivor", "incident", "need", "case", "medical-service"])
def test_the_labels_of_a_part_say_nothing_of_what_was_cut_out(name: str) -> None:
    """The same part of a resource that held nothing else has the same labels, whatever its keeper added."""
    whole = labelled(EXAMPLES[name])
    raised = {**whole, "meta": {**whole["meta"], "security": [VERY_RESTRICTED, {"code": "Y"}], "tag": [{"code": "T"}]}}
    profile = load().profile_of(whole)
    assert profile
    for size in range(1, 4):
        for some in map(frozenset, itertools.combinations(sorted(profile.classes), size)):
            cut, removed = redact(raised, some)
            bare = {**whole, **cut, "meta": {"profile": [profile.url]}}
            bare = {key: value for key, value in bare.items() if key in cut}
            assert not removed or relabelled(cut)["meta"]["security"] == [*labels(bare), REDACTED]
