"""How a client gets a token, and every way in which it does not. The registry is a real one."""

import json
import logging
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from authlib.oauth2.rfc6749.errors import OAuth2Error
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from hub.errors import LOGIN, HubError
from hub.oauth import assertion, tokens
from hub.oauth.endpoints import Endpoints
from hub.oauth.keys import jwks, new_key, public
from hub.oauth.server import Server
from hub.ports import Client, Registry
from hub.store import MongoRegistry, MongoStore

SERVED = Endpoints("https://hub.example/fhir")
TOKEN_URL = "https://hub.example/oauth/token"
NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)  # however long the run: nothing expires by itself
KEY = new_key("ES384")
RSA_KEY = new_key("RS384")
HOSPITAL = Client(
    "hospital-system",
    "chu-ibn-zohr",
    jwks(KEY, RSA_KEY),
    frozenset({"system/Task.rus", "system/Patient.r"}),
    ("COC", "TREAT"),
)


@pytest.fixture(scope="module")
def registry(mongodb_uri: str) -> Iterator[Registry]:
    """One for the whole module: an assertion and a token are never the same twice."""
    database = f"test_{secrets.token_hex(8)}"
    with MongoStore.open(mongodb_uri, database) as store:
        yield MongoRegistry(store)
        store.database.client.drop_database(database)


@pytest.fixture
def registered(registry: Registry) -> Registry:
    registry.save_client(HOSPITAL)
    return registry


def claims(**changes: Any) -> dict[str, Any]:
    made = {
        "iss": HOSPITAL.id,
        "sub": HOSPITAL.id,
        "aud": TOKEN_URL,
        "jti": secrets.token_hex(16),
        "exp": int(NOW.timestamp()) + 240,
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def signed(content: Any, *, key: Mapping[str, Any] = KEY, alg: str = "ES384", **header: Any) -> str:
    kinds: dict[str, type[ECKey | RSAKey | OctKey]] = {"EC": ECKey, "RSA": RSAKey, "oct": OctKey}
    made = {"alg": alg, "kid": key.get("kid"), "typ": "JWT", **header}
    made = {name: value for name, value in made.items() if value is not None}
    imported = kinds[key["kty"]].import_key(dict(key))
    return jws.serialize_compact(made, json.dumps(content), imported, algorithms=[alg])


def form(proof: str, **changes: str | None) -> list[tuple[str, str]]:
    made = {
        "grant_type": "client_credentials",
        "client_assertion_type": assertion.TYPE,
        "client_assertion": proof,
        "scope": "system/Task.rs",
        **changes,
    }
    return [(name, value) for name, value in made.items() if value is not None]


def ask(registry: Registry, proof: str, **changes: str | None) -> dict[str, Any]:
    return tokens.issue(form(proof, **changes), server=Server(registry, SERVED), now=NOW)


def refusal(registry: Registry, proof: str, **changes: str | None) -> tuple[str, int]:
    with pytest.raises(OAuth2Error) as refused:
        ask(registry, proof, **changes)
    assert proof[:40] not in str(refused.value)
    return str(refused.value.error), int(refused.value.status_code)


# --- what works ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "alg"), [(KEY, "ES384"), (RSA_KEY, "RS384")])
def test_both_algorithms_of_smart_give_a_token_for_five_minutes(
    registered: Registry, key: Mapping[str, Any], alg: str
) -> None:
    answer = ask(registered, signed(claims(), key=key, alg=alg))
    assert {**answer, "access_token": ""} == {
        "access_token": "",
        "token_type": "bearer",
        "expires_in": 300,
        "scope": "system/Task.rs",
    }
    caller = tokens.authenticate(f"Bearer {answer['access_token']}", NOW, registered)
    assert (caller.client, caller.organization, caller.purpose) == ("hospital-system", "chu-ibn-zohr", "COC")
    assert caller.scopes == {"system/Task.rs"}


def test_our_own_client_half_is_accepted(registered: Registry) -> None:
    for key in (KEY, RSA_KEY):
        assert ask(registered, assertion.sign(key, HOSPITAL.id, TOKEN_URL, now=NOW))["access_token"]


def test_an_assertion_of_authlibs_client_is_accepted(registered: Registry) -> None:
    proof = private_key_jwt_sign(
        ECKey.import_key(dict(KEY)),
        HOSPITAL.id,
        TOKEN_URL,
        alg="ES384",
        header={"alg": "ES384", "kid": KEY["kid"]},
        issued_at=int(NOW.timestamp()),
        expires_in=120,
    )
    assert ask(registered, proof)["token_type"] == "bearer"


def test_the_scope_is_answered_as_it_was_asked_and_kept_in_v2(registered: Registry) -> None:
    answer = ask(registered, signed(claims()), scope="system/Task.read")
    assert answer["scope"] == "system/Task.read"
    assert tokens.authenticate(f"Bearer {answer['access_token']}", NOW, registered).scopes == {"system/Task.rs"}


@pytest.mark.parametrize(
    "stated",
    [
        ["TREAT"],
        "TREAT",
        ["urn:oid:2.16.840.1.113883.5.8#TREAT"],
        [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}],
    ],
)
def test_the_purpose_of_use_is_the_declared_one(registered: Registry, stated: Any) -> None:
    extensions = {"hl7-b2b": {"version": "1", "purpose_of_use": stated}}
    answer = ask(registered, signed(claims(extensions=extensions)))
    assert tokens.authenticate(f"Bearer {answer['access_token']}", NOW, registered).purpose == "TREAT"


