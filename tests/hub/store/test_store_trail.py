"""Audit events in their chains: gapless whoever writes at once and however an act ends; what is done to them is found."""

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.audit import events
from hub.audit.checkpoints import new_key
from hub.errors import Conflict
from hub.exchange.vouch import Report, checkpoint, verify
from hub.ports import Changes, Key, Rekey, Save
from hub.store import MongoStore, MongoTrail
from hub.store.chains import SHARDS
from hub.store.schema import Document
from tests.support.acts import saving, survivor
from tests.support.shapes import made_again

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEYS = [new_key()]


def telling(*names: str, person: str | None = "p") -> list[Save]:
    return [
        Save(
            events.event(
                name, "disclosure.permit", NOW, interaction="read", caller=None, person=person, entities=["Task/t"]
            ),
            person,
            "amal",
            (Key("amal|own"),),
        )
        for name in names
    ]


def tell(store: MongoStore, *names: str) -> None:
    store.commit(Changes(saves=telling(*names)))


def places(store: MongoStore) -> list[tuple[int, int]]:
    return sorted((found["c"]["s"], found["c"]["n"]) for found in store.database.AuditEvent.find())


def gapless(store: MongoStore) -> bool:
    found = places(store)
    return found == [
        (s, n + 1) for s in sorted({s for s, _ in found}) for n in range(sum(1 for t, _ in found if t == s))
    ]


def broken(store: MongoStore, outside: Iterable[str] = ()) -> list[tuple[str, int, str]]:
    return [(one.kind, one.sequence, one.event) for one in told(store, outside).broken]


def told(store: MongoStore, outside: Iterable[str] = ()) -> Report:
    return verify(MongoTrail(store), KEYS, outside)


def sign(store: MongoStore) -> str:
    line = checkpoint(MongoTrail(store), KEYS, NOW)
    assert line is not None
    return line


def test_each_event_has_its_place_in_one_chain(store: MongoStore) -> None:
    tell(store, "a")
    tell(store, "b", "c")
    tell(store, "d")
    assert [n for _, n in places(store)] == [1, 2, 3, 4], "who writes alone keeps to one chain"
    report = told(store)
    assert (report.events, report.unchained, report.after, report.broken) == (4, 0, 4, ())


def test_an_act_without_events_takes_no_place(store: MongoStore) -> None:
    store.commit(saving(survivor("p")))
    assert told(store).chains == {}


def test_writers_at_once_leave_no_gap_and_lose_nothing(mongodb_uri: str, database: str) -> None:
    """Three stores, as three processes have them, of four threads each."""

    def write(store: MongoStore, name: str) -> None:
        for number in range(12):
            tell(store, f"{name}-{number}-a", f"{name}-{number}-b")

    with (
        MongoStore.open(mongodb_uri, database) as one,
        MongoStore.open(mongodb_uri, database) as two,
        MongoStore.open(mongodb_uri, database) as three,
    ):
        writers = [
            threading.Thread(target=write, args=(store, f"{place}-{thread}"))
            for place, store in enumerate((one, two, three))
            for thread in range(4)
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert gapless(one)
        report = told(one)
        assert (report.events, report.broken) == (3 * 4 * 12 * 2, ())
        assert 1 < len(report.chains) <= SHARDS


def test_two_stores_that_want_the_same_chain_both_get_a_place(mongodb_uri: str, database: str) -> None:
    with MongoStore.open(mongodb_uri, database) as one, MongoStore.open(mongodb_uri, database) as two:
        for number in range(4):
            for store in (one, two):
                store.chains._free.remove(5)
                store.chains._free.append(5)  # each would take this one first
                tell(store, f"{id(store)}-{number}")
        assert gapless(one)
        assert (told(one).events, told(one).broken) == (8, ())


def test_an_act_that_fails_leaves_no_gap(store: MongoStore) -> None:
    tell(store, "a")
    with pytest.raises(Conflict):
        tell(store, "b", "a")
    with pytest.raises(Conflict):
        store.commit(Changes(saves=[*telling("c"), Save(survivor("p"), "p", "amal", (), 7)], persons={"p": 0}))
    tell(store, "d")
    assert len(places(store)) == 3  # `b`, an event of its own, was whole before `a` failed
    assert broken(store) == []


def test_events_that_are_outrun_halfway_find_their_places_in_another_chain(store: MongoStore) -> None:
    tell(store, "a")
    ((shard, _),) = places(store)
    store.database.AuditEvent.insert_one({"_id": "another's", "c": {"s": shard, "n": 4}})
    tell(store, "b", "c", "d", "e")
    store.database.AuditEvent.delete_one({"_id": "another's"})
    assert {found["_id"] for found in store.database.AuditEvent.find()} == set("abcde")
    assert sorted(n for _, n in places(store)) == [1, 1, 2, 2, 3]
    assert broken(store) == []


def test_an_event_is_only_ever_added(store: MongoStore) -> None:
    tell(store, "a")
    (again,) = telling("a")
    for change in (
        Changes(saves=[Save(again.resource, "p", "amal", again.keys, 1)]),
        Changes(rekeys=[Rekey("AuditEvent", "a", ())]),
    ):
        with pytest.raises(ValueError, match="only ever added"):
            store.commit(change)


Tamper = Callable[[MongoStore], object]


def updating(event: str, **fields: object) -> Tamper:
    return lambda store: store.database.AuditEvent.update_one({"_id": event}, {"$set": fields})


def retold(event: str, old: str, new: str) -> Tamper:
    """The text of an event with something else in it."""

    def tamper(store: MongoStore) -> None:
        found: Any = store.database.AuditEvent.find_one({"_id": event})
        assert old in found["json"]
        updating(event, json=found["json"].replace(old, new))(store)

    return tamper


def copying(event: str, **fields: object) -> Tamper:
    """An event that somebody made of another."""

    def tamper(store: MongoStore) -> None:
        store.database.AuditEvent.drop_index("c.s_1_c.n_1")
        made_again(store.database)
        found: Document = store.database.AuditEvent.find_one({"_id": event}) or {}
        store.database.AuditEvent.insert_one({**found, "_id": "forged", **fields})

    return tamper


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (retold("b", '"outcome":"0"', '"outcome":"4"'), ("changed", 2, "b")),
        (retold("b", "Task/t", "Task/u"), ("changed", 2, "b")),
        (retold("b", '"outcome":"0"', '"outcome":"4","outcome":"0"'), ("changed", 2, "b")),
        (updating("b", json="{"), ("changed", 2, "b")),
        (updating("b", json=None), ("changed", 2, "b")),
        (updating("b", person="q"), ("changed", 2, "b")),
        (updating("b", custodian=None), ("changed", 2, "b")),
        (updating("b", k=[]), ("changed", 2, "b")),
        (updating("b", at=datetime(2020, 1, 1, tzinfo=UTC)), ("changed", 2, "b")),
        (updating("b", v=2), ("changed", 2, "b")),
        (updating("b", x={}), ("hidden", 2, "b")),
        (updating("b", **{"c.h": "0" * 64}), ("changed", 2, "b")),
        (updating("b", **{"c.n": 9}), ("missing", 2, "c")),
        (updating("b", **{"c.n": -1}), ("missing", 2, "c")),
        (updating("b", c=None), ("missing", 2, "c")),
        (lambda store: store.database.AuditEvent.delete_one({"_id": "a"}), ("missing", 1, "b")),
        (lambda store: store.database.AuditEvent.delete_one({"_id": "b"}), ("missing", 2, "c")),
        (copying("b"), ("repeated", 3, "forged")),
        (lambda store: store.database.AuditEvent.delete_one({"_id": "d"}), ("truncated", 4, "")),
        (lambda store: store.database.AuditEvent.delete_many({}), ("truncated", 1, "")),
        (copying("b", c=None), ("unchained", 1, "")),
        (copying("b", c={"s": 2.5, "n": 1, "h": ""}), ("unchained", 1, "")),
        (copying("b", c={"s": "3", "n": 1, "h": ""}), ("unchained", 1, "")),
        (copying("b", c={"s": 99, "n": 1, "h": ""}), ("changed", 1, "forged")),
    ],
)
def test_what_somebody_did_to_the_database_is_found(
    store: MongoStore, tamper: Tamper, found: tuple[str, int, str]
) -> None:
    tell(store, "a", "b", "c", "d")
    sign(store)
    assert broken(store) == []
    tamper(store)
    assert broken(store)[0] == found


