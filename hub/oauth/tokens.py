"""Access tokens: opaque random strings, of which only the SHA-256 is kept, alive for five minutes.

RFC 6750 · https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html#issue-access-token
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from authlib.oauth2.rfc6749.errors import InvalidRequestError, InvalidScopeError, OAuth2Error

from hub.errors import LOGIN, HubError
from hub.oauth import forms, grants, scopes
from hub.oauth.assertion import Proof
from hub.oauth.bindings import Bind, require_bindable
from hub.oauth.lifetimes import ACCESS
from hub.oauth.purposes import PurposeRefused, purpose
from hub.oauth.server import Server
from hub.oauth.vault import hashed, new_secret
from hub.ports import Caller, Registry, Supposed, Token

LIFETIME: Final = ACCESS
FOR_ITSELF: Final = "client_credentials"
_SECRET: Final = re.compile(r"[A-Za-z0-9_\-]{43}", re.ASCII)  # what token_urlsafe(32) gives
_BEARER: Final = re.compile(rf"(?i:bearer) +({_SECRET.pattern})", re.ASCII)
Grant = Callable[[Mapping[str, str], Proof, Server, datetime], dict[str, Any]]


def issue(form: forms.Form, *, server: Server, now: datetime) -> dict[str, Any]:
    """The answer to a token request, as JSON data. Raises an OAuth2Error of Authlib (RFC 6749 §5.2)."""
    asked = forms.single(form)
    kind, known = asked.get("grant_type", ""), _grants(server)
    if kind not in known:
        raise OAuth2Error(error="unsupported_grant_type", description=f"grant_type must be {' or '.join(known)}.")
    proof = (forms.proof if kind == FOR_ITSELF else forms.asker)(asked, server, now)
    try:
        return known[kind](asked, proof, server, now)
    except OAuth2Error as refused:
        refused.proven = proof.client  # for who tells of it
        raise


def _grants(server: Server) -> Mapping[str, Grant]:
    """grant_type → what it gives."""
    mine: dict[str, Grant] = {FOR_ITSELF: _for_itself}
    if server.people is None:
        return mine
    return mine | {
        "authorization_code": partial(grants.redeem, people=server.people),
        "refresh_token": partial(grants.renew, people=server.people),
    }


def _for_itself(asked: Mapping[str, str], proof: Proof, server: Server, now: datetime) -> dict[str, Any]:
    """A token of a system, in nobody's name."""
    secret = new_secret()
    token = replace(_judged(proof, asked.get("scope", ""), server.bind, now), hash=hashed(secret))
    server.registry.save_token(token, *server.told(lambda witness: witness.issued(token)))
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


def authenticate(
    header: str | None, now: datetime, registry: Registry, request: str = "", *, supposing: bool = False
) -> Caller:
    """Who asks, by the `Authorization` header. Raises LOGIN, which looks the same whatever is wrong. `request`: its id.
    `supposing`: a token that was good a moment ago will do, and whoever answers asks `require_good` first."""
    secret = bearer(header)
    known = _supposed(secret, now, registry) if supposing else None
    token = known or alive(secret, now, registry)
    if token is None:
        raise HubError(LOGIN)
    return Caller(
        token.client,
        token.organization,
        token.purpose,
        token.scopes,
        token.hash,
        scopes.narrowings(token.scopes),
        practitioner=token.practitioner,
        roles=token.roles,
        bound=token.binding.kept if token.binding else frozenset(),
        request=request,
        supposed=Supposed() if known else None,
    )


def require_good(caller: Caller, now: datetime, registry: Registry) -> None:
    """Raises LOGIN where its token was only supposed to be good, no commit has said so, and it is not."""
    if caller.supposed and not caller.supposed.known and registry.token(caller.token, now) is None:
        raise HubError(LOGIN)


def _supposed(secret: str, now: datetime, registry: Registry) -> Token | None:
    token = registry.supposed(hashed(secret)) if secret else None
    return token if token and now < token.until else None


def bearer(header: str | None) -> str:
    """The token in an `Authorization` header; "" where there is none."""
    match = _BEARER.fullmatch(header or "")
    return match[1] if match else ""


def kept(secret: str, registry: Registry) -> Token | None:
    """What is still kept of a token, good or not, for who tells of its use."""
    return registry.kept_token(hashed(secret)) if _SECRET.fullmatch(secret) else None


def alive(secret: str, now: datetime, registry: Registry) -> Token | None:
    """What is kept of a token that is still good. A revoked one is gone for every process
    when whoever revoked it is answered."""
    token = registry.token(hashed(secret), now) if _SECRET.fullmatch(secret) else None
    return token if token and now < token.until else None
