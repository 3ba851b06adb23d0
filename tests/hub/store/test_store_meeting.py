"""Whether a resource meets a search is told without the database as the database tells it."""

import os
from collections.abc import Iterator
from random import Random
from typing import Final

import pytest

from hub.fhir.query import Match, Query, Span, Token
from hub.search import Unstored, index, meets, parse
from hub.search.dates import span
from hub.store import MongoStore
from tests.hub.store.test_store_search_random import TYPES, World, furnished
from tests.support.acts import NOW
from tests.support.asked_at_random import Searches

ASKED: Final = 250


@pytest.fixture(scope="module")
def emptied(mongodb_uri: str) -> Iterator[MongoStore]:
    with MongoStore.open(mongodb_uri, f"meeting_{os.getpid()}", now=lambda: NOW) as store:
        yield store
        store.database.client.drop_database(store.database.name)


def found(world: World, query: Query) -> set[str]:
    return {id_ for page, _ in world.pages(query) for id_ in page}


@pytest.mark.parametrize("seed", range(3))
def test_what_meets_a_search_is_what_the_database_finds_by_it(emptied: MongoStore, seed: int) -> None:
    chance = Random(seed)
    world = furnished(emptied, chance)
    some = 0
    for _ in range(ASKED):
        type_ = chance.choice(TYPES)
        name, value, _ = Searches(world.visible, chance, NOW).one(type_)
        if "." in name or name.startswith("_has") or name == "_id" or value.startswith("ap"):
            continue
        query, _ = parse(type_, [(name, value)], strict=True, base="https://hub.example/fhir")
        if query.matches[0].type == "composite":
            continue
        known = {one["id"]: index(one) for one in world.visible[type_]}
        met = {id_ for id_, found_by in known.items() if meets(query, found_by)}
        assert Unstored(known).meeting(query) == met, (type_, name, value)
        assert met == found(world, query), (type_, name, value, world.visible[type_])
        some += bool(met)
    assert some > ASKED // 10


def test_what_nobody_knows_yet_and_what_takes_what_is_stored_to_be_told_is_not_met() -> None:
    task = index({"resourceType": "Task", "id": "t", "status": "requested", "for": {"reference": "Patient/p"}})
    status = Match("status", "token", (Token(None, "requested"),))
    assert meets(Query("Task", (status,)), task)
    assert not meets(Query("Task"), task)
    always = Span("ge", *span("1900"))
    for other in (Match("_id", "token", (Token(None, "t"),)), Match("_lastUpdated", "date", (always,))):
        assert not meets(Query("Task", (status, other)), task)
    chained, _ = parse("Task", [("patient.gender", "female"), ("status", "requested")], strict=True)
    assert not meets(chained, task)
