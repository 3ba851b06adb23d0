"""What is read from a KoboToolbox project, what it costs, and how an edit is noticed."""

import json
from datetime import UTC, date, datetime

import pytest

from adapters.kobo import adapter
from adapters.kobo.submissions import Reader
from demo.kobo_server import KoboServer, Project
from demo.registers import kobo_submissions
from hub.ports import Layout, SourceRecord, Watermark


def records(pulled):
    return [one for one in pulled if isinstance(one, SourceRecord)]


def data_requests(project):
    return [asked for asked in project.asked if asked.path.endswith("/data/")]


def full_requests(project):
    return [asked for asked in data_requests(project) if "fields" not in asked.query]


def test_every_submission_is_read_once_in_order(kobo_connection, read):
    numbers = [int(record.place.record) for record in read(kobo_connection(page_size=30))]
    assert numbers == list(range(401, 541))


def test_a_submission_becomes_a_record_with_its_answers_under_their_full_paths(kobo_connection, read, project):
    record = read(kobo_connection())[0]
    raw = project.submission(401)
    assert record.kind == "submission"
    assert record.id == raw["meta/rootUuid"]
    assert record.handle == {"submission": "401"}
    assert str(record.place) == "record 401"
    assert record.content["identite/code_survivante"] == "ZAH-0001"
    assert record.content["auteurs"][0]["auteurs/relation"] == raw["auteurs"][0]["auteurs/relation"]
    sent = datetime.fromisoformat(raw["_submission_time"]).replace(tzinfo=UTC)
    assert datetime.fromisoformat(record.content["_submission_time"]) == sent


@pytest.mark.parametrize(
    ("told", "there"),
    [
        ("2026-05-01T23:30:00", "2026-05-02T00:30:00+01:00"),
        ("2026-02-28T23:30:00", "2026-02-28T23:30:00+00:00"),  # Ramadan
        ("2026-05-01T23:30:00Z", "2026-05-02T00:30:00+01:00"),
        ("0001-01-01T00:00:00", None),
        ("soon", None),
    ],
)
def test_a_time_of_sending_without_a_zone_is_utc_and_its_day_that_of_morocco(told, there):
    record = Reader(Layout({})).record({"_id": 7, "_uuid": "u", "_submission_time": told})
    assert record.content.get("_submission_time") == there


def test_questions_take_the_names_that_the_layout_gives_them_in_repeats_too():
    layout = Layout({"code": ("identite/code_survivante",), "relation": ("auteurs/relation", "agresseur/lien")})
    submission = {"_id": 7, "_uuid": "u", "Identite/Code_Survivante": "A", "agresseur": [{"agresseur/lien": "voisin"}]}
    record = Reader(layout).record(submission)
    assert record.content["code"] == "A"
    assert record.content["agresseur"] == [{"relation": "voisin"}]
    assert record.headers["code"] == "Identite/Code_Survivante"


def test_an_unanswered_question_is_absent_and_an_empty_answer_is_not():
    record = Reader(Layout({})).record({"_id": 7, "a": "", "b": None, "c": 24, "d": "24"})
    assert record.content == {"_id": 7, "a": "", "c": 24, "d": "24"}


def test_the_worker_her_device_places_and_files_stay_behind(kobo_connection, read):
    submission = {
        "_id": 7,
        "deviceid": "imei",
        "meta/username": "agent",
        "groupe/phonenumber": "0612345678",
        "_submitted_by": "agent1",
        "_geolocation": [33.5, -7.6],
        "_attachments": [
            {
                "filename": "aicha.jpg",
                "download_url": "https://k/a",
                "mimetype": "image/jpeg",
                "question_xpath": "photo",
            }
        ],
    }
    record = Reader(Layout({})).record(submission)
    assert record.content == {"_id": 7, "_attachments": [{"question_xpath": "photo", "mimetype": "image/jpeg"}]}


