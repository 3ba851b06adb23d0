"""How a client proves who it is: a JWT it signed (private_key_jwt).

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#authenticating-to-the-token-endpoint ·
RFC 7523. Only a client that signed correctly is told why it is refused: to all others every refusal reads the same.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import orjson
from authlib.oauth2.rfc6749.errors import InvalidClientError
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from hub.oauth.keys import KEY_TYPES, verifying_key
from hub.ports import Client, KeySource, Registry

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME: Final = timedelta(seconds=300)
SKEW: Final = timedelta(seconds=10)  # how far two clocks may differ
_LONGEST: Final = 8192
_UNPROVEN: Final = (
    "The assertion does not prove a registered client: check iss, sub, kid, alg (ES384, RS384) and signature."
)


class Proof(NamedTuple):
    """The client that signed, what it claims, and the key that it signed with."""

    client: Client
    claims: Mapping[str, Any]
    kid: str


def verify(assertion: str, *, registry: Registry, token_url: str, now: datetime, keys: KeySource) -> Proof:
    """Who signed; the assertion is used up. Raises InvalidClientError."""
    try:
        proof = _signed(assertion, registry, keys, now)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise _refusal(_UNPROVEN) from None  # the cause would quote what was sent
    until = _check(proof.claims, token_url, now)
    if not registry.use_assertion(proof.client.id, proof.claims["jti"], until + SKEW):
        raise _refusal("jti was used before: sign a new assertion for every request.")
    return proof


def claimed_client(assertion: str) -> str:
    """Whom an assertion says it is of; nothing is proven. "" where it says nothing."""
    try:
        claimed = orjson.loads(jws.extract_compact(assertion[:_LONGEST].encode("ascii")).payload)["sub"]
    except (JoseError, ValueError, TypeError, KeyError):
        return ""
    return claimed if isinstance(claimed, str) else ""


def _signed(assertion: str, registry: Registry, keys: KeySource, now: datetime) -> Proof:
    if len(assertion) > _LONGEST:
        raise ValueError
    parsed = jws.extract_compact(assertion.encode("ascii"))
    header = parsed.headers()
    alg, kid = header["alg"], header["kid"]
    if alg not in KEY_TYPES or not isinstance(kid, str) or {"b64", "crit"} & header.keys() or _not_jwt(header):
        raise ValueError
    claims = orjson.loads(parsed.payload)
    client = registry.client(claims["sub"]) if isinstance(claims["sub"], str) else None
    if client is None or client.disabled or client.is_public or claims["iss"] != claims["sub"]:
        raise ValueError
    if header.get("jku", client.jwks_url) != client.jwks_url:  # an address that the client was not registered with
        raise ValueError
    if not jws.validate_compact(parsed, verifying_key(keys.of(client, kid, now), kid, alg), algorithms=[alg]):
        raise ValueError
    return Proof(client, claims, kid)


def _not_jwt(header: Mapping[str, Any]) -> bool:
    return str(header.get("typ", "JWT")).upper() != "JWT"


def _check(claims: Mapping[str, Any], token_url: str, now: datetime) -> datetime:
    """When the assertion ends. Raises InvalidClientError naming the claim that is wrong."""
    if claims.get("aud") not in (token_url, [token_url]):  # one audience: whoever else could read it could use it here
        raise _refusal("aud must be the token URL and nothing else.")
    until = _instant(claims, "exp")
    if until is None or until <= now - SKEW:
        raise _refusal("exp is missing or past.")
    if until > now + LIFETIME + SKEW:
        raise _refusal("exp must be at most 300 seconds ahead.")
    if any((start := _instant(claims, name)) is not None and start > now + SKEW for name in ("iat", "nbf")):
        raise _refusal("iat or nbf is in the future.")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= 256:
        raise _refusal("jti is missing or too long.")
    return until


def _instant(claims: Mapping[str, Any], name: str) -> datetime | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 10**11:
        raise _refusal(f"{name} must be a number of seconds since 1970.")
    return datetime.fromtimestamp(value, UTC)


def _refusal(description: str) -> InvalidClientError:
    error: InvalidClientError = InvalidClientError(description=description, status_code=401)
    return error


def sign(
    key: Mapping[str, Any], client: str, token_url: str, *, now: datetime, purpose: str | None = None, **b2b: Any
) -> str:
    """An assertion for one token request, made with the client's private key. `purpose`: a code of v3-ActReason; `b2b`: other
    members of the extension, as `consent_reference`."""
    at = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": client,
        "sub": client,
        "aud": token_url,
        "jti": secrets.token_urlsafe(24),
        "iat": at,
        "exp": at + 240,
    }
    declared = {**({"purpose_of_use": [purpose]} if purpose is not None else {}), **b2b}
    if declared:
        claims["extensions"] = {"hl7-b2b": {"version": "1", **declared}}
    alg = "ES384" if key["kty"] == "EC" else "RS384"
    private = ECKey.import_key(dict(key)) if alg == "ES384" else RSAKey.import_key(dict(key))
    header = {"alg": alg, "kid": key["kid"], "typ": "JWT"}
    return jws.serialize_compact(header, orjson.dumps(claims), private, algorithms=[alg])
