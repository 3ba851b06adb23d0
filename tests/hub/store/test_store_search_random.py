"""Searches against a naive evaluation of the official FHIRPath over the same resources: equal sets, order, totals, on all pages.

A resource that is not visible is absent to the naive side; so it must be to every step of a chain.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hub.errors import HubError
from hub.exchange.chains import followed
from hub.fhir import Resource
from hub.fhir.query import Query
from hub.ports import Changes, Save
from hub.search import asked, parse
from hub.store import MongoStore, conditions, pages, queries
from tests.support import naive
from tests.support.acts import NOW, opened, sees
from tests.support.asked_at_random import Searches, sortable
from tests.support.grown import grown

TYPES: Final = (
    "Task", "Patient", "Observation", "ServiceRequest", "EpisodeOfCare", "Encounter", "Organization", "HealthcareService", "Location",
    "PractitionerRole", "Consent", "Provenance", "Procedure", "RelatedPerson",
)  # fmt: skip
BASE: Final = "https://hub.example/fhir"
EACH: Final = 5
PEOPLE: Final = count()
SEARCHES: Final = 40


@dataclass
class World:
    """Resources of every type in the database; `visible` are those that the caller sees, by type."""

    store: MongoStore
    visible: dict[str, list[Resource]]

    def ids(self, query: Query, limit: int, through: tuple[str, str] | None) -> tuple[str, ...]:
        return self.store.ids(query, sees("a"), limit, through)

    def pages(self, query: Query) -> Iterator[tuple[list[str], int | None]]:
        after: str | None = None
        while True:
            found = self.store.search(followed(replace(query, after=after), self.ids), sees("a"))
            yield [one.id for one in found.page], found.total
            after = found.after
            if after is None:
                return


@pytest.fixture(scope="module")
def emptied(mongodb_uri: str) -> Iterator[MongoStore]:
    with MongoStore.open(mongodb_uri, f"random_{os.getpid()}", now=lambda: NOW) as store:
        yield store
        store.database.client.drop_database(store.database.name)


def furnished(store: MongoStore, chance: Random) -> World:
    """Some of each type; one in five is hidden."""
    for name in (*TYPES, "history", "persons"):
        store.database[name].delete_many({})
    ids = {type_: [f"{type_[0].lower()}{type_[1:3]}{n}" for n in range(EACH)] for type_ in TYPES}
    made = [grown(type_, id_, chance, ids) for type_ in TYPES for id_ in ids[type_]]
    seen = [chance.random() < 0.8 for _ in made]
    person = f"p{next(PEOPLE)}"
    saves = [
        Save(one, person, "keeper", opened("a" if is_seen else "b")) for one, is_seen in zip(made, seen, strict=True)
    ]
    store.commit(Changes(saves=saves, persons={person: 0}))
    shown = [one for one, is_seen in zip(made, seen, strict=True) if is_seen]
    return World(store, {type_: [one for one in shown if one["resourceType"] == type_] for type_ in TYPES})


def search(world: World, chance: Random) -> None:
    """One random search, compared page by page."""
    type_ = chance.choice(TYPES)
    searches = Searches(world.visible, chance, NOW)
    wanted = [searches.one(type_) for _ in range(chance.choice([0, 1, 1, 1, 2]))]
    by = chance.sample(list(sortable(type_)), chance.choice([0, 1, 1, 2]) if len(list(sortable(type_))) > 1 else 0)
    ways = [chance.random() < 0.5 for _ in by]
    pairs = [(name, value) for name, value, _ in wanted]
    pairs += (
        [("_sort", ",".join(f"{'-' if way else ''}{one.name}" for one, way in zip(by, ways, strict=True)))]
        if by
        else []
    )
    pairs.append(("_count", str(chance.choice([1, 2, 3, 50]))))
    query, ignored = parse(type_, pairs, strict=True, base=BASE)
    assert not ignored
    holding = [one for one in world.visible[type_] if all(holds(one) for _, _, holds in wanted)]
    keys = [naive.By(naive.sort_key(one), way) for one, way in zip(by, ways, strict=True)]
    expected = naive.ordered(
        holding, keys, ids_descending=ways[-1] if ways else True
    )  # all were written at one instant
    found = list(world.pages(query))
    assert [id_ for page, _ in found for id_ in page] == expected, (type_, pairs, world.visible[type_])
    assert {total for _, total in found} == {len(expected)}, (type_, pairs)


def compare(store: MongoStore, seed: int) -> None:
    chance = Random(seed)
    world = furnished(store, chance)
    for _ in range(SEARCHES):
        search(world, chance)


def wrong_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(conditions._EDGE, "gt", conditions._EDGE["sa"])


def wrong_not(monkeypatch: pytest.MonkeyPatch) -> None:
    match = queries._match
    monkeypatch.setattr(queries, "_match", lambda type_, one, now: match(type_, replace(one, modifier=None), now))


def codes_without_the_system_of_their_binding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "tokens", lambda _, name, part: (asked.token(name, part),))


def chains_through_what_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        World, "ids", lambda world, query, limit, through: world.store.ids(query, sees("a", "b"), limit, through)
    )


def pages_that_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    beyond = pages._beyond
    monkeypatch.setattr(pages, "_beyond", lambda places, ways, last: beyond(places[:-1], ways[:-1], last[:-1]))


@pytest.mark.parametrize(
    "disturb",
    [
        wrong_after,
        wrong_not,
        codes_without_the_system_of_their_binding,
        chains_through_what_is_hidden,
        pages_that_repeat,
    ],
    ids=lambda one: one.__name__,
)
def test_the_comparison_notices_a_wrong_rule(
    emptied: MongoStore, disturb: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    disturb(monkeypatch)
    with pytest.raises((AssertionError, HubError)):
        for seed in range(80):
            compare(emptied, seed)


BUDGET: Final[dict[str, Any]] = {
    "deadline": None,
    "database": None,
    "phases": (Phase.explicit, Phase.generate),  # a smaller number is no smaller world
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}


@settings(max_examples=6, **BUDGET)
@given(seed=st.integers(0, 2**32))
def test_a_search_finds_what_a_naive_reading_of_its_rules_finds(emptied: MongoStore, seed: int) -> None:
    compare(emptied, seed)


@pytest.mark.deep
@pytest.mark.skipif(not os.environ.get("IHALA_DEEP"), reason="thousands of searches: make deep")
@settings(max_examples=100, **BUDGET)
@given(seed=st.integers(0, 2**32))
def test_so_it_does_in_thousands_of_searches(emptied: MongoStore, seed: int) -> None:
    compare(emptied, seed)
