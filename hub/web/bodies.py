"""Reading a JSON body so that nothing is silently dropped: duplicate keys, NaN, deep nesting and odd encodings are refused.

https://hl7.org/fhir/R4/json.html · RFC 7493 (I-JSON)
"""

from typing import Any, Final

from flask import Request

from hub.errors import NOT_JSON, TOO_LARGE, WRONG_ID, HubError
from hub.fhir import Resource, strict
from hub.web.negotiation import FHIR_JSON, JSON, require_media

LARGEST: Final = 5 * 1024 * 1024


def read_json(request: Request) -> Any:
    """The body as JSON data. Raises NOT_JSON or TOO_LARGE."""
    try:
        return strict.read(request.get_data(cache=False))
    except strict.NotReadable as problem:
        raise HubError(TOO_LARGE if problem.why == "too-deep" else NOT_JSON) from None  # the cause would quote the body


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
