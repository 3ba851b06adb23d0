"""history: what changed, of one resource, of a type, or of all, newest first; deletions among it.

https://hl7.org/fhir/R4/http.html#history. The page links are sealed: they hold no identifier and serve nobody else.
"""

from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

import orjson
from flask import Response

from hub.errors import BAD_PARAMETER, NOT_FOUND, SCOPE_LACKING, UNKNOWN_PARAMETER, HubError
from hub.exchange import versions
from hub.exchange.versions import History, Version
from hub.fhir.instants import instant
from hub.fhir.summary import Wanted, shortened
from hub.oauth import scopes
from hub.ports import Versions
from hub.search.asked import shown
from hub.search.dates import NotADate, span
from hub.search.parameters import PARAMETERS
from hub.web import shortening
from hub.web.answers import json_answer
from hub.web.asked import holding
from hub.web.negotiation import HTTP_PARAMETERS, preferences
from hub.web.paging import Pairs
from hub.web.read import ID
from hub.web.service import Call, Service

_INSTANTS: Final = ("_since", "_at")
ASKED: Final = (*_INSTANTS, "_count", *sorted(shortening.PARAMETERS))


def of_instance(call: Call, service: Service) -> Response:
    if not ID.fullmatch(call.id):
        raise HubError(NOT_FOUND)
    pairs = _pairs(call, service)
    found = versions.of_instance(call.type, call.id, _asked(pairs), call.caller, hub=service.hub)
    return _answer(found, pairs, call, service)


def of_type(call: Call, service: Service) -> Response:
    pairs = _pairs(call, service)
    found = versions.of_types([call.type], _asked(pairs), call.caller, "history-type", hub=service.hub)
    return _answer(found, pairs, call, service)


def of_system(call: Call, service: Service) -> Response:
    """Of the types that the token may search."""
    allowed = [one for one in PARAMETERS if scopes.permits(call.caller.scopes, one, "search")]
    if not allowed:
        raise HubError(SCOPE_LACKING, expected=f"{'user' if call.caller.practitioner else 'system'}/*.s")
    pairs = _pairs(call, service)
    found = versions.of_types(allowed, _asked(pairs), call.caller, "history-system", hub=service.hub)
    return _answer(found, pairs, call, service)


# --- what is asked ----------------------------------------------------------------------------------------------------


def _place(call: Call) -> str:
    return "/".join(part for part in (call.type, call.id, "_history") if part)


def _pairs(call: Call, service: Service) -> Pairs:
    """What is asked and known here; of a page link, what it was made for."""
    given = holding(pair for pair in call.request.args.items(multi=True) if pair[0] not in HTTP_PARAMETERS)
    if "_page" in dict(given):
        return service.pages.follow(given, type_=_place(call), client=call.caller.client)
    _require_plain(given)
    unknown = [name for name, _ in given if name not in ASKED]
    if unknown and preferences(call.request).strict:
        name = shown(unknown[0])
        raise HubError(UNKNOWN_PARAMETER, path=f"http.{name}", parameter=name, known=", ".join(ASKED))
    return [(name, value) for name, value in given if name in ASKED]


def _require_plain(given: Pairs) -> None:
    """A history is asked since one instant, and as of one: two would have to be guessed from. No parameter has a modifier."""
    names = [name for name, _ in given]
    for name in names:
        stem, modified, _ = name.partition(":")
        if stem in ASKED and (modified or (stem in _INSTANTS and names.count(name) > 1)):
            raise HubError(BAD_PARAMETER, path=f"http.{stem}", parameter=stem, expected=f"1 × {stem}")


def _asked(pairs: Pairs) -> Versions:
    given = dict(pairs)
    return Versions(
        since=_span("_since", given["_since"])[0] if "_since" in given else None,
        at=_span("_at", given["_at"]) if "_at" in given else None,
        count=_count(given["_count"]) if "_count" in given else None,
        after=given.get("_page"),
    )


def _span(name: str, value: str) -> tuple[datetime, datetime]:
    try:
        return span(value)
    except NotADate:
        expected = "2026-03-01T10:00:00Z, 2026-03-01"
    raise HubError(BAD_PARAMETER, path=f"http.{name}", parameter=name, expected=expected)


def _count(value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise HubError(BAD_PARAMETER, path="http._count", parameter="_count", expected="0, 1, 2 …")
    return int(value[:9])


# --- what is answered -------------------------------------------------------------------------------------------------


def _answer(found: History, pairs: Pairs, call: Call, service: Service) -> Response:
    address = f"{service.base}/{_place(call)}"
    here = call.request.args.get("_page")
    asked = [("_page", here)] if here else pairs
    links = [("self", address + _query(asked))]
    if found.after is not None:
        known = [pair for pair in pairs if pair[0] != "_page"]
        sealed = service.pages.seal(known, found.after, type_=_place(call), client=call.caller.client)
        links.append(("next", address + _query([("_page", sealed)])))
    link = orjson.dumps([{"relation": relation, "url": url} for relation, url in links]).decode()
    wanted = shortening.wanted(pairs)
    entries = ",".join(_entry(one, service.base, wanted) for one in found.entries)
    entry = f',"entry":[{entries}]' if entries else ""
    total = "" if found.total is None else f'"total":{found.total},'
    text = f'{{"resourceType":"Bundle","type":"history",{total}"link":{link}{entry}}}'
    return json_answer(text, call)


def _query(pairs: Pairs) -> str:
    return f"?{urlencode(pairs, quote_via=quote, safe=':')}" if pairs else ""


def _entry(one: Version, base: str, wanted: Wanted) -> str:
    """The view's own text, with the request that could have made it and the response that was given."""
    view = one.view
    name = f"{view.type}/{view.id}"
    resource = "" if one.gone else f'"resource":{shortened(view.text, wanted)},'
    method, url = ("DELETE", name) if one.gone else ("PUT", name) if view.version > 1 else ("POST", view.type)
    status = {"DELETE": "204", "PUT": "200", "POST": "201"}[method]
    request = f'"request":{{"method":"{method}","url":"{url}"}}'
    etag = f'"etag":"W/\\"{view.version}\\"","lastModified":"{instant(view.at)}"'
    return f'{{"fullUrl":"{base}/{name}",{resource}{request},"response":{{"status":"{status}",{etag}}}}}'
