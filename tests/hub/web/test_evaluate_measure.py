"""Measure/monthly-report/$evaluate-measure over HTTP: the caller's own month, and nobody else's."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from fhir.resources.R4B.measurereport import MeasureReport

from hub import conformance
from hub.exchange import Hub
from hub.fhir import Resource
from hub.ports import Registry
from hub.referral.reporting import Reporting
from hub.web.app import create_app
from tests.support.parties import Addresses, Party, register
from tests.support.shared_case import SharedCase, share

MONTH = "/fhir/Measure/monthly-report/$evaluate-measure?periodStart=2026-01-01&periodEnd=2026-01-31"


@pytest.fixture
def case(party: Callable[..., Party], survivor: Resource) -> SharedCase:
    return share(party, survivor)


def test_it_is_a_report_of_the_organisation_that_asks(case: SharedCase) -> None:
    for party, name in ((case.keeper, "amal"), (case.reader, "chu")):
        answer = party.get(MONTH)
        assert answer.status_code == 200, answer.text
        body = answer.json or {}
        MeasureReport.model_validate(body)
        assert [issue for issue in conformance.examine(body | {"id": "x"}) if issue.blocks] == []
        assert body["reporter"] == {"reference": f"Organization/{name}"}


@pytest.mark.parametrize(
    "period", ["2026-01-01&periodEnd=2026-01-30", "2026-01-02&periodEnd=2026-01-31", "2026-01-01&periodEnd=2026-02-28",
               "2126-01-01&periodEnd=2126-01-31", "2026&periodEnd=2026-01-31", "2125-01-01&periodEnd=2125-12-31"],
)  # fmt: skip
def test_no_other_period_than_a_month_that_is_over_is_answered(case: SharedCase, period: str) -> None:
    asked = f"/fhir/Measure/monthly-report/$evaluate-measure?periodStart={period}"
    assert case.keeper.get(asked).status_code == 400


def test_both_days_are_needed_and_there_is_one_measure(case: SharedCase) -> None:
    assert case.keeper.get("/fhir/Measure/monthly-report/$evaluate-measure").status_code == 400
    assert case.keeper.get(MONTH.replace("monthly-report", "another")).status_code == 404


@pytest.mark.parametrize("scope", ["system/Patient.cruds", "system/Task.r", "system/Task.s?status=completed"])
def test_a_token_that_does_not_reach_all_referrals_counts_none(
    party: Callable[..., Party], case: SharedCase, scope: str
) -> None:
    assert party("amal", scope).get(MONTH).status_code == 403


def test_the_report_of_another_is_for_those_alone_whom_the_deployment_names(
    hub: Hub, registry: Registry, case: SharedCase
) -> None:
    of_amal = f"{MONTH}&reporter=Organization/amal"
    assert case.keeper.get(of_amal).status_code == 200
    refused = case.reader.get(of_amal)
    assert refused.status_code == 403 and "report" in refused.text
    ministry = replace(hub, reporting=Reporting(readers=frozenset({"hopital"})))
    named = register(create_app(ministry, registry, Addresses()), registry, "hopital")
    answer = named.get(of_amal)
    assert answer.status_code == 200, answer.text
    assert (answer.json or {})["reporter"] == {"reference": "Organization/amal"}
    assert named.get(f"{MONTH}&reporter=Organization/nobody").status_code == 400


def test_quarters_halves_and_years_that_are_over_are_answered_too(case: SharedCase) -> None:
    asked = "/fhir/Measure/monthly-report/$evaluate-measure?periodStart=2025-"
    ends = {"01-01": ("03-31", "06-30", "12-31"), "04-01": ("06-30",), "10-01": ("12-31",)}
    for start, days in ends.items():
        for day in days:
            answer = case.keeper.get(f"{asked}{start}&periodEnd=2025-{day}")
            assert answer.status_code == 200, answer.text
            assert (answer.json or {})["period"] == {"start": f"2025-{start}", "end": f"2025-{day}"}
    for start, day in (("02-01", "04-30"), ("04-01", "09-30"), ("01-01", "02-28")):
        assert case.keeper.get(f"{asked}{start}&periodEnd=2025-{day}").status_code == 400


def test_a_deployment_that_reports_by_the_quarter_answers_for_no_month(hub: Hub, registry: Registry) -> None:
    quarterly = replace(hub, reporting=Reporting(months=3))
    party = register(create_app(quarterly, registry, Addresses()), registry, "amal")
    asked = "/fhir/Measure/monthly-report/$evaluate-measure?periodStart=2025-01-01&periodEnd="
    answers = {end: party.get(asked + end).status_code for end in ("2025-01-31", "2025-03-31", "2025-12-31")}
    assert answers == {"2025-01-31": 400, "2025-03-31": 200, "2025-12-31": 200}
