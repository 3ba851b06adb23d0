"""How the time of a search depends on how much is stored: the same requests at 10,000 documents and at many more.

Over HTTP, with token, consent filter and audit: by a recipient of one referral in eight, by an association of ordinary size, and
by one that keeps three survivors of ten. `keys`: what the database looked at for the page (`hub search explain`), at both sizes.

`python -m benchmarks.search_scale - 1000000` asks a million, which takes some minutes to fill.
"""

import http.client
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final
from urllib.parse import parse_qsl

from benchmarks.crowd import BIGGEST, KEEPERS, RECIPIENTS, Asked, Crowd, gather, multiply
from benchmarks.deployment import register_deployment
from benchmarks.http_speed import Server, serving
from benchmarks.servers import reached
from hub.bootstrap import Deployment, opened
from hub.exchange.explanation import explain
from hub.oauth.vault import hashed
from hub.ports import Caller, Client, Token
from hub.ports.surroundings import FOREVER
from hub.search import parse
from hub.store import MongoStore

FEW: Final = 10_000
MANY: Final = 200_000
ROUNDS: Final = 60
WARMING: Final = 10
MOST: Final = 2.0
CLINIC: Final = RECIPIENTS[0]
KEEPER: Final = KEEPERS[0]
CODES: Final = "https://ihala.example/fhir/NamingSystem/survivor-code"


@dataclass(frozen=True)
class Kind:
    """A request that one organisation makes again and again. `promised`: it must not depend on how much is stored."""

    name: str
    who: str
    path: Callable[[Asked], str]
    promised: bool = True

    def ask(self, asked: Asked) -> str:
        return f"/fhir/{self.path(asked)}"


def _polls(who: str, role: str) -> Iterator[Kind]:
    for status, most in (("accepted", 50), ("rejected", 2)):
        path = f"Task?{role}=Organization/{who}&status={status}&_sort=-_lastUpdated&_count={most}"
        yield Kind(f"poll, {status}", who, lambda _, path=path: path)  # type: ignore[misc]


def kinds() -> tuple[Kind, ...]:
    """The four that are promised, by each who asks, and what else grows with what somebody may see."""
    return (
        *_polls(CLINIC, "owner"),
        *_polls(KEEPER, "requester"),
        *_polls(BIGGEST, "requester"),
        Kind(
            "poll of one recipient",
            BIGGEST,
            lambda one: f"Task?owner=Organization/{one.recipient}&status=accepted&_count=10",
        ),
        Kind("new referrals", CLINIC, lambda _: "Task?status=requested&_count=20"),
        Kind("new referrals", BIGGEST, lambda _: "Task?status=requested&_count=20"),
        *(Kind("identifier of a referral", who, lambda one: f"Task?identifier={one.referral}") for who in _everyone()),
        *(
            Kind("identifier of a survivor", who, lambda one: f"Patient?identifier={CODES}|{one.code}")
            for who in (KEEPER, BIGGEST)
        ),
        *(
            Kind("chain", who, lambda one: f"Task?patient.identifier={CODES}|{one.code}&status={one.status}")
            for who in (KEEPER, BIGGEST)
        ),
        *(
            Kind("chain back", who, lambda one: f"Patient?_has:Task:patient:identifier={one.referral}")
            for who in _everyone()
        ),
        *(Kind("page of 50", who, lambda _: "Observation?_count=50") for who in _everyone()),
        *(Kind("page of 50, _total=none", who, lambda _: "Task?_count=50&_total=none") for who in _everyone()),
        Kind("_total=accurate", BIGGEST, lambda _: "Task?_count=50&_total=accurate", promised=False),
        Kind("history of a type", BIGGEST, lambda _: "Task/_history?_count=50", promised=False),
        Kind("history of a type", CLINIC, lambda _: "Task/_history?_count=50", promised=False),
        Kind("$everything", BIGGEST, lambda one: f"Patient/{one.survivor}/$everything", promised=False),
        Kind("search over types", BIGGEST, lambda _: "?_type=Task,Observation&_count=50"),
    )


def _everyone() -> tuple[str, ...]:
    return (CLINIC, KEEPER, BIGGEST)


