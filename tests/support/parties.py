"""Organisations that talk to the hub in a test: each with its own key and token, over the real endpoints of an application."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from hub.oauth import assertion
from hub.oauth.keys import jwks, new_key
from hub.outbound.allowed import Allowed
from hub.ports import Client, Registry

BASE = "https://hub.example/fhir"
TOKEN_URL = "https://hub.example/oauth/token"
KEY = new_key("ES384")  # one for all: making keys is slow, and who is who is told by the client's id


@dataclass(frozen=True)
class Addresses:
    base_url: str = BASE
    proxies: int = 0
    cors_origins: tuple[str, ...] = ()
    jwks_hosts: tuple[Allowed, ...] = ()


class Clock:
    def now(self) -> datetime:
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


class RandomIds:
    def new(self) -> str:
        return str(uuid.uuid4())


@dataclass(frozen=True)
class Party:
    """A system of one organisation with its token."""

    app: Flask
    client: str
    token: str = field(repr=False)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        spelled = {"Authorization": f"Bearer {self.token}"}
        spelled |= {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            spelled.setdefault("Content-Type", "application/fhir+json")
        kind = {"data": body} if isinstance(body, (str, bytes)) else {"json": body}
        with self.app.test_client() as http:
            return http.open(path, method=method, headers=spelled, **({} if body is None else kind))

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.send("GET", path, **headers)


def register(
    app: Flask,
    registry: Registry,
    organization: str,
    scopes: str = "system/*.cruds",
    purpose: str = "COC",
    now: datetime | None = None,
) -> Party:
    """A registered client of the organisation, with a fresh token from the token endpoint."""
    client = f"{organization}-system"
    registry.save_client(Client(client, organization, jwks(KEY), frozenset(scopes.split()), (purpose,)))
    asked = {
        "grant_type": "client_credentials",
        "client_assertion_type": assertion.TYPE,
        "client_assertion": assertion.sign(KEY, client, TOKEN_URL, now=now or Clock().now()),
        "scope": scopes,
    }
    with app.test_client() as http:
        answer = http.post("/oauth/token", data=asked)
    assert answer.status_code == 200, answer.text
    return Party(app, client, answer.json["access_token"] if answer.json else "")
