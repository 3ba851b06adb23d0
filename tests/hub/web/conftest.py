"""A hub with a real store behind the application, two associations and two hospitals."""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

import pytest
from flask import Flask
from pymongo.errors import InvalidOperation

from hub.directory.organizations import Entry, Names
from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, identifier_system, profile
from hub.ports import Changes, Key, Registry, Save
from hub.store import MongoStore
from hub.web.app import create_app
from tests.support.parties import Addresses, Clock, Party, RandomIds, register

PERSON = "7f0c3c1e-0000-4000-8000-000000000001"


NOT_ABOUT_HER: Final = {
    "person": {"$ne": None},
    "$expr": {"$not": {"$in": [{"$concat": ["Patient/", "$person"]}, {"$ifNull": ["$x.entity", []]}]}},
}
"""Audit events of a person that `hub.store.queries.whose` would not find."""


@pytest.fixture
def hub(store: MongoStore) -> Iterator[Hub]:
    """Whatever a test has it do, every audit event that it keeps with a person is found as one about her."""
    names = Names(
        Entry(id_, type_, {"fr": id_, "ar": id_}, "MA-CAS")
        for id_, type_ in [
            ("amal", "association"),
            ("nour", "association"),
            ("chu", "hospital-unit"),
            ("hopital", "hospital-unit"),
        ]
    )
    yield Hub(store, Clock(), RandomIds(), names, b"a pepper that only this test knows")
    with suppress(InvalidOperation):  # who closed the store has nothing more to show
        assert not store.database.AuditEvent.count_documents(NOT_ABOUT_HER)


@pytest.fixture
def app(hub: Hub, registry: Registry) -> Flask:
    return create_app(hub, registry, Addresses())


@pytest.fixture
def party(app: Flask, registry: Registry) -> Callable[..., Party]:
    """`party("chu")`, `party("chu", "system/Task.rs")`: a system of that organisation with its token."""
    return lambda organization, *args, **kwargs: register(app, registry, organization, *args, **kwargs)


@pytest.fixture
def survivor() -> Resource:
    """A survivor as an association would send her."""
    return {
        "resourceType": "Patient",
        "meta": {"profile": [profile("survivor")]},
        "identifier": [
            {
                "type": {"coding": [{"system": code_system("identifier-type"), "code": "survivor-code"}]},
                "system": identifier_system("survivor-code"),
                "value": "CAS-0042",
            }
        ],
        "active": True,
        "gender": "female",
        "managingOrganization": {"reference": "Organization/amal"},
    }


@pytest.fixture
def tasks(hub: Hub) -> list[str]:
    """Seven referrals from amal to chu, for one person; the oldest first."""
    ids = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(1, 8)]
    keys = (Key("amal|*|*"), Key("chu|COC|notice"))
    for number, id_ in enumerate(ids):
        hub.store.commit(Changes(saves=[Save(_task(id_, number), PERSON, "amal", keys)], persons={PERSON: number}))
    return ids


def _task(id_: str, number: int) -> Resource:
    return {
        "resourceType": "Task",
        "id": id_,
        "meta": {"profile": [profile("referral-task")]},
        "status": "requested" if number % 2 else "received",
        "intent": "order",
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
        "priority": "urgent",
        "focus": {"reference": f"ServiceRequest/{id_}"},
        "for": {"reference": f"Patient/{PERSON}"},
        "authoredOn": "2026-03-01T10:00:00.000+00:00",
        "lastModified": "2026-03-01T10:00:00.000+00:00",
        "requester": {"reference": "Organization/amal"},
        "owner": {"reference": "Organization/chu"},
        "restriction": {"period": {"end": "2026-03-08T10:00:00.000+00:00"}},
    }


@pytest.fixture
def access_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    caplog.set_level(logging.DEBUG)
    yield caplog
