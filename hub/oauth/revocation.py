"""Revocation: a client gives a token back before its time.

RFC 7009. The answer is the same whether the token was this client's, another's or nobody's: it tells nothing of any token,
and only this client's own is ended. A refresh token takes with it all that grew from the same sign-in. Tokens are looked up at
every request, so the next one of any process is refused.
"""

from datetime import datetime

from hub.oauth import forms, tokens
from hub.oauth.grants import bearer_of
from hub.oauth.people import People
from hub.oauth.server import Server
from hub.oauth.vault import hashed
from hub.oauth.witness import holder
from hub.ports import Client


def revoke(form: forms.Form, *, server: Server, now: datetime) -> None:
    """Raises an OAuth2Error of Authlib (RFC 7009 §2.2.1)."""
    asked = forms.single(form)
    client = forms.asker(asked, server, now).client
    secret = forms.token(asked)
    token = tokens.alive(secret, now, server.registry)
    if token and token.client == client.id:
        told = server.told(lambda witness: witness.revoked(holder(token), now))
        server.registry.end_token(token.hash, client.id, *told)
    elif server.people:
        _end_sign_in(hashed(secret), client, server, server.people, now)


def _end_sign_in(hash_: str, client: Client, server: Server, people: People, now: datetime) -> None:
    held = people.accounts.refresh(hash_)
    if held and held.client == client.id:
        who = bearer_of(held, people.accounts.account(held.account), client)
        people.accounts.end_family(held.family, held.account, server.told(lambda witness: witness.revoked(who, now)))
