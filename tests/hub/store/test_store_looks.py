"""Audit events of looks that wait at one moment are written in one go, and each reader is told of its own alone."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from hub.audit import events
from hub.errors import INVALID, HubError
from hub.ports import Caller, Changes, Key, Save
from hub.store import MongoStore
from hub.store.looks import Looks
from tests.support.acts import NOW
from tests.support.patience import PATIENCE_S, until

CALLER = Caller("c", "chu", "COC")


def look(id_: str, **wrong: object) -> Save:
    event = events.event(
        id_, "disclosure.permit", NOW, interaction="read", caller=CALLER, person="p", entities=["Task/1"]
    )
    return Save({**event, **wrong}, "p", "amal", (Key("amal|*|*"),))


def test_what_gathers_while_a_write_is_under_way_is_written_together() -> None:
    written: list[int] = []
    under_way, go_on = threading.Event(), threading.Event()

    def write(saves: Sequence[Save]) -> None:
        written.append(len(saves))
        under_way.set()
        assert go_on.wait(PATIENCE_S)

    looks = Looks(write)
    with ThreadPoolExecutor(4) as readers:
        first = readers.submit(looks.commit, [look("e0")])
        assert under_way.wait(PATIENCE_S)
        others = [readers.submit(looks.commit, [look(f"e{n}")]) for n in (1, 2, 3)]
        until(lambda: len(looks._waiting) == len(others))
        go_on.set()
        for one in (first, *others):
            one.result(PATIENCE_S)
    assert written == [1, 3]


def test_a_write_waits_for_half_of_those_who_are_just_reading() -> None:
    written: list[int] = []
    looks = Looks(lambda saves: written.append(len(saves)))
    begun = threading.Barrier(4)

    def read(number: int) -> None:
        looks.expect()
        begun.wait(PATIENCE_S)
        looks.commit([look(f"e{number}")])

    with patient(PATIENCE_S), ThreadPoolExecutor(4) as readers:
        list(readers.map(read, range(4)))
    assert sum(written) == 4
    assert written[0] >= 2


def test_who_reads_alone_waits_for_nobody_and_nobody_is_waited_for_long() -> None:
    looks = Looks(lambda saves: None)
    with patient(PATIENCE_S):
        took = _timed(lambda: (looks.expect(), looks.commit([look("e0")])))
    assert took < PATIENCE_S / 2
    there = threading.Thread(target=looks.expect)  # and never looks at anything
    there.start()
    there.join()
    more = threading.Thread(target=lambda: [looks.expect() for _ in range(2)])
    more.start()
    more.join()
    assert _timed(lambda: looks.commit([look("e1")])) < PATIENCE_S / 2


def test_a_reader_is_not_told_that_its_look_is_written_when_the_writer_was_stopped() -> None:
    class Stopped(BaseException):
        pass

    gate = threading.Event()

    def write(saves: Sequence[Save]) -> None:
        assert gate.wait(PATIENCE_S)
        if len(saves) > 1:
            raise Stopped

    looks = Looks(write)
    with ThreadPoolExecutor(3) as readers:
        first = readers.submit(looks.commit, [look("e0")])
        until(lambda: looks._leader is not None)
        others = [readers.submit(looks.commit, [look(f"e{n}")]) for n in (1, 2)]
        until(lambda: len(looks._waiting) == 2)
        gate.set()
        first.result(PATIENCE_S)
        problems = [one.exception(PATIENCE_S) for one in others]
    assert {type(problem) for problem in problems} == {Stopped, HubError}


@contextmanager
def patient(seconds: float) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.store.looks.DELAY_S", seconds)
        patch.setattr("hub.store.looks.SOON_S", seconds)
        yield


def _timed(act: Callable[[], object]) -> float:
    begun = time.monotonic()
    act()
    return time.monotonic() - begun


def test_many_readers_at_once_leave_a_chain_without_gaps(store: MongoStore) -> None:
    with ThreadPoolExecutor(8) as readers:
        list(readers.map(lambda n: store.commit(Changes(saves=[look(f"e{n}")])), range(200)))
    found = list(store.database.AuditEvent.find({}, {"c": 1}))
    assert len(found) == 200
    places: dict[int, list[int]] = {}
    for one in found:
        places.setdefault(one["c"]["s"], []).append(one["c"]["n"])
    assert all(sorted(taken) == list(range(1, len(taken) + 1)) for taken in places.values())


def test_two_stores_over_one_database_share_the_chains(store: MongoStore) -> None:
    other = MongoStore(store.database, store._now, 20, store.vault.keks)
    with ThreadPoolExecutor(8) as readers:
        list(readers.map(lambda n: (store, other)[n % 2].commit(Changes(saves=[look(f"e{n}")])), range(200)))
    assert store.database.AuditEvent.count_documents({}) == 200
    assert len({(one["c"]["s"], one["c"]["n"]) for one in store.database.AuditEvent.find({}, {"c": 1})}) == 200


def test_an_event_that_cannot_be_written_is_told_to_its_reader_alone() -> None:
    kept: list[str] = []
    gate = threading.Event()

    def write(saves: Sequence[Save]) -> None:
        assert gate.wait(PATIENCE_S)
        if any(save.resource["id"] == "bad" for save in saves):
            raise HubError(INVALID)
        kept.extend(save.resource["id"] for save in saves)

    looks = Looks(write)
    with ThreadPoolExecutor(4) as readers:
        asked = {name: readers.submit(looks.commit, [look(name)]) for name in ("e0", "bad", "e1", "e2")}
        gate.set()
        with pytest.raises(HubError):
            asked["bad"].result(PATIENCE_S)
        for name in ("e0", "e1", "e2"):
            asked[name].result(PATIENCE_S)
    assert sorted(kept) == ["e0", "e1", "e2"]
