"""A token given back, and a token asked about: by whom, and what is told."""

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from hub.exchange import Hub
from hub.ports import Registry
from hub.store import MongoRegistry, MongoStore
from hub.web.app import create_app
from tests.support.parties import Addresses, Party
from tests.support.token_requests import ask, proven

Parties = Callable[..., Party]
REVOKE = "/oauth/revoke"
INTROSPECT = "/oauth/introspect"
INACTIVE = b'{"active":false}'


def revoke(by: Party, token: str, **more: str) -> TestResponse:
    return ask(by.app, REVOKE, proven(by.client, token=token, **more))


def introspect(by: Party, token: str, **headers: str) -> TestResponse:
    return ask(by.app, INTROSPECT, proven(by.client, token=token), **headers)


def may_introspect(registry: Registry, party: Party) -> None:
    client = registry.client(party.client)
    assert client
    registry.save_client(replace(client, introspects=True))


# --- revocation ------------------------------------------------------------------------------------------------------


def test_a_revoked_token_is_none_for_the_next_request_of_any_process(
    party: Parties, hub: Hub, mongodb_uri: str, database: str
) -> None:
    chu = party("chu")
    with MongoStore.open(mongodb_uri, database) as elsewhere:
        other = create_app(replace(hub, store=elsewhere), MongoRegistry(elsewhere), Addresses())
        there = Party(other, chu.client, chu.token)
        assert there.get("/fhir/Task").status_code == 200
        answer = revoke(chu, chu.token)
        assert (answer.status_code, answer.data) == (200, b"")
        assert there.get("/fhir/Task").status_code == 401
    assert chu.get("/fhir/Task").status_code == 401


def test_a_token_that_never_was_is_answered_as_one_that_was(party: Parties) -> None:
    chu = party("chu")
    unknown = [revoke(chu, text) for text in ("x" * 43, "é", "not a token", chu.token[:-1])]
    known = revoke(chu, chu.token)
    again = revoke(chu, chu.token)
    assert {(one.status_code, one.data) for one in [*unknown, known, again]} == {(200, b"")}


def test_a_client_revokes_its_own_tokens_alone(party: Parties) -> None:
    chu, amal = party("chu"), party("amal")
    assert revoke(amal, chu.token).status_code == 200
    assert chu.get("/fhir/Task").status_code == 200


def test_the_hint_of_a_type_changes_nothing(party: Parties) -> None:
    chu = party("chu")
    assert revoke(chu, chu.token, token_type_hint="refresh_token").status_code == 200
    assert chu.get("/fhir/Task").status_code == 401


# --- introspection ---------------------------------------------------------------------------------------------------


def test_a_client_learns_what_its_own_token_is_good_for(party: Parties) -> None:
    chu = party("chu", "system/Task.rus system/Patient.r", purpose="TREAT")
    answer = introspect(chu, chu.token, Accept_Language="fr")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    told = answer.json or {}
    assert told["exp"] - told["iat"] == 300
    assert {**told, "exp": 0, "iat": 0} == {
        "active": True,
        "scope": "system/Patient.r system/Task.rus",
        "client_id": "chu-system",
        "sub": "chu-system",
        "iss": "https://hub.example",
        "iat": 0,
        "exp": 0,
        "token_type": "bearer",
        "extensions": {
            "ihe_iua": {
                "subject_organization": "chu",
                "subject_organization_id": "https://hub.example/fhir/Organization/chu",
                "purpose_of_use": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}],
            }
        },
    }


def test_of_any_other_token_nothing_is_told_but_that_it_is_inactive(party: Parties) -> None:
    chu, amal = party("chu"), party("amal")
    ended = chu.token
    revoke(chu, ended)
    for answer in (
        introspect(chu, ended),
        introspect(chu, "x" * 43),
        introspect(chu, "é"),
        introspect(chu, amal.token),
    ):
        assert (answer.status_code, answer.data) == (200, INACTIVE)


def test_a_client_that_is_registered_to_asks_about_the_tokens_of_others(party: Parties, registry: Registry) -> None:
    chu, amal = party("chu"), party("amal")
    may_introspect(registry, chu)
    told = introspect(chu, amal.token).json or {}
    assert (told["active"], told["client_id"]) == (True, "amal-system")
    assert introspect(amal, chu.token).data == INACTIVE


def test_a_resource_server_may_prove_itself_by_a_token_of_its_own(party: Parties, registry: Registry) -> None:
    chu, amal = party("chu"), party("amal")
    may_introspect(registry, chu)
    answer = ask(chu.app, INTROSPECT, {"token": amal.token}, Authorization=f"Bearer {chu.token}")
    assert (answer.json or {})["client_id"] == "amal-system"
    wrong = ask(chu.app, INTROSPECT, {"token": amal.token}, Authorization=f"Bearer {'x' * 43}")
    assert (wrong.status_code, (wrong.json or {})["error"]) == (401, "invalid_client")
    assert "invalid_token" in wrong.headers["WWW-Authenticate"]


# --- both ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [REVOKE, INTROSPECT])
def test_who_does_not_prove_who_it_is_is_refused(party: Parties, path: str) -> None:
    chu = party("chu")
    bare = ask(chu.app, path, {"token": chu.token})
    stranger = ask(chu.app, path, proven("nobody", token=chu.token))
    used = proven(chu.client, token=chu.token)
    ask(chu.app, INTROSPECT, used)
    replayed = ask(chu.app, path, used)
    assert (bare.status_code, (bare.json or {})["error"]) == (400, "invalid_request")
    assert (stranger.status_code, (stranger.json or {})["error"]) == (401, "invalid_client")
    assert (replayed.status_code, (replayed.json or {})["error"]) == (401, "invalid_client")
    assert chu.get("/fhir/Task").status_code == 200


@pytest.mark.parametrize("path", [REVOKE, INTROSPECT])
def test_without_exactly_one_token_the_request_is_invalid(party: Parties, path: str) -> None:
    chu = party("chu")
    none = ask(chu.app, path, proven(chu.client))
    with chu.app.test_client() as http:
        two = http.post(path, data={**proven(chu.client), "token": [chu.token, chu.token]})
        by_url = http.get(path, query_string={"token": chu.token})
    assert (none.status_code, (none.json or {})["error"]) == (400, "invalid_request")
    assert (two.status_code, (two.json or {})["error"]) == (400, "invalid_request")
    assert by_url.status_code == 405


def test_neither_token_nor_proof_is_logged(party: Parties, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    chu = party("chu")
    introspect(chu, chu.token)
    revoke(chu, chu.token)
    assert chu.token not in caplog.text
    assert "eyJ" not in caplog.text
    written = [record for record in caplog.records if record.message == "request.answered"]
    assert {chu.token in str(vars(record)) for record in written} == {False}


def test_the_database_keeps_no_token(app: Flask, party: Parties, store: MongoStore) -> None:
    token = party("chu").token
    kept = [
        str(document) for name in store.database.list_collection_names() for document in store.database[name].find()
    ]
    assert kept
    assert [one for one in kept if token in one] == []
