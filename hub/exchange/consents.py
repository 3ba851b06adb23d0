"""Which consents an organisation keeps: what a consent officer chooses from. Nothing in it says who a survivor is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hub.consent.provisions import recipients
from hub.exchange import Hub, disclose
from hub.exchange.person import REFERRAL_PURPOSE
from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system
from hub.fhir.query import Match, Query, Token
from hub.fhir.references import reference, split
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


# --- whose it is: (id of the survivor, organisation that keeps it) ------------------------------------------------------


def keeping(consent: str, *, hub: Hub) -> tuple[str, str] | None:
    """Of a consent by its reference."""
    type_, id_ = split(consent)
    stored = hub.store.read(type_, id_, None) if type_ == "Consent" else None
    return (stored.person, stored.custodian) if stored and stored.person and stored.custodian else None


def accompanying(person: str, *, hub: Hub) -> tuple[str, str] | None:
    """Of a survivor by her id: the association that keeps her own record."""
    stored = hub.store.read("Patient", person, None)
    return (person, stored.custodian) if stored and stored.custodian else None


def by_code(code: str, organizations: Iterable[str], *, hub: Hub) -> Iterator[tuple[str, str]]:
    """Of survivors who go by this code with one of these organisations. Each look is recorded."""
    wanted = Match("identifier", "token", (Token(identifier_system("survivor-code"), code),))
    for organization in organizations:
        caller = Caller(ASKED_AT_THE_HUB, organization, REFERRAL_PURPOSE)
        for view in disclose.search(Query("Patient", (wanted,)), caller, hub=hub).entries:
            found = accompanying(view.id, hub=hub)
            if found == (view.id, organization):
                yield found
