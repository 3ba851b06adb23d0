"""Access tokens: opaque random strings, of which only the SHA-256 is kept, alive for five minutes.

RFC 6750 · https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html#issue-access-token
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from authlib.oauth2.rfc6749.errors import InvalidRequestError, InvalidScopeError, OAuth2Error

from hub.errors import LOGIN, HubError
from hub.oauth import forms, grants, scopes
from hub.oauth.lifetimes import ACCESS
from hub.oauth.people import People
from hub.oauth.purposes import PurposeRefused, purpose
from hub.oauth.vault import hashed, new_secret
from hub.ports import Caller, Registry, Token

LIFETIME: Final = ACCESS
_SECRET: Final = re.compile(r"[A-Za-z0-9_\-]{43}", re.ASCII)  # what token_urlsafe(32) gives
_BEARER: Final = re.compile(rf"(?i:bearer) +({_SECRET.pattern})", re.ASCII)
_OF_PEOPLE: Final = {"authorization_code": grants.redeem, "refresh_token": grants.renew}


def issue(
    form: Sequence[tuple[str, str]], *, registry: Registry, token_url: str, now: datetime, people: People | None = None
) -> dict[str, Any]:
    """The answer to a token request, as JSON data. Raises an OAuth2Error of Authlib (RFC 6749 §5.2).

    `people`: where people sign in, what they do it with.
    """
    asked = forms.single(form)
    exchange = _OF_PEOPLE.get(asked.get("grant_type", ""))
    if people and exchange:
        client, kid = forms.asker(asked, registry=registry, token_url=token_url, now=now)
        return exchange(asked, client, kid=kid, people=people)
    if asked.get("grant_type") != "client_credentials":
        raise OAuth2Error(error="unsupported_grant_type", description=_grant_types(people))
    return _for_itself(asked, registry, token_url, now)


def _grant_types(people: People | None) -> str:
    return f"grant_type must be {' or '.join(('client_credentials', *(_OF_PEOPLE if people else ())))}."


def _for_itself(asked: Mapping[str, str], registry: Registry, token_url: str, now: datetime) -> dict[str, Any]:
    """A token of a system, in nobody's name."""
    client, claims, kid = forms.proof(asked, registry=registry, token_url=token_url, now=now)
    try:
        granted = scopes.grant(asked.get("scope", ""), client.scopes)
        why = purpose(claims, client)
    except scopes.NotAScope:
        raise InvalidScopeError(description="scope is required, and must be within what is registered.") from None
    except PurposeRefused:
        raise InvalidRequestError(
            description="purpose_of_use must be one of those registered for the client."
        ) from None
    secret = new_secret()
    registry.save_token(Token(hashed(secret), client.id, client.organization, granted, why, now + LIFETIME, now, kid))
    return {
        "access_token": secret,
        "token_type": "bearer",
        "expires_in": int(LIFETIME.total_seconds()),
        "scope": " ".join(dict.fromkeys(asked["scope"].split())),
    }


def authenticate(header: str | None, now: datetime, registry: Registry) -> Caller:
    """Who asks, by the `Authorization` header. Raises LOGIN, which looks the same whatever is wrong."""
    token = alive(bearer(header), now, registry)
    if token is None:
        raise HubError(LOGIN)
    within = scopes.narrowings(token.scopes)
    return Caller(
        token.client,
        token.organization,
        token.purpose,
        token.scopes,
        token.hash,
        within,
        practitioner=token.practitioner,
        roles=token.roles,
    )


def bearer(header: str | None) -> str:
    """The token in an `Authorization` header; "" where there is none."""
    match = _BEARER.fullmatch(header or "")
    return match[1] if match else ""


def alive(secret: str, now: datetime, registry: Registry) -> Token | None:
    """What is kept of a token that is still good. It is looked up each time: a revoked one is gone for every process."""
    token = registry.token(hashed(secret), now) if _SECRET.fullmatch(secret) else None
    return token if token and now < token.until else None
