"""Invariants: those in Python say what fhirpathpy says of the same expression, on many inputs; the others are asked as well."""

import gzip
import json
import re
from copy import deepcopy
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub import texts
from hub.conformance import examine
from hub.conformance.examination.native import NATIVE, NATIVE_BY_KEY
from hub.conformance.examination.rules import evaluated
from hub.conformance.examination.surroundings import Surroundings
from hub.fhir.r4 import tables
from hub.fhir.r4_snapshots import snapshots
from tests.support.made_up import element, found, profile

DATA = Path(__file__).parents[3] / "data"
OBSERVATION: dict[str, Any] = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
NOT_EVALUATED = {
    # fhirpathpy cannot: `as` on collections (dom-3)
    next(expression for expression in NATIVE if ".as(canonical)" in expression),
}


@cache
def keys() -> dict[str, list[tuple[str, str]]]:
    """Expression → key and path of the elements that have it."""
    found_: dict[str, list[tuple[str, str]]] = {}
    for url in snapshots():
        if snapshots().definition(url).get("derivation") != "constraint":
            for one in snapshots()[url]:
                for constraint in one.get("constraint", ()):
                    found_.setdefault(constraint.get("expression", ""), []).append((constraint["key"], one["path"]))
    return found_


def test_every_expression_answered_in_python_is_one_of_r4s_own() -> None:
    assert [expression for expression in NATIVE if expression not in keys()] == []
    assert {key for key, _ in NATIVE_BY_KEY} == {"txt-1", "txt-2"}


def test_the_invariants_that_are_met_most_are_answered_in_python() -> None:
    asked = {key for expression in NATIVE for key, _ in keys()[expression]} | {key for key, _ in NATIVE_BY_KEY}
    wanted = (
        "ele-1 ext-1 dom-2 dom-3 dom-4 dom-5 dom-6 per-1 ref-1 qty-3 rng-2 cpt-2 att-1 sev-1 obs-6 obs-7 inv-1 rat-1"
    )
    bundles = "bdl-1 bdl-2 bdl-3 bdl-4 bdl-5 bdl-7 bdl-8 bdl-9 bdl-10 bdl-11 bdl-12"
    timing = "tim-1 tim-2 tim-4 tim-5 tim-6 tim-7 tim-8 tim-9 tim-10"
    assert set(f"{wanted} {bundles} {timing}".split()) <= asked


# --- the same answers ------------------------------------------------------------------------------------------------


def values(resource: Any, path: str) -> list[Any]:
    """What stands at a path of element names in a resource, or in any data type of it that is meant."""
    found_ = [resource]
    for name in path.split(".")[1:]:
        below = [one.get(name.removesuffix("[x]")) for one in found_ if isinstance(one, dict)]
        found_ = [item for one in below for item in (one if isinstance(one, list) else [one]) if item is not None]
    return found_


def type_at(path: str) -> str:
    """The type of an element; of what has no type of its own, its path."""
    row = tables().rows.get(path)
    return row.types[0] if row and row.types and row.types[0] not in {"BackboneElement", "Element"} else path


def agree(expression: str, value: Any, type_: str, around: Surroundings) -> None:
    said = evaluated(expression, value, type_, around)
    if said is not None:
        assert NATIVE[expression](value, around) is said, (expression, value)


@cache
def examples() -> tuple[Any, ...]:
    lines = gzip.decompress((DATA / "r4-examples.ndjson.gz").read_bytes()).splitlines()
    return tuple(json.loads(line) for line in lines if len(line) < 8_000)


def tried(path: str) -> list[Any]:
    """A few examples that have this element of a resource."""
    type_ = path.partition(".")[0]
    having = (one for one in examples() if one["resourceType"] == type_)
    return list(islice((one for one in having if any(isinstance(v, dict) for v in values(one, path))), 6))


def with_each_element_taken_away(value: Any) -> list[Any]:
    needed = {"resourceType", "type"}  # of a bundle without type nothing is said
    return [value, *({k: v for k, v in value.items() if k != name} for name in value if name not in needed)]


@pytest.mark.parametrize("expression", sorted(NATIVE.keys() - NOT_EVALUATED), ids=lambda e: e[:50])
def test_both_agree_on_official_examples_and_on_what_is_left_of_them(expression: str) -> None:
    for path in sorted({path for _, path in keys()[expression] if path.count(".") < 3})[:40]:
        for resource in tried(path):
            for value in [one for one in values(resource, path) if isinstance(one, dict)][:3]:
                for spoilt in with_each_element_taken_away(value):
                    around = Surroundings.of(spoilt if "." not in path else resource)
                    agree(expression, spoilt, type_at(path), around)


