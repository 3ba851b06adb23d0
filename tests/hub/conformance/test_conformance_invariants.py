"""Invariants of the entrance: those that are answered in Python say what FHIRPath says."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import fhirpathpy
import pytest
from fhirpathpy.models import models
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.conformance import validate
from hub.conformance.invariants import IN_PYTHON, follows_a_policy, in_order, is_known
from hub.fhir.canonicals import identifier_system
from hub.fhir.definitions import load

ROOT = Path(str(files("profiles"))) / "examples" / "valid"
EXPRESSION, KNOWN, POLICY = IN_PYTHON
YEARS = st.integers(2019, 2021)
DATES = st.one_of(
    YEARS.map(str),
    st.builds("{}-{:02}".format, YEARS, st.integers(1, 12)),
    st.dates().filter(lambda d: 2018 < d.year < 2022).map(str),
)
ZONES = st.sampled_from(["Z", "+01:00", "-05:30", "+14:00"])
MOMENTS = st.builds(
    "2020-03-{:02}T{:02}:{:02}:30{}".format, st.integers(1, 3), st.integers(0, 23), st.integers(0, 59), ZONES
)


@given(st.fixed_dictionaries({}, optional={"start": DATES, "end": DATES}))
@settings(max_examples=300, deadline=None)
def test_a_period_of_dates_is_in_order_for_both(period: dict[str, Any]) -> None:
    said = fhirpathpy.compile(EXPRESSION, models["r4"])(period)
    assert in_order(period) == all(one is True for one in said)


@given(st.fixed_dictionaries({"start": MOMENTS, "end": MOMENTS}))
@settings(max_examples=300, deadline=None)
def test_a_period_of_moments_is_in_order_for_both_across_time_zones(period: dict[str, Any]) -> None:
    said = fhirpathpy.compile(EXPRESSION, models["r4"])(period)
    assert in_order(period) == all(one is True for one in said)


SYSTEMS = st.sampled_from([identifier_system(name) for name in ("survivor-code", "pseudonym", "cin")])
IDENTIFIERS = st.lists(st.fixed_dictionaries({"value": st.just("1")}, optional={"system": SYSTEMS}), max_size=3)


@given(st.fixed_dictionaries({}, optional={"identifier": IDENTIFIERS}))
@settings(max_examples=200, deadline=None)
def test_a_survivor_is_known_by_a_code_or_a_number_for_both(survivor: dict[str, Any]) -> None:
    said = fhirpathpy.compile(KNOWN, models["r4"])({"resourceType": "Patient", **survivor})
    assert is_known(survivor) == all(one is True for one in said)


@pytest.mark.parametrize("consent", [
    {}, {"policy": [{"uri": "urn:policy"}]}, {"policyRule": {"text": "by the law"}},
    {"policy": [{"uri": "urn:policy"}], "policyRule": {"coding": [{"code": "OPTIN"}]}}, {"policy": [], "provision": {}},
])  # fmt: skip
def test_both_say_alike_whether_a_consent_follows_a_policy(consent: dict[str, Any]) -> None:
    said = fhirpathpy.compile(POLICY, models["r4"])({"resourceType": "Consent", **consent})
    assert follows_a_policy(consent) == all(one is True for one in said)


def test_every_expression_that_is_answered_in_python_is_one_of_a_profile() -> None:
    asked = {constraint.expression for profile in load().profiles() for _, constraint in profile.constraints}
    assert IN_PYTHON.keys() <= asked


@pytest.mark.parametrize("name", ["referral-task", "cancellation-request-task", "information-request-task"])
def test_no_task_was_modified_before_it_was_made(name: str) -> None:
    task = {
        **json.loads((ROOT / f"{name}.json").read_text("utf-8")),
        "authoredOn": "2026-03-02T10:00:00Z",
        "lastModified": "2026-03-02T09:59:59Z",
    }
    assert [(i.code, i.path, i.text) for i in validate(task)] == [("invariant", "Task", "conformance.rule-inv-1")]
    assert validate({**task, "lastModified": "2026-03-02T11:00:00+01:00"}) == ()
