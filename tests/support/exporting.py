"""A client of Bulk Data, as a test plays it: kick-off, polling, manifest, files."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
from flask import Flask
from werkzeug.test import TestResponse

from hub.oauth.vault import hashed, new_secret
from hub.ports import ExportLimits, Token
from hub.store import MongoRegistry, MongoStore
from hub.web.app import create_app
from tests.support.association import ASSOCIATION, Scene, hospital, scene
from tests.support.parties import BASE, Addresses, Party

ASYNC: Final = {"Prefer": "respond-async"}
MOST_POLLS: Final = 200
NEVER: Final = datetime(2099, 1, 1, tzinfo=UTC)
WOMEN: Final = 3
NOW: Final = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
"""Documents are stamped by the database's own clock."""


@dataclass(frozen=True)
class Exporter:
    """One system with a token, and the clock by which the hub goes."""

    party: Party
    polls: list[TestResponse] = field(default_factory=list)

    def begin(self, path: str = "$export", body: Any = None, **headers: str) -> TestResponse:
        method = "GET" if body is None else "POST"
        return self.party.send(method, f"/fhir/{path}", body, **{**ASYNC, **headers})

    def poll(self, begun: TestResponse) -> TestResponse:
        return self.party.get(self.local(begun.headers["Content-Location"]))

    def finish(self, begun: TestResponse, between: Callable[[], object] = lambda: None) -> Any:
        """The manifest. `between`: what else happens between two looks at the status."""
        assert begun.status_code == 202, begun.text
        for _ in range(MOST_POLLS):
            answer = self.poll(begun)
            self.polls.append(answer)
            if answer.status_code != 202:
                assert answer.status_code == 200, answer.text
                return answer.json
            between()
        raise AssertionError("the export does not end")

    def manifest(self, path: str = "$export", body: Any = None, **headers: str) -> Any:
        return self.finish(self.begin(path, body, **headers))

    def fetch(self, output: Any, **headers: str) -> TestResponse:
        return self.party.get(self.local(output["url"]), **headers)

    def resources(self, manifest: Any) -> dict[str, list[Any]]:
        """All that the files hold, by type; each file must be of its type and of its length."""
        found: dict[str, list[Any]] = {}
        for output in manifest["output"]:
            answer = self.fetch(output)
            assert answer.status_code == 200, answer.text
            read = [as_json(line) for line in text_of(answer).splitlines()]
            assert [one["resourceType"] for one in read] == [output["type"]] * output["count"]
            found.setdefault(output["type"], []).extend(read)
        return found

    @staticmethod
    def local(url: str) -> str:
        return url.removeprefix(BASE.removesuffix("/fhir"))


def as_json(line: str) -> Any:

    return orjson.loads(line)


def text_of(answer: TestResponse) -> str:
    if answer.headers.get("Content-Encoding") == "gzip":
        return gzip.decompress(answer.get_data()).decode()
    return answer.get_data(as_text=True)


@dataclass(frozen=True)
class House:
    """An association, a hospital and a hub that answers over HTTP."""

    scene: Scene
    app: Flask
    registry: MongoRegistry

    def exporter(
        self, organization: str, scopes: str = "system/*.rs", *, client: str = "", purpose: str = "COC"
    ) -> Exporter:
        secret, name = new_secret(), client or f"{organization}-system"
        token = Token(hashed(secret), name, organization, frozenset(scopes.split()), purpose, NEVER)
        self.registry.save_token(token)
        return Exporter(Party(self.app, name, secret))


def house(store: MongoStore, folder: Path) -> House:
    played = scene(store, folder)
    registry = MongoRegistry(store)
    return House(played, create_app(played.hub, registry, Addresses()), registry)


def three_women(store: MongoStore, folder: Path) -> House:
    """Three women whom the association refers to the hospital, which accepted."""
    made = house(store, folder)
    made.scene.clock.at = NOW
    day = NOW.strftime("%d/%m/%Y")
    known = {"consent_date": day, "visit_date": day}
    rows = [
        made.scene.row(n, case_number=n, survivor_code=f"S-{n}", cin=f"AB{n}", full_name=f"Zineb Alaoui {n}", **known)
        for n in map(str, range(1, WOMEN + 1))
    ]
    made.scene.receive(*rows)
    for task in made.scene.all("Task"):
        made.scene.move(task, "accepted", hospital())
    made.scene.clock.forward(timedelta(minutes=5))
    return made


def limited(at: House, **limits: Any) -> House:
    hub = replace(at.scene.hub, exports=ExportLimits(**limits))
    return House(replace(at.scene, hub=hub), create_app(hub, at.registry, Addresses()), at.registry)


def types(manifest: Any) -> set[str]:
    return {one["type"] for one in manifest["output"]}


def withdraw_one(at: House) -> None:
    consent = at.scene.all("Consent")[0]
    body = {"resourceType": "Parameters"}
    association = at.exporter(ASSOCIATION, "system/*.cruds").party
    assert association.send("POST", f"/fhir/Consent/{consent['id']}/$withdraw", body).status_code == 200
