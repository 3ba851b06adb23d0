"""Pairs of worlds for non-interference: two databases that differ only in what one caller may not see.

https://en.wikipedia.org/wiki/Non-interference_(security). The caller (`CALLER`, a hospital) keeps survivors of its own and
receives referrals. What it may see is drawn from one source of chance and is the same in both worlds, with its ids and
instants; what it may not see is drawn from another, and in the emptier world there is none of it.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from flask import Flask
from pymongo import MongoClient

from hub.directory.organizations import Entry, Names
from hub.exchange import Hub
from hub.exchange.bind import bind
from hub.oauth.keys import jwks
from hub.oauth.tokens import hashed
from hub.ports import Binding, Client, Token
from hub.store import MongoRegistry, MongoStore
from hub.web.app import create_app
from tests.support.furnishing import Things, furnish
from tests.support.parties import KEY, Addresses, Party
from tests.support.uploading import uploads
from tests.support.written import CALLER, ORGANIZATIONS

BEGINNING: Final = datetime(2026, 11, 20, 9, tzinfo=UTC)
ORIGIN: Final = "https://hub.example"
SECRET: Final = "a-token-of-the-caller-that-opens-nothing-else"[:43]
BOUND: Final = "a-token-that-stands-on-one-consent-and-no-other"[:43]
NEVER: Final = datetime(2099, 1, 1, tzinfo=UTC)
_FRESH: Final = re.compile(r"[0-9a-f]{8}-0000-4000-9[0-9a-f]{3}-[0-9a-f]{12}")
_PAGE: Final = re.compile(r"_page=[A-Za-z0-9_\-]+")
_PLACEHOLDER: Final = re.compile(r"NEW\.(\d+)\.")
_OF_TRANSPORT: Final = frozenset({"X-Request-Id", "Date"})


@dataclass
class Instants:
    """A clock that both worlds are set by: a request takes no time, the next one comes a second later."""

    at: datetime = BEGINNING

    def now(self) -> datetime:
        return self.at


@dataclass
class Ids:
    """New ids, told apart from those that were there before, in the order in which they are given."""

    number: int = 0

    def new(self) -> str:
        self.number += 1
        return f"{self.number:08x}-0000-4000-9000-{self.number:012x}"


@dataclass(frozen=True)
class Answer:
    """What a caller can tell apart: everything but new random ids, sealed page tokens and the number of the request."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: str
    raw: str = field(repr=False, compare=False)
    etag: str = field(default="", repr=False, compare=False)
    later: str = field(default="", repr=False, compare=False)  # where the status of what was begun is


