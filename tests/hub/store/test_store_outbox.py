import threading
from datetime import timedelta

from hub.ports import Changes, Due
from hub.store import MongoStore
from tests.support.acts import NOW

MINUTE = timedelta(minutes=1)


def put(store: MongoStore, *rows: tuple[str, str]) -> None:
    """One commit with a row for each (id, reference)."""
    store.commit(Changes(outbox=[Due("referral.accept", "register", reference, id_) for id_, reference in rows]))


def take(store: MongoStore, minutes: int = 0, limit: int = 100) -> list[Due]:
    now = NOW + minutes * MINUTE
    return store.lease(now, now + MINUTE, limit)


def test_a_row_comes_back_as_it_was_written(store: MongoStore) -> None:
    store.commit(Changes(outbox=[Due("referral.accept", "register", "Task/t", payload={"a.b": {"$x": 1}})]))
    (row,) = take(store)
    assert (row.kind, row.connection, row.reference, row.attempts) == ("referral.accept", "register", "Task/t", 0)
    assert row.payload == {"a.b": {"$x": 1}}
    assert row.id


def test_a_leased_row_is_nobody_elses_until_the_lease_ends(store: MongoStore) -> None:
    put(store, ("r", "Task/t"))
    assert [row.id for row in take(store)] == ["r"]
    assert take(store) == []
    assert [row.id for row in take(store, minutes=1)] == ["r"], "its worker died"


def test_rows_of_one_reference_are_handed_out_in_order_one_at_a_time(store: MongoStore) -> None:
    put(store, ("1", "Task/t"), ("2", "Task/t"), ("3", "Task/u"))
    put(store, ("4", "Task/t"))
    order = []
    while rows := take(store):
        order.append([row.id for row in rows])
        for row in rows:
            store.settle(row)
    assert order == [["1", "3"], ["2"], ["4"]]


def test_a_row_that_waits_for_its_next_try_holds_back_the_later_ones_of_its_reference(store: MongoStore) -> None:
    put(store, ("1", "Task/t"), ("2", "Task/t"), ("3", "Task/u"))
    for row in take(store, limit=1):
        store.settle(row, next_try=NOW + 5 * MINUTE, error="store.unreachable")
    assert [row.id for row in take(store)] == ["3"]
    (again,) = [row for row in take(store, minutes=5) if row.reference == "Task/t"]
    assert (again.id, again.attempts) == ("1", 1)


def test_a_dead_letter_is_kept_and_holds_nothing_up(store: MongoStore) -> None:
    put(store, ("1", "Task/t"), ("2", "Task/t"))
    for row in take(store):
        store.settle(row, error="store.refused")
    assert [row.id for row in take(store)] == ["2"]
    counts = store.counts()
    assert (counts["outbox.waiting"], counts["outbox.dead"]) == (1, 1)


def test_a_settled_row_is_gone(store: MongoStore) -> None:
    put(store, ("1", "Task/t"))
    (row,) = take(store)
    store.settle(row)
    store.settle(row)  # a second worker that was late
    store.settle(row, next_try=NOW)
    assert take(store, minutes=9) == []
    assert store.counts()["outbox.waiting"] == 0


def test_no_more_rows_are_taken_than_asked_and_the_oldest_first(store: MongoStore) -> None:
    put(store, *((f"{n}", f"Task/{n}") for n in range(5)))
    assert [row.id for row in take(store, limit=2)] == ["0", "1"]
    assert [row.id for row in take(store, limit=9)] == ["2", "3", "4"]


def test_workers_at_once_never_take_the_same_row(store: MongoStore) -> None:
    put(store, *((f"{n}", f"Task/{n}") for n in range(60)))
    taken: list[str] = []

    def work() -> None:
        while rows := take(store, limit=7):
            taken.extend(row.id for row in rows)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(taken) == len(set(taken))
    taken += [
        row.id for row in take(store)
    ]  # a worker may have met rows that another one was just taking, and ended early
    assert sorted(taken) == sorted(f"{n}" for n in range(60))
