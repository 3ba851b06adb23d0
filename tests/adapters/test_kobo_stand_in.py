"""The stand-in for KoboToolbox answers as the real one is known to."""

import json

import httpx2
import pytest

from demo import kobo_server
from demo.registers import kobo_submissions

DATA = "/api/v2/assets/aZahraIntake/data/"


@pytest.fixture
def ask(server):
    with httpx2.Client(base_url=server.url, headers={"Authorization": "Token a-token"}, trust_env=False) as http:
        yield lambda path=DATA, **query: http.get(path, params=query or None)


def test_without_a_token_or_with_a_wrong_one_it_answers_401(server):
    with httpx2.Client(base_url=server.url, trust_env=False) as http:
        without, wrong = http.get(DATA), http.get(DATA, headers={"Authorization": "Token x"})
    assert (without.status_code, wrong.status_code) == (401, 401)
    assert without.json() == {"detail": "Authentication credentials were not provided."}
    assert wrong.json() == {"detail": "Invalid token."}


def test_a_page_is_a_hundred_unless_asked_and_next_leads_through_all(ask):
    first = ask(sort='{"_id": 1}')
    assert (first.json()["count"], len(first.json()["results"]), first.json()["previous"]) == (140, 100, None)
    second = ask(first.json()["next"])
    assert (len(second.json()["results"]), second.json()["next"]) == (40, None)
    assert second.json()["previous"]


def test_no_page_is_larger_than_a_thousand(ask, project):
    for number in range(1000, 2000):
        project.add({"_id": number, "_uuid": "u"})
    assert len(ask(limit="30000").json()["results"]) == 1000


def test_queries_fields_and_sort_are_understood(ask):
    query = json.dumps({"_id": {"$gt": 410, "$in": [405, 411, 420]}})
    answer = ask(query=query, fields='["_id","_uuid"]', sort='{"_id": -1}').json()
    assert [one["_id"] for one in answer["results"]] == [420, 411]
    assert set(answer["results"][0]) == {"_id", "_uuid"}


def test_failures_come_in_the_order_they_were_scripted(ask, project):
    project.fail(429, retry_after=3)
    project.fail(503, times=2)
    answers = [ask() for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 503, 503, 200]
    assert answers[0].headers["Retry-After"] == "3"


def test_the_submissions_are_as_the_last_run_left_them(tmp_path):
    state = tmp_path / "submissions.json"
    state.write_text(json.dumps(kobo_submissions()), "utf-8")
    for _ in range(2):
        with (
            kobo_server.running(state=state, token="t", asset="aZahraIntake") as url,
            httpx2.Client(base_url=url, headers={"Authorization": "Token t"}, trust_env=False) as http,
        ):
            body = {"payload": {"submission_ids": ["412"], "data": {"suivi/resultat": "ok"}}}
            before = http.get(DATA, params={"query": '{"_id": 412}'}).json()["results"][0].get("suivi/resultat")
            assert http.patch(f"{DATA}bulk/", json=body).json()["successes"] == 1
    assert before == "ok"
