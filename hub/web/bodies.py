"""Reading a body so that nothing is silently dropped and nothing fills the memory: duplicate keys, NaN, deep nesting, odd
encodings, compressed bodies and bodies of very many parts are refused.

https://hl7.org/fhir/R4/json.html · RFC 7493 (I-JSON). The limits hold for bodies that do not say how long they are, too.
"""

from typing import Any, Final

from flask import Request

from hub.errors import NOT_JSON, TOO_LARGE, UNSUPPORTED_MEDIA, WRONG_ID, HubError
from hub.fhir import Resource, strict
from hub.web.negotiation import FHIR_JSON, FORM, JSON, require_media

LARGEST: Final = 5 * 1024 * 1024
LARGEST_FORM: Final = 128 * 1024
MOST_PARTS: Final = 250_000
"""Objects, lists and what stands in them. Each takes some hundred bytes of memory, whatever it takes on the wire."""

_PLAIN: Final = frozenset({"", "identity"})


def has_body(request: Request) -> bool:
    """Whether there is one, or may be one: a chunked body does not say how long it is."""
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def read_bytes(request: Request, largest: int = LARGEST) -> bytes:
    """The body as it was sent, and whole. Raises UNSUPPORTED_MEDIA where it is compressed (a few bytes could become very many),
    TOO_LARGE, or NOT_JSON where it ended before it was said to."""
    if request.headers.get("Content-Encoding", "").strip().lower() not in _PLAIN:
        raise HubError(UNSUPPORTED_MEDIA, path="http.Content-Encoding", expected="Content-Encoding: identity")
    request.max_content_length = largest
    if (request.content_length or 0) > largest:
        raise HubError(TOO_LARGE)
    body = request.get_data(cache=True)
    if request.content_length is None and len(body) >= largest:  # a chunked body is cut off there, and nothing is said
        raise HubError(TOO_LARGE)
    if len(body) < (request.content_length or 0):
        raise HubError(NOT_JSON)
    return body


def read_json(request: Request) -> Any:
    """The body as JSON data. Raises NOT_JSON, TOO_LARGE or UNSUPPORTED_MEDIA."""
    text = read_bytes(request)
    if text.count(b",") + text.count(b"[") + text.count(b"{") > MOST_PARTS:
        raise HubError(TOO_LARGE)
    try:
        return strict.read(text)
    except strict.NotReadable as problem:
        raise _unread(problem) from None  # the cause would quote the body


def _unread(problem: strict.NotReadable) -> HubError:
    if problem.why == "too-deep":
        return HubError(TOO_LARGE)
    if not problem.line:
        return HubError(NOT_JSON)
    return HubError(NOT_JSON, text="web.not-json-at", line=str(problem.line), column=str(problem.column))


def read_form(request: Request) -> list[tuple[str, str]]:
    """The names and values of a form. Raises TOO_LARGE or UNSUPPORTED_MEDIA."""
    if not has_body(request):  # all may stand in the URL
        return []
    require_media(request, FORM)
    try:
        read_bytes(
            request, LARGEST_FORM
        ).decode()  # what is no UTF-8 would be dropped, and a search would find everything
    except UnicodeDecodeError:
        raise HubError(UNSUPPORTED_MEDIA, expected=f"{FORM}; charset=utf-8") from None
    return list(request.form.items(multi=True))


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
