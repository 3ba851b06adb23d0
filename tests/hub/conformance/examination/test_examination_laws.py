"""What holds of any examination: it always answers, it agrees with the entrance, and it repeats nothing of what it was given."""

import json
import subprocess
import sys
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import texts
from hub.conformance import Examiner, examine, validate
from hub.fhir.definitions import load
from hub.fhir.issues import Issue
from hub.fhir.r4_snapshots import snapshots
from tests.support.command_line import MARKS

ROOT = Path(str(files("profiles"))) / "examples"
VALID = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((ROOT / "valid").glob("*.json"))}
INVALID = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((ROOT / "invalid").glob("*.json"))}
ASSUMING = Examiner(assumed={p.type: p.url for one in load().profiles() if (p := load().for_type(one.type))})

NAMES = [
    "resourceType",
    "id",
    "meta",
    "profile",
    "text",
    "div",
    "contained",
    "extension",
    "url",
    "entry",
    "resource",
    "fullUrl",
    "name",
    "_name",
    "given",
    "_given",
    "coding",
    "code",
    "reference",
    "valueQuantity",
    "component",
]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)
TYPES = st.sampled_from(
    ["Patient", "Bundle", "Observation", "Task", "Parameters", "StructureDefinition", "Questionnaire"]
)


@pytest.mark.parametrize("name", VALID)
def test_a_valid_example_has_no_error(name: str) -> None:
    assert [issue for issue in examine(VALID[name]) if issue.blocks] == []


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_example_has_the_entrances_issues_first_and_each_only_once(name: str) -> None:
    found = examine(INVALID[name])
    of_entrance = validate(INVALID[name])
    if INVALID[name]["resourceType"] == load().profile(INVALID[name]["meta"]["profile"][0]).type:
        assert found[: len(of_entrance)] == of_entrance
    assert any(issue.blocks for issue in found)
    assert len({(i.severity, i.text, i.path, i.params.get("rule"), i.params.get("slice")) for i in found}) == len(found)


@pytest.mark.parametrize("name", VALID)
def test_r4_itself_has_nothing_against_what_is_let_in(name: str) -> None:
    """The two validators: whatever the entrance lets in, R4's own definition allows."""
    r4 = f"http://hl7.org/fhir/StructureDefinition/{VALID[name]['resourceType']}"
    bare = {key: value for key, value in VALID[name].items() if key != "meta"}
    assert [issue for issue in examine(bare, [r4]) if issue.blocks] == []


@given(junk=JUNK)
@settings(max_examples=150, deadline=None)
def test_anything_at_all_gets_an_answer(junk: Any) -> None:
    examine(junk)