def test_who_sent_it_is_read_only_where_the_mapping_names_it_and_makes_no_other_version():
    submission = {"_id": 7, "_uuid": "u", "_submitted_by": "formation", "q": "1"}
    asked, unasked = (Reader(Layout(one)).record(submission) for one in ({"agent": ("_submitted_by",)}, {}))
    assert (asked.content["agent"], asked.headers["agent"]) == ("formation", "_submitted_by")
    assert "formation" not in str(dict(unasked.content))
    assert asked.version == unasked.version
    assert (
        "agent"
        not in Reader(Layout({"agent": ("_submitted_by",)})).record({**submission, "_submitted_by": None}).content
    )


@pytest.mark.parametrize(
    "said", ["33.573110 -7.589843 0 0", "-33.5 7.0 12.25 4.8", "33.57 -7.58 0 0; 33.58 -7.59 0 0;"]
)
def test_an_answer_that_is_a_place_on_a_map_stays_behind(said):
    record = Reader(Layout({"home": ("identite/domicile",)})).record(
        {"_id": 7, "identite/domicile": said, "membres": [{"membres/lieu": said, "membres/age": "4"}]}
    )
    assert record.content == {"_id": 7, "membres": [{"membres/age": "4"}]}
    assert "33.5" not in repr(dict(record.headers))


@pytest.mark.parametrize("said", ["0612345678", "12 3 4 5", "12.5", "06 12 34 56 78", "1.5 2.5", "33.5 -7.5 rue 4"])
def test_numbers_that_are_no_place_are_answers(said):
    assert Reader(Layout({})).record({"_id": 7, "q": said}).content["q"] == said


def test_a_server_without_root_uuid_is_read_by_the_number_that_edits_keep():
    reader = Reader(Layout({}))
    before = reader.record({"_id": 7, "_uuid": "a", "meta/instanceID": "uuid:a", "answer": "1"})
    after = reader.record(
        {"_id": 7, "_uuid": "b", "meta/instanceID": "uuid:b", "meta/deprecatedID": "uuid:a", "answer": "2"}
    )
    assert before.id == after.id and before.version != after.version


def test_the_version_changes_with_an_answer_and_with_nothing_else(kobo_connection, read, project):
    before = {record.place.record: record.version for record in read(kobo_connection())}
    project.edit(
        [401, 402], {"_validation_status": {"uid": "validation_status_approved"}, "end": "2026-12-01T00:00:00"}
    )
    project.edit([403], {"suivi/statut_reference": "acceptee"})  # the hub's own echo
    project.edit([404], {"identite/age": "99"})
    after = {record.place.record: record.version for record in read(kobo_connection())}
    assert {number for number in before if before[number] != after[number]} == {"404"}


def test_a_second_pull_of_an_unchanged_project_asks_once_for_the_bare_list(kobo_connection, reach, project):
    reached = reach(kobo_connection())
    project.asked.clear()
    assert list(adapter.pull(kobo_connection(), reached)) == []
    assert len(project.asked) == 1
    assert project.asked[0].query["fields"] == '["_id", "_uuid", "meta/rootUuid", "_validation_status"]'


def test_an_edit_is_found_and_only_its_neighbours_are_read_again(kobo_connection, reach, project):
    reached = reach(kobo_connection())
    project.edit([470], {"identite/age": "33"})
    project.asked.clear()
    again = records(adapter.pull(kobo_connection(), reached))
    assert 470 in {int(record.place.record) for record in again}
    assert len(again) <= 64
    assert len(project.asked) == 2


@pytest.mark.parametrize("changed", [[401], [448, 449], [540], [401, 470, 540]])
def test_no_edit_is_missed_wherever_it_stands(kobo_connection, reach, project, changed):
    reached = reach(kobo_connection())
    project.edit(changed, {"identite/age": "33"})
    again = {int(record.place.record) for record in records(adapter.pull(kobo_connection(page_size=7), reached))}
    assert set(changed) <= again


