"""What waits to be sent: one worker at a time for each destination, the oldest of each referral first, and a fence."""

import threading
from datetime import timedelta

import pytest

from hub.ports import Changes, Destination, Dispatch, Due, Lane, Outcome, Route, Void
from hub.store import MongoStore
from tests.support.acts import NOW

MINUTE = timedelta(minutes=1)
TO, OTHER = Destination("board", "one", "chu-atlas"), Destination("board", "two", "tribunal")


def wait(store: MongoStore, *references: str, to: tuple[Destination, ...] = (TO,)) -> None:
    """For each reference, something that has been fanned out."""
    store.commit(Changes(outbox=[Due("referral.accept", "", reference) for reference in references]))
    store.deliveries.fan_out([Route(row, row.reference, to) for row in store.deliveries.rows(NOW, 99)], NOW)


def take(store: MongoStore, minutes: int = 0, to: Destination = TO) -> Lane:
    lane = store.deliveries.take(to, "worker", NOW + minutes * MINUTE, NOW + (minutes + 1) * MINUTE)
    assert lane is not None
    return lane


def heads(store: MongoStore, minutes: int = 0, limit: int = 99, to: Destination = TO) -> list[Dispatch]:
    return store.deliveries.heads(to, NOW + minutes * MINUTE, limit)


def states(store: MongoStore) -> list[tuple[str, str]]:
    return [(one["reference"], one["state"]) for one in store.database.dispatches.find().sort("order")]


def test_a_lane_is_one_workers_until_its_lease_ends(store: MongoStore) -> None:
    wait(store, "Task/t")
    take(store)
    assert store.deliveries.take(TO, "other", NOW, NOW + MINUTE) is None
    assert store.deliveries.destinations(NOW) == []
    assert store.deliveries.destinations(NOW + MINUTE) == [TO]
    assert take(store, minutes=1).turn == 2, "its worker died"


def test_a_lane_that_is_kept_or_renewed_stays(store: MongoStore) -> None:
    wait(store, "Task/t")
    lane = take(store)
    assert store.deliveries.keep(lane, NOW + 5 * MINUTE)
    assert store.deliveries.destinations(NOW + 4 * MINUTE) == []
    store.deliveries.renew("worker", NOW, NOW + 9 * MINUTE)
    assert store.deliveries.destinations(NOW + 8 * MINUTE) == []
    store.deliveries.renew("worker", NOW + MINUTE, NOW + 99 * MINUTE)  # it was taken before: it hangs
    store.deliveries.renew("another", NOW, NOW + 99 * MINUTE)
    assert store.deliveries.destinations(NOW + 9 * MINUTE) == [TO]


def test_a_lane_that_is_left_is_free_and_stands_as_it_was_left(store: MongoStore) -> None:
    wait(store, "Task/t")
    lane = take(store)
    paused = Lane(TO, lane.turn, lane.until, 3, timedelta(hours=2), 1, NOW + MINUTE, "adapters.register-open")
    store.deliveries.leave(paused, NOW)
    assert store.deliveries.take(TO, "other", NOW, NOW + MINUTE) is None
    again = take(store, minutes=1)
    assert (again.failures, again.waited, again.size, again.error) == (
        3,
        timedelta(hours=2),
        1,
        "adapters.register-open",
    )


def test_one_destination_that_is_taken_holds_no_other_up(store: MongoStore) -> None:
    wait(store, "Task/t", to=(TO, OTHER))
    take(store)
    assert store.deliveries.destinations(NOW) == [OTHER]
    assert heads(store, to=OTHER)


def test_of_each_referral_the_oldest_comes_first_and_waits_for_no_other(store: MongoStore) -> None:
    wait(store, "Task/t", "Task/t", "Task/u")
    first, other = heads(store)
    assert (first.reference, other.reference) == ("Task/t", "Task/u")
    lane = take(store)
    assert store.deliveries.hold(lane, [first, other])
    later = Outcome(first, error="x.y", next_try=NOW + MINUTE, pause=MINUTE)
    assert store.deliveries.settle(lane, [later, Outcome(other)]) == 2
    assert heads(store) == [], "the second of the referral waits for the first"
    (again,) = heads(store, minutes=1)
    assert (again.id, again.attempts, again.waited, again.error) == (first.id, 1, MINUTE, "x.y")


def test_what_a_referral_asks_for_besides_is_kept_in_its_order(store: MongoStore) -> None:
    store.commit(Changes(outbox=[Due("request.open", "", "Task/sub"), Due("referral.accept", "", "Task/t")]))
    store.deliveries.fan_out([Route(row, "Task/t", (TO,)) for row in store.deliveries.rows(NOW, 9)], NOW)
    assert [one.reference for one in heads(store)] == ["Task/sub"]


