"""Receive: from records as a tool gave them to stored cases and open referrals. This file reads as the way of a record.

    recognise → map → identify → conform → put in → settle (consent, referrals, keys) → commit

Nothing is half-stored: all that a record brings is committed in one transaction (several records may share one), together
with its Provenance, its AuditEvents, its ledger entry and its outbox rows. A record that cannot be understood goes to the
quarantine, whole, and never stops the others.
"""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from hub.exchange import Hub
from hub.exchange.aftermath import told
from hub.exchange.arrival import Arrival
from hub.exchange.disagreement import ISSUE, kept_as_changed, not_counted
from hub.exchange.enlist import Listing, is_listing
from hub.exchange.identities import Identities
from hub.exchange.identity import record_key
from hub.exchange.judge import is_too_large, judge
from hub.exchange.kept import kept
from hub.exchange.leave_out import Leaving, is_left_out
from hub.exchange.merge import contradiction, leave_open, merge, overwrite, retire, shut, untold
from hub.exchange.person import Person
from hub.exchange.queue import Turn
from hub.exchange.receipt import Receipt, Rejected
from hub.exchange.received import Received
from hub.exchange.refused import against, put_her_no, with_her_no
from hub.fhir import Resource
from hub.fhir.instants import day_of
from hub.fhir.issues import Issue
from hub.fhir.references import reference, split
from hub.mapping import Context
from hub.mapping import Mapping as FormMapping
from hub.ports import Changes, Connection, LedgerEntry, Quarantined, SourceRecord, Watermark


def prepare(
    records: Sequence[SourceRecord],
    connection: Connection,
    mapping: FormMapping,
    *,
    hub: Hub,
    watermark: Watermark | None = None,
    again: bool = False,
) -> tuple[Changes, Receipt]:
    """What these records change, computed from the present state, and what is to be said of it. Nothing is stored yet."""
    changes, receipt = _Batch(connection, mapping, hub, again).take(records)
    return (replace(changes, watermark=(connection.id, watermark)) if watermark else changes), receipt


def receive(
    records: Sequence[SourceRecord],
    connection: Connection,
    mapping: FormMapping,
    *,
    hub: Hub,
    watermark: Watermark | None = None,
    again: bool = False,
) -> Receipt:
    """Take records in. Raises Conflict when others keep changing the same persons; everything else has a place in the receipt.

    `again`: also try records that wait in quarantine unchanged.
    """

    def attempt(turn: Turn) -> Receipt:
        changes, receipt = prepare(records, connection, mapping, hub=hub, watermark=watermark, again=again)
        turn.asked.update(changes.persons)
        hub.store.commit(changes)
        return receipt

    return hub.queue.tried(attempt)


End = Callable[[Resource], Resource | None]
"""A resource as it ends; None for one that stays as it is."""