@dataclass
class World:
    """One of the two. `fresh`: ids that the caller was told during the walk, in order of appearance."""

    store: MongoStore
    clock: Instants
    ids: Ids
    hub: Hub
    app: Flask
    fresh: list[str] = field(default_factory=list)
    things: Things = field(default_factory=Things)
    secret: str = SECRET

    @property
    def caller(self) -> Party:
        return Party(self.app, f"{CALLER}-system", self.secret)

    def bindings(self) -> dict[str, Binding]:
        """What a token of the caller could stand on, by consent."""
        ids = [id_ for id_ in self.things.references["Consent"] if not id_.startswith("NEW")]
        found = {id_: bind([id_], CALLER, "COC", BEGINNING, hub=self.hub) for id_ in ids}
        return {id_: binding for id_, binding in found.items() if binding}

    def ask(self, method: str, path: str, body: object = None, headers: Sequence[tuple[str, str]] = ()) -> Answer:
        """As the caller. `NEW.3.` in an address is the fourth id that the caller was told: no page token holds a full stop."""
        self.clock.at += timedelta(seconds=1)
        self.ids.number = (self.ids.number // 1000 + 1) * 1000  # ids of one request follow those of all before it
        answer = self.caller.send(method, self.spelled(path), body, **dict(headers))
        kept = sorted((k, self._told(v)) for k, v in answer.headers.items() if k not in _OF_TRANSPORT)
        text = answer.get_data(as_text=True)
        etag, later = (answer.headers.get(name, "") for name in ("ETag", "Content-Location"))
        return Answer(answer.status, tuple(kept), self._told(text), text, etag, later.removeprefix(ORIGIN))

    def spelled(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda m: self.fresh[int(m[1]) % len(self.fresh)] if self.fresh else "none", text)

    def _told(self, text: str) -> str:
        return _PAGE.sub("_page=sealed", _FRESH.sub(lambda found: self._number(found[0]), text))

    def _number(self, id_: str) -> str:
        if id_ not in self.fresh:
            self.fresh.append(id_)
        return f"NEW.{self.fresh.index(id_)}."

    def opened_by(self, binding: Binding) -> int:
        """How many documents a token that stands on it reaches."""
        hers = [{"person": kept.person, "custodian": kept.custodian} for kept in binding.kept]
        reached = {"$or": hers, "k.g": {"$regex": rf"^{CALLER}\|COC\|"}}
        return sum(self.store.database[type_].count_documents(reached) for type_ in self.things.references)


@dataclass(frozen=True)
class Pair:
    full: World
    other: World

    def __iter__(self) -> Iterator[World]:
        return iter((self.full, self.other))

    @property
    def things(self) -> Things:
        """What there is to ask for in either: the caller guesses ids and values that are hidden in one and absent in the other."""
        return self.full.things | self.other.things


@contextmanager
def pairs(mongodb_uri: str, names: tuple[str, str]) -> Iterator["Builder"]:
    """A builder of pairs in two databases, which are dropped at the end."""
    clocks = Instants(), Instants()
    with (
        MongoStore.open(mongodb_uri, names[0], now=clocks[0].now) as first,
        MongoStore.open(mongodb_uri, names[1], now=clocks[1].now) as second,
        MongoClient[dict[str, object]](mongodb_uri) as client,
    ):
        try:
            yield Builder((first, second), clocks)
        finally:
            for name in names:
                client.drop_database(name)


@dataclass(frozen=True)
class Builder:
    stores: tuple[MongoStore, MongoStore]
    clocks: tuple[Instants, Instants]

    def build(self, seed: int) -> Pair:
        """Every second pair is of a full and an empty world; in the others both hold hidden things, of different kinds."""
        hidden = (Random(f"{seed} full"), Random(f"{seed} other") if seed % 2 else None)
        return Pair(*(self._world(n, seed, source) for n, source in enumerate(hidden)))

    def build_bound(self, seed: int) -> Pair:
        """The caller asks with a token that stands on one consent: in the full world there are also survivors whom it may see,
        but not with that."""
        full = self._world(0, seed, Random(f"{seed} full"), Random(f"{seed} beyond"))
        pair = Pair(full, self._world(1, seed, Random(f"{seed} other") if seed % 2 else None))
        for world in pair:
            world.clock.at = BEGINNING
        common = sorted(pair.full.bindings().keys() & pair.other.bindings().keys())
        chosen = max(common, key=lambda id_: pair.other.opened_by(pair.other.bindings()[id_]))
        for world in pair:
            _save_bound(MongoRegistry(world.store), world.bindings()[chosen])
            world.secret = BOUND
        return pair

    def _world(self, number: int, seed: int, hidden: Random | None, beyond: Random | None = None) -> World:
        store, clock = self.stores[number], self.clocks[number]
        for collection in store.database.list_collection_names():
            if collection == "keyvault":  # the deployment's own keys are in use
                store.database.keyvault.delete_many({"keyAltNames": {"$regex": "^person:"}})
                store.vault._ids = {}  # the same persons come back, with other keys
            elif collection != "settings":
                store.database[collection].delete_many({})
        clock.at = BEGINNING
        names = Names(Entry(id_, type_, {"fr": id_, "ar": id_}, "MA-CAS") for id_, type_ in ORGANIZATIONS.items())
        ids = Ids()
        hub = Hub(store, clock, ids, names, b"a pepper that only this test knows")
        registry = MongoRegistry(store)
        _admit(registry)
        app = create_app(
            hub,
            registry,
            Addresses(),
            allows=lambda url: ":9/" in url or url.startswith("mailto:"),
            doors=uploads(CALLER, "amal"),
        )
        world = World(store, clock, ids, hub, app)
        world.things = furnish(hub, clock, Random(f"{seed} seen"), hidden, beyond)
        world.things.number(hub)
        clock.at = BEGINNING
        return world


def _admit(registry: MongoRegistry) -> None:
    scopes = frozenset({"system/*.cruds"})
    registry.save_client(Client(f"{CALLER}-system", CALLER, jwks(KEY), scopes, ("COC",)))
    registry.save_token(Token(hashed(SECRET), f"{CALLER}-system", CALLER, scopes, "COC", NEVER))


def _save_bound(registry: MongoRegistry, binding: Binding) -> None:
    scopes = frozenset({"system/*.rus"})  # nothing is created with such a token
    registry.save_token(Token(hashed(BOUND), f"{CALLER}-system", CALLER, scopes, "COC", NEVER, binding=binding))
