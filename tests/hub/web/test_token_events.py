"""What the audit trail is told of the authorization server: each token, and of refusals no more than it can bear."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from werkzeug.test import TestResponse

from hub.conformance import validate
from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.serial import loads
from hub.oauth import assertion
from hub.oauth.keys import jwks, new_key
from hub.oauth.tokens import hashed
from hub.oauth.witness import REASONS, TOLD, WINDOW_S
from hub.ports import Client, Registry
from hub.store import MongoStore
from hub.texts import LANGUAGES, say
from hub.web.app import create_app
from tests.support.association import StillClock
from tests.support.parties import KEY, TOKEN_URL, Addresses, Party
from tests.support.token_requests import ask, ask_token, proven

Parties = Callable[..., Party]
OTHER_KEY = new_key("ES384")


def told(store: MongoStore, verb: str = "token.") -> list[Resource]:
    found: list[Resource] = [loads(one["json"]) for one in store.database["AuditEvent"].find().sort("at")]
    return [one for one in found if one["subtype"][1]["code"].startswith(verb)]


def requestor(event: Resource) -> Any:
    return next(agent for agent in event["agent"] if agent["requestor"])


def test_a_token_is_told_of_with_who_and_what_for_and_the_beginning_of_its_hash(
    party: Parties, store: MongoStore
) -> None:
    chu = party("chu", purpose="TREAT")
    (event,) = told(store)
    assert (event["type"]["code"], event["subtype"][0]["code"], event["outcome"]) == ("110114", "ITI-71", "0")
    who = requestor(event)
    assert (who["who"]["reference"], who["altId"]) == ("Organization/chu", "chu-system")
    assert who["purposeOfUse"][0]["coding"][0]["code"] == "TREAT"
    assert who["policy"] == [f"urn:ietf:params:oauth:jti:{hashed(chu.token)[:32]}"]
    assert hashed(chu.token) not in str(event)
    assert chu.token not in str(event)


def test_what_is_done_with_a_token_names_it_as_its_issue_did(
    party: Parties, store: MongoStore, tasks: list[str]
) -> None:
    chu = party("chu")
    chu.get(f"/fhir/Task/{tasks[0]}")
    reads = [loads(one["json"]) for one in store.database["AuditEvent"].find()]
    assert {str(requestor(one)["policy"]) for one in reads} == {str(requestor(told(store)[0])["policy"])}
    assert len(reads) == 2


def test_a_token_and_its_event_are_one_transaction(
    party: Parties, store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    chu = party("chu")
    monkeypatch.setattr(store.chains, "commit", lambda *_: (_ for _ in ()).throw(RuntimeError))
    assert ask_token(chu.app, chu.client, "system/Task.rs").status_code == 500
    assert (store.database.tokens.count_documents({}), len(told(store))) == (1, 1)


def test_giving_a_token_back_is_told_once_and_only_of_ones_own(party: Parties, store: MongoStore) -> None:
    chu, amal = party("chu"), party("amal")
    for by, token in ((amal, chu.token), (chu, "x" * 43), (chu, chu.token), (chu, chu.token)):
        ask(by.app, "/oauth/revoke", proven(by.client, token=token))
    (event,) = told(store, "token.revoke")
    assert (event["subtype"][0]["code"], requestor(event)["altId"]) == ("110123", "chu-system")


def test_asking_about_a_token_of_others_is_told_once_and_about_ones_own_never(
    party: Parties, store: MongoStore, registry: Registry
) -> None:
    chu, amal = party("chu"), party("amal")
    client = registry.client(chu.client)
    assert client
    registry.save_client(replace(client, introspects=True))
    for token in (amal.token, amal.token, chu.token, "x" * 43):
        ask(chu.app, "/oauth/introspect", proven(chu.client, token=token))
    (event,) = told(store, "token.introspect")
    assert (event["subtype"][0]["code"], requestor(event)["altId"]) == ("ITI-102", "chu-system")
    assert event["entity"][0]["what"]["reference"] == "Organization/amal"


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "b2b", "type_", "because"),
    [
        ("system/Patient.rs", {}, "110113", "oauth.scope"),
        ("system/Task.rs", {"purpose": "HMARKT"}, "110113", "oauth.purpose"),
        ("system/Task.rs", {"consent_reference": ["Consent/none"]}, "110113", "oauth.consent"),
    ],
)
def test_a_client_that_asks_for_too_much_is_told_of_by_name(
    party: Parties, store: MongoStore, scope: str, b2b: dict[str, Any], type_: str, because: str
) -> None:
    chu = party("chu", "system/Task.rs")
    form = proven(chu.client, grant_type="client_credentials", scope=scope)
    form["client_assertion"] = assertion.sign(KEY, chu.client, TOKEN_URL, now=datetime.now(UTC), **b2b)
    assert ask(chu.app, "/oauth/token", form).status_code == 400
    (event,) = told(store, "token.refuse")
    assert (event["type"]["code"], event["outcome"], event["outcomeDesc"]) == (type_, "4", because)
    assert requestor(event)["altId"] == "chu-system"


def test_a_wrong_signature_is_told_of_whom_it_claims_to_be_of(party: Parties, store: MongoStore) -> None:
    chu = party("chu")
    assert ask_token(chu.app, chu.client, "system/Task.rs", key=OTHER_KEY).status_code == 401
    (event,) = told(store, "token.refuse")
    assert (event["type"]["code"], event["subtype"][0]["code"]) == ("110114", "110122")
    assert (requestor(event)["altId"], event["outcomeDesc"]) == ("chu-system", "oauth.not-proven")


def test_a_name_that_nobody_is_registered_by_is_not_repeated(party: Parties, store: MongoStore) -> None:
    ask_token(party("chu").app, "Zineb-Alaoui", "system/Task.rs")
    (event,) = told(store, "token.refuse")
    assert "Zineb" not in str(event)
    assert requestor(event)["who"] == {"identifier": {"value": "unknown"}}
    assert store.database["AuditEvent"].find_one({"_id": event["id"]}, {"k": 1})["k"] == []  # type: ignore[index]


def test_a_malformed_request_is_nobodys(party: Parties, store: MongoStore) -> None:
    ask(party("chu").app, "/oauth/token", {"grant_type": "client_credentials"})
    assert told(store, "token.refuse") == []


def test_an_organisation_sees_the_events_of_its_own_systems_and_no_others(party: Parties) -> None:
    chu, amal = party("chu"), party("amal")
    for by in (chu, amal):
        found = (by.get("/fhir/AuditEvent").json or {})["entry"]
        assert {requestor(one["resource"])["altId"] for one in found} == {by.client}


# --- floods -----------------------------------------------------------------------------------------------------------


def test_a_flood_of_refusals_grows_the_chain_by_three_events_in_a_quarter_of_an_hour(
    hub: Hub, registry: Registry, store: MongoStore
) -> None:
    clock = StillClock(datetime.fromtimestamp(WINDOW_S * 2_000_000, UTC) + timedelta(days=4000))
    app = create_app(replace(hub, clock=clock), registry, Addresses())
    registry.save_client(Client("chu", "chu", jwks(KEY), frozenset({"system/Task.rs"}), ("COC",)))

    def fail(client: str, number: int) -> TestResponse:
        form = proven(client, grant_type="client_credentials", scope="system/Task.rs")
        with app.test_client() as http:  # each from an address of its own: no lock-out helps
            return http.post("/oauth/token", data=form, environ_base={"REMOTE_ADDR": f"192.0.2.{number}"})

    for number in range(120):
        assert fail(f"guess-{number}", number).status_code == 401  # the assertions are of another time
    assert [one["outcome"] for one in told(store, "token.refuse")] == ["4", "8", "12"]
    fail("chu", 200)
    assert len(told(store, "token.refuse")) == 4, "a known client has an account of its own"
    clock.forward(timedelta(seconds=WINDOW_S))
    fail("guess", 201)
    assert len(told(store, "token.refuse")) == 5


def test_every_event_conforms_to_r4_and_to_its_profile(party: Parties, store: MongoStore, registry: Registry) -> None:
    chu = party("chu")
    ask_token(chu.app, "nobody", "system/Task.rs")
    ask_token(chu.app, chu.client, "system/none")
    ask(chu.app, "/oauth/revoke", proven(chu.client, token=chu.token))
    events = told(store)
    assert len(events) == 4
    for event in events:
        AuditEvent.model_validate(event)
        assert [issue for issue in validate(event) if issue.blocks] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_is_a_sentence(language: str) -> None:
    assert all(say(key, language) for key in REASONS.values())
    assert sorted(TOLD) == list(TOLD)
