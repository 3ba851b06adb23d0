"""A hub with its pages, in a hospital and an association."""

import pytest

from hub.directory.organizations import Entry, Names
from hub.exchange import Hub
from hub.ports import Registry
from hub.store import MongoStore
from tests.support.parties import Clock, RandomIds
from tests.support.people import Town


@pytest.fixture
def town(store: MongoStore, registry: Registry) -> Town:
    names = Names(
        Entry(id_, type_, {"fr": id_, "ar": id_}, "MA-CAS")
        for id_, type_ in [("amal", "association"), ("chu", "hospital-unit")]
    )
    return Town(Hub(store, Clock(), RandomIds(), names, b"a pepper that only this test knows"), registry, store)
