"""Two worlds that differ in what a subscriber may not see send it the same notifications, their numbers included."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from hub.consent.keys import own
from hub.errors import HubError
from hub.exchange import change, disclose, subscribe
from hub.fhir import Resource
from hub.fhir.serial import loads
from hub.ports import Caller, Visible
from hub.store import MongoRegistry
from tests.support.receivers import Receiver, receiving
from tests.support.subscribing import Sending, bundles, numbers, parameters, subscription
from tests.support.worlds import BEGINNING, Builder, Pair, World, pairs
from tests.support.written import CALLER, ORGANIZATIONS

ENOUGH = 6


@pytest.fixture(scope="module")
def builder(mongodb_uri: str) -> Iterator[Builder]:
    run = uuid.uuid4().hex[:12]
    with pairs(mongodb_uri, (f"told_{run}_a", f"told_{run}_b")) as opened:
        yield opened


def tasks(world: World) -> dict[str, str]:
    return {one["_id"]: one["custodian"] for one in world.store.database.Task.find({"gone": {"$exists": False}})}


def seen(world: World) -> set[str]:
    found: Resource = loads(world.ask("GET", "/fhir/Task?_count=500").raw)
    return {one["resource"]["id"] for one in found.get("entry", ())}


def changed(world: World, id_: str, keeper: str, priority: str) -> bool:
    steps = [{"op": "add", "path": "/priority", "value": priority}]
    before = world.hub.store.read("Task", id_, None)
    try:
        by = Caller(f"{keeper}-system", keeper, "COC")
        view = change.patch("Task", id_, steps, by, expected=before.version if before else None, hub=world.hub)
    except HubError:
        return False
    return before is not None and view.version > before.version


def subscribed(world: World, receiver: Receiver) -> Sending:
    """The same id in both worlds; what happened before is nobody's event."""
    sending = Sending(world.hub, MongoRegistry(world.store))
    world.clock.at = BEGINNING
    world.store.database.outbox.delete_many({})
    caller = Caller(f"{CALLER}-system", CALLER, "COC", frozenset({"system/*.cruds"}))
    subscribe.create(subscription(receiver.url, content="full-resource"), caller, lambda _: True, hub=world.hub)
    sending.run(receiver)
    return sending


def told(receiver: Receiver) -> list[Any]:
    """Everything but ids that are new each time, and to which door it was sent."""
    statuses = [parameters(bundle["entry"][0]["resource"]) for bundle in bundles(receiver)]
    bare = [{name: value for name, value in one.items() if name != "subscription"} for one in statuses]
    return [bare, [bundle["entry"][1:] for bundle in bundles(receiver)]]


def notified(pair: Pair) -> tuple[list[Any], int, int]:
    """What each world's receiver got, while the same visible things happened in both, and hidden ones among them."""
    visible, happened, hidden = sorted(seen(pair.full) & seen(pair.other)), 0, 0
    with ExitStack() as doors:
        receivers = [doors.enter_context(receiving()) for _ in pair]
        sendings = [subscribed(world, receiver) for world, receiver in zip(pair, receivers, strict=True)]
        for priority in ("asap", "urgent"):
            for world in pair:
                unseen = sorted(tasks(world).keys() - set(visible))
                hidden += sum(changed(world, id_, tasks(world)[id_], priority) for id_ in unseen)
            for id_ in visible:
                both = [changed(world, id_, tasks(world)[id_], priority) for world in pair]
                assert both[0] == both[1]
                happened += both[0]
            for sending, receiver in zip(sendings, receivers, strict=True):
                sending.run(receiver)
        assert all(numbers(one) == sorted(numbers(one)) for one in receivers)
        return [told(one) for one in receivers], happened, hidden


def test_worlds_that_differ_in_what_is_hidden_send_the_same_notifications(builder: Builder) -> None:
    (full, other), happened, hidden = notified(builder.build(0))
    assert full == other
    assert happened >= ENOUGH and hidden >= ENOUGH, "where little happens, nothing is shown"
    assert ENOUGH <= sum(len(one["events"]) for one in full[0]) <= happened, "what the topic is not about is no event"


def test_who_would_number_without_asking_is_noticed(builder: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody = frozenset(own(one) for one in ORGANIZATIONS)
    pair = builder.build(0)
    known = [seen(world) for world in pair]
    monkeypatch.setattr(disclose, "_visible", lambda _type, _caller, now, _query=None: Visible(everybody, now))
    monkeypatch.setitem(globals(), "seen", lambda world: known[list(pair).index(world)])
    (full, other), _, _ = notified(pair)
    assert full != other
