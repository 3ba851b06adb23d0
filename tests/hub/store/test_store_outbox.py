"""From the outbox to the dispatches: in the order of the commits, once, whoever does it and whoever dies doing it."""

import threading
from datetime import timedelta

from hub.ports import Changes, Destination, Due, Route
from hub.store import MongoStore
from tests.support.acts import NOW

MINUTE = timedelta(minutes=1)
TOOL, OTHER = Destination("connection", "register", "yasmine"), Destination("board", "one", "chu-atlas")


def put(store: MongoStore, *rows: tuple[str, str]) -> None:
    """One commit with a row for each (id, reference)."""
    store.commit(Changes(outbox=[Due("referral.accept", "register", reference, id_) for id_, reference in rows]))


def rows(store: MongoStore, minutes: int = 0, limit: int = 100) -> list[Due]:
    return store.deliveries.rows(NOW + minutes * MINUTE, limit)


def fan_out(store: MongoStore, due: list[Due], *to: Destination) -> None:
    store.deliveries.fan_out([Route(row, row.reference, to) for row in due], NOW)


def kept(store: MongoStore) -> list[str]:
    """The dispatches, by the rows' order and destination."""
    return [
        f"{one['reference']} {one['lane']}"
        for one in store.database.dispatches.find().sort([("order", 1), ("lane", 1)])
    ]


def test_a_row_comes_back_as_it_was_written(store: MongoStore) -> None:
    store.commit(Changes(outbox=[Due("referral.accept", "register", "Task/t", payload={"a.b": {"$x": 1}})]))
    (row,) = rows(store)
    assert (row.kind, row.connection, row.reference, row.attempts) == ("referral.accept", "register", "Task/t", 0)
    assert row.payload == {"a.b": {"$x": 1}}
    assert row.id


def test_rows_come_in_the_order_of_their_commits_and_no_more_than_asked(store: MongoStore) -> None:
    put(store, ("1", "Task/t"), ("2", "Task/u"))
    put(store, ("3", "Task/t"))
    assert [row.id for row in rows(store)] == ["1", "2", "3"]
    assert [row.id for row in rows(store, limit=2)] == ["1", "2"]


def test_a_row_becomes_a_dispatch_for_each_destination_and_is_gone(store: MongoStore) -> None:
    store.commit(Changes(outbox=[Due("referral.accept", "", "Task/t", payload={"a": 1})]))
    fan_out(store, rows(store), TOOL, OTHER)
    assert kept(store) == ["Task/t board/one", "Task/t connection/register"]
    assert rows(store) == []
    (found,) = store.deliveries.heads(OTHER, NOW, 9)
    assert (found.action, found.reference, found.thread, found.at) == ("referral.accept", "Task/t", "Task/t", NOW)
    assert (found.payload, found.destination.organization) == ({"a": 1}, "chu-atlas")


def test_a_row_that_concerns_nobody_is_gone(store: MongoStore) -> None:
    put(store, ("1", "Task/t"))
    fan_out(store, rows(store))
    assert (rows(store), kept(store)) == ([], [])


def test_a_second_fan_out_adds_nothing(store: MongoStore) -> None:
    put(store, ("1", "Task/t"))
    seen = rows(store)
    fan_out(store, seen, TOOL)
    fan_out(store, seen, TOOL, OTHER)  # by a worker that was late
    assert kept(store) == ["Task/t connection/register"]


def test_a_row_that_is_there_again_after_it_was_fanned_out_adds_nothing(store: MongoStore) -> None:
    """As from a backup of the one collection."""
    for _ in range(2):
        put(store, ("1", "Task/t"))
        fan_out(store, rows(store), TOOL)
    assert kept(store) == ["Task/t connection/register"]


def test_the_id_of_a_dispatch_follows_from_its_row_and_its_destination_and_tells_neither(store: MongoStore) -> None:
    put(store, ("1", "Task/t"), ("2", "Task/t"))
    fan_out(store, rows(store), TOOL, OTHER)
    ids = [one["_id"] for one in store.database.dispatches.find().sort([("order", 1), ("lane", 1)])]
    assert len(set(ids)) == 4
    store.database.dispatches.delete_many({})
    put(store, ("1", "Task/t"), ("2", "Task/t"))
    fan_out(store, rows(store), TOOL, OTHER)
    assert [one["_id"] for one in store.database.dispatches.find().sort([("order", 1), ("lane", 1)])] == ids
    assert not [id_ for id_ in ids if "register" in id_ or not id_.isalnum()]


def test_workers_that_fan_out_at_once_lose_and_double_nothing(store: MongoStore) -> None:
    put(store, *((f"{n}", f"Task/{n}") for n in range(60)))

    def work() -> None:
        while due := rows(store, limit=7):
            fan_out(store, due, TOOL)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert kept(store) == [f"Task/{n} connection/register" for n in range(60)]
    assert rows(store) == []


def test_a_row_that_waits_holds_back_the_later_ones_of_its_reference_alone(store: MongoStore) -> None:
    put(store, ("1", "Task/t"), ("2", "Task/t"), ("3", "Task/u"))
    store.deliveries.put_off(rows(store)[0], NOW + 5 * MINUTE, "delivery.broken")
    assert [row.id for row in rows(store)] == ["3"]
    again = rows(store, minutes=5)
    assert ([row.id for row in again], again[0].attempts) == (["1", "2", "3"], 1)


def test_rows_that_an_older_version_left_are_taken_up(store: MongoStore) -> None:
    """As it wrote them: leased for a minute by a worker that is gone, tried before, and without the fields that came later."""
    put(store, ("1", "Task/t"), ("2", "Task/u"))
    older = {"next_try": NOW + MINUTE, "worker": "gone", "attempts": 3, "error": "adapters.register-open"}
    store.database.outbox.update_one({"_id": "1"}, {"$set": older, "$unset": {"recipient": ""}})
    assert [row.id for row in rows(store)] == ["2"]
    due = rows(store, minutes=1)
    assert [row.id for row in due] == ["1", "2"]
    fan_out(store, due, TOOL)
    assert kept(store) == ["Task/t connection/register", "Task/u connection/register"]
    assert store.counts()["outbox.waiting"] == 2


def test_whoever_listens_hears_of_what_is_committed(store: MongoStore) -> None:
    with store.deliveries.commits() as came:
        put(store, ("1", "Task/t"))
        assert came()
        assert not came()


def test_rows_are_found_without_looking_at_what_waits(store: MongoStore) -> None:
    """Behind a large import, each look costs what it takes out."""
    put(store, *((f"{n}", f"Task/{n}") for n in range(300)))
    store.deliveries.put_off(rows(store)[0], NOW + MINUTE, "delivery.broken")
    for wanted, hint in (
        (
            {
                "find": "outbox",
                "filter": {"state": "waiting", "next_try": {"$lte": NOW}},
                "sort": {"order": 1},
                "limit": 5,
            },
            7,
        ),
        ({"distinct": "outbox", "key": "reference", "query": {"state": "waiting", "next_try": {"$gt": NOW}}}, 2),
    ):
        told = store.database.command("explain", wanted, verbosity="executionStats")["executionStats"]
        assert told["totalDocsExamined"] <= hint and told["totalKeysExamined"] <= hint, wanted
