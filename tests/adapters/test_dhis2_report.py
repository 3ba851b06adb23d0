"""What the door to DHIS2 asks and what it makes of the answers: codes, dry runs, import reports, conflicts, periods."""

import copy
import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.dhis2 import adapter, summary
from adapters.dhis2.periods import period
from adapters.replay import Answer, Served
from hub import texts
from hub.errors import AdapterError, Fatal, Retriable
from hub.ports import Connection, Figure, Layout, Return
from tests.support.dhis2 import Dhis2StandIn

MARCH = (date(2026, 3, 1), date(2026, 3, 31))
CELLS = (Figure("SENT", "", 40), Figure("BY_SERVICE", "LEGAL", 12), Figure("BY_SERVICE", "MEDICAL", 28))
FIGURES = Return(*MARCH, CELLS)
NAME = "Zineb El Fassi"


@pytest.fixture
def tool():
    return Dhis2StandIn("d2pat_token", ["SENT", "BY_SERVICE"], ["LEGAL", "MEDICAL"])


@pytest.fixture
def connection(tool, tmp_path):
    with Served(tool).running() as served:
        said = {"url": served.url, "data_set": "IHALA_MONTHLY", "org_unit": "MA-CAS"}
        yield Connection("c", "association", "dhis2", "m", said, tmp_path, Layout({}), lambda _: "d2pat_token")


def told(*numbers):
    return replace(FIGURES, figures=tuple(replace(one, number=n) for one, n in zip(CELLS, numbers, strict=True)))


def held(tool, when="202603"):
    return tool.values.get(("MA-CAS", when), {})


def posts(tool):
    return [one for one in tool.asked if one.method == "POST"]


def sentences(issues):
    return [texts.say(one.text, language, **one.params) for one in issues for language in texts.LANGUAGES]


# --- what is done when it is done -------------------------------------------------------------------------------------


def test_re_sending_a_month_overwrites_the_same_cells(tool, connection):
    assert adapter.report(connection, FIGURES).imported == 3
    again = adapter.report(connection, told(41, 13, 28))
    assert (again.imported, again.updated) == (0, 3)
    assert list(held(tool).values()) == ["41", "13", "28"]


def test_a_cell_that_went_to_zero_is_sent_as_zero_and_not_left_stale(tool, connection):
    adapter.report(connection, FIGURES)
    adapter.report(connection, told(28, 0, 28))
    assert held(tool)["BY_SERVICE", "LEGAL"] == "0"


def test_where_zeros_are_not_stored_a_cell_that_went_to_zero_is_deleted(tool, connection):
    """DHIS2 passes over a zero that is not significant to the data element, and would keep last time's number."""
    tool.elements["BY_SERVICE"]["zeroIsSignificant"] = False
    adapter.report(connection, FIGURES)
    made = adapter.report(connection, told(28, 0, 28))
    assert ("BY_SERVICE", "LEGAL") not in held(tool) and made.deleted == 1 and not made.issues


def test_the_import_report_is_parsed(tool, connection):
    adapter.report(connection, FIGURES)
    made = adapter.report(connection, told(40, None, 28))
    assert (made.imported, made.updated, made.deleted, made.ignored) == (0, 2, 1, 0)


@pytest.mark.parametrize("wraps", [True, False])
def test_conflicts_409_are_shown_by_our_own_codes_before_anything_is_changed(tool, connection, wraps):
    tool.wraps = wraps
    adapter.report(connection, FIGURES)
    tool.locked.add("202603")
    before = len(posts(tool))
    made = adapter.report(connection, told(1, 2, 3))
    assert {one.query["dryRun"] for one in posts(tool)[before:]} == {"true"}, "it is tried, and nothing is written"
    assert {one.params["code"] for one in made.issues} == {"E7643"}
    assert [one.params["cells"] for one in made.issues] == ["SENT", "BY_SERVICE LEGAL", "BY_SERVICE MEDICAL"]
    assert list(held(tool).values()) == ["40", "12", "28"]
    assert not [one for one in sentences(made.issues) if NAME in one], "what the server says in words is not passed on"


