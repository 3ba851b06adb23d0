"""Two worlds that differ in what a caller may not see give it the same stream: events, their order, their lengths, and no other line."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hub.consent.keys import own
from hub.errors import HubError
from hub.exchange import change, disclose
from hub.exchange.listen import Listeners
from hub.fhir import Resource
from hub.fhir.serial import loads
from hub.ports import Caller, Visible
from hub.store import MongoFeed, MongoRegistry
from hub.web.app import create_app
from tests.support.ears import Ears
from tests.support.parties import Addresses
from tests.support.patience import until
from tests.support.worlds import BEGINNING, SECRET, Builder, Pair, World, pairs
from tests.support.written import ORGANIZATIONS

ENOUGH = 12
SEALED = re.compile(rb"id: ([A-Za-z0-9_\-]+)")


@pytest.fixture(scope="module")
def builder(mongodb_uri: str) -> Iterator[Builder]:
    run = uuid.uuid4().hex[:12]
    with pairs(mongodb_uri, (f"heard_{run}_a", f"heard_{run}_b")) as opened:
        yield opened


class Recorder(Ears):
    """Keeps each line as it came; of an id, how long it is."""

    def lines(self) -> bytes:
        return SEALED.sub(lambda found: b"id: %d" % len(found[1]), b"".join(self.parts))


@contextmanager
def listening(world: World) -> Iterator[Recorder]:
    registry = MongoRegistry(world.store)
    listeners = Listeners(world.hub, MongoFeed(world.store), registry)
    try:
        yield Recorder(create_app(world.hub, registry, Addresses(), listeners=listeners), SECRET)
    finally:
        listeners.end()
        until(lambda: not listeners.running())


def tasks(world: World) -> dict[str, str]:
    """Every referral of the world, and who keeps it."""
    return {one["_id"]: one["custodian"] for one in world.store.database.Task.find({"gone": {"$exists": False}})}


def seen(world: World) -> list[str]:
    found: Resource = loads(world.ask("GET", "/fhir/Task?_count=500").raw)
    return sorted(one["resource"]["id"] for one in found.get("entry", ()))


def changed(world: World, id_: str, keeper: str, number: int) -> bool:
    """Whether its keeper could change how urgent it is; the clock does not move for what the other world has not."""
    by = Caller(f"{keeper}-system", keeper, "COC")
    try:
        steps = [{"op": "add", "path": "/priority", "value": ("asap", "urgent", "routine")[number % 3]}]
        before = world.hub.store.read("Task", id_, None)
        view = change.patch("Task", id_, steps, by, expected=before.version if before else None, hub=world.hub)
    except HubError:
        return False
    return before is not None and view.version > before.version


def heard(pair: Pair) -> tuple[list[bytes], int, int]:
    """What was heard in each world while the same visible things happened in both, and hidden ones among them; how many of each."""
    visible, hidden = set(seen(pair.full)) & set(seen(pair.other)), 0
    for world in pair:
        world.clock.at = BEGINNING
    with listening(pair.full) as full, listening(pair.other) as other:
        told = 0
        for number in range(3):
            for world in pair:
                hidden += sum(
                    changed(world, id_, tasks(world)[id_], number) for id_ in sorted(tasks(world).keys() - visible)
                )
            for id_ in sorted(visible):
                both = [changed(world, id_, tasks(world)[id_], number) for world in pair]
                assert both[0] == both[1]
                told += both[0]
        for ears in (full, other):
            ears.wait(told)
        return [full.lines(), other.lines()], told, hidden


@pytest.mark.parametrize("seed", range(2))
def test_worlds_that_differ_in_what_is_hidden_give_the_same_stream(builder: Builder, seed: int) -> None:
    (full, other), told, hidden = heard(builder.build(seed))
    assert full == other
    assert told >= ENOUGH and hidden >= ENOUGH, "where little happens, nothing is shown"
    assert full.count(b"event: ") == told


def test_who_would_tell_without_asking_is_noticed(builder: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody = frozenset(own(one) for one in ORGANIZATIONS)
    monkeypatch.setattr(disclose, "_visible", lambda _type, _caller, now, _query=None: Visible(everybody, now))
    (full, other), _, _ = heard(builder.build(0))
    assert full != other
