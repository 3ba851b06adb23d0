"""One event a referral in a programme of DHIS2 that registers nobody: those that are told now, once each, and no others."""

import copy
import json
from contextlib import suppress
from dataclasses import replace
from datetime import date
from itertools import cycle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.dhis2 import adapter, events, tracked
from adapters.replay import Answer, Served
from hub import texts
from hub.errors import AdapterError, Fatal, Retriable
from hub.ports import Connection, Figure, Layout, Return, Row, Rows
from tests.support.budget import examples
from tests.support.dhis2 import Dhis2StandIn
from tests.support.dhis2_tracker import UID, Event, Tracker

MARCH = (date(2026, 3, 1), date(2026, 3, 31))
CELLS = (Figure("SENT", "", 23),)
LEGAL, MEDICAL = {"SERVICE": "LEGAL"}, {"AGE": "ADULT", "SERVICE": "MEDICAL"}
NAME = "Zineb El Fassi"


def told(*rows, figures=CELLS):
    return Return(*MARCH, figures, rows=Rows(tuple(Row(said, number) for said, number in rows)))


BOTH = told((LEGAL, 11), (MEDICAL, 12))


@pytest.fixture
def tool():
    stand_in = Dhis2StandIn("d2pat_token", ["SENT"], ["LEGAL"])
    stand_in.tracker = Tracker({"SERVICE": ["LEGAL", "MEDICAL"], "AGE": ["ADULT", "MINOR"], "NOTE": None})
    return stand_in


@pytest.fixture
def connection(tool, tmp_path):
    with Served(tool).running() as served:
        said = {
            "url": served.url,
            "data_set": "IHALA_MONTHLY",
            "org_unit": "MA-CAS",
            "program": "IHALA_EVENTS",
            "program_stage": "IHALA_EVENT",
        }
        yield Connection("c", "association", "dhis2", "m", said, tmp_path, Layout({}), lambda _: "d2pat_token")


def without(connection, *names):
    return replace(connection, settings={name: one for name, one in connection.settings.items() if name not in names})


def posts(tool):
    return [one for one in tool.asked if one.method == "POST" and one.path.endswith("/tracker")]


def sentences(issues):
    return [texts.say(one.text, language, **one.params) for one in issues for language in texts.LANGUAGES]


# --- what stands there ------------------------------------------------------------------------------------------------


def test_each_referral_is_one_event_that_says_its_row_and_the_period(tool, connection):
    made = adapter.report(connection, BOTH)
    assert (made.issues, made.begun, made.ended) == ((), 23, 0)
    assert tool.tracker.live() == sorted([LEGAL] * 11 + [MEDICAL] * 12, key=str)
    assert {tuple(one.about.items()) for one in tool.tracker.events.values()} == {
        (
            ("program", "id-IHALA_EVENTS"),
            ("programStage", "id-IHALA_EVENT"),
            ("orgUnit", "id-MA-CAS"),
            ("occurredAt", "2026-03-01"),
            ("status", "ACTIVE"),
        )
    }


def test_the_same_again_sends_no_event(tool, connection):
    adapter.report(connection, BOTH)
    before, sent = copy.deepcopy(tool.tracker.events), len(posts(tool))
    made = adapter.report(connection, BOTH)
    assert (made.begun, made.ended) == (0, 0) and tool.tracker.events == before and len(posts(tool)) == sent


def test_what_is_told_no_more_is_deleted_and_what_is_new_is_created(tool, connection):
    adapter.report(connection, BOTH)
    kept = {id_ for id_, one in tool.tracker.events.items() if one.said == {"id-SERVICE": "LEGAL"}}
    made = adapter.report(connection, told((LEGAL, 13), (MEDICAL, 10)))
    assert (made.begun, made.ended) == (2, 2)
    assert tool.tracker.live() == sorted([LEGAL] * 13 + [MEDICAL] * 10, key=str)
    assert not [id_ for id_ in kept if tool.tracker.events[id_].deleted]


