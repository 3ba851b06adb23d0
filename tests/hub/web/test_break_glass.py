"""Breaking the glass over HTTP: what it answers, and what whoever attacks it gets."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from hub.consent.policies import policies
from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, identifier_system
from hub.fhir.serial import loads
from hub.oauth import assertion, limits
from hub.oauth.keys import jwks
from hub.ports import Client, Registry
from hub.store import MongoStore
from hub.web.app import create_app
from tests.support.association import StillClock
from tests.support.parties import KEY, TOKEN_URL, Addresses, Clock, Party
from tests.support.token_requests import ask

Parties = Callable[..., Party]
WORDS = "Inconsciente à l'arrivée, personne avec elle."
CIN = "ZZ778899"
GLASS = "/fhir/Patient/$break-glass"


def registered(app: Flask, registry: Registry, organization: str, *purposes: str, name: str = "emergency") -> str:
    client = Client(f"{organization}-{name}", organization, jwks(KEY), frozenset({"system/*.cruds"}), purposes)
    registry.save_client(client)
    return client.id


def token(app: Flask, client: str, purpose: str | None, scope: str = "system/*.cruds") -> TestResponse:
    signed = assertion.sign(KEY, client, TOKEN_URL, now=Clock().now(), purpose=purpose)
    form = {"client_assertion_type": assertion.TYPE, "client_assertion": signed}
    return ask(app, "/oauth/token", {**form, "grant_type": "client_credentials", "scope": scope})


def for_an_emergency(app: Flask, registry: Registry, organization: str = "chu", name: str = "emergency") -> Party:
    client = registered(app, registry, organization, "COC", "BTG", name=name)
    return Party(app, client, (token(app, client, "BTG").json or {})["access_token"])


def asked(value: str = CIN, **more: Any) -> Resource:
    parameters = {
        "identifier": {"valueIdentifier": {"system": identifier_system("cin"), "value": value}},
        "reason": {"valueCode": "medical-emergency"},
        "text": {"valueString": WORDS},
    } | more
    return {"resourceType": "Parameters", "parameter": [{"name": n, **v} for n, v in parameters.items() if v]}


def problem(answer: TestResponse) -> str:
    return str((answer.json or {})["issue"][0]["details"]["coding"][0]["code"]).removeprefix("problems.")


@pytest.fixture
def her(party: Parties, survivor: Resource) -> str:
    """The reference of a woman whom an association accompanies, and who shares nothing."""
    kind = {"coding": [{"system": code_system("identifier-type"), "code": "cin"}]}
    cin = {"type": kind, "system": identifier_system("cin"), "value": CIN}
    body = {**survivor, "identifier": [*survivor["identifier"], cin], "name": [{"text": "Souad Exemple"}]}
    return str((party("amal").send("POST", "/fhir/Patient", body).json or {})["id"])


@pytest.fixture
def chu(app: Flask, registry: Registry) -> Party:
    return for_an_emergency(app, registry)


def events(store: MongoStore, verb: str) -> list[Resource]:
    found = (loads(one["json"]) for one in store.database.AuditEvent.find())
    return [one for one in found if any(subtype["code"] == verb for subtype in one["subtype"])]


# --- the way in ------------------------------------------------------------------------------------------------------


def test_what_is_open_is_answered_and_then_read_and_found_with_the_same_token(chu: Party, her: str) -> None:
    assert chu.get(f"/fhir/Patient/{her}").status_code == 404
    answer = chu.send("POST", GLASS, asked())
    assert answer.status_code == 200
    (opened,) = (answer.json or {})["parameter"]
    said = {one["name"]: next(v for k, v in one.items() if k != "name") for one in opened["part"]}
    assert said["patient"] == {"reference": f"Patient/{her}"}
    assert said["custodian"] == {"reference": "Organization/amal"}
    assert WORDS not in answer.text and CIN not in answer.text
    read = chu.get(f"/fhir/Patient/{her}")
    assert (read.json or {})["name"] == [{"text": "Souad Exemple"}]
    assert (chu.get("/fhir/Patient").json or {})["total"] == 1
    assert (chu.get("/fhir/Task").json or {})["total"] == 0
    events = [one["resource"] for one in (chu.get("/fhir/AuditEvent").json or {}).get("entry", ())]
    assert [one["subtype"][1]["code"] for one in events] == ["token.issue"]  # of its own system; nothing of her


def test_nobody_gets_a_token_for_an_emergency_without_saying_so_or_without_being_registered_for_it(
    app: Flask, registry: Registry
) -> None:
    assert token(app, registered(app, registry, "chu", "COC"), "BTG").status_code == 400
    assert token(app, registered(app, registry, "chu", "BTG"), None).status_code == 400
    both = registered(app, registry, "chu", "BTG", "COC")
    usual = Party(app, both, (token(app, both, None).json or {})["access_token"])
    assert problem(usual.send("POST", GLASS, asked())) == "purpose-lacking"


def test_a_token_without_the_purpose_or_the_scope_breaks_no_glass(
    app: Flask, registry: Registry, party: Parties, her: str, store: MongoStore
) -> None:
    answer = party("chu").send("POST", GLASS, asked())
    assert (answer.status_code, problem(answer)) == (403, "purpose-lacking")
    client = registered(app, registry, "chu", "BTG")
    narrow = Party(app, client, (token(app, client, "BTG", "system/Task.rs").json or {})["access_token"])
    assert problem(narrow.send("POST", GLASS, asked())) == "scope-lacking"
    nobody = Party(app, client, "x" * 43).send("POST", GLASS, asked())
    assert nobody.status_code == 401
    assert len(events(store, "override.refuse")) == 1 and not events(store, "override.open")


# --- nothing in the URL, nothing by guessing -------------------------------------------------------------------------


@pytest.mark.parametrize("path", [f"{GLASS}?identifier={CIN}", f"{GLASS}?{CIN}=1", f"{GLASS}?text={CIN}&_format=json"])
def test_what_stands_in_the_url_is_refused_and_not_repeated(
    chu: Party, her: str, path: str, access_log: pytest.LogCaptureFixture
) -> None:
    answer = chu.send("POST", path, asked())
    assert answer.status_code == 400
    assert CIN not in answer.text
    assert CIN not in "".join(str(vars(record)) for record in access_log.records if record.name.startswith("hub"))
    assert chu.get(GLASS).status_code == 405
    assert chu.get(f"/fhir/Patient/{her}").status_code == 404


def test_nobody_and_who_cannot_be_opened_are_answered_in_the_bytes_of_a_read_of_nothing(
    hub: Hub, registry: Registry, her: str
) -> None:
    closed = replace(hub, policies=policies({"overrides": [{"id": "break-glass", "classes": ["messages"]}]}))
    chu = for_an_emergency(create_app(closed, registry, Addresses()), registry)
    answers = [chu.send("POST", GLASS, asked(value)) for value in (CIN, "ZZ000001", CIN.lower())]
    answers.append(chu.get("/fhir/Patient/nobody"))
    told = {
        (a.status, a.get_data(), tuple(sorted((k, v) for k, v in a.headers if k != "X-Request-Id"))) for a in answers
    }
    assert len(told) == 1
    assert answers[0].status_code == 404


def test_guessing_numbers_ends_after_few_attempts_whatever_they_found(
    chu: Party, her: str, store: MongoStore, app: Flask, registry: Registry
) -> None:
    answers = [chu.send("POST", GLASS, asked(f"ZZ{number:06}")) for number in range(limits.EMERGENCIES_OF_CLIENT.most)]
    assert {one.status_code for one in answers} == {404}
    late = [chu.send("POST", GLASS, asked(value)) for value in (CIN, "ZZ000000")]
    assert [one.status_code for one in late] == [429, 429]
    assert late[0].get_data() == late[1].get_data()
    assert 0 < int(late[0].headers["Retry-After"]) <= limits.EMERGENCIES_OF_CLIENT.window_s
    assert chu.get(f"/fhir/Patient/{her}").status_code == 404
    assert len(events(store, "override.refuse")) == len(answers) + 1, "of those that came too late, the first"
    for _ in range(20):
        chu.send("POST", GLASS, asked(CIN))
    assert len(events(store, "override.refuse")) == len(answers) + 2, (
        "and the tenth: who hammers does not fill the trail"
    )
    assert CIN not in str(list(store.database.attempts.find())) + str(events(store, "override.refuse"))


def test_more_clients_of_one_organisation_do_not_guess_more(her: str, app: Flask, registry: Registry) -> None:
    clients = [for_an_emergency(app, registry, name=f"desk-{number}") for number in range(6)]
    statuses = [one.send("POST", GLASS, asked("ZZ1")).status_code for one in clients for _ in range(4)]
    assert statuses == [404] * limits.EMERGENCIES_OF_ORGANIZATION.most + [429] * 4
    assert for_an_emergency(app, registry, "hopital").send("POST", GLASS, asked()).status_code == 200


@pytest.mark.parametrize(
    "more",
    [
        {"text": {"valueString": "urgence"}}, {"text": None}, {"reason": None}, {"reason": {"valueCode": "curiosity"}}, {"identifier": None},
        {"identifier": {"valueIdentifier": {"value": CIN}}}, {"identifier": {"valueIdentifier": {"system": 7, "value": [CIN]}}},
        {"identifier": {"valueString": CIN}}, {"patient": {"valueReference": {"reference": "Patient/1"}}},
        {"name": {"valueString": "Souad"}}, {"custodian": {"valueReference": {"reference": "Patient/1"}}},
    ],
)  # fmt: skip
def test_what_is_not_asked_as_it_must_be_opens_nothing(chu: Party, her: str, more: dict[str, Any]) -> None:
    answer = chu.send("POST", GLASS, asked(**more))
    assert answer.status_code == 400
    assert CIN not in answer.text and "Souad" not in answer.text
    assert chu.get(f"/fhir/Patient/{her}").status_code == 404


# --- the end, and tampering ------------------------------------------------------------------------------------------


def test_it_is_over_for_every_request_that_begins_after_its_end(hub: Hub, registry: Registry, her: str) -> None:
    clock = StillClock(Clock().now())
    app = create_app(replace(hub, clock=clock), registry, Addresses())
    chu = for_an_emergency(app, registry)
    chu.send("POST", GLASS, asked())
    clock.forward(timedelta(minutes=14, seconds=59))
    assert chu.get(f"/fhir/Patient/{her}").status_code == 401  # the token ended first
    client = registry.client("chu-emergency")
    assert client
    chu = Party(app, client.id, (fresh(app, client.id, clock).json or {})["access_token"])
    assert chu.get(f"/fhir/Patient/{her}").status_code == 200
    clock.forward(timedelta(seconds=1))
    assert chu.get(f"/fhir/Patient/{her}").status_code == 404
    assert (chu.get("/fhir/Patient").json or {})["total"] == 0


def fresh(app: Flask, client: str, clock: StillClock) -> TestResponse:
    signed = assertion.sign(KEY, client, TOKEN_URL, now=clock.now(), purpose="BTG")
    form = {"client_assertion_type": assertion.TYPE, "client_assertion": signed, "scope": "system/*.cruds"}
    return ask(app, "/oauth/token", {**form, "grant_type": "client_credentials"})


def test_the_recipient_neither_sees_nor_changes_the_record_of_what_it_did(
    chu: Party, her: str, party: Parties, store: MongoStore
) -> None:
    chu.send("POST", GLASS, asked())
    task = next(one["_id"] for one in store.database.Task.find())
    steps = [{"op": "replace", "path": "/restriction/period/end", "value": "2099-01-01T00:00:00.000+00:00"}]
    media = {"Content_Type": "application/json-patch+json", "If_Match": 'W/"1"'}
    assert chu.get(f"/fhir/Task/{task}").status_code == 404
    assert chu.send("PATCH", f"/fhir/Task/{task}", steps, **media).status_code == 404
    forged = {"resourceType": "Task", "id": task, "status": "completed"}
    assert chu.send("PUT", f"/fhir/Task/{task}", forged, If_Match='W/"1"').status_code == 404
    assert chu.send("POST", "/fhir/Task", forged).status_code == 422, "only parts of a referral are created"
    assert store.database.Task.count_documents({}) == 1
    amal = party("amal")
    assert amal.get(f"/fhir/Task/{task}").status_code == 200
    assert amal.send("PATCH", f"/fhir/Task/{task}", steps, **media).status_code == 405
    assert (amal.get(f"/fhir/Task?code={code_system('task-code')}|review-override").json or {})["total"] == 1


def test_what_a_keeper_writes_of_her_meanwhile_is_open_and_what_another_keeps_is_not(
    chu: Party, her: str, party: Parties, survivor: Resource
) -> None:
    chu.send("POST", GLASS, asked())
    other = survivor | {"managingOrganization": {"reference": "Organization/nour"}}
    hidden = str((party("nour").send("POST", "/fhir/Patient", other).json or {})["id"])
    assert chu.get(f"/fhir/Patient/{hidden}").status_code == 404
    assert (chu.get("/fhir/Patient").json or {})["total"] == 1


# --- a duty ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def duty_app(hub: Hub, registry: Registry) -> Flask:
    on = {"id": "legal-duty", "enabled": True, "recipients": ["chu"]}
    return create_app(replace(hub, policies=policies({"overrides": [on]})), registry, Addresses())


def a_duty(**more: Any) -> Resource:
    parameters = {
        "recipient": {"valueReference": {"reference": "Organization/chu"}},
        "policy": {"valueId": "legal-duty"},
        "reason": {"valueCode": "danger-to-child"},
        "text": {"valueString": WORDS},
        "informed": {"valueCode": "not-informed-unsafe"},
    } | more
    return {"resourceType": "Parameters", "parameter": [{"name": n, **v} for n, v in parameters.items() if v]}


def test_a_keeper_discloses_by_duty_to_the_recipient_of_the_policy(
    duty_app: Flask, registry: Registry, her: str, party: Parties
) -> None:
    amal = replace(party("amal"), app=duty_app)
    answer = amal.send("POST", f"/fhir/Patient/{her}/$disclose-by-duty", a_duty())
    assert answer.status_code == 200, answer.text
    client = registered(duty_app, registry, "chu", "COC", "HLEGAL")
    legal = Party(duty_app, client, (token(duty_app, client, "HLEGAL").json or {})["access_token"])
    usual = Party(duty_app, client, (token(duty_app, client, "COC").json or {})["access_token"])
    assert (legal.get(f"/fhir/Patient/{her}").status_code, usual.get(f"/fhir/Patient/{her}").status_code) == (200, 404)


def test_nobody_discloses_what_another_keeps_or_without_saying_whether_she_was_told(
    duty_app: Flask, her: str, party: Parties
) -> None:
    path = f"/fhir/Patient/{her}/$disclose-by-duty"
    nour, amal = replace(party("nour"), app=duty_app), replace(party("amal"), app=duty_app)
    assert nour.send("POST", path, a_duty()).status_code == 404
    assert (
        nour.send("POST", "/fhir/Patient/nobody/$disclose-by-duty", a_duty()).get_data()
        == nour.send("POST", path, a_duty()).get_data()
    )
    assert amal.send("POST", path, a_duty(informed=None)).status_code == 400
    assert problem(amal.send("POST", path, a_duty(policy={"valueId": "break-glass"}))) == "no-override"
    narrow = replace(party("amal", "system/Patient.rs"), app=duty_app)
    assert problem(narrow.send("POST", path, a_duty())) == "scope-lacking"
    assert amal.send("POST", "/fhir/Patient/$disclose-by-duty", a_duty()).status_code in {404, 405}


def test_no_word_of_it_is_logged(chu: Party, her: str, access_log: pytest.LogCaptureFixture) -> None:
    access_log.set_level(logging.DEBUG)
    chu.send("POST", GLASS, asked())
    told = "".join(str(vars(record)) for record in access_log.records if record.name.startswith("hub"))
    assert told and CIN not in told and WORDS not in told and her not in told
