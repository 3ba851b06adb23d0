"""search-type: by GET, or by POST to `_search`, which keeps parameters out of URLs. Both give the same answer.

https://hl7.org/fhir/R4/http.html#search · https://hl7.org/fhir/R4/search.html#conformance
"""

from collections.abc import Iterable, Iterator
from urllib.parse import quote, urlencode

import orjson
from flask import Response

from hub.exchange import Page, disclose
from hub.fhir.issues import Issue
from hub.fhir.serial import dumps
from hub.fhir.summary import Wanted, shortened
from hub.search import is_sealed, parse
from hub.search.parsing import shown
from hub.web import shortening
from hub.web.answers import json_answer, said
from hub.web.bodies import read_form
from hub.web.negotiation import HTTP_PARAMETERS, preferences
from hub.web.paging import Pairs
from hub.web.service import Call, Service


def by_url(call: Call, service: Service) -> Response:
    return _answer(call, service, call.request.args.items(multi=True))


def by_form(call: Call, service: Service) -> Response:
    return _answer(call, service, [*call.request.args.items(multi=True), *read_form(call.request)])


def _answer(call: Call, service: Service, received: Iterable[tuple[str, str]]) -> Response:
    pairs: Pairs = [pair for pair in received if pair[0] not in HTTP_PARAMETERS]
    here = dict(pairs).get("_page")
    if here:
        pairs = service.pages.open(here, type_=call.type, client=call.caller.client)
    wanted = shortening.wanted(pairs, counted=True)
    query, ignored = parse(call.type, _asked(pairs), strict=preferences(call.request).strict, base=service.base)
    applied = [(name, value) for name, value in pairs if value and name != "_page" and shown(name) not in ignored]
    page = disclose.search(query, call.caller, hub=service.hub)

    links = [("self", _url(call, service, [("_page", here)] if here else [_told(call.type, pair) for pair in applied]))]
    if page.after is not None and query.count != 0:
        sealed = service.pages.seal(applied, page.after, type_=call.type, client=call.caller.client)
        links.append(("next", _url(call, service, [("_page", sealed)])))
    return json_answer(_bundle(page, links, _entries(page, wanted, ignored, call, service)), call)


def _asked(pairs: Pairs) -> Pairs:
    """What the search itself is to understand."""
    return [pair for pair in pairs if pair[0] not in shortening.PARAMETERS or pair[1] == "count"]


def _told(type_: str, pair: tuple[str, str]) -> tuple[str, str]:
    """That it was applied; what stands in an encrypted element stands in no URL either."""
    name, value = pair
    return name, "***" if is_sealed(type_, name.partition(":")[0]) else value


def _url(call: Call, service: Service, pairs: Pairs) -> str:
    query = urlencode(pairs, quote_via=quote, safe=",:/|*")
    return f"{service.base}/{call.type}{'?' if query else ''}{query}"


def _bundle(page: Page, links: list[tuple[str, str]], entries: Iterator[str]) -> str:
    """A searchset as text around the views' own text: what is served was written once and is not parsed again."""
    link = orjson.dumps([{"relation": relation, "url": url} for relation, url in links]).decode()
    entry = ",".join(entries)
    entry = f',"entry":[{entry}]' if entry else ""
    return f'{{"resourceType":"Bundle","type":"searchset","total":{page.total},"link":{link}{entry}}}'


def _entries(page: Page, wanted: Wanted, ignored: list[str], call: Call, service: Service) -> Iterator[str]:
    for view in page.entries:
        url = f"{service.base}/{view.type}/{view.id}"  # types and ids need no escape in JSON
        yield f'{{"fullUrl":"{url}","resource":{shortened(view.text, wanted)},"search":{{"mode":"match"}}}}'
    if ignored:
        names = ", ".join(dict.fromkeys(ignored))
        issue = Issue("warning", "not-supported", "web.ignored-parameters", params={"parameters": names})
        yield f'{{"resource":{dumps(said([issue], call.language))},"search":{{"mode":"outcome"}}}}'
