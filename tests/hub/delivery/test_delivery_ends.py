"""Nothing that was due ends without a trace: it was delivered, it is void for a reason that is recorded, or it is a dead letter."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from hub.delivery.pauses import Patience
from hub.delivery.worker import deliver
from hub.errors import Fatal, Retriable
from hub.exchange import change
from hub.exchange.expire import sweep
from hub.fhir.instants import MOROCCO
from hub.ports import Destination, Dispatch, Parcel, Registry, Way
from hub.web.app import create_app
from tests.support.association import HOSPITAL, Scene, association, hospital, outcome, reason
from tests.support.budget import examples
from tests.support.delivering import Board, Tool, ways
from tests.support.parties import Addresses, register
from tests.support.receivers import receiving
from tests.support.subscribing import Sending, bundles, numbers, parameters, subscription, told, written

AWAY = Retriable("adapters.register-open")
SEEDS = range(examples(2, 40))
DAYS = 6
PATIENCE = Patience(timedelta(days=2))


@dataclass
class Watched:
    """A carrier whose every parcel that arrived is remembered."""

    carrier: Any
    arrived: set[str] = field(default_factory=set)

    @property
    def at_once(self) -> int:
        return int(self.carrier.at_once)

    def pack(self, dispatch: Dispatch) -> Any:
        return self.carrier.pack(dispatch)

    def send(self, destination: Destination, parcels: Sequence[Parcel]) -> None:
        self.carrier.send(destination, parcels)
        self.arrived |= {one.dispatch.id for one in parcels}


def watched(way: Way) -> Way:
    return Way(way.kind, way.destinations, Watched(way.carrier), way.overwrites)


@contextmanager
def made(at: Scene) -> Iterator[Callable[[], set[str]]]:
    """The dispatches that were made since, also those that are gone."""
    found: set[str] = set()
    with at.store.database.dispatches.watch([{"$match": {"operationType": "insert"}}]) as stream:

        def read() -> set[str]:
            while (change := stream.try_next()) is not None:
                found.add(change["documentKey"]["_id"])
            return found

        yield read


def unaccounted(at: Scene, all_: set[str], among: Sequence[Way]) -> dict[str, list[str]]:
    """What ended as nothing, and what is void without a reason."""
    rows = {one["_id"]: one for one in at.store.database.dispatches.find()}
    arrived = set[str]().union(*(way.carrier.arrived for way in among))  # type: ignore[attr-defined]
    lost = [id_ for id_ in all_ if id_ not in rows and id_ not in arrived]
    bare = [id_ for id_, one in rows.items() if one["state"] in {"void", "dead"} and not one["error"]]
    return {"lost": lost, "without a reason": bare}


class Busy:
    """What people do with referrals while deliveries fail, at random."""

    def __init__(self, at: Scene, chance: Random) -> None:
        self.at, self.chance, self.rows = at, chance, 0

    def act(self) -> None:
        act = self.chance.choice((self.send, self.answer, self.answer, self.withdraw, self.nothing, self.nothing))
        act()

    def send(self) -> None:
        self.rows += 1
        urgency = self.chance.choice(("immédiat", "urgent", "faible"))
        number = str(self.rows)
        today = f"{self.at.clock.now().astimezone(MOROCCO):%d/%m/%Y}"
        cells = {"case_number": number, "survivor_code": f"S-{number}", "cin": f"AB{number:0>6}", "urgency": urgency}
        self.at.receive(self.at.row(number, visit_date=today, consent_date=today, **cells))

    def answer(self) -> None:
        open_ = [one for one in self.at.all("Task") if one["status"] in {"requested", "received", "accepted"}]
        if not open_:
            return
        task = self.chance.choice(open_)
        if task["status"] == "accepted":
            self.at.move(task, "completed", hospital(), **outcome())
        elif self.chance.random() < 0.3:
            self.at.move(task, "rejected", hospital(), **reason("no-capacity"))
        else:
            self.at.move(task, "accepted", hospital())

    def withdraw(self) -> None:
        consents = [one for one in self.at.all("Consent") if one["status"] == "active"]
        if consents and self.chance.random() < 0.3:
            steps = [{"op": "replace", "path": "/status", "value": "inactive"}]
            chosen = self.chance.choice(consents)["id"]
            change.patch("Consent", chosen, steps, association(), expected=None, hub=self.at.hub)

    def nothing(self) -> None:
        """Time goes by."""


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_due_is_delivered_or_void_for_a_reason_or_a_dead_letter(
    at: Scene, registry: Registry, seed: int
) -> None:
    at.clock.at = datetime.now(UTC)  # what MongoDB lets end by itself, it lets end by the machine's clock
    chance = Random(seed)
    board, tool, busy = Board(("a", "b"), organization=HOSPITAL, hub=at.hub), Tool(), Busy(at, chance)
    with receiving() as receiver, made(at) as all_:
        sending = Sending(at.hub, registry, PATIENCE)
        app = create_app(at.hub, registry, Addresses(), allows=lambda _: True)
        written(register(app, registry, HOSPITAL, now=at.clock.now()), subscription(receiver.url))
        among = [watched(one) for one in (board.way, *ways(at, tool), sending.way(f"http://127.0.0.1:{receiver.port}"))]
        for _ in range(DAYS * 6):
            busy.act()
            board.refuses = {name: AWAY for name in board.names if chance.random() < 0.6}
            board.poison = {"Task/x": Fatal("adapters.register-unreadable")}
            tool.problems = [AWAY] * chance.choice((0, 0, 1, 5))
            receiver.status = chance.choice((200, 500, 429, 200 if chance.random() < 0.9 else 410))
            at.clock.forward(timedelta(hours=4))
            sweep(hub=at.hub)
            sending.run_among(among)
        everything = all_()
        assert unaccounted(at, everything, among) == {"lost": [], "without a reason": []}
        assert len(everything) > 25
        states = {one["state"] for one in at.store.database.dispatches.find()}
        assert states <= {"waiting", "dead", "void"}


def test_an_urgent_referral_that_nobody_answers_and_a_subscriber_that_never_comes_back(
    at: Scene, registry: Registry
) -> None:
    """Reminders, lateness, escalation: of all that its owner was to be told there is a dead letter in the end, and its number can be
    asked for."""
    at.clock.at = datetime.now(UTC)
    today = f"{at.clock.now().astimezone(MOROCCO):%d/%m/%Y}"
    with receiving() as receiver, made(at) as all_:
        sending = Sending(at.hub, registry, PATIENCE)
        app = create_app(at.hub, registry, Addresses(), allows=lambda _: True)
        written(register(app, registry, HOSPITAL, now=at.clock.now()), subscription(receiver.url))
        among = [watched(sending.way(f"http://127.0.0.1:{receiver.port}"))]
        sending.run_among(among)
        receiver.status = 500
        at.receive(at.row(urgency="immédiat", visit_date=today, consent_date=today))
        for _ in range(8 * 12):
            at.clock.forward(timedelta(hours=2))
            sweep(hub=at.hub)
            sending.run_among(among)
        assert unaccounted(at, all_(), among) == {"lost": [], "without a reason": []}
        actions = [one["action"] for one in at.store.database.dispatches.find({"state": {"$in": ["dead", "void"]}})]
        assert {"referral.send", "referral.remind", "referral.overdue", "referral.escalate"} <= set(actions)
        assert at.store.counts()["outbox.waiting"] == 0
        (kept,) = at.store.database.subscriptions.find()
        assert (kept["status"], kept["n"]) == ("error", len(actions))


def test_an_event_that_is_forgotten_before_it_could_be_sent_is_void_for_a_reason(at: Scene, registry: Registry) -> None:
    """The hub itself was away for longer than events are kept."""
    with receiving() as receiver:
        sending = Sending(at.hub, registry, PATIENCE)
        app = create_app(at.hub, registry, Addresses(), allows=lambda _: True)
        written(register(app, registry, HOSPITAL, now=at.clock.now()), subscription(receiver.url))
        sending.run(receiver)
        receiver.status = 500
        at.receive(at.row())
        sending.run(receiver)
        at.store.database.notified.delete_many({})
        at.clock.forward(timedelta(hours=1))
        sending.run(receiver)
        (left,) = at.store.database.dispatches.find()
        assert (left["state"], left["error"]) == ("void", "delivery.nothing-to-tell")


def test_what_was_waiting_before_the_handshake_is_told_after_it(at: Scene, registry: Registry) -> None:
    """More than goes out at once, so that what is sent first is not the handshake."""
    with receiving() as receiver:
        sending = Sending(at.hub, registry, PATIENCE)
        app = create_app(at.hub, registry, Addresses(), allows=lambda _: True)
        for number in "1234":
            at.receive(at.row(number, survivor_code=f"S-{number}", case_number=number, cin=f"AB{number}"))
        written(register(app, registry, HOSPITAL, now=at.clock.now()), subscription(receiver.url))
        way = sending.way(f"http://127.0.0.1:{receiver.port}")
        object.__setattr__(way.carrier, "at_once", 2)
        sending.run_among([way])
        first, *_ = bundles(receiver)
        assert parameters(first["entry"][0]["resource"])["type"] == "handshake"
        assert sorted(numbers(receiver)) == [1, 2, 3, 4]
        assert len(told(receiver, "handshake")) == 1


def test_what_is_void_is_known_for_two_months(at: Scene) -> None:
    at.receive(at.row())
    board = Board(organization=HOSPITAL, hub=at.hub, refuses={"board": AWAY})
    deliver([board.way], hub=at.hub)
    at.withdraw()
    for days, left in ((59, 1), (2, 0)):
        at.clock.forward(timedelta(days=days))
        at.store.deliveries.forget_void(at.clock.now() - timedelta(days=60))
        assert at.store.database.dispatches.count_documents({"state": "void"}) == left
