"""Another try of what waits in quarantine, however much it is: a few records are held at a time, and none is tried twice."""

import weakref
from collections.abc import Iterator
from datetime import timedelta

import pytest

from hub.exchange import replay
from hub.exchange.replay import replay_all
from hub.ports import Quarantined
from hub.store import receipts
from tests.hub.exchange.test_exchange_pull_publish import rows
from tests.support.association import Scene

WAITING = 60
BATCH = 10


@pytest.fixture
def waiting(at: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """With many more records aside than are fetched, or tried, together."""
    monkeypatch.setattr(replay, "BATCH", BATCH)
    monkeypatch.setattr(receipts, "ASIDE", BATCH)
    at.receive(*rows(at, range(WAITING), visit_date="hier"))
    at.clock.forward(timedelta(minutes=1))
    return at


def test_few_records_are_held_however_many_wait(waiting: Scene) -> None:
    held: list[weakref.ref[Quarantined]] = []
    most = 0

    def watched() -> Iterator[Quarantined]:
        nonlocal most
        for one in waiting.store.quarantine("register"):
            held[:] = [*(other for other in held if other() is not None), weakref.ref(one)]
            most = max(most, len(held))
            yield one

    assert replay_all(watched(), waiting.connection, waiting.form, hub=waiting.hub).read == WAITING
    assert BATCH <= most <= 2 * BATCH + 2


def test_what_is_still_not_understood_is_tried_once_and_stays(waiting: Scene) -> None:
    told = replay_all(waiting.store.quarantine("register"), waiting.connection, waiting.form, hub=waiting.hub)
    assert (told.read, told.set_aside) == (WAITING, WAITING)
    assert {one.at for one in waiting.store.quarantine("register")} == {waiting.clock.now()}
    assert waiting.store.all_set_aside() == {"register": WAITING}
