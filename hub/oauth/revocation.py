"""Revocation: a client gives a token back before its time.

RFC 7009. The answer is the same whether the token was this client's, another's or nobody's: it tells nothing of any token,
and only this client's own is ended. A refresh token takes with it all that grew from the same sign-in. Tokens are looked up at
every request, so the next one of any process is refused.
"""

from datetime import datetime

from hub.oauth import forms
from hub.oauth.people import People
from hub.oauth.vault import hashed
from hub.ports import Client, Registry


def revoke(
    form: forms.Form, *, registry: Registry, token_url: str, now: datetime, people: People | None = None
) -> None:
    """Raises an OAuth2Error of Authlib (RFC 7009 §2.2.1)."""
    asked = forms.single(form)
    client, _ = forms.asker(asked, registry=registry, token_url=token_url, now=now)
    hash_ = hashed(forms.token(asked))
    registry.end_token(hash_, client.id)
    if people:
        _end_sign_in(hash_, client, people)


def _end_sign_in(hash_: str, client: Client, people: People) -> None:
    held = people.accounts.refresh(hash_)
    if held and held.client == client.id:
        people.accounts.end_family(held.family, held.account)
