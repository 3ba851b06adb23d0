"""transaction: every change or none; then what it reads, from the state that it left behind.

https://hl7.org/fhir/R4/http.html#trules. A read is no change: one that finds nothing undoes nothing.
"""

import binascii
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl

import orjson

from hub import errors
from hub.errors import BAD_BUNDLE, BAD_PATCH, MATCH_REQUIRED, NOT_SUPPORTED, SCOPE_LACKING, UNKNOWN_TYPE, HubError
from hub.exchange import change, subscribe, transact
from hub.exchange.transact import Done, Step
from hub.fhir import Resource, fhirpath_patch, json_patch, merge_patch, strict
from hub.fhir.issues import Issue
from hub.fhir.query import Query
from hub.fhir.serial import dumps
from hub.oauth import scopes
from hub.search.parameters import PARAMETERS
from hub.web.answers import said
from hub.web.batch import single
from hub.web.conditional import asked_in, condition, lacking
from hub.web.entries import Entry
from hub.web.inner import Inner
from hub.web.interactions import CHANGED, CREATED
from hub.web.negotiation import JSON_PATCH, MERGE_PATCH, Returned, expected_by, preferences
from hub.web.service import Call, Service
from hub.web.update import MATCH_ALWAYS

_KINDS: Final[dict[str, transact.Kind]] = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_TYPES: Final = {"create": CREATED, "update": CHANGED, "patch": CHANGED, "delete": change.DELETED}
_STATUSES: Final = {"create": "201 Created"}


def transaction(found: list[Entry], call: Call, service: Service, within: Inner) -> list[str]:
    """The entries of the transaction-response, in the order of the request. Raises HubError, and then nothing has changed."""
    changing = [one for one in found if one.method not in {"GET", "HEAD"}]
    steps = [_step(one, call, service) for one in changing]
    done = transact.transact(steps, call.caller, _reader(call, service), hub=service.hub)
    wish = preferences(call.request, unsaid="minimal").body
    changed = {one.number: _told(became, wish, call, service) for one, became in zip(changing, done, strict=True)}
    return [changed.get(one.number) or single(one, call, within) for one in found]


def _step(entry: Entry, call: Call, service: Service) -> Step:
    """The change that an entry asks. Raises HubError with its place, as the request alone would be refused."""
    try:
        return _read(entry, call, service)
    except HubError as problem:
        problem.path = problem.path if problem.path.startswith("Bundle") else f"{entry.path}.request"
        raise


def _read(entry: Entry, call: Call, service: Service) -> Step:
    kind = _KINDS.get(entry.method)
    if entry.type not in PARAMETERS:
        raise HubError(NOT_SUPPORTED if entry.type == subscribe.TYPE else UNKNOWN_TYPE)
    if kind is None or entry.type not in _TYPES[kind]:
        raise HubError(NOT_SUPPORTED, text=change.INSTEAD.get(entry.type, "") if kind == "delete" else "")
    conditional = "If-None-Exist" in entry.headers if kind == "create" else not entry.id
    if entry.place != "/".join(filter(None, (entry.type, entry.id))) or (
        kind == "create" and (entry.id or entry.pairs)
    ):
        raise HubError(
            BAD_BUNDLE, path=f"{entry.path}.request.url", expected="POST Type; PUT, PATCH, DELETE Type/id, Type?…"
        )
    if not scopes.permits(call.caller.scopes, entry.type, kind):
        raise HubError(SCOPE_LACKING, expected=f"system/{entry.type}.{scopes.LETTERS[kind]}")
    resource = entry.resource or {}
    return Step(
        kind=kind,
        path=entry.path,
        type=entry.type,
        id=entry.id,
        resource=_of_type(resource, entry) if kind in {"create", "update"} else resource,
        full_url=entry.full_url,
        expected=_expected(entry, kind),
        revise=_patch(resource, entry) if kind == "patch" else None,
        query=_condition(entry, kind, call, service) if conditional else None,
        lacking=lacking(replace(call, type=entry.type)) if kind == "update" else "",
    )