def test_where_all_is_held_back_every_event_of_the_period_is_deleted(tool, connection):
    adapter.report(connection, BOTH)
    april = replace(BOTH, first=date(2026, 4, 1), last=date(2026, 4, 30))
    adapter.report(connection, april)
    adapter.report(connection, told())
    assert tool.tracker.live() == sorted([LEGAL] * 11 + [MEDICAL] * 12, key=str), "those of April"
    assert {one.about["occurredAt"] for one in tool.tracker.events.values() if not one.deleted} == {"2026-04-01"}


def test_an_id_that_was_deleted_is_never_used_again(tool, connection):
    """DHIS2 keeps it, and refuses whoever comes with it (E1082)."""
    for rows in (BOTH, told(), BOTH, told((LEGAL, 11)), BOTH):
        assert adapter.report(connection, rows).issues == ()
    assert tool.tracker.live() == sorted([LEGAL] * 11 + [MEDICAL] * 12, key=str)


def test_an_event_that_somebody_changed_by_hand_does_not_stay(tool, connection):
    adapter.report(connection, BOTH)
    one = next(iter(tool.tracker.events.values()))
    one.said["id-NOTE"] = NAME
    adapter.report(connection, BOTH)
    assert one.deleted and tool.tracker.live() == sorted([LEGAL] * 11 + [MEDICAL] * 12, key=str)


def test_events_that_others_entered_are_left(tool, connection):
    about = {"program": "id-IHALA_EVENTS", "orgUnit": "id-MA-CAS", "occurredAt": "2026-03-05"}
    tool.tracker.events["Hxxxxxxxxxx"] = Event({"id-SERVICE": "LEGAL"}, about)
    adapter.report(connection, BOTH)
    adapter.report(connection, told())
    assert tool.tracker.live() == [LEGAL] and not tool.tracker.events["Hxxxxxxxxxx"].deleted


def test_two_organisations_in_one_unit_do_not_touch_each_others_events(tool, connection):
    adapter.report(connection, BOTH)
    adapter.report(replace(connection, organization="another"), told((LEGAL, 10)))
    adapter.report(connection, told())
    assert tool.tracker.live() == [LEGAL] * 10


@pytest.mark.parametrize("name", ["events", "instances"])
def test_events_are_read_to_the_last_page(tool, connection, name):
    tool.tracker.name, tool.page = name, 3
    adapter.report(connection, BOTH)
    assert adapter.report(connection, BOTH).begun == 0


def test_a_server_that_tells_the_same_page_for_ever_is_not_read_for_ever(tool, connection):
    adapter.report(connection, BOTH)
    tool.tracker.stuck = True
    before = len(tool.asked)
    with pytest.raises(Retriable) as refused:
        adapter.report(connection, BOTH)
    assert refused.value.text == "dhis2.not-understood" and len(tool.asked) - before < 12


def test_many_events_go_in_parts(tool, connection, monkeypatch):
    monkeypatch.setattr(events, "AT_ONCE", 7)
    assert adapter.report(connection, BOTH).begun == 23
    assert adapter.report(connection, told()).ended == 23
    assert tool.tracker.live() == []


@settings(max_examples=examples(6, 60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=4))
def test_whatever_was_told_before_what_is_told_now_stands_there(tool, connection, numbers):
    tool.page = 50
    for legal, medical in numbers:
        made = adapter.report(connection, told((LEGAL, legal), (MEDICAL, medical)))
        assert made.issues == ()
        assert tool.tracker.live() == sorted([LEGAL] * legal + [MEDICAL] * medical, key=str)


# --- of whom an event tells -------------------------------------------------------------------------------------------


def test_an_event_carries_nothing_but_its_row(tool, connection):
    adapter.report(connection, BOTH)
    for one in (one for asked in posts(tool) for one in asked.json()["events"]):
        assert one.keys() == {"event", "program", "programStage", "orgUnit", "occurredAt", "status", "dataValues"}
        assert {value["value"] for value in one["dataValues"]} <= {"LEGAL", "MEDICAL", "ADULT"}


def test_ids_are_those_that_dhis2_takes_and_say_the_period_and_a_number_alone(tool, connection):
    adapter.report(connection, BOTH)
    ids = list(tool.tracker.events)
    assert all(map(UID.fullmatch, ids)) and len(set(ids)) == 23
    tool.tracker.events.clear()
    adapter.report(connection, told((MEDICAL, 23)))
    assert list(tool.tracker.events) == ids, "whatever they say"


