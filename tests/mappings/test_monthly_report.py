"""Where the numbers of the monthly report go in DHIS2: examples, every code a cell, overlays, and what a mapping gets wrong."""

import json
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.conformance import examine
from hub.fhir.canonicals import code_system
from hub.fhir.contract import resolved
from hub.fhir.definitions import load as definitions
from hub.mapping import check, load
from hub.ports import Row, Rows
from hub.referral.counting import BROKEN_DOWN_BY, Case, count
from hub.referral.courses import UNSAID
from hub.referral.reporting import CODED_BY, Statistics, report
from hub.referral.rows import ENDED, GROUP, TRAITS, rows
from hub.referral.suppression import told

FORM = load("dhis2/monthly-report")
NEEDS = load("dhis2/monthly-report-needs")
EXAMPLES = sorted(Path(str(files("mappings"))).glob("dhis2/*/examples/*.report.json"))
MARCH = (date(2026, 3, 1), date(2026, 3, 31))


def cells(figures):
    found = {}
    for one in figures.figures:
        found.setdefault(one.element, {})[one.option] = one.number
    return found


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: "/".join(path.parts[-3::2]))
def test_a_report_fills_the_cells_that_stand_beside_it(example):
    said = json.loads(resolved(example.read_text("utf-8")))
    assert [issue for issue in examine(said | {"id": "example"}) if issue.blocks] == []
    form = load("/".join(example.parts[-4:-2]))
    assert cells(form.figures(said)) == json.loads(
        Path(str(example).replace(".report.", ".figures.")).read_text("utf-8")
    )


@pytest.mark.parametrize(
    "dimension", ["service", "violence-type", "age-band", "outcome", "reason", "no-referral-reason"]
)
def test_every_code_of_the_contract_has_a_cell(dimension):
    codes = definitions()._systems[code_system(CODED_BY[dimension])].codes
    said = {"code": [concept("report-dimension", dimension)], "stratum": [stratum(dimension, code) for code in codes]}
    groups = [one for one, by in BROKEN_DOWN_BY.items() if dimension in by]
    for group in groups:
        whole = {
            "code": concept("report-group", group),
            "population": [{"count": 5 * len(codes)}],
            "stratifier": [said],
        }
        found = NEEDS.figures({"period": {"start": "2026-03-01", "end": "2026-03-31"}, "group": [whole]})
        assert found.unmapped == ()
        assert [one.number for one in found.figures if one.number == 5] == [5] * len(codes)


def test_needs_that_were_not_referred_go_where_somebody_keeps_them_and_nowhere_else():
    wider, plain = cells(NEEDS.figures(NOTHING)), cells(FORM.figures(NOTHING))
    assert wider.keys() - plain.keys() == {"IHALA_NOT_REFERRED", "IHALA_NOT_REFERRED_REASON"}
    assert plain.keys() <= wider.keys() and NEEDS.traits == FORM.traits


def concept(system, code):
    return {"coding": [{"system": code_system(system), "code": code}]}


def stratum(dimension, code):
    return {"value": concept(CODED_BY[dimension], code), "population": [{"count": 5}]}


def test_what_has_no_cell_is_named_and_not_put_elsewhere():
    said = {"code": [concept("report-dimension", "service")], "stratum": [stratum("service", "of-tomorrow")]}
    whole = {"code": concept("report-group", "referrals-sent"), "population": [{"count": 5}], "stratifier": [said]}
    found = FORM.figures({"period": {"start": "2026-03-01", "end": "2026-03-31"}, "group": [whole]})
    assert found.unmapped == ("referrals-sent/service/of-tomorrow",)


CASES = st.lists(
    st.builds(
        lambda service, status, said: Case(
            datetime(2026, 3, 2, tzinfo=UTC),
            status,
            {"service": service, "area": UNSAID, "outcome": said, "reason": said},
            {},
        ),
        st.sampled_from(["medical", "legal", "shelter", UNSAID]),
        st.sampled_from(["requested", "completed", "rejected"]),
        st.just(UNSAID),
    ),
    max_size=60,
)


@settings(max_examples=80, deadline=None)
@given(CASES, st.integers(1, 8))
def test_no_cell_holds_a_number_that_the_report_does_not_tell(cases, smallest):
    groups = told(count(cases), smallest)
    body = report(Statistics("o", *MARCH, datetime(2026, 4, 2, tzinfo=UTC), smallest, groups, {}), "MA-CAS")
    figures = FORM.figures(body).figures
    assert len({(one.element, one.option) for one in figures}) == len(figures)
    assert not [one for one in figures if one.number is not None and 0 < one.number < smallest]
    real = {one.group: one for one in count(cases)}
    by_service = cells(FORM.figures(body))["IHALA_SENT_SERVICE"]
    for code in ("medical", "legal", "shelter"):
        number = by_service[f"SERVICE_{code.upper()}"]
        assert number in (None, real["referrals-sent"].by["service"].get(code, 0))


# --- one by one -------------------------------------------------------------------------------------------------------


NOTHING = {"period": {"start": "2026-03-01", "end": "2026-03-31"}}


