"""Measure/monthly-report/$evaluate-measure over HTTP: the caller's own month, and nobody else's."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fhir.resources.R4B.measurereport import MeasureReport

from hub import conformance
from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.ports import Registry
from hub.referral.reporting import Reporting
from hub.store import MongoStore
from hub.web.app import create_app
from tests.hub.exchange.test_exchange_statistics import MAY, Told, keep
from tests.support.association import ASSOCIATION, HOSPITAL, Scene, scene
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


# --- what is told over HTTP: as many as there are of those who may be counted, and nothing small ---------------------------


MAY_ASKED = "/fhir/Measure/monthly-report/$evaluate-measure?periodStart=2026-05-01&periodEnd=2026-05-31"


@pytest.fixture
def at(store: MongoStore, tmp_path: Path) -> Scene:
    made = scene(store, tmp_path)
    made.clock.at = datetime(2026, 7, 1, tzinfo=UTC)
    return made


def sent_in_may(at: Scene, registry: Registry, organization: str = ASSOCIATION) -> tuple[Resource, str]:
    """The group of the referrals that were sent, and the whole answer."""
    app = create_app(at.hub, registry, Addresses())
    answer = register(app, registry, organization, now=at.clock.at).get(MAY_ASKED)
    assert answer.status_code == 200, answer.text
    return (answer.json or {})["group"][0], answer.text


def by(group: Resource, dimension: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in group.get("stratifier", ()):
        if one["code"][0]["coding"][0]["code"] == dimension:
            for stratum in one["stratum"]:
                found[stratum["value"]["coding"][0]["code"]] = stratum["population"][0]["count"]
    return found


def test_as_many_are_told_as_there_are_of_those_who_may_be_counted(at: Scene, registry: Registry) -> None:
    said = [("medical", True)] * 7 + [("legal", True)] * 6 + [("shelter", False)] * 9
    for number, (service, may) in enumerate(said):
        keep(at, number, Told(may, MAY + timedelta(days=1 + number), service, "MA-CAS", {}, ""))
    group, text = sent_in_may(at, registry)
    assert group["population"] == [{"count": 13}]
    assert by(group, "service") == {"medical": 7, "legal": 6}
    assert (by(group, "area"), by(group, "age-band")) == ({"MA-CAS": 13}, {"26-40": 13})
    assert "shelter" not in text and "Patient/" not in text and "Task/" not in text
    received, _ = sent_in_may(at, registry, HOSPITAL)  # what others keep is not counted with it
    assert received["population"] == [{"count": 0}]


def test_of_few_the_number_is_held_back(at: Scene, registry: Registry) -> None:
    for number in range(4):
        keep(at, number, Told(True, MAY + timedelta(days=1 + number), "medical", "MA-CAS", {}, ""))
    group, text = sent_in_may(at, registry)
    assert group["population"] == [{"extension": [{"url": profile("suppressed"), "valueBoolean": True}]}]
    assert "stratifier" not in group and "medical" not in text and '"count":4' not in text
