"""Hidden equals absent for who broke a glass, too: what was opened to it is the same in both worlds, and of all else it can
tell nothing, by whatever it asks to be opened besides."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from hub.consent.policies import policies
from hub.consent.reviews import Asked, review_of
from hub.exchange.person import Person
from hub.oauth.tokens import hashed
from hub.ports import Changes, Token
from hub.store import MongoRegistry
from hub.web import overrides
from hub.web.app import create_app
from tests.hub.web.test_non_interference import builder  # noqa: F401 — the fixture
from tests.support.parties import Addresses
from tests.support.walks import walk
from tests.support.worlds import BEGINNING, NEVER, Builder, Pair, World
from tests.support.written import CALLER

SECRET = "a-token-of-the-caller-for-an-emergency-alone."[:43]
OPENS = policies({"overrides": [{"id": "break-glass", "classes": ["core", "identity"], "minutes": 1440}]})
OPENS_NOTHING = policies({"overrides": [{"id": "break-glass", "classes": ["attachments"], "minutes": 1440}]})
"""No document of the worlds has an attachment: nobody can be opened, whoever is asked for."""


def of_an_emergency(world: World) -> World:
    """The same world as the caller's token for an emergency meets it."""
    hub, registry = replace(world.hub, policies=OPENS_NOTHING), MongoRegistry(world.store)
    client = registry.client(f"{CALLER}-system")
    assert client
    registry.save_client(replace(client, purposes=("COC", "BTG")))
    token = Token(hashed(SECRET), client.id, CALLER, client.scopes, "BTG", NEVER)
    registry.save_token(token)
    return replace(world, hub=hub, app=create_app(hub, registry, Addresses()), secret=SECRET)


def open_one(world: World, person: str, names: frozenset[str]) -> None:
    """As `exchange.opening` does, under an id that is the same in both worlds, of one keeper."""
    compartment = world.store.compartments([person])[person]
    (keeper,) = {one.custodian or "" for one in compartment.documents if one.type == "Patient"}
    (override,) = OPENS.overrides
    asked = Asked(override, CALLER, CALLER, frozenset({"BTG"}), "danger-to-life", "Said by the one who opened it.")
    working = Person.of(compartment, world.hub.rules)
    id_ = "00000000-0000-4000-8000-0000000b76b7"
    working.put(review_of(asked, id_=id_, person=person, custodian=keeper, classes=names, now=BEGINNING), keeper)
    settled = working.settle(BEGINNING, world.hub.ids.new)
    world.store.commit(Changes(settled.saves, settled.rekeys, {person: compartment.revision}))


def opened_to_both(pair: Pair, names: frozenset[str]) -> Pair:
    """Of the first survivor, whose referral waits for the caller: her `core` is the same in both worlds."""
    her = pair.full.things.references["Patient"][0]
    for world in pair:
        open_one(world, her, names)
    return Pair(of_an_emergency(pair.full), of_an_emergency(pair.other))


@pytest.fixture(autouse=True)
def as_often_as_it_likes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(overrides, "spend", lambda *_, **__: 0)
    yield


@pytest.mark.parametrize("seed", range(2))
def test_who_broke_a_glass_cannot_tell_the_worlds_apart_by_anything_but_what_was_opened(
    builder: Builder,  # noqa: F811
    seed: int,
) -> None:
    pair = opened_to_both(builder.build(seed), frozenset({"core"}))
    her = pair.full.things.references["Patient"][0]
    assert [world.ask("GET", f"/fhir/Patient/{her}").status for world in pair] == ["200 OK", "200 OK"]
    walked = walk(pair, 300, seed)
    assert walked.difference == ""
    assert "404 Not Found" in walked.statuses and len(walked.matched) > 20


def test_what_is_opened_is_what_it_can_tell(builder: Builder) -> None:  # noqa: F811
    """The names of the two worlds are not the same: a walk that could not see them would show nothing."""
    found = (
        walk(opened_to_both(builder.build(seed), frozenset({"core", "identity"})), 600, seed).difference
        for seed in range(3)
    )
    assert any(found)


def test_whom_a_glass_cannot_open_and_who_is_not_there_are_answered_in_the_same_bytes(builder: Builder) -> None:  # noqa: F811
    pair = builder.build(0)
    world = of_an_emergency(pair.full)
    known = [str(one).rpartition("|") for one in pair.full.things.values["Patient"]["identifier"] if "|" in str(one)]
    known = [(system, separator, value) for system, separator, value in known if system]
    assert len(known) > 3
    answers = set()
    for system, _, value in [*known, (known[0][0], "", "nobody"), ("urn:none", "", "nobody"), (known[0][0], "", "%")]:
        body = {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "identifier", "valueIdentifier": {"system": system, "value": value}},
                {"name": "reason", "valueCode": "danger-to-life"},
                {"name": "text", "valueString": "Said by the one who asks for it."},
            ],
        }
        answer = world.ask("POST", "/fhir/Patient/$break-glass", body)
        answers.add((answer.status, answer.headers, answer.raw))
    never = world.ask("GET", "/fhir/Patient/nobody")
    assert answers == {(never.status, never.headers, never.raw)}
    assert never.status == "404 Not Found"
