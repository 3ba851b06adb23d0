"""Pages of a history, of documents that change at random: together every version once, in order, whatever the page's size.

https://hl7.org/fhir/R4/http.html#history
"""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from hub.fhir import Resource
from hub.ports import Changes, Key, Past, Save, Versions
from hub.store import MongoStore
from tests.support.acts import NOW, sees

TYPES = ("Location", "Organization", "Task")
Place = tuple[datetime, str, int]


class Ticking:
    """A clock that often stands still."""

    def __init__(self, chance: Random) -> None:
        self.chance, self.at = chance, NOW

    def now(self) -> datetime:
        self.at += timedelta(minutes=self.chance.choice([0, 0, 1]))
        return self.at


def write(store: MongoStore, chance: Random) -> dict[str, list[Place]]:
    """All versions of what may be seen, by type; some others are written too."""
    written: dict[str, list[Place]] = {type_: [] for type_ in TYPES}
    versions: dict[tuple[str, str], int] = {}
    for _ in range(40):
        type_, id_ = chance.choice(TYPES), f"{chance.randrange(6)}"
        version = versions.get((type_, id_), 0)
        made: Resource = {"resourceType": type_, "id": id_}
        keys = (Key("b" if id_ == "5" else "a"),)
        store.commit(Changes(saves=[Save(made, None, "amal", keys, version or None)]))
        versions[type_, id_] = version + 1
        if id_ != "5":
            stored: Any = store.database[type_].find_one({"_id": id_})
            written[type_].append((stored["at"], f"{type_}/{id_}", version + 1))
    return written


def walked(store: MongoStore, types: tuple[str, ...], asked: Versions) -> list[Place]:
    found: list[Place] = []
    while True:
        page = store.history([Past(type_, sees("a")) for type_ in types], asked)
        found += [(one.at, f"{one.type}/{one.id}", one.version) for one in page.page]
        if page.after is None:
            return found
        assert len(page.page) == asked.count
        asked = replace(asked, after=page.after)


@pytest.mark.parametrize("seed", range(3))
def test_the_pages_of_a_history_hold_each_version_once_in_order(store: MongoStore, seed: int) -> None:
    chance = Random(seed)
    store._now = Ticking(chance).now
    written = write(store, chance)
    since = chance.choice([place for places in written.values() for place in places])[0]
    for types in (("Task",), TYPES):
        expected = sorted((place for type_ in types for place in written[type_]), reverse=True)
        for count in (1, 2, 3, 7, 50):
            assert walked(store, types, Versions(count=count)) == expected, (seed, types, count)
            later = [place for place in expected if place[0] >= since]
            assert walked(store, types, Versions(count=count, since=since)) == later, (seed, types, count)
