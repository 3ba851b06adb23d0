"""A batch or transaction as its entries, and what stands in a Bundle that is none. Nothing is dropped silently.

https://hl7.org/fhir/R4/bundle.html (bdl-1 to bdl-8) · https://hl7.org/fhir/R4/http.html#transaction
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from hub.errors import BAD_BUNDLE, TOO_LARGE, HubError
from hub.fhir import Resource

MOST_ENTRIES: Final = 500
METHODS: Final = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")
WITH_RESOURCE: Final = frozenset({"POST", "PUT", "PATCH"})

_OF_BUNDLE: Final = frozenset({"resourceType", "id", "meta", "language", "identifier", "type", "timestamp", "entry"})
_OF_ENTRY: Final = frozenset({"id", "fullUrl", "resource", "request", "link"})
_OF_REQUEST: Final = frozenset({"id", "method", "url", "ifMatch", "ifNoneExist", "ifNoneMatch", "ifModifiedSince"})
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


@dataclass(frozen=True, repr=False)
class Entry:
    """One request of a bundle. `url` as it was written, without the server's base; `pairs`: its query."""

    number: int
    method: str
    url: str
    type: str
    id: str
    pairs: tuple[tuple[str, str], ...]
    resource: Resource | None
    full_url: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The address without its query."""
        return self.url.partition("?")[0]

    @property
    def path(self) -> str:
        return f"Bundle.entry[{self.number}]"


def entries(bundle: Any, base: str) -> list[Entry]:
    """The entries of a transaction. Raises BAD_BUNDLE with the place of what is wrong in it, or TOO_LARGE."""
    found = [_entry(number, one, base) for number, one in enumerate(_listed(bundle))]
    _require_unlike(found)
    return found


def entries_alone(bundle: Any, base: str) -> list[Entry | HubError]:
    """The entries of a batch, of which each stands alone: what is wrong in one is that one's answer. Raises BAD_BUNDLE where it
    is the Bundle that is wrong, or TOO_LARGE."""
    found = [_tried(number, one, base) for number, one in enumerate(_listed(bundle))]
    _require_unlike([one for one in found if isinstance(one, Entry)])
    return found


def _listed(bundle: Any) -> list[Any]:
    _require_known(bundle, _OF_BUNDLE, "Bundle")
    listed = bundle.get("entry", [])
    if not isinstance(listed, list):
        raise _bad("Bundle.entry", "[{request, resource}]")
    if len(listed) > MOST_ENTRIES:
        raise HubError(TOO_LARGE, path="Bundle.entry")
    return listed


def _tried(number: int, raw: Any, base: str) -> Entry | HubError:
    try:
        return _entry(number, raw, base)
    except HubError as problem:
        return problem


def _entry(number: int, raw: Any, base: str) -> Entry:
    path = f"Bundle.entry[{number}]"
    _require_known(raw, _OF_ENTRY, path)
    request = raw.get("request")
    _require_known(request, _OF_REQUEST, f"{path}.request")
    method, url = request.get("method"), request.get("url")
    if method not in METHODS:
        raise _bad(f"{path}.request.method", ", ".join(METHODS))
    if not isinstance(url, str) or not url:
        raise _bad(f"{path}.request.url", "Type, Type/id, Type?…")
    resource = raw.get("resource")
    relative = _relative(url, base)
    place, _, query = relative.partition("?")
    if not _has_its_resource(method, place, resource, said="resource" in raw):
        raise _bad(f"{path}.resource", "POST, PUT, PATCH: {resourceType}; GET, HEAD, DELETE: -")
    type_, _, rest = place.partition("/")
    headers = {name: _header(request, name, path) for name in sorted(request.keys() & _HEADERS.keys())}
    return Entry(
        number=number,
        method=method,
        url=relative,
        type=type_,
        id=rest if _ID.fullmatch(rest) else "",
        pairs=tuple(parse_qsl(query, keep_blank_values=True)),
        resource=resource,
        full_url=_full_url(raw, path),
        headers={_HEADERS[name]: value for name, value in headers.items()},
    )


def _relative(url: str, base: str) -> str:
    """The address below the server's base; the base itself is no type."""
    if url == base or url.startswith((f"{base}/", f"{base}?")):
        url = url.removeprefix(base)
    return url.removeprefix("/")


def _has_its_resource(method: str, place: str, resource: Any, *, said: bool) -> bool:
    """What is sent by POST to an operation may stand in its address, and of a search it does."""
    if method == "POST" and "$" in place:
        return isinstance(resource, dict) or not said
    searches = method == "POST" and place.rpartition("/")[2] == "_search"
    return isinstance(resource, dict) if method in WITH_RESOURCE and not searches else not said


_HEADERS: Final = {
    "ifMatch": "If-Match",
    "ifNoneExist": "If-None-Exist",
    "ifNoneMatch": "If-None-Match",
    "ifModifiedSince": "If-Modified-Since",
}
"""What an entry says in the place of a header of HTTP."""


def _text(node: Resource, name: str, path: str) -> str:
    value = node.get(name, "")
    if not isinstance(value, str):
        raise _bad(f"{path}.{name}", "text")
    return value


def _full_url(raw: Resource, path: str) -> str:
    """bdl-8: of no version."""
    value = _text(raw, "fullUrl", path)
    if "/_history/" in value:
        raise _bad(f"{path}.fullUrl", "bdl-8")
    return value


def _header(request: Resource, name: str, path: str) -> str:
    """A control character would end a header."""
    value = _text(request, name, f"{path}.request")
    if not value.isprintable():
        raise _bad(f"{path}.request.{name}", "text")
    return value


def _require_known(node: Any, known: frozenset[str], path: str) -> None:
    if not isinstance(node, dict) or not node.keys() <= known:
        raise _bad(path, ", ".join(sorted(known)))


def _require_unlike(found: list[Entry]) -> None:
    """bdl-7: each fullUrl once."""
    seen: set[str] = set()
    for one in found:
        if one.full_url and one.full_url in seen:
            raise _bad(f"{one.path}.fullUrl", "bdl-7")
        seen.add(one.full_url)


def _bad(path: str, expected: str) -> HubError:
    return HubError(BAD_BUNDLE, path=path, expected=expected)
