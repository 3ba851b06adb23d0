"""Revocation: a client gives a token back before its time.

RFC 7009. The answer is the same whether the token was this client's, another's or nobody's: it tells nothing of any token,
and only this client's own is ended. Tokens are looked up at every request, so the next one of any process is refused.
"""

from datetime import datetime

from hub.oauth import forms, tokens
from hub.oauth.assertion import REGISTERED
from hub.oauth.witness import Witness
from hub.ports import KeySource, Registry


def revoke(
    form: forms.Form,
    *,
    registry: Registry,
    token_url: str,
    now: datetime,
    keys: KeySource = REGISTERED,
    witness: Witness | None = None,
) -> None:
    """Raises an OAuth2Error of Authlib (RFC 7009 §2.2.1)."""
    asked = forms.single(form)
    client = forms.proof(asked, registry=registry, token_url=token_url, now=now, keys=keys).client
    token = tokens.alive(forms.token(asked), now, registry)
    if token is None or token.client != client.id:
        return
    registry.end_token(token.hash, client.id, *([witness.revoked(token, now)] if witness else []))
