"""Clients whose keys are at a URL: the token endpoint with a real server of keys behind it."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from authlib.oauth2.rfc6749.errors import InvalidClientError
from joserfc import jws
from joserfc.jwk import ECKey

from hub.oauth import assertion, tokens
from hub.oauth.endpoints import Endpoints
from hub.oauth.keys import new_key, public
from hub.oauth.server import REGISTERED, Server
from hub.outbound.allowed import Allowed
from hub.outbound.fetch import Fetched, Fetcher
from hub.outbound.key_sets import FetchedKeys, lifetime
from hub.ports import Client, Registry
from tests.support.association import StillClock
from tests.support.key_servers import KeyServer, serving

SERVED = Endpoints("https://hub.example/fhir")
TOKEN_URL = "https://hub.example/oauth/token"
OLD, NEW, RSA = new_key("ES384"), new_key("ES384"), new_key("RS384")


@dataclass
class Desk:
    registry: Registry
    server: KeyServer
    clock: StillClock = field(default_factory=lambda: StillClock(datetime.now(UTC) + timedelta(hours=1)))

    def __post_init__(self) -> None:
        self.keys = FetchedKeys(Fetcher([Allowed.read(f"http://127.0.0.1:{self.server.port}")], patience=1.0))
        self.register("chu", self.server.url)

    def register(self, id_: str, url: str) -> None:
        self.registry.save_client(Client(id_, id_, {"keys": []}, frozenset({"system/Task.rs"}), ("COC",), jwks_url=url))

    def ask(self, key: Any, client: str = "chu", proof: str = "") -> dict[str, Any]:
        now = self.clock.now()
        form = {
            "grant_type": "client_credentials",
            "scope": "system/Task.rs",
            "client_assertion_type": assertion.TYPE,
            "client_assertion": proof or assertion.sign(key, client, TOKEN_URL, now=now),
        }
        return tokens.issue(list(form.items()), server=Server(self.registry, SERVED, self.keys), now=now)

    def is_refused(self, key: Any, **how: str) -> bool:
        try:
            self.ask(key, **how)
        except InvalidClientError:
            return True
        return False

    @property
    def times(self) -> int:
        return len(self.server.asked)

    def later(self, **by: float) -> None:
        self.clock.forward(timedelta(**by))


@pytest.fixture
def desk(registry: Registry) -> Iterator[Desk]:
    with serving() as server:
        server.publish(public(OLD))
        yield Desk(registry, server)


@pytest.mark.parametrize("key", [OLD, RSA], ids=["ES384", "RS384"])
def test_a_client_signs_with_a_key_that_it_publishes(desk: Desk, key: Any) -> None:
    desk.server.publish(public(OLD), public(RSA))
    assert desk.ask(key)["access_token"]


def test_the_set_is_kept_for_five_minutes_at_most(desk: Desk) -> None:
    desk.server.publish(public(OLD), Cache_Control="max-age=86400")
    for seconds in (0, 100, 199):
        desk.later(seconds=seconds)
        desk.ask(OLD)
    assert desk.times == 1
    desk.later(seconds=2)
    desk.ask(OLD)
    assert desk.times == 2


def test_it_is_kept_for_no_longer_than_its_server_says(desk: Desk) -> None:
    desk.server.publish(public(OLD), Cache_Control="max-age=30")
    desk.ask(OLD)
    desk.server.publish(public(NEW))
    desk.later(seconds=29)
    desk.ask(OLD)
    desk.later(seconds=2)
    assert desk.is_refused(OLD), "the key was taken from the set"


@pytest.mark.parametrize(
    ("said", "age", "seconds"),
    [
        ("", "", 300), ("no-store", "", 0), ("max-age=60, no-cache", "", 0), ("public, max-age=60", "", 60), ("max-age=60", "45", 15),
        ("max-age=60", "99", 0), ("max-age=0", "", 0), ("MAX-AGE=7", "x", 7), ("max-age=9999999999999", "", 300), ("max-age=x", "", 300),
    ],
)  # fmt: skip
def test_how_long_a_set_is_kept_is_read_from_its_headers(said: str, age: str, seconds: int) -> None:
    assert lifetime(Fetched({}, said, age)) == timedelta(seconds=seconds)


def test_a_new_key_is_found_at_once_and_then_looked_for_once_a_minute(desk: Desk) -> None:
    desk.ask(OLD)
    desk.later(seconds=61)
    desk.server.publish(public(OLD), public(NEW))
    desk.ask(NEW)
    assert desk.times == 2
    assert all(desk.is_refused(RSA) for _ in range(20))
    assert desk.times == 2
    desk.later(seconds=61)
    assert desk.is_refused(RSA)
    assert desk.times == 3
    assert desk.ask(OLD)["access_token"], "who asks for keys that are not there keeps nobody out"


def test_a_set_that_may_not_be_kept_is_asked_for_ten_times_a_minute_at_most(desk: Desk) -> None:
    desk.server.publish(public(OLD), Cache_Control="no-store")
    assert [desk.is_refused(OLD) for _ in range(12)] == [False] * 10 + [True] * 2
    assert desk.times == 10


@pytest.mark.parametrize("failure", ["status", "content", "gone"])
def test_a_url_that_fails_opens_nothing_and_is_tried_again_after_a_minute(desk: Desk, failure: str) -> None:
    desk.server.publish(public(OLD), Cache_Control="max-age=10")
    desk.ask(OLD)
    desk.later(seconds=61)
    match failure:
        case "status":
            desk.server.status = 500
        case "content":
            desk.server.body = b"not json"
        case _:
            desk.server.headers = {"Content-Type": "text/html"}
    assert all(desk.is_refused(OLD) for _ in range(5))
    assert desk.times == 2
    desk.server.publish(public(OLD))
    assert desk.is_refused(OLD)
    desk.later(seconds=61)
    assert desk.ask(OLD)["access_token"]


@pytest.mark.parametrize(
    "keys",
    [
        [], [public(OLD), public(OLD)], [public(NEW)], [public(OLD) | {"kty": "RSA"}], [public(OLD) | {"use": "enc"}],
        [public(OLD) | {"kid": "other"}], ["text", None], [{"kid": OLD["kid"], "kty": "EC"}],
    ],
)  # fmt: skip
def test_there_must_be_exactly_one_key_of_that_name_and_kind(desk: Desk, keys: list[Any]) -> None:
    desk.server.publish(*keys)
    assert desk.is_refused(OLD)


@pytest.mark.parametrize("content", [b'{"keys":{}}', b'{"keys":"abc"}', b"{}", b'{"keys":null}'])
def test_what_is_no_set_of_keys_opens_nothing(desk: Desk, content: bytes) -> None:
    desk.server.body = content
    assert desk.is_refused(OLD)


def test_a_url_outside_the_list_is_never_asked(desk: Desk) -> None:
    with serving() as other:
        other.publish(public(OLD))
        desk.register("stranger", other.url)
        assert desk.is_refused(OLD, client="stranger")
        assert other.asked == []


def test_an_address_in_the_assertion_itself_is_not_asked(desk: Desk) -> None:
    """`jku`: only the one that the client was registered with."""
    with serving() as other:
        other.publish(public(NEW))
        assert desk.is_refused(NEW, proof=_with_jku(NEW, other.url, desk))
        assert other.asked == []
    desk.ask(OLD, proof=_with_jku(OLD, desk.server.url, desk))


def test_a_refused_client_is_not_told_why(desk: Desk) -> None:
    desk.server.status = 500
    with pytest.raises(InvalidClientError) as refused:
        desk.ask(OLD)
    assert desk.server.url not in str(refused.value.description)
    with pytest.raises(InvalidClientError) as unknown:
        desk.ask(OLD, client="nobody")
    assert refused.value.description == unknown.value.description


def test_without_a_source_of_keys_a_client_with_a_url_has_none(desk: Desk) -> None:
    proof = assertion.sign(OLD, "chu", TOKEN_URL, now=desk.clock.now())
    with pytest.raises(InvalidClientError):
        assertion.verify(proof, registry=desk.registry, token_url=TOKEN_URL, now=desk.clock.now(), keys=REGISTERED)


def _with_jku(key: Any, url: str, desk: Desk) -> str:
    at = int(desk.clock.now().timestamp())
    claims = {"iss": "chu", "sub": "chu", "aud": TOKEN_URL, "jti": secrets.token_hex(8), "exp": at + 60}
    header = {"alg": "ES384", "kid": key["kid"], "jku": url}
    return jws.serialize_compact(header, json.dumps(claims), ECKey.import_key(dict(key)), algorithms=["ES384"])
