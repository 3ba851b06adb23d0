"""transaction: every change or none; then what it reads, from the state that it left behind.

https://hl7.org/fhir/R4/http.html#trules. A read is no change: one that finds nothing undoes nothing.
"""

import binascii
from base64 import b64decode
from collections.abc import Callable
from typing import Final

import orjson

from hub import errors
from hub.errors import BAD_BUNDLE, BAD_PATCH, MATCH_REQUIRED, NOT_SUPPORTED, SCOPE_LACKING, UNKNOWN_TYPE, HubError
from hub.exchange import transact
from hub.exchange.transact import Done, Step
from hub.fhir import Resource, strict
from hub.fhir.issues import Issue
from hub.fhir.json_patch import apply
from hub.fhir.query import Query
from hub.fhir.serial import dumps
from hub.oauth import scopes
from hub.search import parse
from hub.search.parameters import PARAMETERS
from hub.web.answers import said
from hub.web.batch import single
from hub.web.entries import Entry
from hub.web.inner import Inner
from hub.web.interactions import CHANGED, CREATED
from hub.web.negotiation import JSON_PATCH, version_named
from hub.web.service import Call, Service
from hub.web.update import MATCH_ALWAYS

_KINDS: Final[dict[str, transact.Kind]] = {"POST": "create", "PUT": "update", "PATCH": "patch"}
_TYPES: Final = {"create": CREATED, "update": CHANGED, "patch": CHANGED}


def transaction(found: list[Entry], call: Call, service: Service, within: Inner) -> list[str]:
    """The entries of the transaction-response, in the order of the request. Raises HubError, and then nothing has changed."""
    changing = [one for one in found if one.method not in {"GET", "HEAD"}]
    steps = [_step(one, call) for one in changing]
    done = transact.transact(steps, call.caller, _reader(service), hub=service.hub)
    changed = {one.number: _told(became, call, service) for one, became in zip(changing, done, strict=True)}
    return [changed.get(one.number) or single(one, call, within) for one in found]


def _step(entry: Entry, call: Call) -> Step:
    """The change that an entry asks. Raises HubError with its place, as the request alone would be refused."""
    try:
        return _read(entry, call)
    except HubError as problem:
        problem.path = problem.path or f"{entry.path}.request"
        raise


def _read(entry: Entry, call: Call) -> Step:
    kind = _KINDS.get(entry.method)
    if entry.type not in PARAMETERS:
        raise HubError(UNKNOWN_TYPE)
    if kind is None or entry.pairs or "If-None-Exist" in entry.headers or entry.type not in _TYPES[kind]:
        raise HubError(NOT_SUPPORTED)
    if (kind == "create") == bool(entry.id) or entry.url.partition("?")[0] != "/".join(
        filter(None, (entry.type, entry.id))
    ):
        raise HubError(BAD_BUNDLE, path=f"{entry.path}.request.url", expected="POST Type; PUT, PATCH Type/id")
    if not scopes.permits(call.caller.scopes, entry.type, kind):
        raise HubError(SCOPE_LACKING, expected=f"system/{entry.type}.{scopes.LETTERS[kind]}")
    resource = entry.resource or {}
    return Step(
        kind=kind,
        path=entry.path,
        type=entry.type,
        id=entry.id,
        resource=resource if kind == "patch" else _of_type(resource, entry),
        full_url=entry.full_url,
        expected=_expected(entry, kind),
        revise=_patch(resource, entry) if kind == "patch" else None,
    )


def _of_type(resource: Resource, entry: Entry) -> Resource:
    if resource.get("resourceType") != entry.type:
        raise HubError(errors.WRONG_ID, path=f"{entry.path}.resource.resourceType")
    if entry.id and resource.get("id") != entry.id:
        raise HubError(errors.WRONG_ID, path=f"{entry.path}.resource.id")
    return resource


def _expected(entry: Entry, kind: str) -> int | None:
    expected = version_named(entry.headers.get("If-Match", "*"))
    if expected is None and kind != "create" and entry.type in MATCH_ALWAYS:
        raise HubError(MATCH_REQUIRED, path=f"{entry.path}.request.ifMatch")
    return expected


def _patch(resource: Resource, entry: Entry) -> Callable[[Resource], Resource]:
    """JSON Patch comes as a Binary: https://hl7.org/fhir/R4/http.html#patch"""
    if (resource.get("resourceType"), resource.get("contentType")) != ("Binary", JSON_PATCH):
        raise HubError(BAD_BUNDLE, path=f"{entry.path}.resource", expected=f"Binary, {JSON_PATCH}")
    try:
        steps = strict.read(b64decode(resource.get("data", ""), validate=True))
    except (TypeError, ValueError, binascii.Error, strict.NotReadable):
        raise HubError(BAD_PATCH, path=f"{entry.path}.resource.data", operation="0") from None
    if not isinstance(steps, list):
        raise HubError(BAD_PATCH, path=f"{entry.path}.resource.data", operation="0")
    return lambda stored: apply(stored, steps)


def _reader(service: Service) -> Callable[[str], Query]:
    def read(literal: str) -> Query:
        type_, _, query = literal.partition("?")
        pairs = [(name, value) for name, _, value in (pair.partition("=") for pair in query.split("&"))]
        return parse(type_, pairs, strict=True, base=service.base)[0]

    return read


def _told(done: Done, call: Call, service: Service) -> str:
    """The resource itself only where it is asked for: a client that sent ten knows them."""
    view = done.view
    told = {
        "status": "201 Created" if done.created else "200 OK",
        "location": f"{service.base}/{view.type}/{view.id}/_history/{view.version}",
        "etag": f'W/"{view.version}"',
        "lastModified": view.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    wish = call.request.headers.get("Prefer", "")
    if "return=OperationOutcome" in wish:
        outcome = dumps(said([Issue("information", "informational", "web.saved")], call.language))
        return f'{{"response":{orjson.dumps(told).decode()[:-1]},"outcome":{outcome}}}}}'
    text = f'"resource":{view.text},' if "return=representation" in wish else ""
    return f'{{"fullUrl":"{service.base}/{view.type}/{view.id}",{text}"response":{orjson.dumps(told).decode()}}}'
