"""The OpenAPI description says what runs, all of it and nothing else. https://spec.openapis.org/oas/v3.1.1.html"""

import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from fhir.resources.R4B.terminologycapabilities import TerminologyCapabilities
from flask import Flask

from hub.texts import LANGUAGES
from hub.web.interactions import INTERACTIONS, OPERATIONS
from hub.web.openapi.parts import STATUSES
from tests.support.parties import Party

PUBLIC: Final = (
    *("/.well-known/", "/fhir/.well-known/", "/fhir/metadata", "/openapi.json", "/schemas/", "/oauth/"),
    *("/healthz", "/readyz"),
)
METHODS: Final = frozenset({"get", "post", "put", "patch", "delete", "head"})


def answered(app: Flask, path: str = "/openapi.json", **headers: str) -> Any:
    with app.test_client() as http:
        return http.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture
def described(app: Flask) -> dict[str, Any]:
    answer = answered(app)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json
    return found


def told(described: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """(path, method) → what is told of it."""
    return {
        (path, method): item[method] for path, item in described["paths"].items() for method in item.keys() & METHODS
    }


def test_every_route_is_described(app: Flask, described: dict[str, Any]) -> None:
    known = {(re.sub(r"\{\w+\}", "{}", path), method) for path, method in told(described)}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "{}", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            of_some_type = re.compile(re.escape(path).replace(r"\{\}", r"([A-Z]\w+|\{\})"))
            assert any(of_some_type.fullmatch(one) and method.lower() == how for one, how in known), (method, path)


def test_nothing_is_described_that_has_no_route(app: Flask, described: dict[str, Any]) -> None:
    routes = app.url_map.bind("hub.example")
    for path, method in told(described):
        assert routes.match(re.sub(r"\{\w+\}", "1", path.replace("{type}", "Task")), method.upper()), (method, path)


def test_each_type_has_the_interactions_that_the_capability_statement_gives_it(
    app: Flask, described: dict[str, Any]
) -> None:
    (rest,) = answered(app, "/fhir/metadata").json["rest"]
    summaries = {one["summary"] for one in told(described).values()}
    for resource in rest["resource"]:
        for one in resource.get("interaction", ()):
            assert any(f"{one['code']} {resource['type']}" in summary for summary in summaries), (resource["type"], one)
        for one in resource.get("operation", ()):
            assert {f"{resource['type']} ${one['name']}", f"Resource ${one['name']}"} & summaries, one
    assert {one.code for one in INTERACTIONS} and {one.name for one in OPERATIONS}


def test_a_search_has_the_parameters_that_the_capability_statement_gives_it(
    app: Flask, described: dict[str, Any]
) -> None:
    (rest,) = answered(app, "/fhir/metadata").json["rest"]
    for resource in rest["resource"]:
        if not resource.get("searchParam"):
            continue
        by_url = described["paths"][f"/fhir/{resource['type']}"]["get"]["parameters"]
        by_form = described["paths"][f"/fhir/{resource['type']}/_search"]["post"]["requestBody"]["content"]
        names = {one["name"] for one in resource["searchParam"]}
        assert names <= {one.get("name") for one in by_url}
        assert names <= by_form["application/x-www-form-urlencoded"]["schema"]["properties"].keys()


ALL: Final = {
    "_type": "Patient", "_sort": "_lastUpdated", "_count": "1", "_total": "none", "_summary": "true", "_elements": "meta",
    "_include": "*", "_revinclude": "*", "_include:iterate": "*", "_revinclude:iterate": "*", "_contained": "false",
    "_containedType": "container", "_text": "x", "_content": "x", "_filter": "x", "_list": "x", "_query": "x", "_since": "2026",
    "_at": "2026", "_format": "json", "_pretty": "true", "_id": "x", "_lastUpdated": "2026", "_tag": "x", "_profile": "x",
    "_security": "x", "_source": "x",
}  # fmt: skip
"""Every parameter of R4 that is none of a type's own, with a value that could be given."""


@pytest.mark.parametrize(
    ("path", "apart"),
    [
        ("/fhir/Patient", set()),
        ("/fhir/Task", set()),
        ("/fhir", {"_sort"}),  # what comes of several types has an order of its own
        ("/fhir/Patient/{id}/*", {"_sort", "_type"}),
        ("/fhir/Patient/{id}/{type}", set()),
        ("/fhir/_history", set()),
        ("/fhir/Patient/_history", set()),
    ],
)
def test_each_parameter_of_r4_that_is_answered_is_described_and_no_other(
    party: Callable[..., Party], described: dict[str, Any], path: str, apart: set[str]
) -> None:
    amal = party("amal")
    known = {
        one["name"] if "name" in one else one["$ref"].rpartition("/")[2]
        for one in described["paths"][path]["get"]["parameters"]
    }
    where = path.replace("{id}", "x").replace("{type}", "Task")
    answered = {
        name for name, value in ALL.items()
        if amal.get(f"{where}?{name}={value}", Prefer="handling=strict").status_code == 200
    }  # fmt: skip
    assert known & ALL.keys() - apart == answered - apart
    form = described["paths"].get(f"{path}/_search", {}).get("post")
    if form:
        properties = form["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["properties"]
        assert properties.keys() & ALL.keys() == known & ALL.keys()


def test_how_much_is_wanted_of_a_resource_and_what_it_hangs_on_is_described(described: dict[str, Any]) -> None:
    for path in ("/fhir/Patient/{id}", "/fhir/Patient/{id}/_history/{version}"):
        given = described["paths"][path]["get"]["parameters"]
        names = {one["name"] if "name" in one else one["$ref"].rpartition("/")[2] for one in given}
        assert {"_summary", "_elements", "If-None-Match", "If-Modified-Since", "If-Match"} <= names
    for method in ("put", "patch"):
        listed = {one.get("name") for one in described["paths"]["/fhir/Patient"][method]["parameters"]}
        assert {"identifier", "_id"} <= listed and not {"_sort", "_include", "_summary"} & listed, "a condition alone"


def test_everything_that_is_pointed_to_is_there(described: dict[str, Any]) -> None:
    def pointers(value: Any) -> Any:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            value = list(value.values())
        if isinstance(value, list):
            for one in value:
                yield from pointers(one)

    for pointer in set(pointers(described)):
        place: Any = described
        for name in pointer.removeprefix("#/").split("/"):
            assert name in place, pointer
            place = place[name]


def test_every_operation_has_a_name_of_its_own_and_says_who_may_ask(described: dict[str, Any]) -> None:
    operations = told(described)
    names = [one["operationId"] for one in operations.values()]
    assert len(names) == len(set(names))
    for (path, _), one in operations.items():
        public = path.startswith(PUBLIC)
        assert (one["security"] == []) == public, path
        assert public or "401" in one["responses"], path
    scopes = described["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"]
    asked = {scope for one in operations.values() for entry in one["security"] for scope in entry["oauth2"]}
    assert asked <= scopes.keys()
    assert operations["/fhir/Task/{id}", "patch"]["security"] == [{"oauth2": ["system/Task.u"]}]


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_told_in_every_language(app: Flask, language: str) -> None:
    asked, preferred = answered(app, f"/openapi.json?lang={language}"), answered(app, Accept_Language=language)
    assert asked.data == preferred.data
    assert asked.headers["Content-Language"] == language
    said = asked.json["components"]["responses"]
    assert said.keys() == {str(status) for status in STATUSES if status >= 304}
    assert (said["404"]["description"] == answered(app).json["components"]["responses"]["404"]["description"]) == (
        language == "en"
    )
    assert answered(app, "/openapi.json?lang=xx").status_code == 400


def test_what_a_client_has_already_is_not_sent_again(app: Flask) -> None:
    for path in ("/openapi.json", "/fhir/metadata", "/fhir/metadata?_pretty=true", "/fhir/metadata?mode=terminology"):
        first = answered(app, path)
        again = answered(app, path, If_None_Match=first.headers["ETag"])
        assert (again.status_code, again.data) == (304, b""), path
        assert answered(app, path, If_None_Match='"other"').status_code == 200


def test_the_capability_statement_leads_to_it(app: Flask) -> None:
    answer = answered(app, "/fhir/metadata")
    assert answer.headers["Link"].startswith('</openapi.json>; rel="service-desc"')
    assert "https://hub.example/openapi.json" in answer.json["rest"][0]["documentation"]


def test_metadata_is_asked_in_three_modes(app: Flask) -> None:
    for mode in ("full", "normative"):
        assert answered(app, f"/fhir/metadata?mode={mode}").data == answered(app, "/fhir/metadata").data
    vocabulary = answered(app, "/fhir/metadata?mode=terminology")
    TerminologyCapabilities.model_validate(vocabulary.json)
    assert vocabulary.json["expansion"]["paging"] is True
    assert len(vocabulary.json["codeSystem"]) > 20
    refused = answered(app, "/fhir/metadata?mode=everything")
    assert (refused.status_code, refused.json["resourceType"]) == (400, "OperationOutcome")


@pytest.mark.parametrize("path", ["/fhir", "/fhir/metadata", "/fhir/Task", "/fhir/Patient/x"])
def test_a_slash_at_the_end_changes_nothing(app: Flask, path: str) -> None:
    for method in ("GET", "POST"):
        with app.test_client() as http:
            without, with_slash = (http.open(one, method=method) for one in (path, f"{path}/"))
        assert (without.status_code, without.data) == (with_slash.status_code, with_slash.data)
