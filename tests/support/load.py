"""Clients that work on referrals without pause while everything fails around them, and remember what they were answered."""

import contextlib
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Final

import httpx2

from tests.support.network import question
from tests.support.personas import Heard, Persona, Resource, outcome, reason
from tests.support.shared_case import as_new, to

URGENCIES: Final = ("asap", "urgent", "routine")
FIRST: Final = datetime(2026, 1, 1, tzinfo=UTC)
STEPS: Final = {
    "requested": ("accepted",),
    "received": ("accepted",),
    "accepted": ("in-progress",),
    "in-progress": ("on-hold", "on-hold", "on-hold", "completed"),
    "on-hold": ("in-progress",),
}


class Careful(Persona):
    """Sends each request once: whoever is not answered does not know."""

    def _request(self, method: str, url: str, **more: Any) -> httpx2.Response:
        return self._http.request(method, url, **more)


@dataclass(frozen=True)
class Said:
    """A change that was acknowledged: which version it made of what, and what that version must hold."""

    reference: str
    version: int
    elements: Resource
    at: float


@dataclass
class Journal:
    """What was asked and answered. `once`: of each resource that was acknowledged, its type and by what it alone is found;
    `broken`: answers that say that the hub itself is; `withdrawn`: person → when the answer was read, 0 where nobody knows
    whether she withdrew."""

    answers: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    said: list[Said] = field(default_factory=list)
    once: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    withdrawn: dict[str, float] = field(default_factory=dict)

    def ask(self, request: Callable[[], Heard]) -> Heard | None:
        """None where the client does not know."""
        self.answers["sent"] += 1
        try:
            heard = request()
        except (httpx2.HTTPError, KeyError):
            self.answers["unknown"] += 1
            return None
        kind = "acknowledged" if heard.status < 300 else "refused" if heard.status < 500 else "unknown"
        self.answers[kind] += 1
        if kind == "refused":
            self.refusals[f"{heard.status} {heard.problem}"] += 1
        if heard.status >= 500 and heard.status != 503:
            self.broken.append(f"{heard.status} {heard.response.headers.get('X-Request-Id')}")
        return heard if kind != "unknown" else None

    def change(self, by: Persona, reference: str, etag: str, **elements: Any) -> Heard | None:
        heard = self.ask(lambda: by.change(reference, etag, **elements))
        if heard and heard.status == 200:
            self.said.append(Said(reference, int(heard.etag[3:-1]), elements, time.time()))
        return heard