QUANTITY = st.fixed_dictionaries(
    {},
    optional={
        "value": st.sampled_from([0, 1, 2.5, -1]),
        "unit": st.just("u"),
        "system": st.just("http://unitsofmeasure.org"),
        "code": st.sampled_from(["kg", "g"]),
    },
)
MOMENTS = (  # of one precision and one zone each: fhirpathpy takes 2026 for its first day, and 10:00+01:00 for 10:00Z
    ["2026", "2025"],
    ["2026-03", "2025-12"],
    ["2026-03-12", "2025-12-31"],
    ["2026-03-12T10:00:00Z", "2026-03-12T09:30:00Z"],
    ["2026-03-12T10:00:00+01:00", "2026-03-12T09:30:00+01:00"],
)
PERIOD = st.sampled_from(MOMENTS).flatmap(
    lambda moments: st.fixed_dictionaries(
        {}, optional={"start": st.sampled_from(moments), "end": st.sampled_from(moments), "id": st.just("p")}
    )
)
WHEN = st.lists(st.sampled_from(["C", "CM", "MORN", "AC"]), min_size=1, max_size=2)
EXTENSION = st.fixed_dictionaries(
    {"url": st.just("https://a.example")},
    optional={
        "valueString": st.just("x"),
        "extension": st.just([{"url": "b", "valueCode": "c"}]),
        "_valueDate": st.just({"id": "x"}),
    },
)
TYPES: dict[str, Any] = {
    "Period": PERIOD,
    "Quantity": QUANTITY,
    "Extension": EXTENSION,
    "ContactPoint": st.fixed_dictionaries(
        {}, optional={"system": st.just("phone"), "value": st.just("1"), "use": st.just("home")}
    ),
    "Attachment": st.fixed_dictionaries(
        {}, optional={"data": st.just("QUJD"), "contentType": st.just("a/b"), "title": st.just("x")}
    ),
    "Ratio": st.fixed_dictionaries(
        {},
        optional={
            "numerator": QUANTITY,
            "denominator": QUANTITY,
            "extension": st.lists(EXTENSION, min_size=1, max_size=1),
        },
    ),
    "Timing.repeat": st.fixed_dictionaries(
        {},
        optional={
            **{name: st.sampled_from([0, 1, -1, 2.5]) for name in ("duration", "durationMax", "period", "periodMax")},
            **{name: st.sampled_from(["h", "d"]) for name in ("durationUnit", "periodUnit")},
            **{name: st.integers(0, 3) for name in ("count", "countMax", "offset")},
            "when": WHEN,
            "timeOfDay": st.just(["10:00:00"]),
        },
    ),
    "Observation.referenceRange": st.fixed_dictionaries({}, optional={"low": QUANTITY, "text": st.just("x")}),
    "AuditEvent.entity": st.fixed_dictionaries({}, optional={"name": st.just("x"), "query": st.just("QUJD")}),
    "Organization.telecom": st.fixed_dictionaries(
        {}, optional={"use": st.sampled_from(["home", "work"]), "value": st.just("1")}
    ),
    "Expression": st.fixed_dictionaries(
        {}, optional={"expression": st.just("x"), "reference": st.just("a:b"), "language": st.just("x")}
    ),
}


@pytest.mark.parametrize("type_", TYPES)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_both_agree_on_data_types_of_every_shape(type_: str, data: Any) -> None:
    value = data.draw(TYPES[type_])
    around = Surroundings.of({"resourceType": "Basic"})
    for expression in NATIVE:
        if any(path == type_ for _, path in keys()[expression]):
            agree(expression, deepcopy(value), type_, around)


@given(
    low=QUANTITY,
    high=QUANTITY,
)
@settings(max_examples=60, deadline=None)
def test_a_range_is_in_order_where_its_ends_can_be_compared(low: Any, high: Any) -> None:
    same = {"system": "http://unitsofmeasure.org", "code": "kg"}
    value = {"low": low | same, "high": high | same}
    expected = "value" not in low or "value" not in high or low["value"] <= high["value"]
    expression = "low.empty() or high.empty() or (low <= high)"
    assert NATIVE[expression](value, Surroundings.of({})) is expected
    other = {"low": low | same, "high": high | same | {"code": "g"}}
    assert NATIVE[expression](other, Surroundings.of({})) is True


# --- what the engine is asked ----------------------------------------------------------------------------------------