class _Batch:
    """Records on their way in, with the persons they concern as working copies."""

    def __init__(self, connection: Connection, mapping: FormMapping, hub: Hub, again: bool) -> None:
        self.connection, self.mapping, self.hub, self.again = connection, mapping, hub, again
        self.now: datetime = hub.clock.now()
        self.signature = f"{mapping.id}@{mapping.version}"
        self.context = Context(
            connection.organization,
            hub.directory.find,
            day_of(self.now),
            usual_service=hub.directory.usual_service,
        )
        self.identities = Identities(connection.organization, hub)
        self.persons: dict[str, Person] = {}
        self.received = Received(connection, self.signature, self.now, hub)
        self.quarantine: dict[str, Quarantined] = {}
        self.written: dict[str, LedgerEntry] = {}
        self.listing = Listing(connection, hub, self.now)
        self.receipt = Receipt()

    def take(self, records: Sequence[SourceRecord]) -> tuple[Changes, Receipt]:
        arrivals = self._recognise(records)
        self._map(arrivals)
        self._look_up(arrivals)
        for arrival in arrivals:
            self._enter(arrival)
        return self._changes(), self.receipt

    # recognise: what was stored before and has not changed needs no more work
    def _recognise(self, records: Sequence[SourceRecord]) -> list[Arrival]:
        keyed = {self._record_key(record): record for record in records}
        ledger = self.hub.store.ledger(keyed)
        self.receipt += Receipt(read=len(keyed))
        arrivals = [Arrival(record, key, ledger.get(key)) for key, record in keyed.items()]
        finished = [arrival.finished(self.signature, again=self.again) for arrival in arrivals]
        self.receipt = sum((said for said in finished if said), self.receipt)
        return [arrival for arrival, said in zip(arrivals, finished, strict=True) if said is None]

    def _record_key(self, record: SourceRecord) -> str:
        return record_key(self.connection.id, record.kind, record.id, hub=self.hub)

    def _map(self, arrivals: list[Arrival]) -> None:
        for arrival in arrivals:
            arrival.mapped = self.mapping.forward(arrival.record, self.context)

    def _look_up(self, arrivals: list[Arrival]) -> None:
        """What the database knows of these records' persons, in as few questions as possible."""
        references = self.identities.look_up(arrivals)
        patients = {r.split("/")[1] for r in references if r.startswith("Patient/")}
        found = self.hub.store.compartments(patients) if patients else {}
        self.persons = {person: Person.of(compartment, self.hub.rules) for person, compartment in found.items()}

    # one record: identify → conform → put in
    def _enter(self, arrival: Arrival) -> None:
        assert arrival.mapped is not None
        if is_left_out(arrival, self.mapping):
            leaving = Leaving(self.connection.organization, self.persons, self.received, self.listing)
            self.written[arrival.key], said = leaving.leave_out(
                arrival, self._entry(arrival, arrival.resources, "stored")
            )
            self.receipt += said
            return
        issues = list(arrival.mapped.issues)
        if is_too_large(arrival.record.content):
            arrival.record = replace(arrival.record, content={})
            issues = [Issue("error", "too-long", "receive.too-large")]
        if not any(issue.blocks for issue in issues):
            resources, identities = self.identities.identify(arrival, arrival.mapped)
            if arrival.record.unsaid:
                open_ = self.mapping.open_parts(arrival.record, self.context)
                resources = leave_open(self._person_of(resources), resources, open_)
            resources |= self._refused(arrival, resources)
            issues += self._contradictions(arrival, resources, identities)
            issues += [issue for resource in resources.values() for issue in judge(resource)]
        if any(issue.blocks for issue in issues):
            self._reject(arrival, issues)
            return
        if issues:
            place = str(arrival.record.place)
            self.receipt += Receipt(warnings=tuple((place, issue) for issue in issues))
        if is_listing(resources.values()):
            self._enlist(arrival, resources)
        else:
            self._put(arrival, resources, identities)

    def _person_of(self, resources: Mapping[str, Resource]) -> Person | None:
        patient = next((r for r in resources.values() if r["resourceType"] == "Patient"), None)
        return self.persons.get(patient["id"]) if patient else None

    def _refused(self, arrival: Arrival, resources: Mapping[str, Resource]) -> dict[str, Resource]:
        person, form = self._person_of(resources), self.mapping
        return with_her_no(resources, arrival, person, form=form, context=self.context, now=self.now)

    def _contradictions(
        self, arrival: Arrival, resources: dict[str, Resource], identities: Mapping[str, str]
    ) -> Iterator[Issue]:
        """A code that now means somebody else, or a record that moved to another person, is for a person to decide."""
        person = self._person_of(resources)
        known = {r for r in arrival.resources.values() if r.startswith("Patient/")}
        for local, resource in resources.items():
            if resource["resourceType"] != "Patient":
                continue
            if known and reference(resource) not in known:
                yield Issue("error", "conflict", "receive.person-changed", "Patient.identifier")
            stored = person.get(reference(resource)) if person else None
            if stored is None:
                continue
            if not known and (element := contradiction(stored, resource)):
                yield Issue("error", "conflict", "receive.two-persons-one-code", f"Patient.{element}")
            alone = arrival.known and person and person.comes_only_from(set(arrival.known.resources.values()))
            if alone and not arrival.record.silent:
                resources[local] = overwrite(stored, resource)
            else:
                resources[local] = merge(stored, resource, self.mapping.elements(arrival.record.cleared))

    def _put(self, arrival: Arrival, resources: Mapping[str, Resource], identities: Mapping[str, str]) -> None:
        patient = next(r for r in resources.values() if r["resourceType"] == "Patient")
        person = self.persons.setdefault(patient["id"], Person(patient["id"], self.hub.rules))
        custodian = self.connection.organization
        consents = {reference(r): r for r in resources.values() if r["resourceType"] == "Consent"}
        kept = kept_as_changed(consents, person, arrival.known)
        changed = [name for r in resources.values() if (name := reference(r)) not in kept and person.put(r, custodian)]
        changed += self._retire_vanished(arrival, person, set(resources))
        references = untold(arrival.known, arrival.mapped)
        references |= {local: reference(resource) for local, resource in resources.items()}
        self.identities.new |= identities
        left = {name: person.version(name) + (name in changed) for name in consents if name not in kept}
        self.written[arrival.key] = replace(
            entry := self._entry(arrival, references, "stored"), consents={**entry.consents, **left}
        )
        said = [ISSUE for _ in kept]
        said += not_counted(
            [name for name in consents if name in changed], person, custodian, self.hub.policies, self.now
        )
        said += against(resources, person, custodian, {*arrival.resources.values(), *references.values()})
        if said:
            self.receipt += Receipt(warnings=tuple((str(arrival.record.place), issue) for issue in said))
        if changed:
            self.received.tell(arrival, person, changed)
        self._count(arrival, is_new=bool(changed))

    def _enlist(self, arrival: Arrival, resources: Mapping[str, Resource]) -> None:
        named = {**arrival.resources, **{local: reference(one) for local, one in resources.items()}}
        self.written[arrival.key] = self._entry(arrival, named, "stored")
        new = self.listing.put(arrival.key, resources.values(), arrival.resources, self.signature)
        self._count(arrival, is_new=new)

    def _count(self, arrival: Arrival, *, is_new: bool) -> None:
        if not is_new:
            self.receipt += Receipt(unchanged=1)
        elif arrival.resources:
            self.receipt += Receipt(updated=1)
        else:
            self.receipt += Receipt(created=1)

    def _retire_vanished(
        self, arrival: Arrival, person: Person, said: Container[str], end: End = retire, only: str = ""
    ) -> list[str]:
        """What an earlier version of the record said and this one no longer says: a consent taken back, a need dropped."""
        retired, still = [], untold(arrival.known, arrival.mapped)
        for local, known in arrival.resources.items():
            vanished = local not in said and local not in still and known.startswith(only)
            stored = person.get(known) if vanished else None
            ended = end(stored) if stored else None
            if ended and person.put(ended, self.connection.organization):
                retired.append(known)
        return retired

    def _withdraw(self, arrival: Arrival) -> Mapping[str, str]:
        """The resources that a rejected record still stands for. A consent that it no longer says ends all the same, but for what
        it closes: a mistake in another cell must neither keep open what she has closed, nor open it."""
        known = arrival.resources
        patient = next((split(r)[1] for r in known.values() if r.startswith("Patient/")), "")
        person = self.persons.get(patient)
        if person is None:
            return known
        said = {draft.local for draft in arrival.mapped.drafts} if arrival.mapped else set()
        stopped = put_her_no(arrival, person, form=self.mapping, context=self.context, now=self.now)
        withdrawn = self._retire_vanished(arrival, person, said, shut, only="Consent/")
        if ended := [*withdrawn, *stopped]:
            self.received.tell(arrival, person, ended)
        over = {name for name in withdrawn if (person.get(name) or {}).get("status") != "active"}
        return {local: known[local] for local in known if known[local] not in over}

    def _reject(self, arrival: Arrival, issues: Sequence[Issue]) -> None:
        why = tuple(issue for issue in issues if issue.blocks)
        beside = tuple(issue for issue in issues if not issue.blocks)
        record = arrival.record
        self.written[arrival.key] = self._entry(arrival, self._withdraw(arrival), "quarantined")
        self.quarantine[arrival.key] = Quarantined(
            key=arrival.key,
            connection=self.connection.id,
            mapping=self.signature,
            place=str(record.place),
            issues=why,
            content=record.content,
            at=self.now,
            record=kept(record),
        )
        self.receipt += Receipt(rejected=(Rejected(str(record.place), (*why, *beside)),))

    def _entry(self, arrival: Arrival, resources: Mapping[str, str], state: str) -> LedgerEntry:
        return LedgerEntry(
            key=arrival.key,
            connection=self.connection.id,
            version=arrival.record.version,
            mapping=self.signature,
            resources=resources,
            handle=arrival.record.handle,
            consents=arrival.known.consents if arrival.known else {},
            at=self.now,
            state="stored" if state == "stored" else "quarantined",
            kind=arrival.record.kind,
            revision=arrival.record.revision,
        )

    # settle → changes
    def _changes(self) -> Changes:
        settled = {id_: person.settle(self.now, self.hub.ids.new) for id_, person in self.persons.items()}
        touched = {id_: s for id_, s in settled.items() if s.saves or s.rekeys}
        for step in (step for one in touched.values() for step in one.steps):
            self.receipt += Receipt(referrals={step.action: 1})
        traces = [event for id_, one in touched.items() for event in self.received.audits(self.persons[id_], one)]
        traces += [
            event for id_, one in touched.items() for event in told(self.persons[id_], one, self.now, hub=self.hub)
        ]
        return Changes(
            saves=[
                *(save for s in touched.values() for save in s.saves),
                *self.received.provenances,
                *traces,
                *self.listing.saves(),
            ],
            rekeys=[rekey for s in touched.values() for rekey in s.rekeys],
            persons={id_: self.persons[id_].revision for id_ in touched},
            ledger=list(self.written.values()),
            identities=self.identities.new,
            quarantine=list(self.quarantine.values()),
            released=[key for key in self.written if key not in self.quarantine],
            outbox=[due for s in touched.values() for due in s.outbox],
            voids=[void for s in touched.values() for void in s.voids],
            due={id_: s.due for id_, s in touched.items()},
            follows={id_: s.follows for id_, s in touched.items()},
            counted={id_: s.counted for id_, s in touched.items()},
        )