@given(st.integers(0, events.MOST - 1))
def test_a_number_is_read_as_it_was_written(number):
    id_ = events._id("aBcDeF", number)
    assert UID.fullmatch(id_) and events._number(id_[events.OURS :]) == number


# --- off, unless it is named ------------------------------------------------------------------------------------------


def test_without_a_programme_in_the_settings_no_event_is_asked_for_or_sent(tool, connection):
    made = adapter.report(without(connection, "program", "program_stage"), BOTH)
    assert made.imported == 1 and tool.tracker.events == {}
    assert not [one for one in tool.asked if "tracker" in one.path or "programs" in one.path]


@pytest.mark.parametrize("name", ["program", "program_stage"])
def test_a_programme_without_its_stage_is_refused(tool, connection, name):
    with pytest.raises(Fatal) as refused:
        adapter.report(without(connection, name), BOTH)
    assert refused.value.text == "dhis2.settings-program" and tool.asked == []


def test_a_report_without_rows_leaves_events_as_they_were_and_says_so(tool, connection):
    adapter.report(connection, BOTH)
    made = adapter.report(connection, Return(*MARCH, CELLS))
    assert [(one.text, one.blocks) for one in made.issues] == [("dhis2.no-events", False)]
    assert len(tool.tracker.live()) == 23


# --- what does not fit ------------------------------------------------------------------------------------------------


def spoilt(tool, how):
    tracker = tool.tracker
    {
        "program": lambda: setattr(tracker, "program", "OTHER"),
        "stage": lambda: setattr(tracker, "stage", "OTHER"),
        "unit": tool.units.clear,
        "persons": lambda: setattr(tracker, "type", "WITH_REGISTRATION"),
        "element": lambda: tracker.options.pop("SERVICE"),
        "option": lambda: tracker.options.update(SERVICE=["MEDICAL"]),
    }[how]()


NAMED = [
    ("program", "IHALA_EVENTS"),
    ("stage", "IHALA_EVENT"),
    ("unit", "MA-CAS"),
    ("element", "SERVICE"),
    ("option", "LEGAL"),
    ("persons", ""),
]


@pytest.mark.parametrize(("how", "code"), NAMED)
def test_what_is_not_there_stops_the_whole_report_by_its_name(tool, connection, how, code):
    spoilt(tool, how)
    made = adapter.report(connection, BOTH)
    assert made.issues and all(one.blocks for one in made.issues) and code in sentences(made.issues)[0]
    assert tool.values == {} and tool.tracker.events == {}


@pytest.mark.parametrize(("how", "code"), NAMED)
def test_the_check_names_it_before_anything_is_sent(tool, connection, how, code):
    rows = [Row({"SERVICE": "LEGAL"}, 0), Row({"AGE": "MINOR"}, 0)]
    assert list(adapter.codes(connection, CELLS, rows)) == []
    spoilt(tool, how)
    found = list(adapter.codes(connection, CELLS, rows))
    assert found and all(one.blocks for one in found) and code in sentences(found)[0]
    assert not [one for one in tool.asked if one.method == "POST"]


@pytest.mark.parametrize(("how", "code"), [one for one in NAMED if one[0] not in {"element", "option"}])
def test_a_programme_that_cannot_be_written_into_is_found_once_without_the_mapping(tool, connection, how, code):
    assert list(adapter.check(connection)) == []
    spoilt(tool, how)
    (found,) = adapter.check(connection)
    assert found.blocks and code in sentences([found])[0]


def test_the_check_warns_of_a_programme_that_closes_and_of_a_mapping_without_rows(tool, connection):
    tool.tracker.expiry = 30
    found = list(adapter.codes(connection, CELLS, ()))
    assert [(one.text, one.blocks) for one in found] == [("dhis2.no-rows", False), ("dhis2.expires", False)]


