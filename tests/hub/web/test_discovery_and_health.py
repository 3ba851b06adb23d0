"""What can be asked without a token, and the token endpoint itself."""

from collections.abc import Callable

import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from flask import Flask

from hub.ports import Registry
from hub.store import MongoStore
from hub.web.interactions import INTERACTIONS
from tests.support.parties import BASE, TOKEN_URL, Party, register


def test_the_capability_statement_names_exactly_what_runs(app: Flask) -> None:
    with app.test_client() as http:
        answer = http.get("/fhir/metadata?mode=full")
    assert answer.status_code == 200
    CapabilityStatement.model_validate(answer.json)
    resources = {r["type"]: r for r in answer.json["rest"][0]["resource"]} if answer.json else {}
    codes = {type_: {i["code"] for i in r.get("interaction", ())} for type_, r in resources.items()}
    seen = {"read", "vread", "search-type", "history-instance", "history-type"}
    assert codes["AuditEvent"] == seen
    assert codes["Organization"] == seen | {"update", "patch"}
    assert codes["Task"] == codes["Organization"] | {"create"}
    assert codes["Patient"] == seen | {"create", "update", "patch"}
    assert codes["Observation"] == codes["Patient"] | {"delete"}
    whole = {i["code"] for i in answer.json["rest"][0]["interaction"]}  # type: ignore[index]
    assert whole == {"search-system", "history-system", "batch", "transaction"}
    assert {p["name"] for p in resources["Task"]["searchParam"]} >= {"_id", "_lastUpdated", "owner", "status"}


def test_every_claimed_interaction_has_a_route(app: Flask) -> None:
    routes = {(method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods or ()}
    for interaction in INTERACTIONS:
        assert (interaction.method, interaction.rule) in routes


@pytest.mark.parametrize("path", ["/.well-known/smart-configuration", "/fhir/.well-known/smart-configuration"])
def test_the_smart_configuration_is_json_whatever_is_accepted(app: Flask, path: str) -> None:
    with app.test_client() as http:
        answer = http.get(path, headers={"Accept": "application/fhir+xml"})
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.json is not None
    assert answer.json["token_endpoint"] == TOKEN_URL
    assert answer.json["grant_types_supported"] == ["client_credentials"]
    assert answer.json["token_endpoint_auth_signing_alg_values_supported"] == ["ES384", "RS384"]
    assert "S256" in answer.json["code_challenge_methods_supported"]
    assert "plain" not in answer.json["code_challenge_methods_supported"]


@pytest.mark.parametrize("root", ["", "/fhir"])
@pytest.mark.parametrize("accept", ["application/fhir+xml", "text/html", "application/fhir+json"])
def test_both_documents_of_the_authorization_server_say_the_same(app: Flask, root: str, accept: str) -> None:
    with app.test_client() as http:
        names = ("smart-configuration", "oauth-authorization-server")
        answers = [http.get(f"{root}/.well-known/{name}", headers={"Accept": accept}) for name in names]
    assert {(one.status_code, one.content_type) for one in answers} == {(200, "application/json")}
    smart, server = (one.json or {} for one in answers)
    assert {name for name in smart.keys() & server.keys() if smart[name] != server[name]} == set()
    assert smart.keys() - server.keys() == {"capabilities"}
    assert server.keys() - smart.keys() == {"access_token_format"}
    assert server["issuer"] == BASE.removesuffix("/fhir")


def test_every_endpoint_that_is_told_is_an_absolute_url_with_a_route(app: Flask) -> None:
    with app.test_client() as http:
        server = http.get("/.well-known/oauth-authorization-server").json or {}
        told = {name: address for name, address in server.items() if name.endswith("_endpoint")}
        assert told.keys() == {"token_endpoint", "revocation_endpoint", "introspection_endpoint"}
        for name, address in told.items():
            assert address.startswith(f"{server['issuer']}/")
            assert http.post(address.removeprefix(server["issuer"])).status_code == 400
            assert server[f"{name}_auth_methods_supported"] == ["private_key_jwt"]
            assert server[f"{name}_auth_signing_alg_values_supported"] == ["ES384", "RS384"]


def test_a_token_answer_is_never_cached(app: Flask, registry: Registry) -> None:
    register(app, registry, "chu")
    with app.test_client() as http:
        refused = http.post("/oauth/token", data={"grant_type": "password"})
        as_json = http.post("/oauth/token", json={"grant_type": "client_credentials"})
    assert refused.status == "400 Bad Request"
    assert refused.json is not None
    assert refused.json["error"] == "unsupported_grant_type"
    assert refused.headers["Cache-Control"] == "no-store"
    assert refused.headers["Pragma"] == "no-cache"
    assert as_json.json is not None
    assert as_json.json["error"] == "invalid_request"


def test_alive_and_ready(app: Flask) -> None:
    with app.test_client() as http:
        assert http.get("/healthz").json == {"status": "alive"}
        assert http.get("/readyz").json == {"status": "ready"}


def test_without_its_database_it_is_alive_and_not_ready(app: Flask, store: MongoStore) -> None:
    store.database.client.close()
    with app.test_client() as http:
        assert http.get("/healthz").status_code == 200
        assert http.get("/readyz").status_code == 503


def test_a_failure_inside_tells_nothing(app: Flask, store: MongoStore, party: Callable[..., Party]) -> None:
    chu = party("chu")
    store.database.client.close()
    answer = chu.get("/fhir/Task/1")
    assert answer.status_code in {500, 503}
    assert answer.json is not None
    assert len(answer.json["issue"]) == 1
    assert "mongo" not in answer.text.lower()
