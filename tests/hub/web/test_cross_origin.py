"""Which web pages may read an answer in a browser: https://fetch.spec.whatwg.org/#http-cors-protocol"""

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from hub.exchange import Hub
from hub.ports import Registry
from hub.web.app import create_app
from tests.support.parties import Addresses, register

APP, OTHER = "https://app.example", "https://other.example"
PUBLIC = [
    "/.well-known/smart-configuration",
    "/fhir/.well-known/smart-configuration",
    "/.well-known/oauth-authorization-server",
]
COVERED = [
    "/fhir/Task",
    "/fhir/metadata",
    "/fhir/Task/1",
    "/oauth/token",
    "/oauth/introspect",
    "/oauth/revoke",
    "/events",
]
ALLOWED = "Access-Control-Allow-Origin"
Made = Callable[..., Flask]


@pytest.fixture
def made(hub: Hub, registry: Registry) -> Made:
    return lambda *origins: create_app(hub, registry, Addresses(cors_origins=origins))


def ask(app: Flask, path: str, origin: str = APP, method: str = "GET", **headers: str) -> TestResponse:
    told = {"Origin": origin} | {name.replace("_", "-"): text for name, text in headers.items()}
    with app.test_client() as http:
        return http.open(path, method=method, headers=told)


def preflight(app: Flask, path: str, origin: str = APP, method: str = "POST") -> TestResponse:
    return ask(app, path, origin, "OPTIONS", Access_Control_Request_Method=method)


@pytest.mark.parametrize("path", PUBLIC)
def test_where_the_authorization_server_is_may_be_read_from_everywhere(made: Made, path: str) -> None:
    assert ask(made(), path).headers[ALLOWED] == "*"
    assert preflight(made(), path, method="GET").headers[ALLOWED] == "*"


@pytest.mark.parametrize("path", [*COVERED, "/healthz", "/schemas/survivor.json"])
def test_nothing_else_may_be_read_unless_the_operator_lists_who(made: Made, path: str) -> None:
    app = made()
    for answer in (ask(app, path), preflight(app, path)):
        assert [name for name in answer.headers if "access-control" in name[0].lower()] == []


@pytest.mark.parametrize("path", COVERED)
def test_a_listed_page_may_read_and_is_named(made: Made, path: str) -> None:
    app = made(APP)
    answer = ask(app, path)
    assert answer.headers[ALLOWED] == APP
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    assert "Origin" in answer.headers["Vary"]
    first = preflight(app, path)
    assert (first.status_code, first.data, first.headers[ALLOWED]) == (204, b"", APP)
    assert "Authorization" in first.headers["Access-Control-Allow-Headers"]
    assert "PATCH" in first.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize("origin", [OTHER, "null", "https://app.example.evil.example", "http://app.example", "https://APP.example", ""])  # fmt: skip
def test_every_other_page_may_not(made: Made, origin: str) -> None:
    app = made(APP)
    for answer in (ask(app, "/fhir/metadata", origin), preflight(app, "/fhir/Task", origin)):
        assert ALLOWED not in answer.headers
    assert "Origin" in ask(app, "/fhir/metadata", origin).headers["Vary"], "a cache must not hand it to others"


def test_everybody_can_be_listed(made: Made) -> None:
    answer = ask(made("*"), "/fhir/metadata")
    assert answer.headers[ALLOWED] == "*"
    assert "Origin" not in answer.vary


@pytest.mark.parametrize("origins", [(), (APP,), ("*",)])
def test_credentials_of_the_browser_are_never_allowed(made: Made, origins: tuple[str, ...]) -> None:
    app = made(*origins)
    for path in (*PUBLIC, *COVERED):
        for answer in (ask(app, path), preflight(app, path)):
            assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_preflight_says_nothing_of_what_is_there(made: Made, registry: Registry, tasks: list[str]) -> None:
    app = made(APP)
    there, absent = preflight(app, f"/fhir/Task/{tasks[0]}"), preflight(app, f"/fhir/Task/{'0' * 36}")
    kept = [{k: v for k, v in one.headers.items() if k != "X-Request-Id"} for one in (there, absent)]
    assert kept[0] == kept[1]


def test_a_page_reads_with_a_token(made: Made, registry: Registry, tasks: list[str]) -> None:
    app = made(APP)
    chu = register(app, registry, "chu")
    answer = chu.get("/fhir/Task", Origin=APP)
    assert (answer.status_code, answer.headers[ALLOWED]) == (200, APP)
    assert (chu.get("/fhir/Task", Origin=OTHER).status_code, chu.get("/fhir/Task").status_code) == (200, 200)


def test_an_error_can_be_read_too(made: Made) -> None:
    assert ask(made(APP), "/fhir/Task").headers[ALLOWED] == APP
    assert ask(made(APP), "/fhir/Task").status_code == 401


def test_a_request_without_a_preflights_headers_is_answered_as_ever(made: Made) -> None:
    answer = ask(made(APP), "/fhir/metadata", method="OPTIONS")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/oauth/authorize", "/oauth/authorize?client_id=phone", "/console/"])
@pytest.mark.parametrize("origins", [(APP,), ("*",)])
def test_pages_for_people_are_for_no_other_page_to_read(made: Made, origins: tuple[str, ...], path: str) -> None:
    app = made(*origins)
    for answer in (ask(app, path), preflight(app, path)):
        assert ALLOWED not in answer.headers