def test_a_worker_that_lost_its_lane_settles_nothing(store: MongoStore) -> None:
    wait(store, "Task/t", "Task/u")
    late, due = take(store), heads(store)
    assert store.deliveries.hold(late, due)
    now = take(store, minutes=1)
    assert store.deliveries.hold(now, due)
    for outcome in (Outcome(due[0]), Outcome(due[0], void="x.y"), Outcome(due[0], error="x.y")):
        assert store.deliveries.settle(late, [outcome]) == 0
    assert not store.deliveries.hold(late, due), "nor does it get it back"
    assert not store.deliveries.keep(late, NOW + 99 * MINUTE)
    store.deliveries.leave(late, NOW)
    assert store.deliveries.take(TO, "third", NOW + MINUTE, NOW + 2 * MINUTE) is None
    assert store.deliveries.settle(now, [Outcome(one) for one in due]) == 2
    assert states(store) == []


def test_what_is_void_while_it_is_sent_stays_void(store: MongoStore) -> None:
    wait(store, "Task/t")
    lane, due = take(store), heads(store)
    store.deliveries.hold(lane, due)
    store.commit(
        Changes(voids=[Void("Task/t", "tribunal", "delivery.void"), Void("Task/u", "chu-atlas", "delivery.void")])
    )
    assert states(store) == [("Task/t", "waiting")], "of others"
    store.commit(Changes(voids=[Void("Task/t", "chu-atlas", "delivery.void")]))
    store.deliveries.settle(lane, [Outcome(due[0], error="x.y", next_try=NOW)])
    assert (states(store), heads(store)) == ([("Task/t", "void")], [])


def test_a_dead_letter_is_kept_and_holds_nothing_up(store: MongoStore) -> None:
    wait(store, "Task/t", "Task/t")
    lane, due = take(store), heads(store)
    store.deliveries.hold(lane, due)
    store.deliveries.settle(lane, [Outcome(due[0], error="x.y")])
    assert states(store) == [("Task/t", "dead"), ("Task/t", "waiting")]
    assert len(heads(store)) == 1
    counts = store.counts()
    assert (counts["outbox.waiting"], counts["outbox.dead"]) == (1, 1)


def test_a_dead_letter_that_is_replayed_goes_before_what_came_after_it(store: MongoStore) -> None:
    wait(store, "Task/t", "Task/t")
    lane, (first,) = take(store), heads(store)
    store.deliveries.hold(lane, [first])
    store.deliveries.settle(lane, [Outcome(first, error="x.y")])
    store.deliveries.leave(Lane(TO, lane.turn, lane.until, 9, MINUTE, 1, NOW + 99 * MINUTE, "x.y"), NOW)
    assert store.deliveries.replay([first.id]) == 1
    assert store.deliveries.replay([first.id]) == 0, "twice is once"
    (head,) = heads(store)
    assert (head.id, head.attempts, head.waited, head.error) == (first.id, 0, timedelta(), "")
    assert take(store).failures == 0, "its destination is tried at once"


def test_only_dead_letters_are_dropped(store: MongoStore) -> None:
    wait(store, "Task/t", "Task/u")
    lane, due = take(store), heads(store)
    store.deliveries.hold(lane, due)
    store.deliveries.settle(lane, [Outcome(due[0], error="x.y")])
    assert store.deliveries.drop([one.id for one in due]) == 1
    assert states(store) == [("Task/u", "waiting")]


def test_what_has_waited_long_enough_is_given_up_together(store: MongoStore) -> None:
    wait(store, "Task/t", "Task/u", to=(TO, OTHER))
    assert store.deliveries.give_up(TO, NOW - MINUTE, "x.y") == 0
    assert store.deliveries.give_up(TO, NOW, "x.y") == 2
    assert len(store.deliveries.find(["dead"], TO, 99)) == 2
    assert len(store.deliveries.find(["dead", "waiting"], None, 99)) == 4


def test_how_destinations_stand_is_told_in_numbers(store: MongoStore) -> None:
    wait(store, "Task/t", "Task/u", to=(TO, OTHER))
    store.deliveries.give_up(OTHER, NOW, "x.y")
    one, two = store.deliveries.standing()
    assert (one.destination, one.waiting, one.dead, one.failures) == (TO, 2, 0, 0)
    assert (two.destination, two.waiting, two.dead) == (OTHER, 0, 2)


@pytest.mark.parametrize("begin", ["", "0", "."])
def test_a_dispatch_is_found_by_the_beginning_of_its_id(store: MongoStore, begin: str) -> None:
    wait(store, *(f"Task/{n}" for n in range(20)))
    found = [one.id for one in store.deliveries.find(["waiting"], None, 99, begin)]
    ids = sorted(one["_id"] for one in store.database.dispatches.find())
    assert sorted(found) == [id_ for id_ in ids if id_.startswith(begin)]


def test_workers_at_once_never_have_one_lane(store: MongoStore) -> None:
    wait(store, *(f"Task/{n}" for n in range(30)))
    sent: list[str] = []

    def work() -> None:
        while heads(store, limit=1):
            lane = store.deliveries.take(TO, "worker", NOW, NOW + MINUTE)
            if lane is None:
                continue
            due = heads(store, limit=3)
            assert store.deliveries.hold(lane, due)
            sent.extend(one.reference for one in due)
            store.deliveries.settle(lane, [Outcome(one) for one in due])
            store.deliveries.leave(lane, NOW)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sent == [f"Task/{n}" for n in range(30)]
