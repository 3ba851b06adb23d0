"""Readers that never stop asking: several threads of one recipient, each request on a connection of its own, so that every
worker process of a server is asked. What was asked when, and what the answer held, is kept."""

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import httpx2

from tests.support.patience import PATIENCE_S

FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
TYPES: Final = ("Patient", "Task", "ServiceRequest", "Observation", "EpisodeOfCare")


@dataclass(frozen=True)
class Look:
    """One request. `began` and `ended`: monotonic seconds; `held`: survivors of whom the answer held something; `total`: of a
    count of all that is seen of a type."""

    began: float
    ended: float
    what: str
    status: int
    held: frozenset[str]
    total: int | None = None


@dataclass
class Watchers:
    """`known`: survivor → the ids by which an answer that holds something of hers is told."""

    base_url: str
    headers: Mapping[str, str]
    known: Mapping[str, Sequence[str]]
    looks: list[Look] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def watching(self, threads: int) -> Iterator["Watchers"]:
        crew = [threading.Thread(target=self._watch, args=(seed,), daemon=True) for seed in range(threads)]
        for one in crew:
            one.start()
        try:
            yield self
        finally:
            self._stopped.set()
            for one in crew:
                one.join(PATIENCE_S)

    def seen(self) -> set[str]:
        return set().union(*(look.held for look in list(self.looks)))

    def since(self, moment: float) -> Iterator[Look]:
        """What was asked for after it."""
        return (look for look in list(self.looks) if look.began > moment)

    def _watch(self, seed: int) -> None:
        chance = Random(seed)
        one_each = httpx2.Limits(max_keepalive_connections=0)
        with httpx2.Client(
            base_url=self.base_url, headers=dict(self.headers), timeout=PATIENCE_S, limits=one_each
        ) as http:
            while not self._stopped.is_set():
                self.looks.append(self._look(http, chance))

    def _look(self, http: httpx2.Client, chance: Random) -> Look:
        what, asked = self._asked(chance)
        began = time.monotonic()
        answer = http.request(**asked)
        ended = time.monotonic()
        said = _without_echo(answer)
        held = {person for person, ids in self.known.items() if any(one in said for one in ids)}
        total = answer.json()["total"] if what.startswith("count") else None
        return Look(began, ended, what, answer.status_code, frozenset(held), total)

    def _asked(self, chance: Random) -> tuple[str, dict[str, Any]]:
        person = chance.choice(list(self.known))
        type_ = chance.choice(TYPES)
        id_ = self.known[person][TYPES.index(type_)]
        hers = f"_id={person}" if type_ == "Patient" else f"patient=Patient/{person}"
        kind = chance.choice(["read", "read", "search", "form", "all", "count", "sorted"])
        match kind:
            case "read":
                return f"read {type_}", {"method": "GET", "url": f"/{type_}/{id_}"}
            case "search":
                return f"search {type_}", {"method": "GET", "url": f"/{type_}?{hers}"}
            case "form":
                form = {"content": hers, "headers": FORM}
                return f"search {type_}", {"method": "POST", "url": f"/{type_}/_search", **form}
            case "all":
                return f"page {type_}", {"method": "GET", "url": f"/{type_}?_count=100"}
            case "count":
                return f"count {type_}", {"method": "GET", "url": f"/{type_}?_summary=count"}
        return f"sorted {type_}", {"method": "GET", "url": f"/{type_}?_sort=-_lastUpdated&_count=100"}


def _without_echo(answer: httpx2.Response) -> str:
    """What an answer holds, but for the links that repeat the question: who asks by an id has it already."""
    body = answer.json()
    return json.dumps(body.get("entry", ()) if body["resourceType"] == "Bundle" else body)
