"""People in a test: an account with its password and second factor, a browser at the hub's pages, an application that asks."""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pyotp
from argon2 import PasswordHasher
from flask import Flask
from werkzeug.test import Client as Http
from werkzeug.test import TestResponse

from hub import console
from hub.accounts import Account
from hub.exchange import Hub
from hub.exchange.upload import Door
from hub.oauth import assertion, second_factor
from hub.oauth import people as signing_in
from hub.oauth.endpoints import Endpoints
from hub.oauth.lifetimes import Lifetimes
from hub.oauth.people import People
from hub.outbound.allowed import Allowed
from hub.ports import Client, Registry
from hub.store import MongoAccounts, MongoStore
from hub.web.access import audited_id
from hub.web.app import create_app
from tests.support.association import StillClock
from tests.support.parties import BASE, KEY, Addresses

PASSWORD = "quatre mots sans rapport"
BACK = "https://app.example/back"
VERIFIER = "v" * 64
_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


def _soon() -> datetime:
    """When a window of the limits begins, and later than now however long a run takes: what is over is swept by the real clock."""
    return datetime.fromtimestamp((datetime.now(UTC).timestamp() // 900 + 4) * 900, UTC)


@cache
def _hash() -> str:
    """Of the one password of all, at next to no cost: to check one is dear, as it should be, and people of tests sign in often."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def challenge(verifier: str = VERIFIER) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


@dataclass
class Person:
    """Who she is and what she has in hand: the secret of her second factor, and a clock to read it by."""

    account: Account
    secret: str = field(repr=False)
    clock: StillClock
    recovery: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """A new one each time: a code is good once."""
        self.clock.forward(timedelta(seconds=30))
        return pyotp.TOTP(self.secret).at(self.clock.now())


@dataclass
class Browser:
    """A browser at the hub's pages. It follows no redirect by itself."""

    app: Flask
    address: str = "192.0.2.7"
    http: Http = field(init=False)
    last: TestResponse = field(init=False)

    def __post_init__(self) -> None:
        self.http = self.app.test_client()

    def get(self, path: str, **headers: str) -> TestResponse:
        self.last = self._open("GET", path, None, headers)
        return self.last

    def post(self, path: str, /, *, csrf: str | None = None, **form: Any) -> TestResponse:
        """With the token of the page that was seen last."""
        token = found[1] if (found := _CSRF.search(self.last.text)) else ""
        sent = form | {"csrf_token": token if csrf is None else csrf}
        self.last = self._open("POST", path, sent, {})
        return self.last

    def sign_in(self, person: Person, path: str = "/console/sign-in", **other: str) -> TestResponse:
        self.get(path)
        typed = {"name": person.account.id, "password": PASSWORD, "code": other.pop("code", None) or person.code}
        return self.post(path, **(typed | other))

    @property
    def cookie(self) -> str:
        found = self.http.get_cookie("__Host-ihala", "hub.example", "/")
        return found.value if found else ""

    def _open(self, method: str, path: str, form: Any, headers: Mapping[str, str]) -> TestResponse:
        return self.http.open(
            path,
            method=method,
            base_url="https://hub.example",
            data=form,
            headers=dict(headers),
            environ_base={"REMOTE_ADDR": self.address},
        )


@dataclass
class Town:
    """A hub with its pages, and people who may sign in."""

    hub: Hub
    registry: Registry
    store: MongoStore
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    base: str = BASE
    key_hosts: tuple[Allowed, ...] = ()
    clock: StillClock = field(default_factory=lambda: StillClock(_soon()))
    doors: Mapping[str, Door] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.people = People(
            replace(self.hub, clock=self.clock), self.registry, MongoAccounts(self.store), self.lifetimes, audited_id
        )
        addresses = Addresses(self.base, jwks_hosts=self.key_hosts)
        self.app = create_app(self.people.hub, self.registry, addresses, people=self.people)
        console.mount(self.app, self.people, addresses, self.doors)

    def browser(self, **how: str) -> Browser:
        return Browser(self.app, **how)

    def invite(self, name: str, organization: str = "chu", **how: Any) -> str:
        """The secret of the link."""
        given: dict[str, Any] = {
            "roles": frozenset({"referral-desk"}),
            "scopes": frozenset({"user/Task.rus", "user/Patient.rs"}),
            "purposes": ("COC", "TREAT"),
        } | how
        return signing_in.invite(Account(name, organization, f"{name}-id", **given), people=self.people)

    def person(self, name: str = "amina", organization: str = "chu", *, kept: str = "", **how: Any) -> Person:
        """Enrolled already: what the page behind an invitation would have written. `kept`: of her password."""
        self.invite(name, organization, **how)
        invited = self.people.accounts.account(name)
        assert invited
        secret, pepper = pyotp.random_base32(), self.hub.pepper
        codes = tuple(second_factor.new_recovery_codes())
        enrolled = replace(
            invited,
            password=kept or _hash(),
            second_factor=second_factor.sealed(secret, name, pepper),
            recovery=frozenset(second_factor.recovery_hash(one, name, pepper) for one in codes),
        )
        self.people.accounts.save_account(enrolled, invited)
        return Person(enrolled, secret, self.clock, codes)

    def application(self, id_: str = "phone", organization: str = "chu", **how: Any) -> Client:
        given: dict[str, Any] = {
            "jwks": {"keys": []},
            "scopes": frozenset({"user/*.cruds"}),
            "purposes": ("COC", "TREAT"),
            "title": "Carnet",
            "redirects": (BACK,),
            "is_public": True,
        } | how
        made = Client(id=id_, organization=organization, **given)
        self.registry.save_client(made)
        return made

    # --- what an application does -------------------------------------------------------------------------------------

    def permitted(self, person: Person, browser: Browser | None = None, **asked: str | None) -> str:
        """The code that comes back when she signs in and agrees."""
        browser = browser or self.browser()
        path = request_path(**asked)
        signed = browser.sign_in(person, path)
        assert signed.status_code == 303, signed.text
        browser.get(path)
        return answered(browser.post(path, act="permit", purpose="COC"))["code"]

    def token(self, path: str = "/oauth/token", **form: str) -> TestResponse:
        return self.app.test_client().post(path, data=form)

    def proven(self, client: str, **form: str) -> dict[str, str]:
        """A form signed by a confidential client."""
        signed = assertion.sign(KEY, client, Endpoints(self.base).token, now=self.clock.now())
        return {"client_assertion_type": assertion.TYPE, "client_assertion": signed, **form}

    def redeem(self, code: str, /, **changes: str) -> TestResponse:
        asked = {
            "grant_type": "authorization_code",
            "client_id": "phone",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
        }
        return self.token(**(asked | changes))

    def renew(self, refresh: str, /, **changes: str) -> TestResponse:
        return self.token(**({"grant_type": "refresh_token", "client_id": "phone", "refresh_token": refresh} | changes))

    def ask(self, token: str, path: str = "/fhir/Task") -> TestResponse:
        return self.app.test_client().get(path, headers={"Authorization": f"Bearer {token}"})


def request_path(**changes: str | None) -> str:
    """An authorization request; None leaves a parameter out."""
    asked: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "phone",
        "redirect_uri": BACK,
        "state": secrets.token_hex(4),
        "scope": "user/Task.rs online_access",
        "aud": BASE,
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
    } | changes
    return f"/oauth/authorize?{urlencode({name: value for name, value in asked.items() if value is not None})}"


def answered(answer: TestResponse) -> dict[str, str]:
    """What the application is told at its address."""
    assert answer.status_code == 303, answer.text
    assert answer.location.startswith(f"{BACK}?"), answer.location
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query).items()}