@given(
    type_=TYPES,
    junk=st.dictionaries(st.sampled_from(["id", "meta", "text", "contained", "entry", "name", "item"]), JUNK),
)
@settings(max_examples=150, deadline=None)
def test_anything_at_all_of_a_known_type_gets_an_answer(type_: str, junk: Any) -> None:
    examine({**junk, "resourceType": type_})


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a resource."""
    found: list[tuple[Any, Any]] = []
    pending = [node]
    while pending:
        here = pending.pop()
        keys = list(here) if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ()
        found += [(here, key) for key in keys]
        pending += [here[key] for key in keys]
    return found


@given(name=st.sampled_from(sorted(VALID)), data=st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_valid_example_with_anything_in_it_gets_an_answer_and_an_error_where_the_entrance_has_one(
    name: str, data: Any
) -> None:
    spoilt = deepcopy(VALID[name])
    container, key = data.draw(st.sampled_from(range(len(places(spoilt)))).map(lambda n: places(spoilt)[n]))
    container[key] = data.draw(JUNK)
    found = ASSUMING.examine(spoilt)
    if isinstance(spoilt.get("resourceType"), str) and any(issue.blocks for issue in validate(spoilt)):
        assert any(issue.blocks for issue in found)


def is_left_to_examine(issue: Issue) -> bool:
    """What the entrance does not look at: the form of codes that no list holds, and a telephone number without `system`."""
    return issue.text == "conformance.code-form" or issue.params.get("rule") == "cpt-2"


@given(name=st.sampled_from(sorted(VALID)), data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_the_entrance_lets_in_has_no_error(name: str, data: Any) -> None:
    """With something taken out, or put elsewhere in the same resource or in another."""
    spoilt = deepcopy(VALID[name])
    container, key = places(spoilt)[data.draw(st.integers(0, len(places(spoilt)) - 1))]
    if data.draw(st.booleans()):
        del container[key]
    else:
        other = places(VALID[data.draw(st.sampled_from([name, *sorted(VALID)]))])
        source, name_there = other[data.draw(st.integers(0, len(other) - 1))]
        container[key] = deepcopy(source[name_there])
    if (
        isinstance(spoilt.get("resourceType"), str)
        and spoilt.get("meta") == VALID[name].get("meta")
        and not validate(spoilt)
    ):
        assert [issue for issue in ASSUMING.examine(spoilt) if issue.blocks and not is_left_to_examine(issue)] == []


@given(name=st.sampled_from(sorted(VALID)), data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_of_what_was_given_is_repeated(name: str, data: Any) -> None:
    spoilt = deepcopy(VALID[name])
    container, key = data.draw(st.sampled_from(range(len(places(spoilt)))).map(lambda n: places(spoilt)[n]))
    container[key] = data.draw(
        st.sampled_from([MARKS[0], [MARKS[0]], {MARKS[0]: MARKS[0]}, {"text": MARKS[0], "code": MARKS[0]}])
    )
    if key == "resourceType":
        return
    for issue in examine(spoilt):
        assert MARKS[0] not in repr(issue)
        assert MARKS[0] not in texts.say(issue.text, "en", **issue.params)


def test_what_is_examined_is_not_changed() -> None:
    for resource in (*VALID.values(), *INVALID.values()):
        before = json.dumps(resource)
        examine(resource)
        assert json.dumps(resource) == before


def test_a_profile_may_be_assumed_where_none_is_named() -> None:
    bare = {"resourceType": "Patient", "name": [{"text": "x"}]}
    assert not [issue for issue in examine(bare) if issue.blocks]
    assert [issue for issue in ASSUMING.examine(bare) if issue.blocks] == [
        issue for issue in examine(bare, [load().profile("survivor").url]) if issue.blocks
    ]


@given(
    brought=st.lists(
        JUNK
        | st.fixed_dictionaries(
            {"url": st.just("a:b"), "resourceType": st.sampled_from(["StructureDefinition", "ValueSet", "CodeSystem"])},
            optional={
                "type": st.just("Patient"),
                "snapshot": JUNK,
                "differential": JUNK,
                "compose": JUNK,
                "concept": JUNK,
                "baseDefinition": st.just("http://hl7.org/fhir/StructureDefinition/Patient"),
            },
        ),
        max_size=3,
    )
)
@settings(max_examples=150, deadline=None)
def test_definitions_that_are_brought_may_be_anything(brought: list[Any]) -> None:
    assert isinstance(examine({"resourceType": "Patient", "id": "p"}, ["a:b"], extra=brought), tuple)


@given(name=st.sampled_from(["Patient", "bp", "Extension", "patient-birthTime"]), data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_definition_with_anything_in_it_gets_an_answer(name: str, data: Any) -> None:
    whole = snapshots().definition(f"http://hl7.org/fhir/StructureDefinition/{name}")
    brought = deepcopy(
        {**whole, "url": "a:b", "resourceType": "StructureDefinition", "snapshot": {"element": whole["elements"]}}
    )
    container, key = data.draw(st.sampled_from(range(len(places(brought)))).map(lambda n: places(brought)[n]))
    container[key] = data.draw(JUNK)
    resource = {
        "resourceType": "Patient",
        "extension": [{"url": "a:b", "valueDateTime": "2026"}],
        "name": [{"text": "x"}],
    }
    assert isinstance(examine(resource, ["a:b"], extra=[brought]), tuple)


def test_the_entrance_never_opens_the_large_tables() -> None:
    asked = """
import json, sys
from hub.conformance import validate
from hub.fhir import r4_snapshots, r4_value_sets
assert validate(json.load(sys.stdin)) == ()
print(r4_snapshots.snapshots.cache_info().currsize, r4_value_sets.value_sets.cache_info().currsize)
"""
    done = subprocess.run(
        [sys.executable, "-c", asked], input=json.dumps(VALID["survivor"]), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "0"]


def test_names_that_are_not_known_are_not_remembered() -> None:
    examiner = Examiner()
    examiner.examine({"resourceType": "Patient", "id": "p"})
    before = len(examiner._library._structures)
    for number in range(50):
        unknown = f"https://a.example/{number}"
        extension = [{"url": unknown, "valueCode": "x"}]
        examiner.examine({"resourceType": "Patient", "meta": {"profile": [unknown]}, "extension": extension}, [unknown])
    assert len(examiner._library._structures) - before < 20
