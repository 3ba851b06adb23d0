"""read over HTTP: https://hl7.org/fhir/R4/http.html#read"""

import re
from collections.abc import Callable
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from flask import Flask

from hub.web.interactions import INTERACTIONS, OVER_TYPES, Interaction
from tests.support.parties import Party

Parties = Callable[..., Party]
ABSENT = "00000000-0000-4000-8000-0000000000ff"


def test_a_resource_is_read_with_its_version_and_instant(party: Parties, tasks: list[str]) -> None:
    answer = party("chu").get(f"/fhir/Task/{tasks[0]}")
    assert answer.status == "200 OK"
    assert answer.content_type == "application/fhir+json; charset=utf-8"
    assert answer.json is not None
    assert answer.json["id"] == tasks[0]
    assert answer.headers["ETag"] == f'W/"{answer.json["meta"]["versionId"]}"'
    assert parsedate_to_datetime(answer.headers["Last-Modified"])
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_trailing_slash_changes_nothing(party: Parties, tasks: list[str]) -> None:
    chu = party("chu")
    assert chu.get(f"/fhir/Task/{tasks[0]}/").json == chu.get(f"/fhir/Task/{tasks[0]}").json


def test_what_is_hidden_and_what_never_existed_look_the_same_to_the_byte(party: Parties, tasks: list[str]) -> None:
    stranger = party("hopital")
    bodies = {stranger.get(f"/fhir/Task/{id_}").data for id_ in (tasks[0], ABSENT, "x", "not_an_id", "a" * 70)}
    bodies |= {stranger.get(f"/fhir/Patient/{tasks[0]}").data, stranger.get("/elsewhere").data}
    assert len(bodies) == 1
    answer = stranger.get(f"/fhir/Task/{tasks[0]}")
    assert answer.status == "404 Not Found"
    assert answer.json is not None
    assert answer.json["issue"][0]["code"] == "not-found"
    assert tasks[0] not in answer.text


def test_head_is_get_without_body(party: Parties, tasks: list[str]) -> None:
    chu = party("chu")
    head, get = chu.send("HEAD", f"/fhir/Task/{tasks[0]}"), chu.get(f"/fhir/Task/{tasks[0]}")
    assert (head.status, head.data) == ("200 OK", b"")
    for name in ("ETag", "Last-Modified", "Content-Type"):
        assert head.headers[name] == get.headers[name]


def test_a_version_that_the_client_has_is_not_sent_again(party: Parties, tasks: list[str]) -> None:
    chu, path = party("chu"), f"/fhir/Task/{tasks[0]}"
    first = chu.get(path)
    unchanged = chu.get(path, If_None_Match=first.headers["ETag"])
    assert (unchanged.status, unchanged.data) == ("304 Not Modified", b"")
    assert chu.get(path, If_None_Match='W/"99"').status_code == 200
    assert chu.get(path, If_Modified_Since=first.headers["Last-Modified"]).status_code == 304
    early = format_datetime(parsedate_to_datetime("Mon, 01 Jan 2024 00:00:00 GMT"), usegmt=True)
    assert chu.get(path, If_Modified_Since=early).status_code == 200


def test_pretty_is_the_same_content_in_more_lines(party: Parties, tasks: list[str]) -> None:
    chu, path = party("chu"), f"/fhir/Task/{tasks[0]}"
    pretty, plain = chu.get(f"{path}?_pretty=true"), chu.get(path)
    assert pretty.json == plain.json
    assert pretty.text.count("\n") > 10 > plain.text.count("\n")


def test_an_unknown_type_is_told_from_a_missing_resource(party: Parties) -> None:
    answer = party("chu").get("/fhir/Medication/1")
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["issue"][0]["code"] == "not-supported"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("DELETE", "/fhir/Task/1", 405), ("GET", "/oauth/token", 405), ("POST", "/fhir/metadata/", 405)],
)  # fmt: skip
def test_what_is_not_possible_here_is_told(party: Parties, method: str, path: str, status: int) -> None:
    answer = party("chu").send(method, path)
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["issue"][0]["code"] == "not-supported"


def test_a_format_that_is_not_given_is_refused_in_json(party: Parties, tasks: list[str]) -> None:
    answer = party("chu").get(f"/fhir/Task/{tasks[0]}?_format=xml")
    assert answer.status == "406 Not Acceptable"
    assert answer.json is not None
    assert answer.json["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("header", ["", "Bearer nonsense", "Basic Zm9vOmJhcg=="])
def test_without_a_token_nothing_is_read(party: Parties, tasks: list[str], header: str) -> None:
    answer = party("chu").get(f"/fhir/Task/{tasks[0]}", Authorization=header)
    assert answer.status == "401 Unauthorized"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json is not None
    assert answer.json["issue"][0]["code"] == "login"


@pytest.mark.parametrize("interaction", [*INTERACTIONS, *OVER_TYPES], ids=lambda one: f"{one.method} {one.rule}")
def test_without_a_token_no_interaction_is_answered(app: Flask, interaction: Interaction) -> None:
    path = re.sub(r"<resource:type_>|<type_>", "Task", interaction.rule)
    with app.test_client() as http:
        answer = http.open(re.sub(r"<\w+>", "1", path), method=interaction.method, json={})
    assert answer.status == "401 Unauthorized"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_without_the_scope_nothing_is_read(party: Parties, tasks: list[str]) -> None:
    answer = party("chu", "system/Patient.rs system/Task.s").get(f"/fhir/Task/{tasks[0]}")
    assert answer.status == "403 Forbidden"
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert answer.json is not None
    assert "system/Task.r" in answer.json["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    ("language", "word"), [("ar-MA,ar;q=0.9", "مورد"), ("fr", "ressource"), ("en", "resource"), ("zgh", "resource")]
)
def test_problems_are_told_in_the_callers_language(party: Parties, language: str, word: str) -> None:
    answer = party("chu").get(f"/fhir/Task/{ABSENT}", Accept_Language=language)
    assert answer.json is not None
    assert word in answer.json["issue"][0]["diagnostics"]
