"""What the adapter does when KoboToolbox refuses, is busy, is away or says something strange."""

import json
import logging
import socket
from email.utils import formatdate
from time import time

import pytest

from adapters import http_client
from adapters.kobo import adapter
from hub.errors import Fatal, Retriable
from hub.ports import FollowUp, SourceRecord, Watermark
from tests.support.ports import free_port


def failure(connection, kind):
    with pytest.raises(kind) as raised:
        list(adapter.pull(connection, None))
    return raised.value


@pytest.mark.parametrize(
    ("status", "kind", "text"),
    [
        (401, Fatal, "adapters.kobo-credentials"),
        (403, Fatal, "adapters.kobo-credentials"),
        (404, Fatal, "adapters.kobo-asset"),
        (400, Fatal, "adapters.kobo-refused"),
        (302, Fatal, "adapters.kobo-redirect"),
        (429, Retriable, "adapters.kobo-busy"),
        (500, Retriable, "adapters.kobo-down"),
        (502, Retriable, "adapters.kobo-down"),
        (503, Retriable, "adapters.kobo-down"),
    ],
)
def test_each_status_says_whether_to_wait_or_to_call_a_person(kobo_connection, project, status, kind, text):
    project.fail(status)
    raised = failure(kobo_connection(), kind)
    assert type(raised) is kind and raised.text == text


def test_a_wrong_token_is_refused_by_the_server_itself(kobo_connection):
    assert failure(kobo_connection(token="another"), Fatal).text == "adapters.kobo-credentials"


def test_a_wrong_project_is_told_from_a_wrong_token(kobo_connection):
    assert failure(kobo_connection(asset="aNowhere"), Fatal).text == "adapters.kobo-asset"


@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_is_as_long_as_the_server_asks(kobo_connection, project, status):
    project.fail(status, retry_after=7)
    assert failure(kobo_connection(), Retriable).after == 7


def test_a_wait_until_a_date_is_understood_and_a_strange_one_is_left_out():
    assert 25 < http_client.seconds(formatdate(time() + 30, usegmt=True)) <= 30
    assert http_client.seconds("soon") is None
    assert http_client.seconds(None) is None
    assert http_client.seconds(formatdate(time() - 30, usegmt=True)) == 0


def test_a_failure_between_pages_loses_nothing(kobo_connection, project):
    connection = kobo_connection(page_size=50)
    pulled, got = adapter.pull(connection, None), []
    with pytest.raises(Retriable):
        for one in pulled:
            got.append(one)
            if len(got) == 1:
                project.fail(503)
    reached = [one for one in got if isinstance(one, Watermark)][-1:]
    rest = list(adapter.pull(connection, reached[0] if reached else None))
    ids = {one.id for one in [*got, *rest] if isinstance(one, SourceRecord)}
    assert len(ids) == 140


def test_a_server_that_is_not_there_is_tried_again_later(kobo_connection):
    assert (
        failure(kobo_connection(url=f"http://127.0.0.1:{free_port()}"), Retriable).text == "adapters.kobo-unreachable"
    )


def test_a_server_that_does_not_answer_is_tried_again_later(kobo_connection, monkeypatch):
    monkeypatch.setattr(http_client, "TIMEOUT", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        raised = failure(kobo_connection(url=f"http://127.0.0.1:{silent.getsockname()[1]}"), Retriable)
    assert raised.text == "adapters.kobo-slow"


@pytest.mark.parametrize(
    "body",
    [
        "<html>Aïcha Bennani</html>",
        "[]",
        "null",
        "{}",
        '{"results": 1}',
        '{"results": [{"nom": "Aïcha Bennani"}]}',
        '{"results": [{"_id": "x"}]}',
        '{"results": [{"_id": 5}, {"_id": 4}]}',
    ],
)
def test_an_answer_that_makes_no_sense_is_tried_again_and_never_shown(kobo_connection, project, body, caplog):
    project.fail(200, body=body)
    with caplog.at_level(logging.DEBUG):
        raised = failure(kobo_connection(), Retriable)
    assert raised.text == "adapters.kobo-not-understood"
    assert "Bennani" not in f"{raised!r}{raised.params}{caplog.text}"
    assert raised.__cause__ is None


def test_a_page_that_comes_again_for_ever_is_noticed(kobo_connection, project, server):
    page = {"results": [{"_id": 1, "_uuid": "a"}], "next": f"{server.url}/api/v2/assets/aZahraIntake/data/?start=0"}
    project.fail(200, body=page, times=5)
    assert failure(kobo_connection(), Retriable).text == "adapters.kobo-not-understood"
    assert len(project.asked) == 2


def test_the_token_never_goes_to_another_host(kobo_connection, project):
    project.fail(200, body={"results": [{"_id": 1, "_uuid": "a"}], "next": "http://elsewhere.example/api/?start=1"})
    assert failure(kobo_connection(), Fatal).text == "adapters.kobo-other-host"


def test_a_next_page_of_the_same_host_is_asked_for_at_the_configured_address_only(kobo_connection, project):
    project.fail(
        200, body={"results": [{"_id": 1, "_uuid": "a"}], "next": "https://127.0.0.1:1/elsewhere/?start=140&limit=10"}
    )
    list(adapter.pull(kobo_connection(), None))
    assert project.asked[1].path == "/api/v2/assets/aZahraIntake/data/"
    assert json.loads(project.asked[1].query["query"]) == {"_id": {"$gt": 1}}


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"url": "http://kobo.example"}, "adapters.kobo-insecure"),
        ({"url": "kobo.example"}, "adapters.kobo-settings"),
        ({"url": ""}, "adapters.kobo-settings"),
        ({"asset": "a/../b"}, "adapters.kobo-settings"),
        ({"asset": ""}, "adapters.kobo-settings"),
        ({"page_size": 5000}, "adapters.kobo-page-size"),
        ({"page_size": "many"}, "adapters.kobo-page-size"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_is_sent(kobo_connection, project, settings, text):
    assert failure(kobo_connection(**settings), Fatal).text == text
    assert not project.asked


def test_the_token_is_in_no_message_and_no_log(kobo_connection, project, caplog):
    project.fail(401)
    with caplog.at_level(logging.DEBUG):
        raised = failure(kobo_connection(token="0123456789abcdef"), Fatal)
    assert (
        "0123456789abcdef" not in f"{raised!r}{raised.params}{caplog.text}{kobo_connection(token='0123456789abcdef')!r}"
    )


def test_the_check_says_what_is_wrong_and_reads_no_submission(kobo_connection, project):
    assert list(adapter.check(kobo_connection())) == []
    assert [asked.path for asked in project.asked] == ["/api/v2/assets/aZahraIntake/"]
    project.fail(503)
    (issue,) = adapter.check(kobo_connection())
    assert (issue.text, issue.severity, issue.code) == ("adapters.kobo-down", "fatal", "transient")
    (unknown, wrong) = adapter.check(kobo_connection(token="no", assets="x"))
    assert (unknown.text, wrong.text) == ("adapters.unknown-setting", "adapters.kobo-credentials")


@pytest.mark.parametrize(("status", "kind"), [(401, Fatal), (404, Fatal), (429, Retriable), (503, Retriable)])
def test_a_follow_up_that_fails_is_told_in_the_same_words(kobo_connection, project, status, kind):
    project.fail(status)
    with pytest.raises(kind):
        adapter.push(kobo_connection(), [FollowUp("t", {"submission": "412"}, {"suivi/resultat": "x"})])
