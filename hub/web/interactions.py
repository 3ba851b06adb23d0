"""The interactions that this server answers, and what every one of them asks first: who, and with which scope.

https://hl7.org/fhir/R4/http.html
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from flask import Request, Response, g

from hub.errors import NOT_SUPPORTED, SCOPE_LACKING, UNKNOWN_TYPE, HubError
from hub.exchange import change
from hub.oauth import scopes, tokens
from hub.search.parameters import PARAMETERS
from hub.web import close, consents, overrides, snapshot, terminology, validate
from hub.web.create import create
from hub.web.delete import delete
from hub.web.negotiation import answer_media
from hub.web.patch import patch
from hub.web.read import read
from hub.web.search import by_form, by_url
from hub.web.service import Call, Service
from hub.web.update import update

SEEN: Final = frozenset(PARAMETERS)
CREATED: Final = frozenset(change.PERSON_ELEMENT)
CHANGED: Final = CREATED | {"Task"}


@dataclass(frozen=True)
class Interaction:
    """`code`: FHIR's name of it. `scope`: the name under which a scope allows it. `instead`: what is said to who asks it of
    another type."""

    code: str
    scope: str
    method: str
    rule: str
    types: frozenset[str]
    answer: Callable[[Call, Service], Response]
    instead: Mapping[str, str] = field(default_factory=dict)


INTERACTIONS: Final = (
    Interaction("read", "read", "GET", "/fhir/<type_>/<id_>", SEEN, read),
    Interaction("search-type", "search", "GET", "/fhir/<type_>", SEEN, by_url),
    Interaction("search-type", "search", "POST", "/fhir/<type_>/_search", SEEN, by_form),
    Interaction("create", "create", "POST", "/fhir/<type_>", CREATED, create),
    Interaction("update", "update", "PUT", "/fhir/<type_>/<id_>", CHANGED, update),
    Interaction("patch", "patch", "PATCH", "/fhir/<type_>/<id_>", CHANGED, patch),
    Interaction("delete", "delete", "DELETE", "/fhir/<type_>/<id_>", change.DELETED, delete, change.INSTEAD),
)

OPERATIONS: Final = (
    *validate.OPERATIONS,
    *snapshot.OPERATIONS,
    *terminology.OPERATIONS,
    *consents.OPERATIONS,
    *overrides.OPERATIONS,
    *close.OPERATIONS,
)


def respond(interaction: Interaction, request: Request, type_: str, id_: str, service: Service) -> Response:
    """The answer of one interaction to a caller that may ask for it. Raises HubError."""
    media = answer_media(request)
    caller = tokens.authenticate(request.headers.get("Authorization"), service.hub.clock.now(), service.registry)
    g.client = caller.client
    if type_ not in SEEN:
        raise HubError(UNKNOWN_TYPE)
    if type_ not in interaction.types:
        raise HubError(NOT_SUPPORTED, text=interaction.instead.get(type_, ""))
    if not scopes.permits(caller.scopes, type_, interaction.scope):
        raise HubError(
            SCOPE_LACKING,
            expected=f"{'user' if caller.practitioner else 'system'}/{type_}.{scopes.LETTERS[interaction.scope]}",
        )
    return interaction.answer(Call(request, type_, id_, caller, media), service)
