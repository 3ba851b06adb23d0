"""Follow-ups written into submissions."""

import pytest

from adapters.kobo import adapter
from hub.errors import Retriable
from hub.ports import Connection, FollowUp, Layout


def follow_up(submission="412", status="acceptee", id_="task-1", **values):
    return FollowUp(id_, {"submission": submission}, {"suivi/statut_reference": status, **values})


def patches(project):
    return [asked for asked in project.asked if asked.method == "PATCH"]


def test_a_follow_up_answers_the_forms_follow_up_questions(kobo_connection, project):
    adapter.push(kobo_connection(), [follow_up(**{"suivi/resultat": "service-provided"})])
    submission = project.submission(412)
    assert (submission["suivi/statut_reference"], submission["suivi/resultat"]) == ("acceptee", "service-provided")


def test_the_write_makes_a_new_version_of_the_same_submission(kobo_connection, project):
    before = project.submission(412)
    adapter.push(kobo_connection(), [follow_up()])
    after = project.submission(412)
    assert after["_uuid"] != before["_uuid"]
    assert after["meta/rootUuid"] == before["meta/rootUuid"]
    assert after["meta/deprecatedID"] == before["meta/instanceID"]


def test_the_hub_recognises_its_own_echo(kobo_connection, read):
    before = {record.id: record.version for record in read(kobo_connection())}
    adapter.push(kobo_connection(), [follow_up()])
    assert {record.id: record.version for record in read(kobo_connection())} == before


def test_sending_one_twice_has_the_effect_of_once(kobo_connection, project):
    adapter.push(kobo_connection(), [follow_up(), follow_up()])
    once = {key: value for key, value in project.submission(412).items() if key.startswith("suivi/")}
    adapter.push(kobo_connection(), [follow_up()])
    assert {key: value for key, value in project.submission(412).items() if key.startswith("suivi/")} == once
    assert len(patches(project)) == 2


def test_a_later_follow_up_of_a_submission_wins(kobo_connection, project):
    adapter.push(kobo_connection(), [follow_up(status="acceptee"), follow_up(status="realisee")])
    assert project.submission(412)["suivi/statut_reference"] == "realisee"


def test_submissions_that_are_told_the_same_share_a_request(kobo_connection, project):
    adapter.push(kobo_connection(), [follow_up("412"), follow_up("413"), follow_up("414", status="refusee")])
    assert len(patches(project)) == 2
    assert project.submission(413)["suivi/statut_reference"] == "acceptee"
    assert project.submission(414)["suivi/statut_reference"] == "refusee"


def test_only_follow_up_questions_are_written_whatever_a_follow_up_carries(kobo_connection, project):
    before = project.submission(412)["identite/code_survivante"]
    adapter.push(kobo_connection(), [follow_up(**{"identite/code_survivante": "other", "identite/nom": "Aïcha"})])
    assert project.submission(412)["identite/code_survivante"] == before
    adapter.push(kobo_connection(), [FollowUp("t", {"submission": "412"}, {"identite/nom": "Aïcha"})])
    assert len(patches(project)) == 1


def test_a_column_is_written_to_the_question_that_the_layout_names(kobo_connection, project):
    connection = kobo_connection()
    layout = Layout({"status": ("suivi/statut_reference", "suivi/statut")}, follow_up=("status",))
    named = Connection("p", "o", "kobo", "m", connection.settings, connection.folder, layout, connection.secret)
    adapter.push(named, [FollowUp("t", {"submission": "412"}, {"status": "acceptee"})])
    assert project.submission(412)["suivi/statut_reference"] == "acceptee"


def test_a_write_that_the_server_did_only_in_part_is_sent_again(kobo_connection, project):
    project.fail(200, body={"count": 2, "successes": 1, "failures": 1, "results": []})
    with pytest.raises(Retriable) as later:
        adapter.push(kobo_connection(), [follow_up()])
    assert later.value.text == "adapters.kobo-write-failed"


def test_nothing_to_say_asks_nothing(kobo_connection, project):
    adapter.push(kobo_connection(), [])
    assert not project.asked
