"""Acts on one person wait for each other, and all of them come about."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from hub.errors import Conflict
from hub.exchange import change
from hub.exchange.queue import ATTEMPTS, Queue, Turn
from hub.exchange.withdraw import withdraw
from tests.support.association import Scene, association
from tests.support.patience import PATIENCE_S

AT_ONCE = 16


def test_many_needs_of_one_survivor_at_once_are_all_stored(at: Scene) -> None:
    at.receive(at.row())
    need = {name: value for name, value in at.one("ServiceRequest").items() if name not in {"id", "meta"}}
    before = at.store.database.ServiceRequest.count_documents({})
    with ThreadPoolExecutor(AT_ONCE) as workers:
        made = list(workers.map(lambda _: change.create(need, association(), hub=at.hub), range(AT_ONCE)))
    assert len({view.id for view in made}) == AT_ONCE
    assert at.store.database.ServiceRequest.count_documents({}) == before + AT_ONCE


def test_so_they_are_in_two_processes_and_a_withdrawal_among_them(at: Scene) -> None:
    at.receive(at.row())
    hubs = [at.hub, replace(at.hub, queue=Queue())]
    need = {name: value for name, value in at.one("ServiceRequest").items() if name not in {"id", "meta"}}
    person = at.one("Patient")["id"]
    with ThreadPoolExecutor(9) as workers:
        made = [workers.submit(change.create, need, association(), hub=hubs[n % 2]) for n in range(12)]
        ended = workers.submit(withdraw, person, association(), hub=hubs[0])
        assert len({one.result(PATIENCE_S).id for one in made}) == len(made)
        assert ended.result(PATIENCE_S).ended


def test_an_act_is_tried_again_after_longer_and_longer_pauses_and_given_up_in_the_end() -> None:
    paused: list[float] = []
    tried: list[Turn] = []

    def act(turn: Turn) -> None:
        tried.append(turn)
        raise Conflict

    with pytest.raises(Conflict):
        Queue(paused.append).tried(act)
    assert len(tried) == ATTEMPTS == len(paused) + 1
    assert max(paused) <= 0.5


def test_whoever_acts_on_somebody_is_waited_for() -> None:
    queue, order = Queue(), list[str]()
    begun, go_on = threading.Event(), threading.Event()

    def first(turn: Turn) -> None:
        turn.take("amina")
        begun.set()
        assert go_on.wait(PATIENCE_S)
        order.append("first")

    def second(turn: Turn) -> bool:
        waited = turn.take("amina")
        order.append("second")
        return waited

    with ThreadPoolExecutor(2) as workers:
        one = workers.submit(queue.tried, first)
        assert begun.wait(PATIENCE_S)
        other = workers.submit(queue.tried, second)
        go_on.set()
        one.result(PATIENCE_S)
        other.result(PATIENCE_S)
    assert order == ["first", "second"]
    assert queue.tried(lambda turn: turn.take("amina")) is False


def test_nobody_waits_in_a_circle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.exchange.queue.PATIENCE_S", 2 * PATIENCE_S)
    queue = Queue()
    both = threading.Barrier(2, timeout=PATIENCE_S)

    def act(one: str, other: str) -> str:
        def within(turn: Turn) -> str:
            turn.take(one)
            both.wait()
            turn.take(other)
            return one

        return queue.tried(within)

    with ThreadPoolExecutor(2) as workers:
        ways = [workers.submit(act, "amina", "zineb"), workers.submit(act, "zineb", "amina")]
        assert [way.result(PATIENCE_S) for way in ways] == ["amina", "zineb"]


def test_who_was_outrun_comes_back_with_the_turns_it_had_asked_for() -> None:
    queue, held = Queue(lambda _: None), list[bool]()

    def act(turn: Turn) -> None:
        turn.asked.add("amina")
        held.append(not queue.taken("amina", patient=False)[1])
        if len(held) == 1:
            queue.give_back(["amina"])
            raise Conflict

    queue.tried(act)
    assert held == [False, True]
