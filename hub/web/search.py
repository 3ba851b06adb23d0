"""search-type, search-system and searches in a survivor's compartment: by GET, or by POST to `_search`, which keeps what is
asked out of URLs. Both give the same answer.

https://hl7.org/fhir/R4/http.html#search · https://hl7.org/fhir/R4/search.html#conformance · https://hl7.org/fhir/R4/search.html#compartment
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from flask import Response

from hub.errors import NOT_SUPPORTED, SCOPE_LACKING, UNKNOWN_TYPE, HubError
from hub.exchange import Page, disclose
from hub.fhir.query import Query
from hub.oauth import scopes
from hub.search import parse
from hub.search.asked import bad, shown
from hub.search.compartments import MEMBERS, within
from hub.search.matching import steps
from hub.search.parameters import PARAMETERS
from hub.search.parsing import parse_all
from hub.web import shortening
from hub.web.answers import json_answer
from hub.web.asked import holding
from hub.web.bodies import read_form
from hub.web.negotiation import HTTP_PARAMETERS, is_pretty, media_named, preferences
from hub.web.paging import Pairs, no_such_page
from hub.web.results import OF_COMPARTMENT, Applied, bundle
from hub.web.service import Call, Service

COUNTED: Final = ("_summary", "count")


def by_url(call: Call, service: Service) -> Response:
    return _answer(call, service, call.request.args.items(multi=True))


def by_form(call: Call, service: Service) -> Response:
    """In a form, `_format` and `_pretty` mean what they mean in a URL."""
    form = read_form(call.request)
    call = replace(call, media=media_named(form, call.media), pretty=call.pretty or is_pretty(form))
    return _answer(call, service, [*call.request.args.items(multi=True), *form])


@dataclass(frozen=True)
class _Asked:
    """What a request asks, once its page link is opened. `compartment`: of whom."""

    pairs: Pairs
    type: str
    compartment: str
    here: str

    @property
    def own(self) -> Pairs:
        """What the search itself is to understand."""
        over_types = () if self.type else ("_type",)  # of one type, it is a parameter that is not known
        shaping = {OF_COMPARTMENT, *over_types, *shortening.PARAMETERS}
        counted = [COUNTED] if COUNTED in self.holding else []
        return [(name, value) for name, value in self.pairs if name not in shaping] + counted

    @property
    def holding(self) -> Pairs:
        return holding(self.pairs)


def _answer(call: Call, service: Service, received: Iterable[tuple[str, str]]) -> Response:
    asked = _asked(call, service, received)
    types = _types(call, asked)
    strict = preferences(call.request).strict
    wanted = shortening.wanted(asked.pairs, counted=True)
    if call.type:
        query, ignored = parse(call.type, asked.own, strict=strict, base=service.base)
        queries: Sequence[Query] = (query,)
    else:
        queries, ignored = parse_all(types, asked.own, strict=strict, base=service.base)
    if asked.compartment:
        queries = [within(query, asked.compartment) for query in queries]
    _require_scopes(queries, call)
    page = _found(queries, call, service)
    kept = [(n, v) for n, v in asked.holding if n not in {"_page", OF_COMPARTMENT} and shown(n) not in ignored]
    after = page.after if queries[0].count != 0 else None
    applied = Applied(kept, ignored, asked.here, after, asked.compartment, wanted)
    return json_answer(bundle(page, applied, call, service), call)


def _asked(call: Call, service: Service, received: Iterable[tuple[str, str]]) -> _Asked:
    pairs: Pairs = [pair for pair in received if pair[0] not in HTTP_PARAMETERS and pair[0] != OF_COMPARTMENT]
    here = dict(pairs).get("_page", "")
    if here:
        pairs = service.pages.follow(pairs, type_=call.type, client=call.caller.client)
    sealed = dict(pairs).get(OF_COMPARTMENT, "")
    if here and call.id not in {"", sealed}:
        raise no_such_page()
    return _Asked(pairs, call.type, sealed or call.id, here)


def _found(queries: Sequence[Query], call: Call, service: Service) -> Page:
    reached = scopes.reached(call.caller.scopes, disclose.EVERY_TYPE, "search")
    if call.type:
        return disclose.search(queries[0], call.caller, hub=service.hub, types=reached)
    return disclose.search_all(queries, call.caller, hub=service.hub, types=reached)


def _types(call: Call, asked: _Asked) -> list[str]:
    """Of a search over several types: those that `_type` names; else all that the token reaches."""
    served = MEMBERS if asked.compartment else PARAMETERS
    if call.type:
        if call.type not in served:
            raise HubError(NOT_SUPPORTED)
        return [call.type]
    named = [type_ for name, value in asked.pairs if name == "_type" for type_ in value.split(",") if type_]
    if not all(type_ in PARAMETERS for type_ in named):
        raise bad("_type", ", ".join(PARAMETERS))
    found = [type_ for type_ in served if type_ in named or not named]
    reached = [type_ for type_ in found if named or scopes.permits(call.caller.scopes, type_, "search")]
    if not reached:
        raise HubError(UNKNOWN_TYPE if named else SCOPE_LACKING, expected="system/*.s", known=", ".join(served))
    return reached


def _require_scopes(queries: Sequence[Query], call: Call) -> None:
    """A chain searches each type that it goes through."""
    read = {query.type for query in queries}
    read |= {step.query.type for query in queries for match in query.matches for step in steps(match)}
    for type_ in sorted(read):
        if not scopes.permits(call.caller.scopes, type_, "search"):
            of = scopes.USER if call.caller.practitioner else scopes.SYSTEM
            raise HubError(SCOPE_LACKING, expected=f"{of}/{type_}.s")