def constrained(expression: str, at: str = "Observation", severity: str = "error", human: str = "be so") -> Any:
    constraint = {"key": "made-1", "severity": severity, "human": human, "expression": expression}
    return profile("Observation", element(at, constraint=[constraint]))


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("code.text = 'x'", True),
        ("code.text = 'y'", False),
        ("value.exists() implies value is Quantity", True),
        ("subject.resolve().exists()", False),
        ("performer.resolve().name = 'z'", True),
        ("performer.all(resolve() is Organization)", True),
        ("code.trace('printed').exists()", True),
        ("status.hasValue()", True),
        ("%resource.status = 'final' and %rootResource.status = 'final'", True),
        ("component.empty()", True),
        ("{}", True),
    ],
)
def test_an_invariant_of_a_profile_is_asked(expression: str, holds: bool, capsys: pytest.CaptureFixture[str]) -> None:
    office = {"resourceType": "Organization", "id": "o", "name": "z"}
    resource = OBSERVATION | {
        "contained": [office],
        "performer": [{"reference": "#o"}],
        "subject": {"reference": "Patient/1"},
    }
    issues = found(resource, constrained(expression))
    assert issues == ([] if holds else [("error", "invariant made-1", "Observation")])
    assert capsys.readouterr().out == ""


def test_an_invariant_below_the_resource_is_asked_of_each_element_there() -> None:
    made_up = constrained("code.text != 'y'", at="Observation.component")
    components = [{"code": {"text": text}, "valueString": "v"} for text in ("x", "y", "z", "y")]
    assert found(OBSERVATION | {"component": components}, made_up) == [
        ("error", "invariant made-1", "Observation.component[1]"),
        ("error", "invariant made-1", "Observation.component[3]"),
    ]


def test_a_choice_is_found_below_a_backbone_element() -> None:
    made_up = constrained("value.exists()", at="Observation.component")
    issues = found(OBSERVATION | {"component": [{"code": {"text": "x"}, "valueString": "v"}]}, made_up)
    assert issues == []


def test_an_invariant_of_a_primitive_is_asked() -> None:
    made_up = constrained("$this.matches('^[a-z]+$')", at="Observation.code.text")
    assert found(OBSERVATION, made_up) == []
    assert found(OBSERVATION | {"code": {"text": "1"}}, made_up) == [
        ("error", "invariant made-1", "Observation.code.text")
    ]


def test_a_warning_stays_a_warning_and_says_what_the_definition_says() -> None:
    made_up = constrained("value.exists()", severity="warning", human="A value should be there")
    (issue,) = [i for i in examine(OBSERVATION, [made_up["url"]], extra=[made_up]) if i.params.get("rule") == "made-1"]
    assert issue.severity == "warning" and issue.code == "invariant"
    assert texts.say(issue.text, "en", **issue.params).endswith("made-1: A value should be there")


@pytest.mark.parametrize("expression", ["value.nothing()", "(((", "1 / 'x'", "memberOf('a:b')"])
def test_an_invariant_that_cannot_be_asked_is_told(expression: str) -> None:
    assert found(OBSERVATION, constrained(expression)) == [("information", "invariant-unchecked made-1", "Observation")]


def test_an_invariant_is_not_asked_of_what_is_misshapen() -> None:
    spoilt = OBSERVATION | {"valueQuantity": "x", "dataAbsentReason": 3}
    assert {key for _, key, _ in found(spoilt)} == {"object-expected"}


def test_moments_in_different_zones_are_put_on_one_line() -> None:
    right = {"start": "2026-03-12T10:00:00+01:00", "end": "2026-03-12T09:30:00Z"}
    assert found(OBSERVATION | {"effectivePeriod": right}) == []
    wrong = {"start": "2026-03-12T09:30:00Z", "end": "2026-03-12T10:00:00+01:00"}
    assert found(OBSERVATION | {"effectivePeriod": wrong}) == [("error", "period-order", "Observation.effectivePeriod")]


def test_advice_on_narrative_is_told_and_no_more() -> None:
    (issue,) = examine(OBSERVATION)
    assert (issue.severity, issue.params["rule"]) == ("information", "dom-6")


def test_a_period_that_ends_before_it_begins_has_its_own_sentence() -> None:
    spoilt = OBSERVATION | {"effectivePeriod": {"start": "2026-03", "end": "2026-02-27"}}
    assert found(spoilt) == [("error", "period-order", "Observation.effectivePeriod")]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-12T10:00:00Z", "2026-03"),
        ("2026-03", "2026"),
        ("2026", "2026-03-12"),
        ("2026-03-12", "2026-03-12T09:00:00Z"),
    ],
)
def test_dates_of_different_precision_are_in_order_where_nothing_says_otherwise(start: str, end: str) -> None:
    assert found(OBSERVATION | {"effectivePeriod": {"start": start, "end": end}}) == []
    assert found(OBSERVATION | {"effectivePeriod": {"start": "2027", "end": end}}) == [
        ("error", "period-order", "Observation.effectivePeriod")
    ]


def test_the_expressions_in_the_tables_are_written_as_r4_writes_them() -> None:
    assert not [expression for expression in keys() if re.search(r"\s{3,}", expression)]
