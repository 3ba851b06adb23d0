"""The interactions that this server answers, and what every one of them asks first: who, and with which scope.

https://hl7.org/fhir/R4/http.html
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from flask import Request, Response

from hub.errors import NOT_SUPPORTED, SCOPE_LACKING, UNKNOWN_TYPE, HubError
from hub.exchange import change
from hub.oauth import scopes
from hub.search.compartments import OWNER
from hub.search.parameters import PARAMETERS
from hub.web import (
    alternatives,
    close,
    conditional,
    consents,
    document,
    duplicates,
    evaluate_measure,
    everything,
    import_register,
    match,
    match_services,
    meta,
    overrides,
    snapshot,
    terminology,
    timeline,
    validate,
)
from hub.web.asker import asker, supposed_asker
from hub.web.create import create
from hub.web.delete import delete
from hub.web.history import of_instance, of_system, of_type
from hub.web.negotiation import answer_media
from hub.web.patch import patch
from hub.web.read import read
from hub.web.search import by_form, by_url
from hub.web.service import Call, Service
from hub.web.update import update
from hub.web.vread import vread

SEEN: Final = frozenset(PARAMETERS)
CHANGING: Final = frozenset({"create", "update", "patch", "delete"})
CREATED: Final = change.CREATED & SEEN
CHANGED: Final = change.CHANGED & SEEN


@dataclass(frozen=True)
class Interaction:
    """`code`: FHIR's name of it. `scope`: the name under which a scope allows it. `instead`: what is said to who asks it of
    another type."""

    code: str
    scope: str
    method: str
    rule: str  # one without a type is of the whole system: of those of `types` that the scopes allow
    types: frozenset[str]
    answer: Callable[[Call, Service], Response]
    instead: Mapping[str, str] = field(default_factory=dict)


INTERACTIONS: Final = (
    Interaction("read", "read", "GET", "/fhir/<type_>/<id_>", SEEN, read),
    Interaction("vread", "vread", "GET", "/fhir/<type_>/<id_>/_history/<version_>", SEEN, vread),
    Interaction("history-instance", "read", "GET", "/fhir/<type_>/<id_>/_history", SEEN, of_instance),
    Interaction("history-type", "search", "GET", "/fhir/<type_>/_history", SEEN, of_type),
    Interaction("history-system", "search", "GET", "/fhir/_history", SEEN, of_system),
    Interaction("search-type", "search", "GET", "/fhir/<type_>", SEEN, by_url),
    Interaction("search-type", "search", "POST", "/fhir/<type_>/_search", SEEN, by_form),
    Interaction("create", "create", "POST", "/fhir/<type_>", CREATED, create),
    Interaction("update", "update", "PUT", "/fhir/<type_>/<id_>", CHANGED, update),
    Interaction("patch", "patch", "PATCH", "/fhir/<type_>/<id_>", CHANGED, patch),
    Interaction("delete", "delete", "DELETE", "/fhir/<type_>/<id_>", change.DELETED, delete, change.INSTEAD),
    Interaction("update", "update", "PUT", "/fhir/<type_>", CHANGED, conditional.update),
    Interaction("patch", "patch", "PATCH", "/fhir/<type_>", CHANGED, conditional.patch),
    Interaction("delete", "delete", "DELETE", "/fhir/<type_>", change.DELETED, conditional.delete, change.INSTEAD),
)

OVER_TYPES: Final = (
    Interaction("search-system", "search", "GET", "/fhir", SEEN, by_url),
    Interaction("search-system", "search", "POST", "/fhir/_search", SEEN, by_form),
    Interaction("search-system", "search", "GET", f"/fhir/{OWNER}/<id_>/*", SEEN, by_url),
    Interaction("search-type", "search", "GET", f"/fhir/{OWNER}/<id_>/<resource:type_>", SEEN, by_url),
    Interaction("search-type", "search", "POST", f"/fhir/{OWNER}/<id_>/<resource:type_>/_search", SEEN, by_form),
)
"""Searches over several types, and in a survivor's compartment; without a type, each asks for the scopes that it needs."""

OPERATIONS: Final = (
    *validate.OPERATIONS,
    *snapshot.OPERATIONS,
    *terminology.OPERATIONS,
    *consents.OPERATIONS,
    *overrides.OPERATIONS,
    *alternatives.OPERATIONS,
    *close.OPERATIONS,
    *document.OPERATIONS,
    *everything.OPERATIONS,
    *match.OPERATIONS,
    *duplicates.OPERATIONS,
    *match_services.OPERATIONS,
    *timeline.OPERATIONS,
    *evaluate_measure.OPERATIONS,
    *meta.OPERATIONS,
    *import_register.OPERATIONS,
)


def respond(interaction: Interaction, request: Request, type_: str, id_: str, service: Service) -> Response:
    """The answer of one interaction to a caller that may ask for it. Raises HubError."""
    media = answer_media(request)
    if interaction.code in CHANGING:
        with supposed_asker(request, service) as caller:
            return _answer(interaction, Call(request, type_, id_, caller, media), service)
    return _answer(interaction, Call(request, type_, id_, asker(request, service), media), service)


def _answer(interaction: Interaction, call: Call, service: Service) -> Response:
    if "type_>" in interaction.rule:
        _require_type(interaction, call)
    return interaction.answer(call, service)


def _require_type(interaction: Interaction, call: Call) -> None:
    if call.type not in SEEN:
        raise HubError(UNKNOWN_TYPE)
    if call.type not in interaction.types:
        raise HubError(NOT_SUPPORTED, text=interaction.instead.get(call.type, ""))
    if not scopes.permits(call.caller.scopes, call.type, interaction.scope):
        letter = scopes.LETTERS[interaction.scope]
        raise HubError(
            SCOPE_LACKING, expected=f"{'user' if call.caller.practitioner else 'system'}/{call.type}.{letter}"
        )