def test_two_tokens_are_never_the_same_and_only_a_hash_is_kept(registered: Registry) -> None:
    first, second = (ask(registered, signed(claims()))["access_token"] for _ in range(2))
    assert first != second
    assert registered.token(first, NOW) is None
    assert registered.token(tokens.hashed(first), NOW) is not None


# --- Authlib's traps -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", ["RS256", "RS512", "PS384", "ES256", "HS256"])
def test_every_other_algorithm_is_refused(registered: Registry, alg: str) -> None:
    key: Mapping[str, Any] = RSA_KEY
    if alg == "ES256":
        key = {**ECKey.generate_key("P-256").as_dict(private=True), "kid": KEY["kid"]}
    elif alg == "HS256":
        key = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "kid": KEY["kid"]}
    proof = signed(claims(), key={name: value for name, value in key.items() if name != "alg"}, alg=alg)
    assert refusal(registered, proof) == ("invalid_client", 401)


def test_an_unsigned_assertion_is_refused(registered: Registry) -> None:
    head, body, _ = signed(claims()).split(".")
    none = urlsafe_b64encode(json.dumps({"alg": "none", "kid": KEY["kid"]}).encode()).rstrip(b"=").decode()
    assert refusal(registered, f"{none}.{body}.") == ("invalid_client", 401)
    assert refusal(registered, f"{head}.{body}.") == ("invalid_client", 401)


def test_an_assertion_may_end_at_most_five_minutes_from_now(registered: Registry) -> None:
    at = int(NOW.timestamp())
    assert ask(registered, signed(claims(exp=at + 300)))["access_token"]
    assert refusal(registered, signed(claims(exp=at + 320))) == ("invalid_client", 401)
    assert refusal(registered, signed(claims(exp=at + 86400))) == ("invalid_client", 401)


def test_a_request_without_scope_gets_no_token(registered: Registry) -> None:
    assert refusal(registered, signed(claims()), scope=None) == ("invalid_scope", 400)
    assert refusal(registered, signed(claims()), scope=" ") == ("invalid_scope", 400)


def test_a_scope_beyond_what_is_registered_gets_no_token(registered: Registry) -> None:
    assert refusal(registered, signed(claims()), scope="system/*.rs") == ("invalid_scope", 400)
    assert refusal(registered, signed(claims()), scope="system/Task.rs system/Consent.u") == ("invalid_scope", 400)


def test_an_assertion_is_good_for_one_token(registered: Registry) -> None:
    proof = signed(claims())
    ask(registered, proof)
    assert refusal(registered, proof) == ("invalid_client", 401)
    same_jti = claims(jti="again")
    ask(registered, signed(same_jti))
    assert refusal(registered, signed({**same_jti, "exp": same_jti["exp"] + 1})) == ("invalid_client", 401)


