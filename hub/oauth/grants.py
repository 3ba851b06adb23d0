"""Tokens in the name of a person: a code is made, exchanged for tokens, and they are renewed.

RFC 6749 §4.1, §6 · RFC 7636 §4.6 · RFC 9700 §2.1.1, §4.14 (rotation). A code or a refresh token that comes a second time is in
two hands: everything that grew from the same sign-in ends.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidScopeError
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from hub.accounts import Account, Code, Family, Given, Refresh
from hub.audit.token_events import Who
from hub.oauth import redirects, scopes, vault
from hub.oauth.asked import Asked
from hub.oauth.assertion import Proof
from hub.oauth.bindings import require_bindable
from hub.oauth.lifetimes import ACCESS, CODE
from hub.oauth.people import People, reference
from hub.oauth.server import Server
from hub.oauth.witness import GRANT
from hub.ports import Binding, Client, Token

_VERIFIER: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}", re.ASCII)


def permit(asked: Asked, account: Account, purpose: str, *, people: People, issuer: str) -> str:
    """Where the person is sent back to, with a code. `purpose` is one of those that she was offered."""
    secret, now = vault.new_secret(), people.hub.clock.now()
    code = Code(
        vault.hashed(secret),
        people.hub.ids.new(),
        account.id,
        asked.client.id,
        asked.redirect,
        asked.challenge,
        asked.granted(account),
        purpose,
        now,
        now + CODE,
        now + people.lifetimes.refresh_most + ACCESS,
        bool(asked.lasting),
    )
    me = reference(account)
    told = people.told("person.authorise", account.organization, by=me, about=me, client=asked.client.id)
    people.accounts.save_code(code, told)
    return redirects.answered(asked.redirect, code=secret, state=asked.state, iss=issuer)


def redeem(asked: Mapping[str, str], proof: Proof, server: Server, now: datetime, *, people: People) -> dict[str, Any]:
    """The tokens for a code. Raises InvalidGrantError, which looks the same whatever is wrong."""
    code = people.accounts.code(vault.hashed(asked.get("code", "")))
    if code is None or code.client != proof.client.id:
        raise _refusal()
    account = people.accounts.account(code.account)
    if code.used:
        raise _reused(code, proof.client, server, people, now)
    if now >= code.good_until or not _is_right(code, asked) or account is None or account.disabled:
        raise _refusal()
    until = now + people.lifetimes.refresh_idle
    rest = code.since + people.lifetimes.refresh_most
    refresh = vault.new_secret() if code.lasting else ""
    kept = _refresh(refresh, code, min(until, rest), code.until) if refresh else None
    secret, token = _token(code, account, proof, _bound(code, proof, server, now), now)
    told = server.told(lambda witness: witness.issued(token))
    if not people.accounts.redeem(code.hash, Given(token, kept), told):
        raise _reused(code, proof.client, server, people, now)
    return _answer(secret, token, refresh)


def renew(asked: Mapping[str, str], proof: Proof, server: Server, now: datetime, *, people: People) -> dict[str, Any]:
    """Other tokens for a refresh token, which is used up. Raises InvalidGrantError or InvalidScopeError."""
    client = proof.client
    held = people.accounts.refresh(vault.hashed(asked.get("refresh_token", "")))
    if held is None or held.client != client.id:
        raise _refusal()
    account = people.accounts.account(held.account)
    if held.used:
        raise _reused(held, client, server, people, now)
    if now >= held.good_until or account is None or account.disabled:
        raise _refusal()
    if held.purpose not in account.purposes or held.purpose not in client.purposes:
        raise _refusal()
    allowed = scopes.shared(held.scopes, client.scopes, account.scopes)
    narrowed = replace(held, scopes=_narrowed(asked.get("scope"), allowed))
    until = min(now + people.lifetimes.refresh_idle, held.since + people.lifetimes.refresh_most)
    refresh = vault.new_secret()
    secret, token = _token(narrowed, account, proof, _bound(narrowed, proof, server, now), now)
    told = server.told(lambda witness: witness.issued(token))
    if not people.accounts.rotate(held.hash, Given(token, _refresh(refresh, held, until, held.until)), told):
        raise _reused(held, client, server, people, now)
    return _answer(secret, token, refresh)


def withdraw(held: Family, account: Account, *, people: People) -> None:
    """She takes back what she permitted."""
    me = reference(account)
    told = people.told("token.revoke", account.organization, by=me, about=me, client=held.client)
    people.accounts.end_family(held.id, account.id, told)


def bearer_of(held: Code | Refresh, account: Account | None, client: Client) -> Who:
    """Who has it, as the audit trail names them."""
    whose = reference(account) if account else ""
    return Who(client.id, client.organization, held.purpose, practitioner=whose)


def _reused(held: Code | Refresh, client: Client, server: Server, people: People, now: datetime) -> InvalidGrantError:
    """It is in two hands: all of its sign-in ends, in one transaction with the event that tells of it."""
    who = bearer_of(held, people.accounts.account(held.account), client)
    people.accounts.end_family(held.family, held.account, server.told(lambda witness: witness.reused(who, now)))
    return _refusal()


def _bound(held: Code | Refresh, proof: Proof, server: Server, now: datetime) -> Binding | None:
    """What the token stands on, where the client's assertion names consents. Raises InvalidGrantError or InvalidScopeError."""
    binding = server.bind(proof.claims, proof.client, held.purpose, now)
    if binding:
        require_bindable(held.scopes)
    return binding


def _is_right(code: Code, asked: Mapping[str, str]) -> bool:
    verifier = asked.get("code_verifier", "")
    challenge = create_s256_code_challenge(verifier) if _VERIFIER.fullmatch(verifier) else ""
    return hmac.compare_digest(challenge, code.challenge) and asked.get("redirect_uri") == code.redirect


def _narrowed(asked: str | None, held: frozenset[str]) -> frozenset[str]:
    """A renewed token may be narrower than the one before, never wider (RFC 6749 §6)."""
    words = [word for word in (asked or "").split() if "/" in word]
    try:
        found = scopes.shared(words, held) if words else held
    except scopes.NotAScope:
        found = frozenset()
    if not found:
        raise InvalidScopeError(description="scope must be within what was granted.")
    return found


def _token(
    of: Code | Refresh, account: Account, proof: Proof, binding: Binding | None, now: datetime
) -> tuple[str, Token]:
    secret = vault.new_secret()
    token = Token(
        vault.hashed(secret),
        of.client,
        account.organization,
        of.scopes,
        of.purpose,
        min(now + ACCESS, binding.until) if binding else now + ACCESS,
        now,
        proof.kid,
        practitioner=reference(account),
        roles=account.roles,
        account=account.id,
        family=of.family,
        binding=binding,
    )
    return secret, token


def _refresh(secret: str, of: Code | Refresh, good_until: datetime, until: datetime) -> Refresh:
    """A used one is kept until its family cannot be alive any more: until then it is known again."""
    return Refresh(
        vault.hashed(secret), of.family, of.account, of.client, of.scopes, of.purpose, of.since, good_until, until
    )


def _answer(secret: str, token: Token, refresh: str) -> dict[str, Any]:
    return {
        "access_token": secret,
        "token_type": "bearer",
        "expires_in": int((token.until - token.since).total_seconds()),
        "scope": " ".join(sorted(token.scopes)),
        **({"refresh_token": refresh} if refresh else {}),
    }


def _refusal() -> InvalidGrantError:
    error: InvalidGrantError = InvalidGrantError(
        description="The code or token is not good: unknown, over, used before, or of another client, address or verifier."
    )
    error.because = GRANT
    return error
