"""What an application asks a person for: the authorization request, checked before anything is shown.

RFC 6749 §4.1.1 · RFC 7636 · RFC 9700 · https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-authorization-code.
PKCE with S256 always, `state` always, addresses letter by letter. While it is not known to whom the person would be sent back,
a refusal is told to her alone.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from authlib.oauth2.rfc6749.errors import InvalidRequestError, InvalidScopeError, OAuth2Error, UnauthorizedClientError

from hub.accounts import Account
from hub.oauth import forms, redirects, scopes
from hub.ports import Client, Registry

CHALLENGE: Final = re.compile(r"[A-Za-z0-9_\-]{43}", re.ASCII)  # what SHA-256 gives in base64url
LONGEST: Final = 4096
BREAK_GLASS: Final = "BTG"
LASTING: Final = frozenset({"online_access", "offline_access"})
"""Scopes that ask for a refresh token. Here both last as long."""
_ABOUT_HER: Final = frozenset({"openid", "fhirUser", "profile", "launch"})
"""Scopes that SMART applications ask for by habit; what they would give is not given here, and they are left out."""


class NobodyToTell(Exception):  # noqa: N818 — the field's word
    """Neither client nor address can be believed: nobody is redirected anywhere."""


class Refused(Exception):  # noqa: N818 — the field's word
    """The application is told, at its own address."""

    def __init__(self, redirect: str, error: str, description: str, state: str) -> None:
        super().__init__(error)
        self.redirect, self.error, self.description, self.state = redirect, error, description, state


@dataclass(frozen=True)
class Asked:
    client: Client
    redirect: str
    state: str
    challenge: str
    scopes: frozenset[str]  # within what the client is registered for
    lasting: frozenset[str]

    def granted(self, account: Account) -> frozenset[str]:
        return scopes.shared(self.scopes, account.scopes)

    def purposes(self, account: Account) -> tuple[str, ...]:
        """Hers that the client is registered for too; she chooses one. To break the glass is never one of them."""
        return tuple(one for one in account.purposes if one in self.client.purposes and one != BREAK_GLASS)

    def offers(self, account: Account) -> bool:
        """Whether there is anything that she could permit: a system acts for its own organisation's people alone."""
        return self.client.organization == account.organization and bool(
            self.granted(account) and self.purposes(account)
        )


def read(form: forms.Form, *, registry: Registry, base: str) -> Asked:
    """Raises NobodyToTell or Refused."""
    try:
        asked = forms.single(form)
    except OAuth2Error:
        raise NobodyToTell from None
    client = registry.client(asked.get("client_id", "")[:256])
    redirect = asked.get("redirect_uri", "")
    if client is None or client.disabled or redirect not in client.redirects:
        raise NobodyToTell
    try:
        return _checked(asked, client, redirect, base)
    except OAuth2Error as wrong:
        raise Refused(redirect, str(wrong.error), str(wrong.description), asked.get("state", "")) from None


def _checked(asked: dict[str, str], client: Client, redirect: str, base: str) -> Asked:
    if asked.get("response_type") != "code":
        raise OAuth2Error(error="unsupported_response_type", description="response_type must be code.")
    _require(sum(map(len, asked.values())) <= LONGEST, "The request is too long.")
    _require(bool(asked.get("state")), "state is required.")
    _require("request" not in asked and "request_uri" not in asked, "Request objects are not supported.")
    _require(asked.get("response_mode", "query") == "query", "response_mode must be query.")
    _require(asked.get("code_challenge_method") == "S256", "code_challenge_method must be S256.")
    _require(bool(CHALLENGE.fullmatch(asked.get("code_challenge", ""))), "code_challenge is required.")
    _require(asked.get("aud", "").rstrip("/") == base, "aud must be the FHIR base of this server.")
    words = asked.get("scope", "").split()
    granted = _scopes([word for word in words if word not in LASTING | _ABOUT_HER], client)
    return Asked(client, redirect, asked["state"], asked["code_challenge"], granted, LASTING.intersection(words))


def _require(holds: bool, description: str) -> None:
    if not holds:
        raise InvalidRequestError(description=description)


def _scopes(words: Iterable[str], client: Client) -> frozenset[str]:
    if not any(scope.startswith(f"{scopes.USER}/") for scope in client.scopes):
        raise UnauthorizedClientError(description="The client is not registered for people.")
    try:
        found = scopes.shared(words, client.scopes)
    except scopes.NotAScope:
        raise InvalidScopeError(description="scope has something that is no SMART scope of a user.") from None
    if not found:
        raise InvalidScopeError(description="scope is required, and must be within what is registered.")
    return found


def sent_back(refused: Refused, issuer: str) -> str:
    state = {"state": refused.state} if refused.state else {}
    return redirects.answered(
        refused.redirect, error=refused.error, error_description=refused.description, iss=issuer, **state
    )