def _condition(entry: Entry, kind: str, call: Call, service: Service) -> Query:
    header, of_type = entry.headers.get("If-None-Exist", ""), replace(call, type=entry.type)
    return condition(asked_in(header, entry.type) if kind == "create" else entry.pairs, of_type, service)


def _of_type(resource: Resource, entry: Entry) -> Resource:
    if resource.get("resourceType") != entry.type:
        raise HubError(errors.WRONG_ID, path=f"{entry.path}.resource.resourceType")
    if entry.id and resource.get("id") != entry.id:
        raise HubError(errors.WRONG_ID, path=f"{entry.path}.resource.id")
    return resource


def _expected(entry: Entry, kind: str) -> change.Expected:
    if "If-None-Match" in entry.headers:
        path = f"{entry.path}.request.ifNoneMatch"
        raise HubError(errors.BAD_PARAMETER, path=path, parameter="ifNoneMatch", expected="ifMatch")
    expected = expected_by(entry.headers.get("If-Match"))
    if kind != "create" and entry.type in MATCH_ALWAYS and not isinstance(expected, int):
        raise HubError(MATCH_REQUIRED, path=f"{entry.path}.request.ifMatch")
    return expected


def _patch(resource: Resource, entry: Entry) -> change.Revise:
    """FHIRPath Patch is a Parameters resource; the other forms come as a Binary: https://hl7.org/fhir/R4/http.html#patch"""
    if resource.get("resourceType") == "Parameters":
        return lambda stored: fhirpath_patch.apply(stored, resource)
    media = resource.get("contentType")
    if resource.get("resourceType") != "Binary" or media not in {JSON_PATCH, MERGE_PATCH}:
        raise HubError(BAD_BUNDLE, path=f"{entry.path}.resource", expected=f"Parameters, Binary ({JSON_PATCH})")
    try:
        said = strict.read(b64decode(resource.get("data", ""), validate=True))
    except (TypeError, ValueError, binascii.Error, strict.NotReadable):
        said = None
    if isinstance(said, list) and media == JSON_PATCH:
        return lambda stored: json_patch.apply(stored, said)
    if isinstance(said, dict) and media == MERGE_PATCH:
        return lambda stored: merge_patch.apply(stored, said)
    raise HubError(BAD_PATCH, path=f"{entry.path}.resource.data", text="web.no-patch")


def _reader(call: Call, service: Service) -> Callable[[str], Query]:
    """A conditional reference is a condition as any other is: https://hl7.org/fhir/R4/http.html#trules"""

    def read(literal: str) -> Query:
        type_, _, query = literal.partition("?")
        if type_ not in PARAMETERS:
            raise HubError(UNKNOWN_TYPE)
        return condition(parse_qsl(query, keep_blank_values=True), replace(call, type=type_), service)

    return read


def _told(done: Done, wish: Returned, call: Call, service: Service) -> str:
    """The resource itself only where it is asked for: a client that sent ten knows them."""
    view = done.view
    if view is None:
        return '{"response":{"status":"204 No Content"}}'
    told = {
        "status": _STATUSES.get(done.kind, "200 OK"),
        "location": f"{service.base}/{view.type}/{view.id}/_history/{view.version}",
        "etag": f'W/"{view.version}"',
        "lastModified": view.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    if wish == "OperationOutcome":
        text = "web.there-already" if done.kind == "none" else "web.saved"
        outcome = dumps(said([Issue("information", "informational", text)], call.language))
        return f'{{"response":{orjson.dumps(told).decode()[:-1]},"outcome":{outcome}}}}}'
    text = f'"resource":{view.text},' if wish == "representation" else ""
    return f'{{"fullUrl":"{service.base}/{view.type}/{view.id}",{text}"response":{orjson.dumps(told).decode()}}}'
