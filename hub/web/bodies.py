"""Reading a JSON body so that nothing is silently dropped: duplicate keys, NaN, deep nesting and odd encodings are refused.

https://hl7.org/fhir/R4/json.html · RFC 7493 (I-JSON)
"""

import json
from math import isfinite
from typing import Any, Final

import orjson
from flask import Request

from hub.errors import NOT_JSON, TOO_LARGE, WRONG_ID, HubError
from hub.fhir import Resource
from hub.web.negotiation import FHIR_JSON, JSON, require_media

LARGEST: Final = 5 * 1024 * 1024
DEEPEST: Final = 64


def read_json(request: Request) -> Any:
    """The body as JSON data. Raises NOT_JSON or TOO_LARGE."""
    try:
        text = request.get_data(cache=False).decode("utf-8-sig")
        parsed = json.loads(text, object_pairs_hook=_object, parse_float=_number, parse_constant=_number)
        orjson.dumps(parsed)  # what cannot be written again (lone surrogates, integers beyond 64 bits) is not taken in
    except (ValueError, TypeError, RecursionError):
        raise HubError(NOT_JSON) from None  # the cause would quote the body
    if _deeper_than(parsed, DEEPEST):
        raise HubError(TOO_LARGE)
    return parsed


def read_resource(request: Request, type_: str, id_: str | None = None) -> Resource:
    """The resource in the body. It must be of the type, and have the id, of the address it was sent to."""
    require_media(request, FHIR_JSON, JSON, "text/json")
    resource = read_json(request)
    if not isinstance(resource, dict):
        raise HubError(NOT_JSON)
    if resource.get("resourceType") != type_:
        raise HubError(WRONG_ID, path="resourceType")
    if id_ is not None and resource.get("id") != id_:
        raise HubError(WRONG_ID, path=f"{type_}.id")
    return resource


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError
    return read


def _number(text: str) -> float:
    """Neither NaN nor a number that overflows into infinity: both would be written again as null."""
    number = float(text)
    if not isfinite(number):
        raise ValueError
    return number


def _deeper_than(node: Any, levels: int) -> bool:
    layer = [node]
    for _ in range(levels):
        layer = [
            child
            for parent in layer
            if isinstance(parent, (dict, list))
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not layer:
            return False
    return True