@pytest.mark.parametrize("trait", FORM.traits)
def test_every_code_that_may_be_told_of_one_referral_has_an_option(trait):
    known = definitions()._systems
    codes = ENDED.values() if trait == GROUP else known[code_system(CODED_BY[trait])].codes
    found = FORM.figures(NOTHING, Rows(tuple(Row({trait: code}, 10) for code in codes)))
    assert found.unmapped == () and len(codes) > 1
    assert [(len(one.said), one.number) for one in found.rows.rows] == [(1, 10)] * len(codes)


def test_what_is_told_one_by_one_becomes_the_events_that_stand_beside_it():
    folder = Path(str(files("mappings"))) / "dhis2/monthly-report/examples"
    given, told_of_each = (
        tuple(Row(one["said"], one["number"]) for one in json.loads((folder / name).read_text("utf-8")))
        for name in ("one-by-one.rows.json", "one-by-one.events.json")
    )
    assert FORM.figures(NOTHING, Rows(given)).rows == Rows(told_of_each)


def test_what_is_wanted_of_one_referral_is_what_may_be_told_in_the_order_of_the_file():
    assert FORM.traits == ("service", "age-band", "violence-type", "group") and set(FORM.traits) <= TRAITS


def test_a_row_whose_code_has_no_option_is_like_others_and_named():
    said = Rows((Row({"service": "legal"}, 10), Row({"service": "of-tomorrow"}, 11), Row({}, 12)), ("age-band",))
    found = FORM.figures(NOTHING, said)
    assert found.rows == Rows((Row({}, 23), Row({"IHALA_EVENT_SERVICE": "SERVICE_LEGAL"}, 10)), ("age-band",))
    assert found.unmapped == ("rows/service/of-tomorrow",)


def test_a_report_without_rows_says_nothing_of_them():
    assert FORM.figures(NOTHING).rows is None


@settings(max_examples=80, deadline=None)
@given(CASES, st.integers(2, 6))
def test_of_what_is_told_one_by_one_nobody_is_among_few(cases, smallest):
    found = FORM.figures(NOTHING, rows(cases, FORM.traits, smallest)).rows.rows
    assert sum(one.number for one in found) in (0, len(cases))
    assert not [one for one in found if one.number < smallest]


# --- a deployment's own ------------------------------------------------------------------------------------------------


def own(tmp_path, text):
    folder = tmp_path / "mappings/ministry/monthly"
    folder.mkdir(parents=True)
    (folder / "mapping.yaml").write_text("id: ministry/monthly\nextends: dhis2/monthly-report\n" + text, "utf-8")
    return [tmp_path / "mappings"]


def test_a_ministrys_own_codes_are_said_in_an_overlay(tmp_path):
    text = (
        "figures:\n  sent: {element: GBV_SENT}\n  refused-by-reason: null\n  sent-by-service: {options: {legal: LEG}}\n"
    )
    search = own(tmp_path, text)
    assert check("ministry/monthly", search=search) == ()
    found = cells(
        load("ministry/monthly", search=search).figures({"period": {"start": "2026-03-01", "end": "2026-03-31"}})
    )
    assert "GBV_SENT" in found and "IHALA_SENT" not in found and "IHALA_REFUSED_REASON" not in found
    assert list(found["IHALA_SENT_SERVICE"]) == ["LEG"]


@pytest.mark.parametrize(
    ("figures", "problem"),
    [
        ("[]", "shape"),
        ("{sent: 7}", "shape"),
        ("{x: {group: referrals-sent}}", "shape"),
        ("{x: {group: referrals-sent, element: X, by: service}}", "shape"),
        ("{x: {group: referrals-sent, element: X, options: {legal: L}}}", "shape"),
        ("{x: {group: no-such-group, element: X}}", "unknown-code"),
        ("{x: {group: referrals-sent, element: X, by: colour, options: {red: R}}}", "unknown-code"),
        ("{x: {group: referrals-sent, element: X, by: service, options: {legl: L}}}", "unknown-code"),
        ("{sent: {colour: red}}", "unknown-key"),
        ("{sent: {element: IHALA_COMPLETED}}", "twice"),
        ("{x: {group: referrals-sent, element: X, by: service, options: {legal: L, medical: L}}}", "twice"),
        ("{}\nrows: {}", "shape"),
        ("{}\nrows: [7]", "shape"),
        ("{}\nrows: [{by: service, element: X}]", "shape"),
        ("{}\nrows: [{by: outcome, element: X, options: {service-provided: S}}]", "unknown-code"),
        ("{}\nrows: [{by: service, element: X, options: {legl: L}}]", "unknown-code"),
        ("{}\nrows: [{by: service, element: X, options: {legal: L}, colour: red}]", "unknown-key"),
        (
            "{}\nrows: [{by: service, element: X, options: {legal: L}}, {by: group, element: X, options: {referrals-refused: R}}]",
            "twice",
        ),
        (
            "{}\nrows: [{by: service, element: X, options: {legal: L}}, {by: service, element: Y, options: {legal: L}}]",
            "twice",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, figures, problem):
    found = check("ministry/monthly", search=own(tmp_path, f"figures: {figures}\n"))
    assert f"mapping.check-{problem}" in {one.text for one in found}
    assert all(one.params["place"] for one in found)