def test_what_the_tracker_refuses_is_told_by_its_code_before_anything_is_changed(tool, connection):
    adapter.report(connection, told((LEGAL, 11)))
    before, cells = copy.deepcopy(tool.tracker.events), copy.deepcopy(tool.values)
    tool.tracker.expired = True
    made = adapter.report(connection, told((MEDICAL, 12), figures=(Figure("SENT", "", 99),)))
    assert [(one.params["code"], one.params["count"]) for one in made.issues] == [("E1047", "11"), ("E1047", "12")]
    assert (tool.tracker.events, tool.values) == (before, cells)
    assert not [one for one in sentences(made.issues) if NAME in one]


def test_where_figures_are_refused_no_event_is_changed(tool, connection):
    tool.locked.add("202603")
    assert adapter.report(connection, BOTH).issues
    assert tool.tracker.events == {} and {one.query["importMode"] for one in posts(tool)} <= {"VALIDATE"}


def test_deletions_come_before_all_that_is_new(tool, connection):
    adapter.report(connection, told((LEGAL, 11)))
    before = len(tool.asked)
    adapter.report(connection, told((MEDICAL, 12)))
    real = [
        one.query["importStrategy"]
        for one in tool.asked[before:]
        if one.method == "POST" and one.query.get("importMode") != "VALIDATE" and one.query.get("dryRun") != "true"
    ]
    assert real == ["DELETE", "CREATE_AND_UPDATE", "CREATE"]


def test_all_or_none_is_asked_of_the_tracker_and_an_answer_is_waited_for(tool, connection):
    adapter.report(connection, BOTH)
    assert {(one.query["atomicMode"], one.query["async"]) for one in posts(tool)} == {("ALL", "false")}
    assert [one.query["importMode"] for one in posts(tool)] == ["VALIDATE", "COMMIT"]


def test_a_dry_run_changes_nothing_and_counts_what_would(tool, connection):
    adapter.report(connection, told((LEGAL, 11)))
    before = copy.deepcopy(tool.tracker.events)
    made = adapter.report(connection, told((MEDICAL, 12)), dry_run=True)
    assert (made.begun, made.ended) == (12, 11) and tool.tracker.events == before


def test_what_is_passed_over_without_a_word_is_a_problem():
    report = {"status": "OK", "validationReport": {"errorReports": []}, "stats": {"created": 2, "ignored": 1}}
    made = tracked.read(report, 3, tracked.CREATE, dry_run=False)
    assert [one.text for one in made.issues] == ["dhis2.events-ignored"] and made.begun == 2


def test_an_error_without_a_report_of_it_is_no_success():
    report = {"status": "ERROR", "validationReport": {"errorReports": []}, "stats": {}}
    made = tracked.read(report, 3, tracked.CREATE, dry_run=False)
    assert [one.text for one in made.issues] == ["dhis2.no-events-taken"] and made.begun == 0


def test_a_report_that_failed_in_the_middle_is_mended_by_the_next(tool, connection):
    """Stopped at whatever request, also between what is deleted and what is created."""
    tool.page = 50
    for after, (said, number) in zip(range(4, 16), cycle([(LEGAL, 11), (MEDICAL, 12)]), strict=False):
        tool.fail(503, after=after)
        with suppress(AdapterError):
            adapter.report(connection, told((said, number)))
        tool.forgive()
        assert adapter.report(connection, told((said, number))).issues == ()
        assert tool.tracker.live() == [said] * number


# --- the stand-in does as the tool does -------------------------------------------------------------------------------

HERS = {
    "event": "Hxxxxxxxxxx",
    "program": "id-IHALA_EVENTS",
    "programStage": "id-IHALA_EVENT",
    "orgUnit": "id-MA-CAS",
    "occurredAt": "2026-03-01",
    "status": "ACTIVE",
    "dataValues": [{"dataElement": "id-SERVICE", "value": "LEGAL"}],
}


def imports(tool, *events_, strategy="CREATE_AND_UPDATE", mode="ALL", trial="COMMIT"):
    query = {"importStrategy": strategy, "atomicMode": mode, "importMode": trial}
    status, report = tool.tracker.imported({"events": list(events_)}, query)
    return status, [one["errorCode"] for one in report["validationReport"]["errorReports"]], report["stats"]


