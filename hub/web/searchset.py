"""A searchset as text around the views' own text: what is served was written once and is not parsed again.

https://hl7.org/fhir/R4/bundle.html#searchset
"""

from collections.abc import Iterable, Sequence

import orjson

from hub.exchange import View
from hub.fhir import Resource
from hub.fhir.summary import ALL, Wanted, shortened

Link = tuple[str, str]
"""Relation and URL."""


def searchset(total: int | None, links: Sequence[Link], entries: Iterable[str]) -> str:
    """`total` None: it was not counted."""
    counted = "" if total is None else f',"total":{total}'
    link = orjson.dumps([{"relation": relation, "url": url} for relation, url in links]).decode()
    linked = f',"link":{link}' if links else ""
    entry = ",".join(entries)
    listed = f',"entry":[{entry}]' if entry else ""
    return f'{{"resourceType":"Bundle","type":"searchset"{counted}{linked}{listed}}}'


def entry(view: View, base: str, search: Resource | None = None, wanted: Wanted = ALL) -> str:
    """`search`: how it was found; types and ids need no escape in JSON."""
    found = orjson.dumps({"mode": "match", **(search or {})}).decode()
    text = shortened(view.text, wanted)
    return f'{{"fullUrl":"{base}/{view.type}/{view.id}","resource":{text},"search":{found}}}'
