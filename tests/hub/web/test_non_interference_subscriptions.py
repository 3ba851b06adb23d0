"""Two worlds that differ in what a subscriber may not see send it the same notifications, their numbers included."""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from hub.consent.keys import own
from hub.errors import HubError
from hub.exchange import change, disclose, subscribe, withdraw
from hub.fhir import Resource
from hub.fhir.serial import loads
from hub.ports import Caller, Visible
from hub.store import MongoRegistry
from tests.support.receivers import Receiver, receiving
from tests.support.subscribing import REQUESTS, TOPIC, WITHDRAWALS, Sending, bundles, numbers, parameters, subscription
from tests.support.worlds import BEGINNING, Builder, Pair, World, pairs
from tests.support.written import CALLER, ORGANIZATIONS

ENOUGH = 6


@pytest.fixture(scope="module")
def builder(mongodb_uri: str) -> Iterator[Builder]:
    run = uuid.uuid4().hex[:12]
    with pairs(mongodb_uri, (f"told_{run}_a", f"told_{run}_b")) as opened:
        yield opened


def tasks(world: World) -> dict[str, str]:
    return kept(world, "Task")


def kept(world: World, type_: str) -> dict[str, str]:
    """By whom each is."""
    return {one["_id"]: one["custodian"] for one in world.store.database[type_].find({"gone": {"$exists": False}})}


def seen(world: World, type_: str = "Task") -> set[str]:
    found: Resource = loads(world.ask("GET", f"/fhir/{type_}?_count=500").raw)
    return {one["resource"]["id"] for one in found.get("entry", ())}


def changed(world: World, id_: str, keeper: str, priority: str, type_: str = "Task") -> bool:
    steps = [{"op": "add", "path": "/priority", "value": priority}]
    before = world.hub.store.read(type_, id_, None)
    try:
        by = Caller(f"{keeper}-system", keeper, "COC")
        view = change.patch(type_, id_, steps, by, expected=before.version if before else None, hub=world.hub)
    except HubError:
        return False
    return before is not None and view.version > before.version


def subscribed(world: World, receiver: Receiver, **topics: str) -> Sending:
    """The same id in both worlds; what happened before is nobody's event."""
    sending = Sending(world.hub, MongoRegistry(world.store))
    world.clock.at = BEGINNING
    world.store.database.outbox.delete_many({})
    caller = Caller(f"{CALLER}-system", CALLER, "COC", frozenset({"system/*.cruds"}))
    for content, topic in (topics or {"full-resource": TOPIC}).items():
        asked = subscription(receiver.url, content=content.replace("_", "-")) | {"criteria": topic}
        subscribe.create(asked, caller, lambda _: True, hub=world.hub)
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


# --- requests, and consents that end ----------------------------------------------------------------------------------


def hers(world: World, ids: Iterable[str]) -> set[tuple[str, str]]:
    """The survivors of these referrals, each with who keeps them."""
    found = world.store.database.Task.find({"_id": {"$in": list(ids)}}, {"person": 1, "custodian": 1})
    return {(one["person"], one["custodian"]) for one in found}


def withdrawn(world: World, person: str, keeper: str) -> bool:
    try:
        withdraw.withdraw(person, Caller(f"{keeper}-system", keeper, "COC"), hub=world.hub)
    except HubError:
        return False
    return True


def happened(pair: Pair) -> tuple[list[Any], int, int]:
    """What each world's receiver got of requests and of notices, which have ids of their own in each world."""
    both, hidden, common = (seen(pair.full, "ServiceRequest") & seen(pair.other, "ServiceRequest")), 0, 0
    shown = sorted(hers(pair.full, seen(pair.full)) & hers(pair.other, seen(pair.other)))
    with ExitStack() as doors:
        receivers = [doors.enter_context(receiving()) for _ in pair]
        wanted = {"full_resource": REQUESTS, "empty": WITHDRAWALS}
        sendings = [subscribed(world, one, **wanted) for world, one in zip(pair, receivers, strict=True)]
        for world in pair:
            known = kept(world, "ServiceRequest")
            hidden += sum(
                changed(world, id_, known[id_], "stat", "ServiceRequest") for id_ in sorted(known.keys() - both)
            )
            out_of_sight = hers(world, tasks(world).keys() - seen(world)) - set(hers(world, seen(world)))
            hidden += sum(withdrawn(world, *one) for one in sorted(out_of_sight))
        for act in [*((changed, id_) for id_ in sorted(both)), *((withdrawn, one) for one in shown)]:
            done = [_done(world, *act) for world in pair]
            assert done[0] == done[1]
            common += done[0]
        for sending, receiver in zip(sendings, receivers, strict=True):
            sending.run(receiver)
        return [told(one) for one in receivers], common, hidden


def _done(world: World, act: Any, about: Any) -> bool:
    if act is withdrawn:
        return withdrawn(world, *about)
    return changed(world, about, kept(world, "ServiceRequest")[about], "stat", "ServiceRequest")


def test_nor_do_requests_and_withdrawals_tell_them_apart(builder: Builder) -> None:
    (full, other), common, hidden = happened(builder.build(0))
    assert full == other
    assert common >= ENOUGH and hidden >= ENOUGH, "where little happens, nothing is shown"
    topics = {one["topic"] for one in full[0] if one["events"]}
    assert topics == {REQUESTS, WITHDRAWALS}