def test_the_same_jti_of_another_client_is_another_assertion(registered: Registry) -> None:
    registered.save_client(replace(HOSPITAL, id="other-system"))
    ask(registered, signed(claims(jti="1")))
    assert ask(registered, signed(claims(jti="1", iss="other-system", sub="other-system")))["access_token"]


def test_a_token_ends_after_five_minutes(registered: Registry) -> None:
    header = f"Bearer {ask(registered, signed(claims()))['access_token']}"
    assert tokens.authenticate(header, NOW + timedelta(seconds=299), registered)
    with pytest.raises(HubError) as refused:
        tokens.authenticate(header, NOW + timedelta(seconds=300), registered)
    assert refused.value.problem is LOGIN


def test_every_token_says_when_it_ends_and_no_client_can_ask_for_longer(registered: Registry) -> None:
    answer = ask(registered, signed(claims()), expires_in="864000", lifetime="864000")
    kept = registered.token(tokens.hashed(answer["access_token"]), NOW)
    assert kept is not None
    assert (kept.since, kept.until, answer["expires_in"]) == (NOW, NOW + timedelta(seconds=300), 300)
    assert timedelta(seconds=300) >= tokens.LIFETIME


def test_a_token_is_opaque_so_that_it_can_be_ended(registered: Registry) -> None:
    secret = ask(registered, signed(claims()))["access_token"]
    assert "." not in secret
    registered.end_token(tokens.hashed(secret), HOSPITAL.id)
    with pytest.raises(HubError):
        tokens.authenticate(f"Bearer {secret}", NOW, registered)


def test_nobody_signs_in_by_a_code_or_a_password(registered: Registry) -> None:
    for grant_type in ("authorization_code", "password", "implicit", "refresh_token"):
        answer = refusal(registered, signed(claims()), grant_type=grant_type, code="x", code_verifier="x")
        assert answer == ("unsupported_grant_type", 400)


def test_neither_token_nor_assertion_is_ever_logged(registered: Registry, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    proof = signed(claims())
    secret = ask(registered, proof)["access_token"]
    tokens.authenticate(f"Bearer {secret}", NOW, registered)
    refusal(registered, proof)
    assert secret not in caplog.text
    assert proof[:60] not in caplog.text


# --- what an assertion must say --------------------------------------------------------------------------------------

AT = int(NOW.timestamp())
WRONG: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "https://hub.example/fhir"},
    "several audiences": {"aud": [TOKEN_URL, "https://evil.example/token"]},
    "no audience": {"aud": None},
    "an unknown client": {"iss": "nobody", "sub": "nobody"},
    "iss is not sub": {"iss": "somebody-else"},
    "no sub": {"sub": None},
    "sub is a list": {"sub": ["hospital-system"]},
    "no exp": {"exp": None},
    "exp is past": {"exp": AT - 60},
    "exp is text": {"exp": str(AT + 60)},
    "exp is true": {"exp": True},
    "exp is absurd": {"exp": 1e300},
    "nbf is in the future": {"nbf": AT + 60},
    "iat is in the future": {"iat": AT + 60},
    "no jti": {"jti": None},
    "an empty jti": {"jti": ""},
    "a jti that is a number": {"jti": 7},
    "an endless jti": {"jti": "x" * 257},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_claim_is_refused(registered: Registry, name: str) -> None:
    assert refusal(registered, signed(claims(**WRONG[name]))) == ("invalid_client", 401)


@pytest.mark.parametrize("garbage", ["", "x", "a.b.c", "é.é.é", "..", "a" * 9000, "eyJhbGciOiJFUzM4NCJ9.W10.AA"])
def test_garbage_is_refused(registered: Registry, garbage: str) -> None:
    with pytest.raises(OAuth2Error) as refused:
        ask(registered, garbage)
    assert refused.value.error == "invalid_client"


@pytest.mark.parametrize("content", [[], "text", 7, None])
def test_claims_that_are_not_an_object_are_refused(registered: Registry, content: Any) -> None:
    assert refusal(registered, signed(content)) == ("invalid_client", 401)


