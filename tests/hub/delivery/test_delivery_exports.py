"""The worker prepares exports: a few steps at a time, beside its deliveries, and none that is somebody else's."""

from datetime import timedelta

import pytest

from hub.delivery import worker
from hub.delivery.exports import AT_ONCE, prepare
from hub.delivery.worker import Worker
from hub.exchange import export
from hub.ports import Export, Wanted
from tests.support.association import Scene, hospital
from tests.support.patience import until


def begun(at: Scene, *types: str) -> Export:
    caller = hospital()
    return export.begin(
        Wanted("https://hub.example/fhir/$export", "https://hub.example/fhir", types), caller, hub=at.hub
    )


def state(at: Scene, one: Export) -> str:
    found = at.store.exports.find(one.id, at.clock.now())
    return found.state if found else "gone"


def test_an_export_is_done_without_anybody_asking_for_it(at: Scene) -> None:
    one = begun(at, "Patient", "Task")
    assert prepare(hub=at.hub) == 1
    assert (state(at, one), prepare(hub=at.hub)) == ("done", 0)


def test_of_several_each_has_its_turn(at: Scene) -> None:
    at.accepted()
    first, second = begun(at, "Organization", "Task", "Patient"), begun(at, "Task")
    at.clock.forward(timedelta(hours=1))
    steps = 0
    while (done := prepare(hub=at.hub)) and steps < 20:
        steps += done
        at.clock.forward(timedelta(seconds=1))
    assert (state(at, first), state(at, second)) == ("done", "done")
    assert AT_ONCE < steps < 20


def test_those_that_are_over_are_forgotten(at: Scene) -> None:
    one = begun(at, "Task")
    at.clock.forward(export.LONGEST)
    prepare(hub=at.hub)
    assert state(at, one) == "gone"
    assert at.store.database.exports.count_documents({}) == 0


def test_a_delivery_that_is_broken_stops_no_export(at: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> int:
        raise RuntimeError

    monkeypatch.setattr(worker, "sweep", broken)
    one = begun(at, "Task")
    running = Worker([], at.hub, 0.01)
    running.start()
    until(lambda: state(at, one) != "running")
    running.stop()
    assert state(at, one) == "done"