@pytest.mark.parametrize(
    ("spoils", "code"),
    [
        ({"event": "1xxxxxxxxxx"}, "E1048"),
        ({"program": "other"}, "E1010"),
        ({"orgUnit": "other"}, "E1011"),
        ({"programStage": "other"}, "E1013"),
        ({"dataValues": [{"dataElement": "other", "value": "LEGAL"}]}, "E1087"),
        ({"dataValues": [{"dataElement": "id-SERVICE", "value": "OTHER"}]}, "E1125"),
    ],
)
def test_one_wrong_event_keeps_the_others_out_or_itself_alone_as_was_asked(tool, spoils, code):
    wrong = HERS | {"event": "Jxxxxxxxxxx"} | spoils
    assert imports(tool, HERS, wrong)[:2] == (409, [code]) and tool.tracker.events == {}
    status, codes, stats = imports(tool, HERS, wrong, mode="OBJECT")
    assert (status, codes, stats["created"], stats["ignored"]) == (409, [code], 1, 1) and len(tool.tracker.live()) == 1


def test_an_event_is_there_once_however_often_it_is_sent_and_created_anew_never(tool):
    assert imports(tool, HERS)[2]["created"] == 1
    assert imports(tool, HERS)[2]["updated"] == 1 and len(tool.tracker.live()) == 1
    assert imports(tool, HERS, strategy="CREATE")[1] == ["E1030"]


def test_a_deleted_event_is_refused_and_one_that_never_was_cannot_be_deleted(tool):
    bare = {"event": HERS["event"]}
    assert imports(tool, bare, strategy="DELETE")[1] == ["E1032"]
    imports(tool, HERS)
    assert imports(tool, bare, strategy="DELETE", trial="VALIDATE")[0] == 200 and len(tool.tracker.live()) == 1
    assert imports(tool, bare, strategy="DELETE")[2]["deleted"] == 1 and tool.tracker.live() == []
    assert imports(tool, HERS)[1] == imports(tool, bare, strategy="DELETE")[1] == ["E1082"]


# --- whatever is answered ---------------------------------------------------------------------------------------------

STRANGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(NAME),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["code", "id", "event", "deleted"]), inner)
    ),
    max_leaves=6,
)
REPORT = {
    "status": "ERROR",
    "validationReport": {"errorReports": [{"message": NAME, "errorCode": "E1125", "uid": "Hxxxxxxxxxx"}]},
    "stats": {"created": 1, "ignored": 0},
}


@settings(max_examples=examples(100, 1000), deadline=None)
@given(
    st.sampled_from(
        [
            ("status",),
            ("validationReport",),
            ("validationReport", "errorReports"),
            ("validationReport", "errorReports", 0),
            ("validationReport", "errorReports", 0, "errorCode"),
            ("stats",),
            ("stats", "ignored"),
        ]
    ),
    STRANGE,
)
def test_a_mutated_import_report_is_read_or_refused_and_shows_no_name(where, value):
    changed = copy.deepcopy(REPORT)
    holder = changed
    for key in where[:-1]:
        holder = holder[key]
    holder[where[-1]] = value
    try:
        made = tracked.read(changed, 1, tracked.CREATE, dry_run=False)
    except AdapterError as problem:
        assert isinstance(problem, Retriable)
        return
    assert not [one for one in sentences(made.issues) if NAME in one]
    assert isinstance(made.begun, int)


@settings(max_examples=examples(6, 60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STRANGE, st.integers(0, 9))
def test_whatever_is_answered_the_door_ends_with_an_error_of_the_catalogue_and_a_later_report_mends_all(
    tool, connection, body, after
):
    tool.order(Answer(200, json.dumps({"events": body, "programs": body, "validationReport": body})), after=after)
    try:
        adapter.report(connection, BOTH)
    except AdapterError as problem:
        assert texts.say(problem.text, "ar", **problem.params)
    tool.forgive()
    assert adapter.report(connection, BOTH).issues == ()
    assert tool.tracker.live() == sorted([LEGAL] * 11 + [MEDICAL] * 12, key=str)