def test_nothing_that_a_submission_says_gets_into_a_query(kobo_connection, reach, project):
    odd = 'x"}, {"$where": "1'
    project.add({**project.submission(540), "_id": 9000, "_uuid": odd, "meta/rootUuid": odd, "identite/nom": odd})
    reached = reach(kobo_connection(page_size=7))
    project.edit([9000], {"identite/nom": f"{odd} again"})
    list(adapter.pull(kobo_connection(page_size=7), reached))
    asked = [json.loads(one.query["query"]) for one in data_requests(project)]
    assert asked and all(one.keys() <= {"_id"} for one in asked)
    assert all(type(bound) is int for one in asked for bound in one.get("_id", {}).values())


def test_new_submissions_are_read_and_deleted_ones_are_passed_over(kobo_connection, reach, project):
    reached = reach(kobo_connection())
    project.add({**project.submission(540), "_id": 9000, "_uuid": "new", "meta/rootUuid": "uuid:new"})
    project.delete(402)
    pulled = list(adapter.pull(kobo_connection(), reached))
    assert 9000 in {int(record.place.record) for record in records(pulled)}
    assert list(adapter.pull(kobo_connection(), pulled[-1])) == []


def test_an_interrupted_pull_goes_on_after_its_last_watermark(kobo_connection, project):
    connection = kobo_connection(page_size=50)
    pulled = adapter.pull(connection, None)
    taken, reached = [], None
    for one in pulled:
        if isinstance(one, Watermark):
            reached = one
            if len(taken) >= 100:
                break
        elif isinstance(one, SourceRecord):
            taken.append(one)
    pulled.close()
    rest = records(adapter.pull(connection, reached))
    assert {record.id for record in taken} | {record.id for record in rest} == {
        record.id for record in records(adapter.pull(connection, None))
    }
    assert len(rest) < 140


def test_a_submission_that_a_shifting_page_skipped_is_read_by_the_next_pull(kobo_connection, project):
    connection = kobo_connection(page_size=50)
    pulled = adapter.pull(connection, None)
    read = []
    for one in pulled:
        if isinstance(one, SourceRecord):
            read.append(one.place.record)
        if len(read) == 50 and "401" in read and 401 in project._submissions:
            project.delete(401)  # every later page moves up by one: 451 falls between two pages
        if isinstance(one, Watermark):
            reached = one
    assert "451" not in read
    assert "451" in {record.place.record for record in records(adapter.pull(connection, reached))}


def test_a_watermark_of_other_settings_or_another_project_is_not_believed(kobo_connection, reach, read):
    reached = reach(kobo_connection())
    assert len(records(adapter.pull(kobo_connection(only_validated=False), reached))) == 140
    assert list(adapter.pull(kobo_connection(page_size=10), reached)) == []
    assert len(records(adapter.pull(kobo_connection(), Watermark("something else")))) == 140


def test_only_approved_submissions_are_read_when_asked_and_an_approval_counts_as_a_change(kobo_connection, project):
    connection = kobo_connection(only_validated=True)
    approved = {"_validation_status": {"uid": "validation_status_approved"}}
    project.add({**project.submission(410), **approved})
    pulled = list(adapter.pull(connection, None))
    assert [record.place.record for record in records(pulled)] == ["410"]
    project.add({**project.submission(411), **approved})  # the tool gives no new _uuid for an approval
    assert {record.place.record for record in records(adapter.pull(connection, pulled[-1]))} >= {"411"}


def test_a_large_project_is_read_in_few_requests_with_a_small_watermark(kobo_connection, tmp_path):
    one = kobo_submissions(until=date(2026, 6, 30))[0]
    many = [
        {**one, "_id": number, "_uuid": f"u{number}", "meta/rootUuid": f"uuid:r{number}"} for number in range(1, 3501)
    ]
    project = Project("aZahraIntake", "a-token", many)
    with KoboServer(project).running() as server:
        connection = kobo_connection(url=server.url)
        pulled = list(adapter.pull(connection, None))
        assert len(records(pulled)) == 3500
        assert len(project.asked) == 8  # four pages of the list, four of submissions
        assert len(pulled[-1].value) < 1500
        project.edit([1234], {"identite/age": "33"})
        project.asked.clear()
        assert len(records(adapter.pull(connection, pulled[-1]))) == 64
        assert len(project.asked) == 5
