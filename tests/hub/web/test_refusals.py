"""What the audit trail is told of requests that were refused at the door: no token, one that is over, one that allows less."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from hub.conformance import validate
from hub.errors import UNAVAILABLE, HubError
from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.serial import loads
from hub.oauth import witness
from hub.oauth.keys import jwks
from hub.oauth.vault import hashed, new_secret
from hub.oauth.witness import TOLD, WINDOW_S
from hub.ports import Client, Registry, Token
from hub.store import MongoStore
from hub.texts import LANGUAGES, say
from hub.web.app import create_app
from tests.support.association import StillClock
from tests.support.parties import KEY, Addresses, Party
from tests.support.token_requests import ask, proven

Parties = Callable[..., Party]
REASONS = (witness.NO_TOKEN, witness.ENDED, witness.LACKING, witness.NOT_ITS_OWN, witness.OF_ITSELF)
SINGLE = "5f1c8e1a-3d1e-4b7a-9c55-0d8a6a1e2b3c"


def told(store: MongoStore) -> list[Resource]:
    found = [loads(one["json"]) for one in store.database["AuditEvent"].find().sort([("at", 1), ("c.n", 1)])]
    return [one for one in found if one["subtype"][1:] and one["subtype"][1]["code"] == "request.refuse"]


def details(event: Resource) -> dict[str, str]:
    return {one["type"]: one["valueString"] for one in event["entity"][0]["detail"]}


def requestor(event: Resource) -> Any:
    return next(agent for agent in event["agent"] if agent["requestor"])


def named(event: Resource) -> str:
    found = [one for one in event["entity"] if one["type"]["code"] == "XrequestId"]
    return str(found[0]["what"]["identifier"]["value"]) if found else ""


def test_a_scope_that_is_lacking_is_told_with_who_where_and_which(party: Parties, store: MongoStore) -> None:
    chu = party("chu", "system/Task.rs")
    answer = chu.get("/fhir/Patient/Zineb-Alaoui?name=Zineb")
    assert answer.status_code == 403
    (event,) = told(store)
    assert (event["outcome"], event["outcomeDesc"]) == ("4", "oauth.lacking")
    who = requestor(event)
    assert (who["who"]["reference"], who["altId"]) == ("Organization/chu", "chu-system")
    assert who["policy"] == [f"urn:ietf:params:oauth:jti:{hashed(chu.token)[:32]}"]
    assert details(event) == {"route": "GET /fhir/<type_>/<id_>", "scope": "system/Patient.r", "times": "1"}
    assert named(event) == answer.headers["X-Request-Id"]
    assert "Zineb" not in str(event)


@pytest.mark.parametrize("token", ["x" * 43, "Zineb-Alaoui", "a" * 4000])
def test_a_token_that_is_none_is_told_of_nobody(party: Parties, store: MongoStore, token: str) -> None:
    answer = replace(party("chu"), token=token).get("/fhir/Task", X_Request_Id=SINGLE)
    assert answer.status_code == 401
    (event,) = told(store)
    assert (event["type"]["code"], event["subtype"][0]["code"]) == ("110114", "110122")
    assert (event["outcomeDesc"], named(event)) == ("oauth.token", SINGLE)
    assert requestor(event)["who"] == {"identifier": {"value": "unknown"}}
    assert token not in str(event)
    assert store.database["AuditEvent"].find_one({"_id": event["id"]}, {"k": 1})["k"] == []  # type: ignore[index]


def test_a_token_that_is_over_is_told_of_whose_it_was(party: Parties, store: MongoStore, registry: Registry) -> None:
    chu, secret, now = party("chu"), new_secret(), datetime.now(UTC)
    registry.save_token(Token(hashed(secret), chu.client, "chu", frozenset({"system/Task.rs"}), "COC", now))
    assert replace(chu, token=secret).get("/fhir/Task").status_code == 401
    (event,) = told(store)
    assert (event["outcomeDesc"], requestor(event)["altId"]) == ("oauth.ended", chu.client)


def test_a_token_that_was_given_back_is_told_when_it_is_used(party: Parties, store: MongoStore) -> None:
    chu = party("chu")
    ask(chu.app, "/oauth/revoke", proven(chu.client, token=chu.token))
    assert chu.get("/fhir/Task").status_code == 401
    assert [one["outcomeDesc"] for one in told(store)] == ["oauth.token"]


def test_who_shows_no_token_has_tried_nothing(party: Parties, store: MongoStore) -> None:
    with party("chu").app.test_client() as http:
        assert http.get("/fhir/Task").status_code == 401
    assert told(store) == []


@pytest.mark.parametrize("path", ["/fhir/Patient/$export", "/fhir/Measure/$evaluate-measure", "/fhir/Subscription"])
def test_every_door_tells(party: Parties, store: MongoStore, path: str) -> None:
    """Routes outside the interactions have checks of their own."""
    chu = party("chu", "system/HealthcareService.rs")
    replace(chu, token=new_secret()).get(path, Prefer="respond-async")
    chu.get(path, Prefer="respond-async")
    assert next(one["outcomeDesc"] for one in told(store)) == "oauth.token"


def test_entries_of_a_batch_tell_under_the_id_of_the_batch(party: Parties, store: MongoStore) -> None:
    entries = [{"request": {"method": "GET", "url": "Patient/1"}}, {"request": {"method": "GET", "url": "Patient"}}]
    answer = party("chu", "system/Task.rs").send(
        "POST", "/fhir", {"resourceType": "Bundle", "type": "batch", "entry": entries}
    )
    assert answer.status_code == 200
    assert {named(one) for one in told(store)} == {answer.headers["X-Request-Id"]}
    assert {details(one)["route"] for one in told(store)} == {"GET /fhir/<type_>/<id_>", "GET /fhir/<type_>"}


def test_what_is_not_an_organisations_to_change_is_told(party: Parties, store: MongoStore, survivor: Resource) -> None:
    assert party("chu").send("POST", "/fhir/Patient", survivor).status_code == 403
    assert [one["outcomeDesc"] for one in told(store)] == ["oauth.not-its-own"]


def test_an_organisation_finds_its_own_refusals_and_nobody_elses(party: Parties) -> None:
    chu, amal = party("chu", "system/Task.rs system/AuditEvent.rs"), party("amal")
    chu.get("/fhir/Patient")
    found = [len((one.get("/fhir/AuditEvent?outcome=4").json or {}).get("entry", ())) for one in (chu, amal)]
    assert found == [1, 0]


def test_where_it_cannot_be_told_the_refusal_is_not_answered(
    party: Parties, store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise HubError(UNAVAILABLE)

    chu = party("chu", "system/Task.rs")
    monkeypatch.setattr(store.chains, "commit", away)
    assert chu.get("/fhir/Patient").status_code == 503


# --- floods -----------------------------------------------------------------------------------------------------------


def test_who_hammers_does_not_fill_the_trail(hub: Hub, registry: Registry, store: MongoStore) -> None:
    clock = StillClock(datetime.fromtimestamp(WINDOW_S * 2_000_000, UTC) + timedelta(days=4000))
    app = create_app(replace(hub, clock=clock), registry, Addresses())
    registry.save_client(Client("chu", "chu", jwks(KEY), frozenset({"system/Task.rs"}), ("COC",)))
    secret, end = new_secret(), clock.now() + timedelta(days=1)
    registry.save_token(Token(hashed(secret), "chu", "chu", frozenset({"system/Task.rs"}), "COC", end))
    known = Party(app, "chu", secret)
    for _ in range(130):
        assert replace(known, token=new_secret()).get("/fhir/Task").status_code == 401
        assert known.get("/fhir/Patient").status_code == 403
    events = told(store)
    assert sorted((one["outcomeDesc"], one["outcome"], details(one)["times"]) for one in events) == [
        ("oauth.lacking", "12", "100"), ("oauth.lacking", "4", "1"), ("oauth.lacking", "8", "10"),
        ("oauth.token", "12", "100"), ("oauth.token", "4", "1"), ("oauth.token", "8", "10"),
    ]  # fmt: skip
    known.get("/fhir/Patient/1")
    assert len(told(store)) == 7, "each route has an account of its own"
    clock.forward(timedelta(seconds=WINDOW_S))
    known.get("/fhir/Patient")
    assert len(told(store)) == 8


def test_every_event_of_a_refusal_conforms_to_r4_and_to_its_profile(party: Parties, store: MongoStore) -> None:
    chu = party("chu", "system/Task.rs")
    chu.get("/fhir/Patient")
    replace(chu, token=new_secret()).get("/fhir/Task")
    events = told(store)
    assert len(events) == 2
    for event in events:
        AuditEvent.model_validate(event)
        assert [issue for issue in validate(event) if issue.blocks] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_a_refusal_is_a_sentence(language: str) -> None:
    assert all(say(key, language) for key in REASONS)
    assert max(TOLD) == 100
