"""Events: told at once to who may know, an id and no more; silent as soon as consent, token or client ends; resumed without a gap."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask

from hub.errors import UNAVAILABLE, HubError
from hub.exchange import Hub
from hub.exchange.listen import Listeners
from hub.fhir import Resource
from hub.ports import Registry
from hub.store import MongoFeed, MongoStore
from hub.web import events
from hub.web.app import create_app
from tests.support.ears import Ears, listen, references, until
from tests.support.parties import Addresses, Party
from tests.support.shared_case import PATCH, SharedCase, share


@pytest.fixture
def listeners(hub: Hub, store: MongoStore, registry: Registry) -> Iterator[Listeners]:
    made = Listeners(hub, MongoFeed(store), registry, most=8)
    yield made
    made.end()
    until(lambda: not made.running())


@pytest.fixture
def app(hub: Hub, registry: Registry, listeners: Listeners) -> Flask:
    return create_app(hub, registry, Addresses(), listeners=listeners)


@pytest.fixture
def case(party: Callable[..., Party], survivor: Resource) -> SharedCase:
    """The hospital accepted."""
    return share(party, survivor)


def note(case: SharedCase, text: str = "Rappeler.") -> int:
    """The hospital adds a note to the referral; the version that this makes."""
    steps = [{"op": "add", "path": "/note", "value": [{"text": text}]}]
    answer = case.reader.send("PATCH", f"/fhir/{case.task}", steps, **PATCH)
    assert answer.status_code == 200, answer.text
    return int((answer.json or {})["meta"]["versionId"])


def move(case: SharedCase, status: str) -> Resource:
    steps = [{"op": "replace", "path": "/status", "value": status}]
    version = case.reader.get(f"/fhir/{case.task}").headers["ETag"]
    answer = case.reader.send("PATCH", f"/fhir/{case.task}", steps, **PATCH, If_Match=version)
    assert answer.status_code == 200, answer.text
    return answer.json or {}


# --- who is told what ---------------------------------------------------------------------------------------------------


def test_both_parties_of_a_referral_are_told_at_once_and_nobody_else(case: SharedCase) -> None:
    amal, chu, stranger = listen(case.keeper), listen(case.reader), listen(case.stranger)
    started = time.perf_counter()
    changed = move(case, "in-progress")
    for ears in (amal, chu):
        (event,) = ears.wait(1)
        assert event.kind == "referral.start"
        assert event.data == {"reference": case.task, "version": 3, "at": changed["meta"]["lastUpdated"]}
        assert event.at - started < 5
    note(case)
    amal.wait(2)
    assert stranger.heard == []
    assert amal.answer.content_type == "text/event-stream; charset=utf-8"
    assert amal.answer.headers["Cache-Control"] == "no-store"
