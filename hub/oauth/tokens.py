"""Access tokens: opaque random strings, of which only the SHA-256 is kept, alive for five minutes.

RFC 6750 · https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html#issue-access-token
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from authlib.oauth2.rfc6749.errors import InvalidRequestError, InvalidScopeError, OAuth2Error

from hub.errors import LOGIN, HubError
from hub.oauth import forms, scopes
from hub.oauth.assertion import REGISTERED, Proof
from hub.oauth.bindings import Bind, require_bindable, unbound
from hub.oauth.purposes import PurposeRefused, purpose
from hub.oauth.witness import Witness
from hub.ports import Caller, KeySource, Registry, Token

LIFETIME: Final = timedelta(seconds=300)
_SECRET: Final = re.compile(r"[A-Za-z0-9_\-]{43}", re.ASCII)  # what token_urlsafe(32) gives
_BEARER: Final = re.compile(rf"(?i:bearer) +({_SECRET.pattern})", re.ASCII)


def issue(
    form: Sequence[tuple[str, str]],
    *,
    registry: Registry,
    token_url: str,
    now: datetime,
    keys: KeySource = REGISTERED,
    bind: Bind = unbound,
    witness: Witness | None = None,
) -> dict[str, Any]:
    """The answer to a token request, as JSON data. Raises an OAuth2Error of Authlib (RFC 6749 §5.2)."""
    asked = forms.single(form)
    if asked.get("grant_type") != "client_credentials":
        raise OAuth2Error(error="unsupported_grant_type", description="grant_type must be client_credentials.")
    proof = forms.proof(asked, registry=registry, token_url=token_url, now=now, keys=keys)
    try:
        token = _judged(proof, asked.get("scope", ""), bind, now)
    except OAuth2Error as refused:
        refused.proven = proof.client  # for who tells of it
        raise
    secret = secrets.token_urlsafe(32)
    kept = replace(token, hash=hashed(secret))
    registry.save_token(kept, *([witness.issued(kept)] if witness else []))
    return {
        "access_token": secret,
        "token_type": "bearer",
        "expires_in": int((token.until - now).total_seconds()),
        "scope": " ".join(dict.fromkeys(asked["scope"].split())),
    }


def _judged(proof: Proof, scope: str, bind: Bind, now: datetime) -> Token:
    """The token that a client may have, without its secret. Raises an OAuth2Error of Authlib."""
    client, claims, kid = proof
    try:
        granted = scopes.grant(scope, client.scopes)
        why = purpose(claims, client)
    except scopes.NotAScope:
        raise InvalidScopeError(description="scope is required, and must be within what is registered.") from None
    except PurposeRefused:
        raise InvalidRequestError(
            description="purpose_of_use must be one of those registered for the client."
        ) from None
    binding = bind(claims, client, why, now)
    if binding:
        require_bindable(granted)
    until = min(now + LIFETIME, binding.until) if binding else now + LIFETIME
    return Token("", client.id, client.organization, granted, why, until, now, kid, binding=binding)


def authenticate(header: str | None, now: datetime, registry: Registry) -> Caller:
    """Who asks, by the `Authorization` header. Raises LOGIN, which looks the same whatever is wrong."""
    token = alive(bearer(header), now, registry)
    if token is None:
        raise HubError(LOGIN)
    within = scopes.narrowings(token.scopes)
    bound = token.binding.kept if token.binding else frozenset()
    return Caller(token.client, token.organization, token.purpose, token.scopes, token.hash, within, bound=bound)


def bearer(header: str | None) -> str:
    """The token in an `Authorization` header; "" where there is none."""
    match = _BEARER.fullmatch(header or "")
    return match[1] if match else ""


def alive(secret: str, now: datetime, registry: Registry) -> Token | None:
    """What is kept of a token that is still good. It is looked up each time: a revoked one is gone for every process."""
    token = registry.token(hashed(secret), now) if _SECRET.fullmatch(secret) else None
    return token if token and now < token.until else None


def hashed(secret: str) -> str:
    """What is kept of a token. It is random and long: one unsalted hash cannot be turned back."""
    return hashlib.sha256(secret.encode()).hexdigest()
