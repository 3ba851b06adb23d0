"""A hub with its pages, in a hospital and an association; and a browser to look at them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from hub.directory.organizations import Entry, Names
from hub.exchange import Hub
from hub.outbound.allowed import Allowed
from hub.ports import Registry
from hub.store import MongoStore
from tests.support.at_a_browser import browsing
from tests.support.offices import Office, office
from tests.support.parties import Clock, RandomIds
from tests.support.people import Town


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture
def hub(store: MongoStore) -> Hub:
    names = Names(
        Entry(id_, type_, {"fr": french, "ar": arabic, "en": french}, "MA-CAS")
        for id_, type_, french, arabic in [
            ("amal", "association", "Association Amal", "جمعية أمل"),
            ("chu", "hospital-unit", "CHU de l'Atlas", "المستشفى الجامعي الأطلس"),
        ]
    )
    return Hub(store, Clock(), RandomIds(), names, b"a pepper that only this test knows")


@pytest.fixture
def town(hub: Hub, store: MongoStore, registry: Registry) -> Town:
    return Town(hub, registry, store, key_hosts=(Allowed.read("his.example"),))


@pytest.fixture
def at(store: MongoStore, registry: Registry) -> Office:
    """People of several organisations; she agreed to a referral to two of them."""
    made = office(store, registry)
    made.at.agree("chu", "clinique")
    return made
