"""Notices that a consent was taken back, as they are sent to whoever had been let in.

`profiles/structure-definitions/withdrawal-notice.json`
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from hub import texts
from hub.console import pages
from hub.exchange import Hub, disclose
from hub.fhir import Resource
from hub.fhir.instants import instant, span
from hub.fhir.messages import is_message, referral_of, sender
from hub.fhir.references import split
from hub.fhir.serial import loads
from hub.oauth import scopes
from hub.ports import Caller
from hub.search import parse

SHOWN_FOR: Final = timedelta(days=30)
MOST: Final = 20


@dataclass(frozen=True)
class Notice:
    """`referral`: the id of what it is about; `words`: in the reader's language."""

    referral: str
    number: str
    sender: str
    at: str
    words: str


def notices(caller: Caller, *, hub: Hub, about: str = "") -> list[Notice]:
    """That consents were taken back, the last first: of the last weeks, or about one referral."""
    if not scopes.permits(caller.scopes, "Communication", "search"):
        return []
    since = instant(hub.clock.now() - SHOWN_FOR)
    pairs = [("recipient", f"Organization/{caller.organization}"), ("category", "consent-change"), ("_sort", "-sent")]
    pairs += [("about", f"Task/{about}")] if about else [("sent", f"ge{since}")]
    query = parse("Communication", [*pairs, ("_count", str(MOST)), ("_total", "none")], strict=True)[0]
    found: list[Resource] = [loads(view.text) for view in disclose.search(query, caller, hub=hub).entries]
    return [_notice(one, hub) for one in found if not is_message(one) and referral_of(one)]


def _notice(one: Resource, hub: Hub) -> Notice:
    """Its sentences stand in the order of our languages."""
    said = [each.get("contentString", "") for each in one.get("payload", ())]
    place = texts.LANGUAGES.index(pages.language())
    return Notice(
        split(referral_of(one))[1],
        one["about"][0].get("identifier", {}).get("value", ""),
        hub.directory.name(sender(one), pages.language()),
        pages.day(span(one["sent"])[0]),
        said[place] if place < len(said) else "",
    )