def test_checkpoints_kept_outside_know_what_those_in_the_database_no_longer_tell(store: MongoStore) -> None:
    tell(store, "a", "b")
    outside = [sign(store)]
    tell(store, "c")
    outside.append(sign(store))
    assert (told(store, outside).checkpoints, told(store).after) == (2, 0)
    store.database.AuditEvent.delete_one({"_id": "c"})
    store.database.checkpoints.delete_one({"_id": 2})
    assert broken(store) == [], "the database alone tells of nothing"
    assert broken(store, outside) == [("truncated", 3, "")]


def test_checkpoints_in_the_database_are_a_chain_too(store: MongoStore) -> None:
    tell(store, "a")
    for _ in range(3):
        sign(store)
    store.database.checkpoints.delete_one({"_id": 2})
    assert broken(store) == [("checkpoint", 2, "")]
    store.database.checkpoints.update_one({"_id": 1}, {"$set": {"line": "forged"}})
    assert ("signature", 1, "") in broken(store)


def test_a_checkpoint_is_made_when_it_is_due_and_its_number_once(store: MongoStore) -> None:
    trail = MongoTrail(store)
    assert checkpoint(trail, KEYS, NOW, only_if_due=True) is None
    tell(store, "a")
    assert checkpoint(trail, KEYS, NOW, only_if_due=True) is not None
    assert checkpoint(trail, KEYS, NOW, only_if_due=True) is None
    assert trail.save_checkpoint(1, "another") is False


def test_events_from_before_the_chains_are_counted_and_guarded_from_the_first_checkpoint_on(store: MongoStore) -> None:
    tell(store, "old-1", "old-2")
    store.database.AuditEvent.update_many({}, {"$unset": {"c": ""}})
    store.chains._heads.clear()
    tell(store, "new")
    assert (told(store).unchained, told(store).events, broken(store)) == (2, 1, [])
    sign(store)
    tell(store, "newer")
    sign(store)
    assert broken(store) == []
    retold("old-1", "Task/t", "Task/u")(store)
    assert broken(store) == [("unchained", 2, "")]
    store.database.AuditEvent.delete_one({"_id": "old-1"})
    assert broken(store) == [("unchained", 1, "")]


def test_a_chain_is_read_by_its_index(store: MongoStore) -> None:
    tell(store, "a")
    asked = {"find": "AuditEvent", "filter": {"c.s": 1, "c.n": {"$gt": 0}}, "sort": {"c.n": 1, "_id": 1}}
    plan = store.database.command("explain", asked)
    assert "c.s_1_c.n_1" in str(plan["queryPlanner"]["winningPlan"])
