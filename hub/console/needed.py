"""What waits for her organisation beside the referrals themselves: messages that were not read, and what the other side asks.

Each is a search of its own (https://hl7.org/fhir/R4/search.html#include) whose includes lead to the referral that it is about.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from hub.exchange import Hub, Page, disclose
from hub.fhir import Resource
from hub.fhir.messages import referral_of
from hub.fhir.references import reference
from hub.fhir.serial import loads
from hub.fhir.tasks import REFERRAL, REQUESTS, asked_of, kind
from hub.oauth import scopes
from hub.ports import Caller
from hub.referral.requests import PENDING
from hub.search import parse

MOST: Final = 50
MESSAGE: Final = "message"


def needed(caller: Caller, *, hub: Hub) -> list[tuple[Resource, tuple[str, ...]]]:
    """Each referral about which something waits, with what: `MESSAGE`, or what a request asks for."""
    referrals: dict[str, Resource] = {}
    waits: dict[str, dict[str, None]] = {}
    for page in _found(caller, hub):
        referrals |= {reference(one): one for one in _read(page) if kind(one) == REFERRAL}
        for view in page.entries:
            one = loads(view.text)
            about = referral_of(one) or asked_of(one)
            waits.setdefault(about, {})[MESSAGE if view.type == "Communication" else kind(one)] = None
    return [(referrals[about], tuple(what)) for about, what in waits.items() if about in referrals]


def _read(page: Page) -> Iterator[Resource]:
    yield from (loads(view.text) for view in page.included)


def _found(caller: Caller, hub: Hub) -> Iterator[Page]:
    types = scopes.reached(caller.scopes, disclose.EVERY_TYPE, "search")
    for type_, asked in _asked(f"Organization/{caller.organization}").items():
        if type_ in types:
            pairs = [*asked, ("_count", str(MOST)), ("_sort", "_lastUpdated"), ("_total", "none")]
            yield disclose.search(parse(type_, pairs, strict=True)[0], caller, hub=hub, types=types)


def _asked(mine: str) -> Mapping[str, list[tuple[str, str]]]:
    return {
        "Communication": [("recipient", mine), ("status", "in-progress"), ("_include", "Communication:about")],
        "Task": [
            ("owner", mine),
            ("code", ",".join(sorted(REQUESTS))),
            ("status", ",".join(sorted(PENDING))),
            ("_include", "Task:focus"),
            ("_include", "Task:part-of"),
        ],
    }
