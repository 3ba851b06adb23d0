"""Access tokens: opaque random strings, of which only the SHA-256 is kept, alive for five minutes.

RFC 6750 · https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html#issue-access-token
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from authlib.oauth2.rfc6749.errors import InvalidRequestError, InvalidScopeError, OAuth2Error

from hub.errors import LOGIN, HubError
from hub.oauth import assertion, scopes
from hub.oauth.purposes import PurposeRefused, purpose
from hub.ports import Caller, Registry, Token

LIFETIME: Final = timedelta(seconds=300)
_BEARER: Final = re.compile(r"(?i:bearer) +([A-Za-z0-9_\-]{43})", re.ASCII)  # what token_urlsafe(32) gives


def issue(form: Sequence[tuple[str, str]], *, registry: Registry, token_url: str, now: datetime) -> dict[str, Any]:
    """The answer to a token request, as JSON data. Raises an OAuth2Error of Authlib (RFC 6749 §5.2)."""
    asked = _single(form)
    if asked.get("grant_type") != "client_credentials":
        raise OAuth2Error(error="unsupported_grant_type", description="grant_type must be client_credentials.")
    if asked.get("client_assertion_type") != assertion.TYPE or "client_assertion" not in asked:
        raise InvalidRequestError(
            description=f"client_assertion and client_assertion_type={assertion.TYPE} are required."
        )
    client, claims = assertion.verify(asked["client_assertion"], registry=registry, token_url=token_url, now=now)
    try:
        granted = scopes.grant(asked.get("scope", ""), client.scopes)
        why = purpose(claims, client)
    except scopes.NotAScope:
        raise InvalidScopeError(description="scope is required, and must be within what is registered.") from None
    except PurposeRefused:
        raise InvalidRequestError(
            description="purpose_of_use must be one of those registered for the client."
        ) from None
    secret = secrets.token_urlsafe(32)
    registry.save_token(Token(hashed(secret), client.id, client.organization, granted, why, now + LIFETIME))
    return {
        "access_token": secret,
        "token_type": "bearer",
        "expires_in": int(LIFETIME.total_seconds()),
        "scope": " ".join(dict.fromkeys(asked["scope"].split())),
    }


def authenticate(header: str | None, now: datetime, registry: Registry) -> Caller:
    """Who asks, by the `Authorization` header. Raises LOGIN, which looks the same whatever is wrong."""
    match = _BEARER.fullmatch(header or "")
    token = registry.token(hashed(match[1]), now) if match else None
    if token is None or token.until <= now:
        raise HubError(LOGIN)
    return Caller(token.client, token.organization, token.purpose, token.scopes, token.hash)


def hashed(secret: str) -> str:
    """What is kept of a token. It is random and long: one unsalted hash cannot be turned back."""
    return hashlib.sha256(secret.encode("ascii")).hexdigest()


def _single(form: Sequence[tuple[str, str]]) -> dict[str, str]:
    asked = dict(form)
    if len(asked) != len(form):
        raise InvalidRequestError(description="A parameter is repeated.")
    return asked
