"""On which consents a client stands: declared in its assertion, and checked by the hub before a token is bound to them.

https://hl7.org/fhir/us/udap-security/b2b.html (`extensions.hl7-b2b.consent_reference`, `consent_policy`). References are
URLs of Consents of this hub, whole or relative to its base. A policy is one that a named Consent is recorded under; without
references there is nothing that it could be checked against, and it changes nothing.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError, InvalidScopeError

from hub.exchange import Hub
from hub.exchange.bind import bind
from hub.oauth import scopes
from hub.oauth.endpoints import Endpoints
from hub.ports import Binding, Client

MOST: Final = 20
_REFERENCE: Final = re.compile(r"Consent/([A-Za-z0-9\-.]{1,64})", re.ASCII)
UNMET: Final = (
    "consent_reference must name Consents of one person at this hub, in force for your organisation and purpose; "
    "consent_policy, policies that they are recorded under."
)
Bind = Callable[[Mapping[str, Any], Client, str, datetime], Binding | None]
"""(claims, client, purpose, now) → what the token is bound to, None where the client names no consent."""


def binder(hub: Hub, endpoints: Endpoints) -> Bind:
    def bound(claims: Mapping[str, Any], client: Client, purpose: str, now: datetime) -> Binding | None:
        references = declared(claims, "consent_reference")
        if not references:
            return None
        ids = [_consent(reference, endpoints) for reference in references]
        found = bind([id_ for id_ in ids if id_], client.organization, purpose, now, hub=hub) if all(ids) else None
        if found is None or not set(declared(claims, "consent_policy")) <= set(found.policies):
            raise InvalidGrantError(description=UNMET)
        return found

    return bound


def unbound(claims: Mapping[str, Any], _client: Client, _purpose: str, _now: datetime) -> None:
    """Where there is nothing to look consents up in, nothing stands on them."""
    if declared(claims, "consent_reference"):
        raise InvalidGrantError(description=UNMET)


def require_bindable(granted: frozenset[str]) -> None:
    """What is created or deleted cannot be narrowed to a person: as with granular scopes. Raises InvalidScopeError."""
    if any(scopes.parse(scope).letters - scopes.NARROWED.keys() for scope in granted):
        raise InvalidScopeError(description="A token that stands on consents reads, searches and updates (r, u, s).")


def declared(claims: Mapping[str, Any], name: str) -> list[str]:
    """The texts of one member of the extension. Raises InvalidRequestError."""
    extensions = claims.get("extensions")
    b2b = extensions.get("hl7-b2b") if isinstance(extensions, dict) else None
    stated = b2b.get(name, []) if isinstance(b2b, dict) else []
    texts = stated if isinstance(stated, list) else [stated]
    if len(texts) > MOST or not all(isinstance(text, str) and len(text) <= 512 for text in texts):
        raise InvalidRequestError(description=f"{name} must be a list of at most {MOST} URLs.")
    return texts


def _consent(reference: str, endpoints: Endpoints) -> str:
    """The id that a URL names; "" for whatever is no Consent of this hub."""
    match = _REFERENCE.fullmatch(reference.removeprefix(f"{endpoints.base}/"))
    return match[1] if match else ""
