"""Which consents an organisation keeps: what a consent officer chooses from. Nothing in it says who a survivor is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from hub.consent.provisions import recipients
from hub.consent.refusals import contradictions
from hub.consent.standing import Remark, stand
from hub.exchange import Hub, disclose
from hub.exchange.person import REFERRAL_PURPOSE, Person
from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system
from hub.fhir.query import Match, Query, Token
from hub.fhir.references import reference, split
from hub.fhir.serial import loads
from hub.ports import LONG_AGO, Caller

_CONTRADICTED = Remark("consent.contradicted", LONG_AGO, frozenset())
ASKED_AT_THE_HUB = "hub:consent-officer"
"""The client that the record of looks names: somebody at the hub itself, at its command line."""


@dataclass(frozen=True)
class Kept:
    """`recipients`: every organisation that it names, whether it permits or denies. `remark`, a key of the text catalogue: why it
    opens nothing, or from `since` on no longer."""

    reference: str
    survivor: str
    status: str
    date: str
    recipients: tuple[str, ...]
    remark: str = ""
    since: datetime | None = None


def kept(organization: str, *, hub: Hub) -> Iterator[Kept]:
    """Newest first."""
    caller = Caller(ASKED_AT_THE_HUB, organization, REFERRAL_PURPOSE)
    after: str | None = None
    while True:
        page = disclose.search(Query("Consent", after=after), caller, hub=hub)
        found = [loads(view.text) for view in page.entries]
        remarks = _remarks({split(one["patient"]["reference"])[1] for one in found}, organization, hub)
        yield from (_kept(one, remarks.get(one["id"])) for one in found)
        after = page.after
        if after is None:
            return


def _remarks(persons: set[str], organization: str, hub: Hub) -> dict[str, Remark]:
    """By the Consent's id, of those of these persons that do not count as they are written."""
    found: dict[str, Remark] = {}
    for compartment in hub.store.compartments(persons).values():
        kept_here = Person.of(compartment, hub.rules).kept_by(organization)
        found |= {split(consent)[1]: _CONTRADICTED for consent, _ in contradictions(kept_here)}
        found |= stand(kept_here, hub.policies).remarks
    return found


def _kept(consent: Resource, remark: Remark | None) -> Kept:
    return Kept(
        reference(consent),
        consent["patient"]["reference"],
        consent["status"],
        consent.get("dateTime", ""),
        tuple(sorted(recipients(consent.get("provision", {})))),
        remark.reason if remark else "",
        remark.since if remark and remark.since > LONG_AGO else None,
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