@dataclass
class Load:
    """`women`: who are referred again and again; of those in `leaving` consent is withdrawn, one by one."""

    requester: Persona
    hospital: Persona
    women: Sequence[str]
    leaving: list[str]
    chance: Random
    journal: Journal = field(default_factory=Journal)
    _over: threading.Event = field(default_factory=threading.Event)
    _numbers: Iterator[int] = field(default_factory=count)

    @contextlib.contextmanager
    def running(self) -> Iterator[Journal]:
        work = (self.refer, self.urge, self.answer, self.inquire, self.withdraw, self.write, self.hear)
        clients = [
            Careful(by.organization, by.client_id, by.key, by.base_url, by.scope)
            for by in (
                self.requester,
                self.requester,
                *[self.hospital] * 2,
                self.requester,
                self.hospital,
                self.requester,
            )
        ]
        threads = [threading.Thread(target=self._repeat, args=pair) for pair in zip(work, clients, strict=True)]
        for one in threads:
            one.start()
        try:
            yield self.journal
        finally:
            self._over.set()
            for one in threads:
                one.join()
            for client in clients:
                client.close()

    def _repeat(self, work: Callable[[Persona], None], by: Persona) -> None:
        while not self._over.wait(0.02):
            with contextlib.suppress(httpx2.HTTPError):  # signing in, or looking
                work(by)

    def refer(self, by: Persona) -> None:
        """A new need of somebody: the second at which it was written down makes it one."""
        woman, moment = self.chance.choice(self.women), FIRST + timedelta(seconds=next(self._numbers))
        need = as_new(
            "need", "supportingInfo", "orderDetail", subject=to(woman), requester=to(by.reference),
            performer=[to(self.hospital.reference)], authoredOn=moment.isoformat(),
        )  # fmt: skip
        self._create(by, need, patient=woman, authored=moment.isoformat().removesuffix("+00:00") + "Z")

    def inquire(self, by: Persona) -> None:
        """The hospital asks something about a referral."""
        if task := self._one(by, status="accepted,in-progress,on-hold"):
            asked = self.journal.ask(lambda: by.create(question(task["id"])))
            if asked and asked.status == 201:
                self.journal.said.append(Said(f"Task/{asked.body['id']}", 1, {}, time.time()))
        self._over.wait(0.3)

    def write(self, by: Persona) -> None:
        """The hospital writes something about a referral."""
        if task := self._one(by, status="accepted,in-progress,on-hold"):
            about = [{"reference": f"Task/{task['id']}"}]
            text = [{"contentString": uuid.uuid4().hex}]
            message = {"resourceType": "Communication", "about": about, "payload": text}
            sent = self.journal.ask(lambda: by.create(message))
            if sent and sent.status == 201:
                self.journal.said.append(Said(f"Communication/{sent.body['id']}", 1, {"payload": text}, time.time()))
        self._over.wait(0.3)

    def hear(self, by: Persona) -> None:
        """The association reads what was written to it."""
        found = by.find("Communication", status="in-progress", recipient=by.reference)
        if found.status == 200 and found.resources:
            one = self.chance.choice(found.resources)
            self.journal.change(by, f"Communication/{one['id']}", _etag(one), status="completed")
        self._over.wait(0.3)

    def _create(self, by: Persona, resource: Resource, **alone: str) -> None:
        """Asked for until it is answered."""
        condition = {"If-None-Exist": str(httpx2.QueryParams(alone))}
        while not self._over.is_set():
            heard = self.journal.ask(lambda: by.ask("POST", resource["resourceType"], resource, condition))
            if heard is not None:
                if heard.status < 300:
                    self.journal.once.append((resource["resourceType"], alone))
                break
            self._over.wait(0.2)
        self._over.wait(0.3)

    def urge(self, by: Persona) -> None:
        task = self._one(by)
        if task:
            other = self.chance.choice([one for one in URGENCIES if one != task["priority"]])
            self.journal.change(by, f"Task/{task['id']}", _etag(task), priority=other)

    def answer(self, by: Persona) -> None:
        task = self._one(by, status=",".join(STEPS))
        if task:
            status = self.chance.choice(STEPS[task["status"]])
            said: Resource = {"status": status, "statusReason": reason("no-capacity") | {"text": uuid.uuid4().hex}}
            said |= {"output": outcome("service-provided")} if status == "completed" else {}
            self.journal.change(by, f"Task/{task['id']}", _etag(task), **said)

    def withdraw(self, by: Persona) -> None:
        if self._over.wait(self.chance.uniform(1, 4)) or not self.leaving:
            return
        woman = self.leaving.pop()
        self.journal.withdrawn[woman] = 0
        while not self._over.is_set():
            consents = by.find("Consent", patient=woman, status="active")
            done = [
                self.journal.change(by, f"Consent/{one['id']}", _etag(one), status="inactive")
                for one in consents.resources
            ]
            if consents.status == 200 and all(one and one.status == 200 for one in done):
                self.journal.withdrawn[woman] = time.time()
                return

    def _one(self, by: Persona, **search: str) -> Resource | None:
        found = by.find("Task", code="fulfill", _count="40", **search)
        tasks = found.resources if found.status == 200 else []
        return self.chance.choice(tasks) if tasks else None


def _etag(resource: Resource) -> str:
    return f'W/"{resource["meta"]["versionId"]}"'
