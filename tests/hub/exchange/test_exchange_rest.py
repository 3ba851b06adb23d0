"""A new need of a person at rest is settled by itself: to what settling all that is kept of her comes to, whatever that is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import pytest

from hub.consent.refusals import REFUSED_ON
from hub.consent.standing import Standing
from hub.errors import Conflict
from hub.exchange import change
from hub.exchange.person import Person
from hub.exchange.rest import Rest
from hub.exchange.ruling import Ruling
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.ports import FOREVER, Changes, Compartment
from hub.store.remembered import _after
from tests.support import settling
from tests.support.association import Scene, association
from tests.support.budget import examples
from tests.support.consents import as_packaged, consent, permit, provision
from tests.support.network import KEEPER, PERSON, cancellation, need, referred, survivor
from tests.support.settling import twice

BEGINNING = datetime(2026, 6, 1, 8, tzinfo=UTC)
KEEPERS = (KEEPER, "nour")
RECIPIENTS = ("chu", "clinique", "tribunal", "cedre")
CLASSES = ("core", "needs-and-services", "health", "safe-contact", "incident-summary")
STATUSES = ("received", *("accepted",) * 6, "in-progress", "on-hold", "completed", "rejected", "cancelled", "failed")
WALKS, ACTS = examples(80, 3000), 40
REFUSED = [{"coding": [{"system": code_system("order-detail"), "code": "contacting-subject-prohibited"}]}]


Happening = Callable[["World", Person], None]


@dataclass
class World:
    """One woman, what two organisations keep of her, and the next thing that happens."""

    chance: Random
    rules: Ruling = field(default_factory=as_packaged)
    now: datetime = BEGINNING
    compartment: Compartment = field(default_factory=lambda: Compartment(PERSON, 0))
    numbers: Any = field(default_factory=lambda: count(1))

    def act(self, happens: "Happening | None" = None) -> None:
        self.now += timedelta(minutes=self.chance.choice((1, 30, 60 * 30)))
        person = Person.of(self.compartment, self.rules)
        if not self.compartment.revision:
            person.put(survivor(), KEEPER)
        (happens or self.chance.choice(HAPPENINGS))(self, person)
        settled = person.settle(self.now, self.new)
        self.compartment = _after(self.compartment, settled.changes(person), self.now)

    def new(self) -> str:
        return f"{next(self.numbers):08}-0000-4000-8000-000000000000"

    def keeper(self) -> str:
        return self.chance.choice((KEEPER, KEEPER, KEEPER, "nour"))

    def stored(self, type_: str) -> list[Resource]:
        return [one.resource() for one in self.compartment.documents if one.type == type_]


def needs_come(world: World, person: Person) -> None:
    for _ in range(world.chance.choice((1, 1, 1, 3))):
        more: dict[str, Any] = {"orderDetail": REFUSED} if world.chance.random() < 0.2 else {}
        if more and world.chance.random() < 0.8:
            more |= {"authoredOn": world.chance.choice(("2026-05-30", "2026-05-29", "2026-08-01"))}
        status = world.chance.choice(("active", "active", "active", "draft", "revoked"))
        to, keeper = world.chance.choice((*RECIPIENTS, "")), world.keeper()
        more |= {"requester": {"reference": f"Organization/{keeper}"}}
        if world.chance.random() < 0.1 and (before := world.stored("ServiceRequest")):
            more |= {"intent": "filler-order", "basedOn": [{"reference": f"ServiceRequest/{before[0]['id']}"}]}
        if world.chance.random() < 0.15:
            more |= {
                "extension": [{"url": REFUSED_ON, "valueDateTime": world.chance.choice(("2025-12-01", "2026-06-02"))}]
            }
        person.put(need(to, world.new(), status, **more), keeper)


def she_agrees(world: World, person: Person) -> None:
    since, until = (
        world.now + timedelta(days=world.chance.randint(*days)) if world.chance.random() < 0.3 else None
        for days in ((-3, 3), (4, 9))
    )
    to = world.chance.sample(RECIPIENTS, 2)
    permits = [permit(one, world.chance.sample(CLASSES, 4), since=since, until=until) for one in to]
    if world.chance.random() < 0.2:
        permits.append(provision("deny", to=to[:1], purposes=["COC"], classes=["health"]))
    id_ = world.chance.choice((world.new(), "consent-1"))
    person.put(consent(provision(exceptions=permits), id_, person=PERSON), world.keeper())


def she_may_be_counted(world: World, person: Person) -> None:
    purpose = [{"system": code_system("purpose"), "code": "statistics"}]
    until = world.now + timedelta(days=2)
    said = provision(world.chance.choice(("permit", "deny")), until=world.chance.choice((until, None)))
    person.put(consent({**said, "purpose": purpose}, world.new(), person=PERSON), KEEPER)


def she_withdraws(world: World, person: Person) -> None:
    for one in world.stored("Consent")[:1]:
        person.put({**one, "status": "inactive"}, KEEPER)


def somebody_answers(world: World, person: Person) -> None:
    for task in world.chance.sample(tasks := world.stored("Task"), min(2, len(tasks))):
        person.put({**task, "status": world.chance.choice(STATUSES)}, person.custodian(f"Task/{task['id']}") or "")


def she_is_described_anew(world: World, person: Person) -> None:
    person.put({**survivor(), "birthDate": world.chance.choice(("1990-01-01", "2012-03-02"))}, KEEPER)


def a_need_goes(world: World, person: Person) -> None:
    for one in world.chance.sample(needs := world.stored("ServiceRequest"), min(1, len(needs))):
        person.remove(f"ServiceRequest/{one['id']}")


def something_unusual_comes(world: World, person: Person) -> None:
    needs, tasks = world.stored("ServiceRequest"), world.stored("Task")
    if not needs or not tasks:
        return
    more = {"requester": {"reference": f"Organization/{KEEPER}"}, "for": {"reference": f"Patient/{PERSON}"}}
    open_ = {**referred(need_=needs[0]["id"]), "id": world.new(), "priority": "urgent", **more}
    part = {**referred("chu", needs[0]["id"]), "id": world.new(), "priority": "urgent", **more}
    unusual = (
        open_,
        {**part, "partOf": [{"reference": f"Task/{tasks[0]['id']}"}]},
        {**cancellation(tasks[0]["id"]), "id": world.new(), "priority": "urgent", **more},
    )
    person.put(world.chance.choice(unusual), KEEPER)


def nothing_comes(_: World, __: Person) -> None:
    """She is only looked at again."""


HAPPENINGS = (
    *(needs_come,) * 12, *(she_agrees,) * 3, she_may_be_counted, she_withdraws, *(somebody_answers,) * 4,
    she_is_described_anew, a_need_goes, something_unusual_comes, nothing_comes,
)  # fmt: skip


def walked(seeds: Iterable[int]) -> int:
    """How many acts were settled both ways."""
    before = settling.compared
    for seed in seeds:
        world = World(Random(seed))
        for _ in range(ACTS):
            world.act()
    return settling.compared - before


def test_whatever_happened_before_a_need_comes_it_is_settled_as_all_would_be() -> None:
    with twice():
        compared = walked(range(WALKS))
    assert compared > WALKS


def one_comes(*, refusing: bool = False) -> Happening:
    more: dict[str, Any] = {"orderDetail": REFUSED} if refusing else {}
    return lambda world, person: person.put(need("chu", world.new(), **more), KEEPER) or None


def she_agrees_to_all(world: World, person: Person) -> None:
    said = provision(exceptions=[permit("chu", CLASSES, until=BEGINNING + timedelta(days=9))])
    person.put(consent(said, world.new(), person=PERSON), KEEPER)


def all_are_accepted(world: World, person: Person) -> None:
    for task in world.stored("Task"):
        person.put({**task, "status": "accepted"}, KEEPER)


def everything_comes() -> World:
    world = World(Random(1))
    for happens in (she_agrees_to_all, one_comes(), all_are_accepted, one_comes(), one_comes(refusing=True)):
        world.act(happens)
    return world


def test_a_need_that_refuses_contact_moves_what_is_open_to_those_who_have_accepted_before() -> None:
    with twice():
        world = everything_comes()
    (patient,) = (one for one in world.compartment.documents if one.type == "Patient")
    assert {key.grant for key in patient.keys} >= {"chu|COC|core"}
    assert "chu|COC|safe-contact" not in {key.grant for key in patient.keys}


def test_the_comparison_notices_where_a_refusal_moved_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Standing, "stays_with", lambda *_: True)
    with twice(), pytest.raises(AssertionError, match="not settled as all"):
        everything_comes()


def test_it_notices_where_nothing_was_ever_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Person, "_due", lambda *_: FOREVER)
    world = everything_comes()
    world.now += timedelta(days=30)
    with twice(), pytest.raises(AssertionError, match="not settled as all"):
        world.act(one_comes(refusing=True))


def test_it_notices_where_everything_moved_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rest, "is_unmoved_by", lambda *_: True)
    with twice(), pytest.raises((AssertionError, KeyError, StopIteration)):
        walked(range(WALKS))


def test_a_need_that_comes_to_a_person_at_rest_reads_nothing_else_of_hers(at: Scene) -> None:
    at.receive(at.row())
    asked = {key: value for key, value in at.one("ServiceRequest").items() if key not in {"id", "meta"}}
    change.create(asked, association(), hub=at.hub)
    (known,) = (compartment for _, compartment in at.store.remembered._kept.values())
    assert isinstance(known.rest, Rest)
    before = settling.compared
    change.create(asked, association(), hub=at.hub)
    assert settling.compared == before + 1
    assert len(at.all("Task")) == 3
    assert {one["status"] for one in at.all("Task")} == {"requested"}


def test_what_is_known_of_rest_is_forgotten_with_an_act_that_was_not_committed(at: Scene) -> None:
    at.receive(at.row())
    patient = at.one("Patient")["id"]
    known = at.store.compartments([patient])[patient]
    lost = Changes(persons={patient: known.revision + 5}, rest={patient: "of an act that never was"})
    with pytest.raises(Conflict):
        at.store.commit(lost)
    found = at.store.compartments([patient])[patient]
    assert (found.revision, found.rest) == (known.revision, None)