def test_the_key_must_be_the_one_that_is_registered(registered: Registry) -> None:
    stranger = new_key("ES384")
    assert refusal(registered, signed(claims(), key=stranger)) == ("invalid_client", 401)
    assert refusal(registered, signed(claims(), key={**stranger, "kid": KEY["kid"]})) == ("invalid_client", 401)
    assert refusal(registered, signed(claims(), kid=None)) == ("invalid_client", 401)
    assert refusal(registered, signed(claims(), kid=RSA_KEY["kid"])) == ("invalid_client", 401)


def test_a_key_in_the_header_is_not_believed(registered: Registry) -> None:
    stranger = new_key("ES384")
    proof = signed(claims(), key=stranger, kid=KEY["kid"], jwk=public(stranger))
    assert refusal(registered, proof) == ("invalid_client", 401)


def test_a_critical_header_that_is_not_understood_is_refused(registered: Registry) -> None:
    proof = signed(claims(), crit=["b64"], b64=True)
    assert refusal(registered, proof) == ("invalid_client", 401)


def test_a_kid_that_names_two_keys_names_none(registered: Registry) -> None:
    registered.save_client(replace(HOSPITAL, jwks=jwks(KEY, {**new_key("ES384"), "kid": KEY["kid"]})))
    assert refusal(registered, signed(claims())) == ("invalid_client", 401)


def test_a_short_rsa_key_is_refused(registered: Registry) -> None:
    with pytest.warns(Warning):
        short = {**RSAKey.generate_key(1024).as_dict(private=True), "kid": "short"}
        registered.save_client(replace(HOSPITAL, jwks={"keys": [public(short)]}))
        assert refusal(registered, signed(claims(), key=short, alg="RS384")) == ("invalid_client", 401)


def test_whoever_cannot_sign_is_not_told_what_is_wrong(registered: Registry) -> None:
    stranger = {**new_key("ES384"), "kid": KEY["kid"]}
    told = set()
    for proof in (
        signed(claims(), key=stranger),
        signed(claims(iss="nobody", sub="nobody"), key=stranger),
        signed(claims(aud="elsewhere"), key=stranger),
        "garbage",
    ):
        with pytest.raises(OAuth2Error) as refused:
            ask(registered, proof)
        told.add(refused.value.description)
    assert len(told) == 1


# --- the request itself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "unsupported_grant_type"),
        ({"grant_type": "クライアント"}, "unsupported_grant_type"),
        ({"client_assertion_type": "urn:other"}, "invalid_request"),
        ({"client_assertion": None}, "invalid_request"),
    ],
)
def test_a_request_that_is_not_backend_services_is_refused(
    registered: Registry, changes: dict[str, str | None], error: str
) -> None:
    assert refusal(registered, signed(claims()), **changes) == (error, 400)


def test_a_repeated_parameter_is_refused(registered: Registry) -> None:
    twice = [*form(signed(claims())), ("scope", "system/Task.u")]
    with pytest.raises(OAuth2Error) as refused:
        tokens.issue(twice, server=Server(registered, SERVED), now=NOW)
    assert refused.value.error == "invalid_request"


@pytest.mark.parametrize(
    "stated", [["HMARKT"], [], ["COC", "TREAT"], [None], [{"system": "http://other", "code": "COC"}], "urn:other#COC"]
)
def test_a_purpose_that_is_not_registered_is_refused(registered: Registry, stated: Any) -> None:
    extensions = {"hl7-b2b": {"purpose_of_use": stated}}
    assert refusal(registered, signed(claims(extensions=extensions))) == ("invalid_request", 400)


def test_a_client_without_purposes_gets_no_token(registered: Registry) -> None:
    registered.save_client(replace(HOSPITAL, purposes=()))
    assert refusal(registered, signed(claims())) == ("invalid_request", 400)


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer " + "x" * 43, "Bearer " + "é" * 43, "Bearer a b", "x" * 10000],
)
def test_without_a_valid_token_nobody_is_known(registered: Registry, header: str | None) -> None:
    with pytest.raises(HubError) as refused:
        tokens.authenticate(header, NOW, registered)
    assert refused.value.problem is LOGIN
    assert refused.value.params == {}


def test_a_public_key_holds_nothing_private() -> None:
    for key in (KEY, RSA_KEY):
        assert not {"d", "p", "q", "dp", "dq", "qi"} & public(key).keys()
        assert {"kty", "kid", "alg", "use"} <= public(key).keys()