def test_a_conflict_that_comes_after_the_dry_run_is_shown_too(tool, connection):
    taken = Answer(200, {"status": "SUCCESS", "importCount": {"imported": 3}})
    adapter.report(connection, FIGURES)
    tool.locked.add("202603")
    before = len(tool.asked)
    adapter.report(connection, FIGURES, dry_run=True)
    tool.order(taken, after=len(tool.asked) - before - 1)
    made = adapter.report(connection, FIGURES)
    assert len(made.issues) == 3


def test_what_is_passed_over_without_a_word_is_a_problem(tool, connection):
    before = len(tool.asked)
    adapter.report(connection, FIGURES, dry_run=True)
    answer = Answer(200, {"status": "SUCCESS", "importCount": {"imported": 2, "ignored": 1}})
    tool.order(answer, after=len(tool.asked) - before - 1)
    made = adapter.report(connection, FIGURES)
    assert [one.text for one in made.issues] == ["dhis2.ignored"] and held(tool) == {}


# --- that a period is reported whole -----------------------------------------------------------------------------------


@pytest.fixture
def completing(connection):
    return replace(connection, settings={**connection.settings, "complete": True})


def test_a_whole_report_is_registered_as_complete_where_the_connection_asks_for_it(tool, completing):
    assert adapter.report(completing, FIGURES).issues == ()
    assert adapter.report(completing, told(41, 13, 28)).issues == ()
    assert tool.completed == [("IHALA_MONTHLY", "MA-CAS", "202603")]
    order = [(one.path.rpartition("/")[2], one.query["dryRun"]) for one in posts(tool)][:4]
    assert order == [
        ("dataValueSets", "true"),
        ("completeDataSetRegistrations", "true"),
        ("dataValueSets", "false"),
        ("completeDataSetRegistrations", "false"),
    ]


def test_nothing_is_said_of_completeness_where_nobody_asked(tool, connection):
    adapter.report(connection, FIGURES)
    assert tool.completed == [] and not [one for one in tool.asked if "complete" in one.path]


def test_a_dry_run_and_a_report_that_is_not_taken_complete_nothing(tool, completing):
    adapter.report(completing, FIGURES, dry_run=True)
    tool.locked.add("202603")
    assert adapter.report(completing, FIGURES).issues
    assert tool.completed == []


def test_who_may_not_complete_is_told_before_anything_is_written(tool, completing):
    tool.may_complete = False
    made = adapter.report(completing, FIGURES)
    assert [one.text for one in made.issues] == ["dhis2.not-completed"] and made.issues[0].blocks
    assert held(tool) == {}
    assert not [one for one in sentences(made.issues) if NAME in one]


def test_a_completion_that_fails_after_the_figures_says_so_and_keeps_them(tool, completing):
    taken = Answer(200, {"status": "SUCCESS", "importCount": {"ignored": 1}})
    before = len(tool.asked)
    adapter.report(completing, FIGURES, dry_run=True)
    tool.order(taken, after=len(tool.asked) - before + 1)
    made = adapter.report(completing, FIGURES)
    assert [one.text for one in made.issues] == ["dhis2.not-completed"] and made.imported == 3
    assert list(held(tool).values()) == ["40", "12", "28"]


# --- codes that are looked for before a report --------------------------------------------------------------------------


def test_the_codes_of_a_mapping_that_the_instance_does_not_have_are_named(tool, connection):
    assert list(adapter.codes(connection, CELLS)) == []
    tool.options.remove("MEDICAL")
    del tool.elements["SENT"]
    found = list(adapter.codes(connection, CELLS))
    assert [tuple(one.params.values()) for one in found] == [
        ("dataElements", "SENT"),
        ("categoryOptionCombos", "MEDICAL"),
    ]
    assert all(one.blocks for one in found) and posts(tool) == []


# --- what is asked ----------------------------------------------------------------------------------------------------


