"""Which consents an organisation keeps: what a consent officer chooses from. Nothing in it says who a survivor is."""

from collections.abc import Iterator
from dataclasses import dataclass

from hub.consent.provisions import recipients
from hub.exchange import Hub, disclose
from hub.exchange.person import REFERRAL_PURPOSE
from hub.fhir import Resource
from hub.fhir.query import Query
from hub.fhir.references import reference
from hub.fhir.serial import loads
from hub.ports import Caller

ASKED_AT_THE_HUB = "hub:consent-officer"
"""The client that the record of looks names: somebody at the hub itself, at its command line."""


@dataclass(frozen=True)
class Kept:
    """`recipients`: every organisation that it names, whether it permits or denies."""

    reference: str
    survivor: str
    status: str
    date: str
    recipients: tuple[str, ...]


def kept(organization: str, *, hub: Hub) -> Iterator[Kept]:
    """Newest first."""
    caller = Caller(ASKED_AT_THE_HUB, organization, REFERRAL_PURPOSE)
    after: str | None = None
    while True:
        page = disclose.search(Query("Consent", after=after), caller, hub=hub)
        yield from (_kept(loads(view.text)) for view in page.entries)
        after = page.after
        if after is None:
            return


def _kept(consent: Resource) -> Kept:
    return Kept(
        reference(consent),
        consent["patient"]["reference"],
        consent["status"],
        consent.get("dateTime", ""),
        tuple(sorted(recipients(consent.get("provision", {})))),
    )