def main(few: int, many: int, rounds: int) -> None:
    os.environ.setdefault("PYTHONPATH", str(Path.cwd()))
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        register_deployment(folder)
        deployment = stack.enter_context(opened(folder))
        assert isinstance(deployment.hub.store, MongoStore)
        crowd = gather(deployment.hub, few)
        for who in _everyone():
            _admit(deployment, who)
        server = stack.enter_context(serving("hub.bootstrap:wsgi", folder))
        figures: dict[str, object] = {"documents": f"{crowd.stored}"}
        before = _measured(server, deployment, crowd, rounds)
        start = time.perf_counter()
        stored = multiply(deployment.hub.store, many)
        figures |= {"documents": f"{crowd.stored} / {stored}", "filled in, s": round(time.perf_counter() - start)}
        after = _measured(server, deployment, crowd, rounds)
        print(json.dumps(figures | dict(_told(before, after))))


def _secret(who: str) -> str:
    return f"a-token-of-{who}-that-opens-no-real-thing".ljust(43, "-")[:43]


def _admit(deployment: Deployment, who: str) -> None:
    scopes = frozenset({"system/*.cruds"})
    deployment.registry.save_client(Client(who, who, {"keys": []}, scopes, ("COC",)))
    deployment.registry.save_token(Token(hashed(_secret(who)), who, who, scopes, "COC", FOREVER))


@dataclass(frozen=True)
class Figure:
    """Median milliseconds, how much was found at most, and what the database looked at for the page."""

    ms: float
    found: int
    keys: int
    documents: int


Figures = Mapping[Kind, Figure]


def _measured(server: Server, deployment: Deployment, crowd: Crowd, rounds: int) -> dict[str, Figure]:
    connection = reached(server.port)
    spent: dict[str, list[float]] = {}
    found: dict[str, int] = {}
    chosen = {one.who: _of(one.who, crowd) for one in kinds()}
    chance = random.Random(3)
    for number in range(WARMING + rounds):
        for one in kinds():
            path, name = one.ask(chance.choice(chosen[one.who])), f"{one.name}, {one.who}"
            seconds, entries = _ask(connection, path, _secret(one.who))
            found[name] = max(found.get(name, 0), entries)
            if number >= WARMING:
                spent.setdefault(name, []).append(seconds * 1000)
    return {
        name: Figure(median(spent[name]), found[name], *_examined(one, chosen[one.who][0], deployment))
        for one in kinds()
        for name in (f"{one.name}, {one.who}",)
    }


def _of(who: str, crowd: Crowd) -> list[Asked]:
    return [one for one in crowd.people if who in {one.keeper, one.recipient}]


def _ask(connection: http.client.HTTPConnection, path: str, secret: str) -> tuple[float, int]:
    start = time.perf_counter()
    connection.request("GET", path, headers={"Authorization": f"Bearer {secret}"})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    seconds = time.perf_counter() - start
    assert answer.status == 200, (path, answer.status, body)
    return seconds, len(body.get("entry", ()))


def _examined(one: Kind, asked: Asked, deployment: Deployment) -> tuple[int, int]:
    """Of a search of one type; of others nothing."""
    type_, is_search, query = one.path(asked).partition("?")
    if not (type_ and is_search and type_.isalpha()):
        return 0, 0
    read, _ = parse(type_, parse_qsl(query), strict=True)
    steps = explain(read, Caller(one.who, one.who, "COC"), hub=deployment.hub)
    return sum(step["keys"] for step in steps), sum(step["documents"] for step in steps)


def _told(before: Mapping[str, Figure], after: Mapping[str, Figure]) -> Iterable[tuple[str, str]]:
    promised = {f"{one.name}, {one.who}": one.promised for one in kinds()}
    for name, first in before.items():
        then = after[name]
        ratio = then.ms / first.ms
        verdict = f", {'within' if ratio <= MOST else 'over'} {MOST:.0f}" if promised[name] else ""
        times = f"{first.ms:.1f} / {then.ms:.1f} ms = {ratio:.2f}{verdict}"
        yield name, f"{times}; found {first.found} / {then.found}; keys {first.keys} / {then.keys}"


if __name__ == "__main__":
    main(FEW, int(sys.argv[2]) if len(sys.argv) > 2 else MANY, int(sys.argv[3]) if len(sys.argv) > 3 else ROUNDS)
