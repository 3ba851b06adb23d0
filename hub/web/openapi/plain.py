"""The routes that are no FHIR: the authorization server, what is public, health. And whatever has a route and is described
nowhere else: as a FHIR request with a token.

RFC 6749 · RFC 7009 · RFC 7662
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hub.oauth import endpoints
from hub.texts import say
from hub.web import events, subscriptions
from hub.web.negotiation import FHIR_JSON, FORM, JSON
from hub.web.openapi.interactions import search_parameters
from hub.web.openapi.parts import ASKED, SENT, Part, answers, fhir, parameters, ref, tail

_ASSERTION: Final = {"client_assertion_type": {"type": "string"}, "client_assertion": {"type": "string"}}
_OBJECT: Final[Part] = {"type": "object"}
_STRING: Final[Part] = {"type": "string"}
_FORMS: Final[Mapping[str, tuple[dict[str, Any], tuple[str, ...]]]] = {
    endpoints.TOKEN: (
        {
            "grant_type": _STRING,
            "scope": _STRING,
            **_ASSERTION,
            **dict.fromkeys(("client_id", "code", "redirect_uri", "code_verifier", "refresh_token"), _STRING),
        },
        ("grant_type",),
    ),
    endpoints.REVOCATION: (
        {"token": _STRING, "token_type_hint": _STRING, "client_id": _STRING, **_ASSERTION},
        ("token",),
    ),
    endpoints.INTROSPECTION: ({"token": _STRING, "token_type_hint": _STRING, **_ASSERTION}, ("token",)),
}
"""Endpoint → the fields of its form, and which of them must be there."""
_DONE: Final[Mapping[str, Part]] = {
    endpoints.TOKEN: {
        "type": "object",
        "required": ["access_token", "token_type", "expires_in", "scope"],
        "properties": {"token_type": {"const": "Bearer"}, "expires_in": {"type": "integer"}},
    },
    endpoints.REVOCATION: {},
    endpoints.INTROSPECTION: {"type": "object", "required": ["active"], "properties": {"active": {"type": "boolean"}}},
}
_PUBLIC: Final[Mapping[str, tuple[str, Part, tuple[int, ...]]]] = {
    "/fhir/metadata": ("capabilities", fhir(ref("schemas", "Resource")), (200, 304, 400, 406)),
    "/schemas/": ("schemas", {JSON: {"schema": _OBJECT}}, (200, 304, 400)),
    "/schemas/<name>": ("schema", {"application/schema+json": {"schema": _OBJECT}}, (200, 304, 400, 404)),
    "/openapi.json": (
        "openapi",
        {"application/vnd.oai.openapi+json": {"schema": {"type": "object", "required": ["openapi"]}}},
        (200, 304, 400),
    ),
}
_HEALTH: Final = ("/healthz", "/readyz")
_LANGUAGE: Final[Part] = {"name": "lang", "in": "query", "schema": {"enum": ["ar", "fr", "en"]}}
_MODE: Final[Part] = {"name": "mode", "in": "query", "schema": {"enum": ["full", "normative", "terminology"]}}


def described(rule: str, method: str, language: str) -> Part:
    """A route that is no interaction and no operation."""
    said: Part = {
        "operationId": f"{rule}-{method.lower()}".strip("/"),
        "summary": subscriptions.named_as(rule, method) or _summary(rule),
    }
    if rule in _FORMS:
        return said | _endpoint(rule, language)
    if rule in _PUBLIC:
        return said | _public(rule, language)
    if "/.well-known/" in rule:
        content = {JSON: {"schema": {"type": "object", "required": ["issuer", "token_endpoint"]}}}
        return said | {"responses": answers((200,), content, language), "security": [], "tags": ["discovery"]}
    if rule in _HEALTH:
        return said | {"responses": _health(rule, language), "security": [], "tags": ["health"]}
    if rule == events.PATH:
        return said | _stream(language)
    return said | _token_asked(method, language) | _searched(said["summary"], method)


def _searched(summary: str, method: str) -> Part:
    """What a search of Subscriptions is asked with: they are no records, and have what they say of themselves alone."""
    if not summary.startswith("search-type"):
        return {}
    listed = list(search_parameters(subscriptions.announced(), subscriptions.CONTROLS))
    if method != "POST":
        return {"parameters": [*listed, *tail("Prefer")]}
    form = {one["name"]: one["schema"] for one in listed}
    return {"requestBody": {"required": True, "content": {FORM: {"schema": {"type": "object", "properties": form}}}}}


def _summary(rule: str) -> str:
    """`Group $export` of an operation: its type and its name."""
    name = rule.removeprefix("/fhir/")
    return name.replace("<id_>/", "").replace("/", " ") if "/$" in name else name


def _endpoint(rule: str, language: str) -> Part:
    fields, required = _FORMS[rule]
    form: Part = {"type": "object", "properties": fields, "required": list(required)}
    content = {JSON: {"schema": _DONE[rule]}}
    refused: Iterable[int] = (400, 401, 403, 413, 429)
    return {
        "tags": ["oauth"],
        "security": [],
        "requestBody": {"required": True, "content": {FORM: {"schema": form}}},
        "responses": {
            **answers((200,), content if _DONE[rule] else {}, language),
            **{str(status): _error(status, language) for status in refused},
            "503": ref("responses", "503"),
        },
    }


def _error(status: int, language: str) -> Part:
    """https://www.rfc-editor.org/rfc/rfc6749#section-5.2"""
    content = {JSON: {"schema": ref("schemas", "OAuthError")}}
    return {"description": say(f"openapi.status-{status}", language), "content": content}


def _public(rule: str, language: str) -> Part:
    name, content, statuses = _PUBLIC[rule]
    own = [_MODE, *parameters("_format", "_pretty")] if name == "capabilities" else [_LANGUAGE]
    return {
        "tags": ["discovery"],
        "security": [],
        "parameters": [*own, *parameters("Accept-Language", "If-None-Match")],
        "responses": answers(statuses, content, language),
    }


def _health(rule: str, language: str) -> Part:
    content = {JSON: {"schema": {"type": "object", "required": ["status"]}}}
    done = answers((200,), content, language)
    down = {"503": {"description": say("openapi.status-503", language), "content": content}}
    return done | down if rule == "/readyz" else done


def _stream(language: str) -> Part:
    """https://html.spec.whatwg.org/multipage/server-sent-events.html"""
    last: Part = {"name": "Last-Event-ID", "in": "header", "schema": _STRING}
    return {
        "tags": ["events"],
        "security": [{"oauth2": []}],
        "parameters": [last, *parameters("Accept-Language", "X-Request-Id")],
        "responses": answers((200, 401, 403, 503), {events.MEDIA: {"schema": _STRING}}, language),
    }


def _token_asked(method: str, language: str) -> Part:
    done = {200, 202, 204, *({304} if method == "GET" else {201, *SENT})}
    media = {FHIR_JSON: {"schema": _OBJECT}, JSON: {"schema": _OBJECT}, "application/fhir+ndjson": {"schema": True}}
    body = {"requestBody": {"content": fhir(_OBJECT)}} if method in {"POST", "PUT", "PATCH"} else {}
    return body | {
        "tags": ["system"],
        "security": [{"oauth2": []}],
        "parameters": tail("Prefer"),
        "responses": answers({*ASKED, *done, 405, 410, 429}, media, language),
    }
