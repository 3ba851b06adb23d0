"""The contract as JSON Schemas, for whoever has no FHIR tools: https://json-schema.org/draft/2020-12"""

import json
from pathlib import Path

import jsonschema
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from hub.fhir.definitions import load

EXAMPLES = Path(__file__).parents[3] / "profiles" / "examples"
NAMES = sorted(one.name for one in load().profiles())


def get(app: Flask, path: str, **headers: str) -> TestResponse:
    """Without a token: the contract is public."""
    with app.test_client() as http:
        return http.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_the_list_leads_to_every_schema(app: Flask) -> None:
    for path in ("/schemas/", "/schemas"):
        answer = get(app, path)
        assert (answer.status_code, answer.content_type) == (200, "application/json")
        assert answer.json is not None
        assert [one["name"] for one in answer.json["schemas"]] == NAMES
    for one in answer.json["schemas"]:
        assert one["schema"] == f"https://hub.example/schemas/{one['name']}.schema.json"
        assert get(app, one["schema"].removeprefix("https://hub.example")).status_code == 200


@pytest.mark.parametrize("name", NAMES)
def test_each_schema_is_one_and_named_after_its_profile_wherever_it_is_served(app: Flask, name: str) -> None:
    answer = get(app, f"/schemas/{name}.schema.json")
    assert (answer.status_code, answer.content_type) == (200, "application/schema+json")
    schema = json.loads(answer.data)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == load().profile(name).url
    assert get(app, f"/schemas/{name}").data == answer.data


def test_a_client_without_fhir_tools_can_check_its_resource(app: Flask) -> None:
    schema = json.loads(get(app, "/schemas/survivor").data)
    survivor = json.loads((EXAMPLES / "valid" / "survivor.json").read_text("utf-8"))
    assert jsonschema.Draft202012Validator(schema).is_valid(survivor)
    assert not jsonschema.Draft202012Validator(schema).is_valid(survivor | {"gender": "moon"})


def test_what_a_client_has_already_is_not_sent_again(app: Flask) -> None:
    for path in ("/schemas/", "/schemas/survivor"):
        first = get(app, path)
        again = get(app, path, If_None_Match=first.headers["ETag"])
        assert (again.status_code, again.data) == (304, b"")
        assert get(app, path, If_None_Match='"other"').status_code == 200
        assert first.headers["Cache-Control"] == "no-cache"


def test_the_language_is_the_one_asked_for(app: Flask) -> None:
    assert get(app, "/schemas/survivor", Accept_Language="ar").headers["Content-Language"] == "ar"
    both = get(app, "/schemas/survivor?lang=fr", Accept_Language="ar")
    assert both.headers["Content-Language"] == "fr"
    assert "Accept-Language" in both.headers["Vary"]
    assert get(app, "/schemas/survivor?lang=moon").status_code == 400
    titles = {
        json.loads(get(app, f"/schemas/survivor?lang={language}").data)["title"] for language in ("ar", "fr", "en")
    }
    assert len(titles) == 3
    listed = get(app, "/schemas/", Accept_Language="ar").json
    assert listed is not None and {one["title"] for one in listed["schemas"]} & titles


def test_an_unknown_schema_is_told_with_those_that_exist(app: Flask) -> None:
    for path in ("/schemas/moon", "/schemas/moon.schema.json", "/schemas/survivor.json", "/schemas/..%2fsurvivor"):
        answer = get(app, path)
        assert answer.status == "404 Not Found"
        assert answer.json is not None and answer.json["resourceType"] == "OperationOutcome"
    said = get(app, "/schemas/moon").json["issue"][0]["diagnostics"]  # type: ignore[index]
    assert all(name in said for name in NAMES)


def test_a_schema_is_read_and_nothing_else(app: Flask) -> None:
    with app.test_client() as http:
        assert http.post("/schemas/survivor", json={}).status_code == 405
        assert http.head("/schemas/survivor").status_code == 200