def test_everything_goes_by_code_and_is_tried_dry_first(tool, connection):
    adapter.report(connection, told(40, None, 28))
    assert {one.query["idScheme"] for one in posts(tool)} == {"CODE"}
    assert [(one.query["importStrategy"], one.query["dryRun"]) for one in posts(tool)] == [
        ("DELETE", "true"),
        ("CREATE_AND_UPDATE", "true"),
        ("DELETE", "false"),
        ("CREATE_AND_UPDATE", "false"),
    ]
    body = posts(tool)[-1].json()
    assert (body["dataSet"], body["period"], body["orgUnit"]) == ("IHALA_MONTHLY", "202603", "MA-CAS")
    assert {"dataElement": "SENT", "value": "40"} in body["dataValues"], "values are texts"


def test_a_personal_access_token_signs_every_request(tool, connection):
    adapter.report(connection, FIGURES)
    assert {one.headers["authorization"] for one in tool.asked} == {"ApiToken d2pat_token"}
    assert not [one for one in tool.asked if "d2pat" in str(one.query) or "d2pat" in one.path]


@pytest.mark.parametrize("token", ["d2pat_é", "d2pat_\nX-Other: 1", "رمز"])
def test_a_token_that_no_header_can_hold_is_refused_and_not_shown(tool, connection, token):
    with pytest.raises(Fatal) as refused:
        adapter.report(replace(connection, secret=lambda _: token), FIGURES)
    assert token not in f"{refused.value!r} {refused.value.params}" and tool.asked == []


def test_no_endpoint_is_asked_that_version_42_has_taken_away(tool, connection):
    adapter.report(connection, FIGURES)
    list(adapter.check(connection))
    assert {one.path for one in tool.asked} == {
        "/api/dataElements", "/api/categoryOptionCombos", "/api/dataSets", "/api/organisationUnits", "/api/dataValueSets",
    }  # fmt: skip


def test_lists_are_read_to_their_last_page(tool, connection):
    tool.page = 1
    assert adapter.report(connection, FIGURES).issues == ()


@pytest.mark.parametrize(
    ("spoil", "list_", "code"),
    [
        (lambda tool: tool.elements.pop("SENT"), "dataElements", "SENT"),
        (lambda tool: tool.options.remove("LEGAL"), "categoryOptionCombos", "LEGAL"),
        (lambda tool: tool.units.clear(), "organisationUnits", "MA-CAS"),
        (lambda tool: tool.sets.clear(), "dataSets", "IHALA_MONTHLY"),
    ],
)
def test_a_code_that_the_instance_does_not_know_any_more_stops_the_report_by_its_name(
    tool, connection, spoil, list_, code
):
    spoil(tool)
    made = adapter.report(connection, FIGURES)
    assert [one.params for one in made.issues] == [{"list": list_, "code": code}]
    assert posts(tool) == []


def test_a_code_that_would_mean_something_else_in_a_filter_is_not_asked_for(tool, connection):
    odd = replace(FIGURES, figures=(Figure("SENT]&fields=*", "", 1), Figure("A,B", "", 1)))
    assert len(adapter.report(connection, odd).issues) == 2
    assert not [one for one in tool.asked if "A,B" in str(one.query) or "fields=*" in str(one.query)]


def test_a_data_set_of_another_kind_of_period_is_not_written_into(tool, connection):
    tool.sets["IHALA_MONTHLY"] = "Quarterly"
    assert [one.text for one in adapter.report(connection, FIGURES).issues] == ["dhis2.other-period"]
    assert posts(tool) == []


def test_the_check_finds_a_wrong_organisation_unit_and_data_set_and_writes_nothing(tool, connection):
    tool.units, tool.sets = [], {}
    assert [one.text for one in adapter.check(connection)] == ["dhis2.no-such-code"] * 2
    assert posts(tool) == []


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ("2026-03-01", "2026-03-31", "202603"),
        ("2026-04-01", "2026-06-30", "2026Q2"),
        ("2026-07-01", "2026-12-31", "2026S2"),
        ("2026-01-01", "2026-12-31", "2026"),
    ],
)
def test_periods_are_written_as_dhis2_does(first, last, code):
    assert period(Return(date.fromisoformat(first), date.fromisoformat(last), ())).code == code


