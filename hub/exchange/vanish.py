"""Vanish: records that are no longer in their tool, because it says so or because a complete scan did not meet them.

What such a record said ends as if its next version said nothing: consents are inactive, and so everybody but the keeper is shut
out; needs are revoked, and referrals that are under way are stopped, with a notice to whom they were sent. Nothing is deleted:
erasing is for a person to decide (`hub erase`). The ledger keeps the record as withdrawn; when it is met again, it stands again.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Final

from hub.audit import events
from hub.consent.keys import own_key
from hub.exchange import Hub
from hub.exchange.aftermath import told
from hub.exchange.enlist import Listing
from hub.exchange.identity import record_key
from hub.exchange.merge import retire
from hub.exchange.person import Person
from hub.exchange.queue import Turn
from hub.exchange.receipt import Receipt
from hub.fhir import Resource
from hub.fhir.references import reference, split
from hub.ports import Changes, Connection, LedgerEntry, Save, Withdrawn

VERB: Final = "record.withdraw"
CANCELLED: Final = "cancelled"
STANDING: Final = frozenset({"stored", "quarantined", "discarded"})
AT_ONCE: Final = 100


def withdraw(gone: Sequence[Withdrawn], connection: Connection, *, hub: Hub) -> Receipt:
    """Records that their tool says are no more. One of which a newer version is known stands."""
    said = {record_key(connection.id, one.kind, one.id, hub=hub): one.revision for one in gone}
    return end(said, connection, hub=hub, revisions=said)


def end(
    keys: Iterable[str],
    connection: Connection,
    *,
    hub: Hub,
    before: datetime | None = None,
    revisions: Mapping[str, int | None] | None = None,
) -> Receipt:
    """End what the records of these ledger keys said. Raises Conflict when others keep changing the same persons.

    `before`: what was written since then stands: it came in after the tool was looked through.
    """
    total, left = Receipt(), iter(keys)
    while some := list(islice(left, AT_ONCE)):

        def attempt(turn: Turn, some: Sequence[str] = some) -> Receipt:
            ending = _Ending(connection, hub, before, revisions or {})
            changes = ending.of(some)
            turn.asked.update(changes.persons)
            hub.store.commit(changes)
            return Receipt(withdrawn=len(changes.ledger))

        total += hub.queue.tried(attempt)
    return total


@dataclass
class _Ending:
    """Some records on their way out, with their persons as working copies."""

    connection: Connection
    hub: Hub
    before: datetime | None
    revisions: Mapping[str, int | None]
    persons: dict[str, Person] = field(default_factory=dict)
    records: list[Save] = field(default_factory=list)
    listing: Listing = field(init=False)

    def of(self, keys: Sequence[str]) -> Changes:
        now = self.hub.clock.now()
        standing = [entry for entry in self.hub.store.ledger(keys).values() if self._ends(entry)]
        self.persons = self._persons(standing)
        self.listing = Listing(self.connection, self.hub, now)
        ended = [self._end(entry, now) for entry in standing]
        settled = {id_: person.settle(now, self.hub.ids.new) for id_, person in self.persons.items()}
        for id_, one in settled.items():
            self.records += told(self.persons[id_], one, now, hub=self.hub)
            for step in one.steps:
                keeper = self.persons[id_].custodian(reference(step.task)) or ""
                self.records.append(self._event(step.action, id_, keeper, [reference(step.task)], now))
        return Changes(
            saves=[save for one in settled.values() for save in one.saves] + self.records + self.listing.saves(),
            rekeys=[rekey for one in settled.values() for rekey in one.rekeys],
            persons={id_: person.revision for id_, person in self.persons.items()},
            ledger=ended,
            released=[entry.key for entry in ended],
            outbox=[due for one in settled.values() for due in one.outbox],
            voids=[void for one in settled.values() for void in one.voids],
            due={id_: one.due for id_, one in settled.items()},
            follows={id_: one.follows for id_, one in settled.items()},
        )

    def _ends(self, entry: LedgerEntry) -> bool:
        said = self.revisions.get(entry.key)
        newer = said is not None and entry.revision is not None and entry.revision > said
        arrived = self.before is not None and entry.at >= self.before
        return entry.state in STANDING and not newer and not arrived

    def _persons(self, entries: Sequence[LedgerEntry]) -> dict[str, Person]:
        hers = {split(one)[1] for entry in entries for one in entry.resources.values() if one.startswith("Patient/")}
        found = self.hub.store.compartments(hers) if hers else {}
        return {id_: Person.of(compartment, self.hub.rules) for id_, compartment in found.items()}

    def _end(self, entry: LedgerEntry, now: datetime) -> LedgerEntry:
        patient = next((split(one)[1] for one in entry.resources.values() if one.startswith("Patient/")), "")
        person = self.persons.get(patient)
        if not patient:
            self.listing.end(entry.key, entry.resources.values(), entry.mapping)
        ended = end_what_it_said(entry, person, self.connection.organization) if person else []
        if person and ended:
            self._tell(entry, person, ended, now)
        consents = consents_left(entry, person, ended) if person else {}
        revision = self.revisions.get(entry.key)
        return replace(
            entry, state="withdrawn", version="", at=now, consents=consents,
            revision=entry.revision if revision is None else revision,
        )  # fmt: skip

    def _tell(self, entry: LedgerEntry, person: Person, ended: list[str], now: datetime) -> None:
        organization = self.connection.organization
        provenance = events.provenance(
            self.hub.ids.new(), now, targets=ended, organization=organization, connection=self.connection.id,
            record=entry.key, mapping=entry.mapping,
        )  # fmt: skip
        self.records.append(Save(provenance, person.id, organization, (own_key(organization),)))
        self.records.append(self._event(VERB, person.id, organization, ended, now))

    def _event(self, verb: str, person: str, keeper: str, entities: list[str], now: datetime) -> Save:
        event = events.event(
            self.hub.ids.new(), verb, now, interaction="update", caller=None, person=person, entities=entities,
            source=keeper if verb == VERB else "",
        )  # fmt: skip
        return Save(event, person, keeper, (own_key(keeper),))


def end_what_it_said(entry: LedgerEntry, person: Person, custodian: str) -> list[str]:
    """The resources of a record that ended with it."""
    standing = ((name, person.get(name)) for name in entry.resources.values())
    ends = ((name, _ended(stored)) for name, stored in standing if stored)
    return [name for name, ended in ends if ended and person.put(ended, custodian)]


def consents_left(entry: LedgerEntry, person: Person, ended: Container[str]) -> dict[str, int]:
    """In which version the record leaves each of its Consents."""
    return {name: person.version(name) + (name in ended) for name in entry.consents}


def _ended(stored: Resource) -> Resource | None:
    """As when a record no longer says it; a case that was opened by the record alone is closed with it."""
    if stored["resourceType"] == "EpisodeOfCare" and stored["status"] in {"active", "planned", "waitlist", "onhold"}:
        return {**stored, "status": CANCELLED}
    return retire(stored)
