"""A page of results as a searchset Bundle, and its links: https://hl7.org/fhir/R4/bundle.html#searchset.

The self link tells what was applied, the others are sealed: no identifier stands in them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from hub.exchange import Page
from hub.fhir.issues import Issue
from hub.fhir.serial import dumps
from hub.fhir.summary import ALL, Wanted
from hub.search.matching import tells
from hub.search.parameters import PARAMETERS
from hub.web.answers import said
from hub.web.paging import Pairs
from hub.web.searchset import entry, searchset
from hub.web.service import Call, Service

OF_COMPARTMENT: Final = ":compartment"
"""In a page link, whose compartment is searched: so that her id stands in no URL. No request can say it: it is no name."""


@dataclass(frozen=True)
class Applied:
    """What was asked and understood; what was ignored; the page link that was followed; where the next page begins."""

    pairs: Pairs
    ignored: list[str]
    here: str = ""
    after: str | None = None
    compartment: str = ""
    wanted: Wanted = ALL


def bundle(page: Page, applied: Applied, call: Call, service: Service) -> str:
    """The searchset, as text around the views' own text."""
    return searchset(page.total, list(_links(applied, call, service)), _entries(page, applied, call, service))


def _links(applied: Applied, call: Call, service: Service) -> Iterator[tuple[str, str]]:
    """`first` where there is more than one page."""
    pairs = [("_page", applied.here)] if applied.here else [_told(call.type, pair) for pair in applied.pairs]
    path = (
        f"Patient/{applied.compartment}/{call.type or '*'}" if applied.compartment and not applied.here else call.type
    )
    yield "self", _url(service, path, pairs)
    if applied.here or applied.after is not None:
        yield "first", _sealed(applied, "", call, service)
    if applied.after is not None:
        yield "next", _sealed(applied, applied.after, call, service)


def _sealed(applied: Applied, after: str, call: Call, service: Service) -> str:
    whole = [*applied.pairs, *([(OF_COMPARTMENT, applied.compartment)] if applied.compartment else [])]
    sealed = service.pages.seal(whole, after, type_=call.type, client=call.caller.client)
    return _url(service, call.type, [("_page", sealed)])


def _told(type_: str, pair: tuple[str, str]) -> tuple[str, str]:
    """That it was applied; what stands in an encrypted element stands in no URL either."""
    name, value = pair
    hidden = any(tells(one, name) for one in ([type_] if type_ else PARAMETERS))
    return name, "***" if hidden else value


def _url(service: Service, path: str, pairs: Pairs) -> str:
    query = urlencode(pairs, quote_via=quote, safe=",:/|*$")
    address = f"{service.base}/{path}" if path else service.base
    return f"{address}{'?' if query else ''}{query}"


def _entries(page: Page, applied: Applied, call: Call, service: Service) -> Iterator[str]:
    yield from (entry(view, service.base, {"mode": "match"}, applied.wanted) for view in page.entries)
    yield from (entry(view, service.base, {"mode": "include"}, applied.wanted) for view in page.included)
    if applied.ignored:
        names = ", ".join(dict.fromkeys(applied.ignored))
        issue = Issue("warning", "not-supported", "web.ignored-parameters", params={"parameters": names})
        yield f'{{"resource":{dumps(said([issue], call.language))},"search":{{"mode":"outcome"}}}}'