@pytest.mark.parametrize(("first", "last"), [("2026-02-01", "2026-04-30"), ("2026-01-01", "2026-02-28")])
def test_a_period_that_dhis2_has_no_word_for_is_refused(first, last):
    with pytest.raises(Fatal):
        period(Return(date.fromisoformat(first), date.fromisoformat(last), ()))


@pytest.mark.parametrize(
    "url", ["http://dhis2.example.org", "ftp://dhis2.example.org", "", "http://[", "dhis2.example.org"]
)
def test_the_token_is_sent_nowhere_in_the_clear(connection, url):
    spoilt = replace(connection, settings={**connection.settings, "url": url}, secret=lambda _: pytest.fail("read"))
    with pytest.raises(Fatal):
        adapter.report(spoilt, FIGURES)


def test_no_record_comes_from_it_and_none_goes_there(tool, connection):
    assert list(adapter.pull(connection, None)) == []
    adapter.push(connection, [])
    assert tool.asked == []


# --- answers that were not foreseen -----------------------------------------------------------------------------------

SUMMARY = {
    "httpStatus": "Conflict",
    "httpStatusCode": 409,
    "status": "WARNING",
    "message": f"One more about {NAME}",
    "response": {
        "responseType": "ImportSummary",
        "status": "WARNING",
        "importOptions": {"idSchemes": {}, "dryRun": False, "async": False, "importStrategy": "CREATE_AND_UPDATE"},
        "description": f"Import process completed for {NAME}",
        "importCount": {"imported": 1, "updated": 0, "ignored": 2, "deleted": 0},
        "conflicts": [
            {"object": "BY_SERVICE", "objects": {"dataElement": "BY_SERVICE"}, "value": NAME, "errorCode": "E7610",
             "property": "dataElement", "indexes": [1, 2]},
            {"object": "SENT", "value": NAME},
        ],
        "dataSetComplete": "false",
    },
}  # fmt: skip


def test_a_conflict_without_places_is_told_by_its_object():
    made = summary.read(SUMMARY, CELLS)
    assert [one.params["cells"] for one in made.issues] == ["BY_SERVICE LEGAL, BY_SERVICE MEDICAL", "SENT"]
    assert [one.params["code"] for one in made.issues] == ["E7610", "-"]


def test_an_error_without_conflicts_is_no_success():
    made = summary.read({"status": "ERROR", "importCount": {}, "description": NAME}, CELLS)
    assert [one.text for one in made.issues] == ["dhis2.not-imported"]


def places(value, at=()):
    yield at
    if isinstance(value, dict | list):
        for key, below in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(below, (*at, key))


STRANGE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just({"x": [1]}),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([one for one in places(SUMMARY) if one]), STRANGE)
def test_a_mutated_import_report_is_read_or_refused_and_shows_no_name(where, value):
    spoilt = copy.deepcopy(SUMMARY)
    holder = spoilt
    for key in where[:-1]:
        holder = holder[key]
    holder[where[-1]] = value
    try:
        made = summary.read(spoilt, CELLS)
    except AdapterError as problem:
        assert isinstance(problem, Retriable)
        return
    assert not [one for one in sentences(made.issues) if NAME in one]
    assert all(isinstance(number, int) for number in (made.imported, made.updated, made.deleted, made.ignored))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STRANGE, st.integers(0, 6))
def test_whatever_is_answered_the_door_ends_with_an_error_of_the_catalogue_and_a_later_report_mends_all(
    tool, connection, body, after
):
    tool.values.clear()
    tool.order(Answer(200, json.dumps({"response": body, "pager": body, "dataElements": body})), after=after)
    try:
        adapter.report(connection, FIGURES)
    except AdapterError as problem:
        assert texts.say(problem.text, "ar", **problem.params)
    tool.forgive()
    assert adapter.report(connection, FIGURES).issues == ()
    assert list(held(tool).values()) == ["40", "12", "28"]
