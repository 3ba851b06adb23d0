"""Whoever is refused too often at the authorization server waits; so does who asks for tokens without end."""

import logging
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.test import TestResponse

from hub.exchange import Hub
from hub.oauth import assertion, limits
from hub.oauth.keys import jwks
from hub.ports import Client, Registry
from hub.store import MongoRegistry, MongoStore
from hub.web.app import create_app
from tests.support.association import StillClock
from tests.support.parties import KEY, TOKEN_URL, Addresses

HERE, THERE = "192.0.2.1", "192.0.2.2"
NOW = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=1)  # the beginning of a minute


@dataclass
class Door:
    """The authorization server as clients at several addresses meet it; its clock goes when it is told to."""

    hub: Hub
    registry: Registry
    proxies: int = 0
    clock: StillClock = field(default_factory=lambda: StillClock(NOW))

    def __post_init__(self) -> None:
        self.app = create_app(replace(self.hub, clock=self.clock), self.registry, Addresses(proxies=self.proxies))

    def ask(
        self,
        client: str = "chu",
        *,
        at: str = HERE,
        audience: str = TOKEN_URL,
        path: str = "/oauth/token",
        via: str = "",
    ) -> TestResponse:
        form = {
            "grant_type": "client_credentials",
            "scope": "system/Task.rs",
            "token": secrets.token_urlsafe(32),
            "client_assertion_type": assertion.TYPE,
            "client_assertion": assertion.sign(KEY, client, audience, now=self.clock.now()),
        }
        headers = {"X-Forwarded-For": via} if via else {}
        with self.app.test_client() as http:
            return http.post(path, data=form, environ_base={"REMOTE_ADDR": at}, headers=headers)

    def status(self, client: str = "chu", **how: str) -> int:
        return self.ask(client, **how).status_code

    def fail(self, times: int = limits.REFUSALS_OF_CLIENT.most, client: str = "chu", **how: str) -> None:
        """Be refused: the assertion is for somebody else."""
        for _ in range(times):
            assert self.status(client, audience="https://elsewhere.example/token", **how) == 401


@pytest.fixture
def door(hub: Hub, registry: Registry) -> Door:
    for id_ in ("chu", "amal"):
        registry.save_client(Client(id_, id_, jwks(KEY), frozenset({"system/Task.rs"}), ("COC",)))
    return Door(hub, registry)


def test_after_ten_refusals_a_client_waits_for_the_rest_of_the_minute(door: Door) -> None:
    door.clock.forward(timedelta(seconds=20))
    door.fail()
    refused = door.ask()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "40")
    assert (refused.json or {})["error"] == "temporarily_unavailable"
    assert refused.headers["Cache-Control"] == "no-store"
    door.clock.forward(timedelta(seconds=39))
    assert door.status() == 429
    door.clock.forward(timedelta(seconds=1))
    assert door.status() == 200


def test_a_few_refusals_lock_nobody_out(door: Door) -> None:
    door.fail(limits.REFUSALS_OF_CLIENT.most - 1)
    assert door.status() == 200


def test_whoever_only_claims_to_be_a_client_does_not_lock_it_out_elsewhere(door: Door) -> None:
    door.fail(at=THERE)
    assert door.status(at=THERE) == 429
    assert door.status(at=HERE) == 200
    assert door.status("amal", at=THERE) == 200


def test_an_address_that_tries_many_names_is_locked_out_whole(door: Door) -> None:
    for number in range(limits.REFUSALS_AT_ADDRESS.most):
        door.fail(1, f"guess-{number}")
    assert door.status() == 429
    assert door.status(at=THERE) == 200


@pytest.mark.parametrize("path", ["/oauth/token/", "/oauth/revoke", "/oauth/introspect"])
def test_all_endpoints_count_together(door: Door, path: str) -> None:
    door.fail(path=path)
    assert {door.status(path=one) for one in ("/oauth/token", "/oauth/revoke", "/oauth/introspect", path)} == {429}


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/token/"])
def test_a_client_gets_so_many_tokens_a_minute(door: Door, store: MongoStore, path: str) -> None:
    assert door.status(path=path) == 200
    almost = {"$set": {"n": limits.TOKENS.most - 2}}  # asking 120 times takes long
    assert store.database.attempts.update_many({}, almost).modified_count == 1
    assert [door.status(path=path) for _ in range(3)] == [200, 200, 429]
    assert door.status("amal") == 200
    assert door.status(path="/oauth/revoke") == 200
    door.clock.forward(timedelta(seconds=limits.WINDOW_S))
    assert door.status() == 200


def test_every_process_counts_the_same(door: Door, mongodb_uri: str, database: str) -> None:
    with MongoStore.open(mongodb_uri, database) as store:
        other = Door(replace(door.hub, store=store), MongoRegistry(store), clock=door.clock)
        door.fail(5)
        other.fail(5)
        assert (door.status(), other.status()) == (429, 429)


def test_behind_a_proxy_of_ours_the_address_is_the_one_it_saw(door: Door) -> None:
    behind = Door(door.hub, door.registry, proxies=1, clock=door.clock)
    behind.fail(via=f"{HERE}, {THERE}")  # what the client itself wrote stands before
    assert behind.status(via=f"203.0.113.9, {THERE}") == 429
    assert behind.status(via=f"{THERE}, {HERE}") == 200


def test_without_a_proxy_of_ours_the_header_is_not_believed(door: Door) -> None:
    door.fail(via=HERE)
    assert door.status(via=THERE) == 429


def test_addresses_of_one_ipv6_network_are_one(door: Door) -> None:
    door.fail(at="2001:db8::1")
    assert door.status(at="2001:db8::ffff") == 429
    assert door.status(at="2001:db8:0:1::1") == 200


def test_neither_the_database_nor_the_log_tells_who_asked(
    door: Door, store: MongoStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    door.fail()
    door.ask()
    kept = [str(document) for document in store.database.attempts.find()]
    assert len(kept) == 3  # two for the lock-outs, one for the audit trail
    said = [str(vars(record)) for record in caplog.records if record.name.startswith("hub")]
    assert said
    for text in [*kept, *said, caplog.text]:
        assert HERE not in text
        assert "eyJ" not in text
