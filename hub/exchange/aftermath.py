"""Aftermath: what the record says when a consent has ended: who is told, and what of hers cannot be recalled from them.

One AuditEvent for each recipient that is told, in the transaction of the act: the notice that it gets, and what it had seen
by the record of looks: data classes, first and last look. Never what these said.
"""

from collections.abc import Iterator
from datetime import datetime

from hub.audit import events
from hub.consent.keys import own
from hub.exchange import Hub
from hub.exchange.disclosures import Entry, entries
from hub.exchange.person import Person, Settled
from hub.exchange.recall import VERB, Seen, details
from hub.fhir import Resource
from hub.fhir.query import Match, Query, Target
from hub.fhir.references import reference, split
from hub.fhir.serial import loads
from hub.ports import Compartment, Key, Save, Visible

MOST = 500  # events a page


def told(person: Person, settled: Settled, now: datetime, *, hub: Hub) -> list[Save]:
    """The events that tell of the notices of this commit, each kept with the custodian whose consent it was."""
    if not settled.notices or person.compartment is None:
        return []
    return [_event(notice, person.compartment, now, hub) for notice in settled.notices]


def seen(compartment: Compartment, custodian: str, recipient: str, *, hub: Hub) -> Seen:
    """By the record of looks of one custodian. It is read for the hub's own act, and so is no look itself."""
    found = entries(compartment, custodian, list(_events(compartment.person, custodian, hub)), hub.rules)
    return summed(recipient, [one for one in found if one.kind == "seen" and one.organization == recipient])


def summed(recipient: str, looks: list[Entry]) -> Seen:
    if not looks:
        return Seen(recipient)
    classes = dict.fromkeys(name for one in looks for name in one.classes)
    return Seen(recipient, tuple(sorted(classes)), min(one.at for one in looks), max(one.at for one in looks))


def _event(notice: Resource, compartment: Compartment, now: datetime, hub: Hub) -> Save:
    custodian, recipient = (split(one["reference"])[1] for one in (notice["sender"], notice["recipient"][0]))
    found = seen(compartment, custodian, recipient, hub=hub)
    event = events.event(
        hub.ids.new(),
        VERB,
        now,
        interaction="create",
        caller=None,
        person=compartment.person,
        entities=[reference(notice), f"Organization/{recipient}"],
    )
    entity = event["entity"][1]
    event["entity"][1] = entity | ({"detail": list(details(found))} if found.first else {})
    return Save(event, compartment.person, custodian, (Key(own(custodian)),))


def _events(person: str, custodian: str, hub: Hub) -> Iterator[Resource]:
    hers = Match("patient", "reference", (Target("Patient", person),))
    visible = Visible(frozenset({own(custodian)}), hub.clock.now())
    after: str | None = None
    while True:
        page = hub.store.search(Query("AuditEvent", (hers,), count=MOST, after=after), visible)
        yield from (loads(stored.text) for stored in page.page)
        after = page.after
        if after is None:
            return
