"""Who changes something with a token that was good a moment ago: whether it still is, the commit says, or the answer waits for it."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from hub.errors import LOGIN, HubError
from hub.fhir import Resource
from hub.oauth.tokens import authenticate
from hub.oauth.vault import hashed
from hub.ports import Binding, Kept, Registry, Supposed, Token
from hub.store import MongoRegistry, MongoStore
from hub.store.tokens import LEASE_S
from tests.support.acts import NOW
from tests.support.commands import LISTENER
from tests.support.parties import Party, register

SECRET = "a-token-of-this-test-that-opens-nothing-else-at-all"[:43]
TOKEN = Token(hashed(SECRET), "chu", "chu", frozenset({"system/Task.r"}), "COC", NOW + timedelta(minutes=5), NOW)


@dataclass
class Town:
    """A hub whose tokens are ended by another process, which tells this one nothing."""

    app: Flask
    registry: Registry
    elsewhere: MongoRegistry
    store: MongoStore
    survivor: Resource
    amal: Party

    def created(self, by: Party | None = None) -> TestResponse:
        by = by or self.amal
        keeper = {"reference": f"Organization/{by.client.removesuffix('-system')}"}
        return by.send("POST", "/fhir/Patient", {**self.survivor, "managingOrganization": keeper})

    def ended(self, party: Party) -> None:
        (hash_,) = [one["_id"] for one in self.store.database.tokens.find({"client": party.client})]
        self.elsewhere.end_token(hash_, party.client)

    def all(self) -> dict[str, int]:
        return {name: n for name, n in self.store.counts().items() if name != "AuditEvent"}


@pytest.fixture
def town(
    app: Flask, registry: Registry, store: MongoStore, survivor: Resource, mongodb_uri: str, database: str
) -> Iterator[Town]:
    with MongoStore.open(mongodb_uri, database) as other:
        yield Town(app, registry, MongoRegistry(other), store, survivor, register(app, registry, "amal"))


def bundle(*entries: Resource) -> Resource:
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}


def posted(resource: Resource) -> Resource:
    return {"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}


@dataclass
class Asking:
    """One way to ask for a change of what amal keeps, and her record as it stands."""

    town: Town
    patient: Resource

    def send(self, method: str, path: str, body: Any, **headers: str) -> TestResponse:
        return self.town.amal.send(method, path, body, **headers)

    @property
    def path(self) -> str:
        return f"/fhir/Patient/{self.patient['id']}"

    @property
    def other(self) -> Resource:
        return {**self.patient, "active": False}


JSON_PATCH = {"Content_Type": "application/json-patch+json"}
INACTIVE = [{"op": "replace", "path": "/active", "value": False}]
WAYS: dict[str, Callable[[Asking], TestResponse]] = {
    "create": lambda one: one.town.created(),
    "create that is refused": lambda one: one.send("POST", "/fhir/Patient", {**one.town.survivor, "gender": "?"}),
    "create without a body": lambda one: one.send("POST", "/fhir/Patient", "{"),
    "create of what is not created": lambda one: one.send("POST", "/fhir/AuditEvent", {"resourceType": "AuditEvent"}),
    "create of what is there": lambda one: one.send(
        "POST", "/fhir/Patient", one.town.survivor, If_None_Exist="identifier=CAS-0042"
    ),
    "update": lambda one: one.send("PUT", one.path, one.other, If_Match='W/"1"'),
    "update that says nothing new": lambda one: one.send("PUT", one.path, one.patient, If_Match='W/"1"'),
    "update of an old version": lambda one: one.send("PUT", one.path, one.other, If_Match='W/"7"'),
    "update of what is not there": lambda one: one.send("PUT", "/fhir/Patient/none", {**one.other, "id": "none"}),
    "patch": lambda one: one.send("PATCH", one.path, INACTIVE, If_Match='W/"1"', **JSON_PATCH),
    "delete": lambda one: one.send("DELETE", one.path, None),
    "transaction": lambda one: one.send("POST", "/fhir", bundle(posted(one.town.survivor))),
    "transaction of nothing": lambda one: one.send("POST", "/fhir", bundle()),
    "no transaction": lambda one: one.send("POST", "/fhir", {"resourceType": "Bundle", "type": "collection"}),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_token_that_another_process_ended_changes_nothing_and_says_nothing(town: Town, way: str) -> None:
    made = town.created()
    assert made.status_code == 201
    asking = Asking(town, made.json or {})
    never = Party(town.app, "none", "x" * 43)
    town.ended(town.amal)
    before = town.all()
    answer = WAYS[way](asking)
    unknown = WAYS[way](Asking(replace(town, amal=never), asking.patient))
    assert (answer.status_code, answer.data) == (401, unknown.data)
    assert town.all() == before


def test_a_good_token_is_asked_about_by_the_commit_alone(town: Town) -> None:
    town.created()
    with LISTENER.noted() as heard:
        assert town.created().status_code == 201
    assert [one for one in heard if "tokens" in one] == ["find tokens"]
    assert heard.index("find tokens") < heard.index("insert Patient")
    time.sleep(LEASE_S)
    with LISTENER.noted() as heard:
        assert town.amal.get("/fhir/Patient").status_code == 200
    assert [one for one in heard if "tokens" in one] == ["find tokens"]


def test_of_acts_that_are_committed_together_the_one_whose_token_has_ended_fails_alone(town: Town) -> None:
    others = [register(town.app, town.registry, name) for name in ("nour", "chu", "hopital")]
    for one in (town.amal, *others):
        assert town.created(one).status_code == 201
    town.ended(town.amal)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(town.created, [town.amal, *others] * 6))
    assert [one.status_code for one in answers] == [401, 201, 201, 201] * 6


def test_what_is_remembered_of_a_token_is_forgotten_with_its_time(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.created()
    hash_ = town.store.database.tokens.find_one({"client": town.amal.client})["_id"]  # type: ignore[index]
    assert town.registry.supposed(hash_) is not None
    start = time.monotonic()
    monkeypatch.setattr("hub.store.tokens.time.monotonic", lambda: start + 31)
    assert town.registry.supposed(hash_) is None


def test_a_token_is_no_more_supposed_after_its_own_end(registry: MongoRegistry) -> None:
    registry.save_token(TOKEN)
    secret, ends = SECRET, TOKEN.until
    assert authenticate(f"Bearer {secret}", NOW, registry).supposed is None
    supposed = authenticate(f"Bearer {secret}", ends - timedelta(seconds=1), registry, supposing=True).supposed
    assert supposed == Supposed(known=False)
    with pytest.raises(HubError) as refused:
        authenticate(f"Bearer {secret}", ends, registry, supposing=True)
    assert refused.value.problem is LOGIN


def test_a_token_that_stands_on_consents_is_always_looked_up(registry: MongoRegistry, store: MongoStore) -> None:
    binding = Binding((("c1", 3),), frozenset({Kept("p1", "amal")}), TOKEN.until, (), ())
    registry.save_token(replace(TOKEN, binding=binding))
    store.database["Consent"].insert_one({"_id": "c1", "v": 3})
    for _ in range(2):
        assert authenticate(f"Bearer {SECRET}", NOW, registry, supposing=True).supposed is None
    store.database["Consent"].update_one({"_id": "c1"}, {"$set": {"v": 4}})
    with pytest.raises(HubError):
        authenticate(f"Bearer {SECRET}", NOW, registry, supposing=True)
