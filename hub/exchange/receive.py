"""Receive: from records as a tool gave them to stored cases and open referrals. This file reads as the way of a record.

    recognise → map → identify → conform → put in → settle (consent, referrals, keys) → commit

Nothing is half-stored: all that a record brings is committed in one transaction (several records may share one), together
with its Provenance, its AuditEvents, its ledger entry and its outbox rows. A record that cannot be understood goes to the
quarantine, whole, and never stops the others.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hub.audit import events
from hub.consent.keys import own_key
from hub.exchange import Hub
from hub.exchange.aftermath import told
from hub.exchange.disagreement import ISSUE, kept_as_changed, not_counted
from hub.exchange.enlist import Listing, is_listing
from hub.exchange.identity import fingerprint, record_key
from hub.exchange.judge import is_too_large, judge
from hub.exchange.kept import kept
from hub.exchange.late import is_late
from hub.exchange.merge import contradiction, leave_open, merge, overwrite, retire, untold
from hub.exchange.person import Person, Settled
from hub.exchange.queue import Turn
from hub.exchange.receipt import Receipt, Rejected
from hub.fhir import Resource
from hub.fhir.issues import Issue
from hub.fhir.references import reference, split
from hub.mapping import Context, Draft, Mapped
from hub.mapping import Mapping as FormMapping
from hub.ports import Changes, Connection, LedgerEntry, Quarantined, Save, SourceRecord, Watermark


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


@dataclass
class _Arrival:
    record: SourceRecord
    key: str
    known: LedgerEntry | None
    mapped: Mapped | None = None


@dataclass
class _Told:
    """What the audit will say of one person: how the first of her records came, and what they changed."""

    interaction: str
    entities: list[str] = field(default_factory=list)


class _Batch:
    """Records on their way in, with the persons they concern as working copies."""

    def __init__(self, connection: Connection, mapping: FormMapping, hub: Hub, again: bool) -> None:
        self.connection, self.mapping, self.hub, self.again = connection, mapping, hub, again
        self.now: datetime = hub.clock.now()
        self.signature = f"{mapping.id}@{mapping.version}"
        self.context = Context(connection.organization, hub.directory.find, self.now.date())
        self.ledger: dict[str, LedgerEntry] = {}
        self.identities: dict[str, str] = {}
        self.new_identities: dict[str, str] = {}
        self.persons: dict[str, Person] = {}
        self.records: list[Save] = []  # Provenance and AuditEvents
        self.received: dict[str, _Told] = {}
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
    def _recognise(self, records: Sequence[SourceRecord]) -> list[_Arrival]:
        keyed = {self._record_key(record): record for record in records}
        self.ledger = self.hub.store.ledger(keyed)
        self.receipt += Receipt(read=len(keyed))
        arrivals = [_Arrival(record, key, self.ledger.get(key)) for key, record in keyed.items()]
        return [arrival for arrival in arrivals if not self._is_known(arrival)]

    def _record_key(self, record: SourceRecord) -> str:
        return record_key(self.connection.id, record.kind, record.id, hub=self.hub)

    def _is_known(self, arrival: _Arrival) -> bool:
        known = arrival.known
        if known is not None and known.state == "erased":  # a register does not bring back who was erased
            self.receipt += Receipt(unchanged=1)
            return True
        if known is not None and is_late(arrival.record, known):
            self.receipt += Receipt(unchanged=1)
            return True
        if known is None or (known.version, known.mapping) != (arrival.record.version, self.signature):
            return False
        if known.state == "quarantined":
            if self.again:
                return False
            self.receipt += Receipt(rejected=(Rejected(str(arrival.record.place), (), again=True),))
        else:
            self.receipt += Receipt(unchanged=1)
        return True

    def _map(self, arrivals: list[_Arrival]) -> None:
        for arrival in arrivals:
            arrival.mapped = self.mapping.forward(arrival.record, self.context)

    def _look_up(self, arrivals: list[_Arrival]) -> None:
        """What the database knows of these records' persons, in as few questions as possible."""
        wanted = [self._identity_key(d) for a in arrivals if a.mapped for d in a.mapped.drafts if d.identity]
        self.identities = self.hub.store.identities(wanted)
        references = set(self.identities.values())
        for arrival in arrivals:
            references |= set(arrival.known.resources.values()) if arrival.known else set()
        patients = {r.split("/")[1] for r in references if r.startswith("Patient/")}
        found = self.hub.store.compartments(patients) if patients else {}
        self.persons = {person: Person.of(compartment, self.hub.rules) for person, compartment in found.items()}

    def _identity_key(self, draft: Draft) -> str:
        type_ = draft.resource["resourceType"]
        return fingerprint(self.hub.pepper, self.connection.organization, type_, draft.identity or "")

    # one record: identify → conform → put in
    def _enter(self, arrival: _Arrival) -> None:
        assert arrival.mapped is not None
        issues = list(arrival.mapped.issues)
        if is_too_large(arrival.record.content):
            arrival.record = replace(arrival.record, content={})
            issues = [Issue("error", "too-long", "receive.too-large")]
        if not any(issue.blocks for issue in issues):
            resources, identities = self._identify(arrival, arrival.mapped)
            if unsaid := arrival.record.unsaid:
                resources = leave_open(self._person_of(resources), resources, self.mapping.open_parts(unsaid))
            issues += self._contradictions(arrival, resources, identities)
            issues += [issue for resource in resources.values() for issue in judge(resource)]
        if warnings := tuple((str(arrival.record.place), issue) for issue in issues if not issue.blocks):
            self.receipt += Receipt(warnings=warnings)
        if any(issue.blocks for issue in issues):
            self._reject(arrival, tuple(issue for issue in issues if issue.blocks))
        elif is_listing(resources.values()):
            self._enlist(arrival, resources)
        else:
            self._put(arrival, resources, identities)

    def _identify(self, arrival: _Arrival, mapped: Mapped) -> tuple[dict[str, Resource], dict[str, str]]:
        """Resources with ids and resolved references, and the identities that they establish."""
        known = arrival.known.resources if arrival.known else {}
        resolved: dict[str, str] = {}
        identities: dict[str, str] = {}
        for draft in mapped.drafts:
            by_identity = ""
            if draft.identity:
                key = self._identity_key(draft)
                by_identity = self.identities.get(key) or self.new_identities.get(key) or ""
            target = by_identity or known.get(draft.local) or f"{draft.resource['resourceType']}/{self.hub.ids.new()}"
            resolved[draft.local] = target
            if draft.identity and not by_identity:
                identities[key] = target
        resources: dict[str, Resource] = {}
        for link in mapped.links:
            link["reference"] = resolved[link["reference"].removeprefix("draft:")]
        for draft in mapped.drafts:
            type_, id_ = resolved[draft.local].split("/")
            resources[draft.local] = {"resourceType": type_, "id": id_, **draft.resource}
        return resources, identities

    def _person_of(self, resources: Mapping[str, Resource]) -> Person | None:
        patient = next((r for r in resources.values() if r["resourceType"] == "Patient"), None)
        return self.persons.get(patient["id"]) if patient else None

    def _contradictions(
        self, arrival: _Arrival, resources: dict[str, Resource], identities: Mapping[str, str]
    ) -> Iterator[Issue]:
        """A code that now means somebody else, or a record that moved to another person, is for a person to decide."""
        person = self._person_of(resources)
        known = {r for r in (arrival.known.resources.values() if arrival.known else ()) if r.startswith("Patient/")}
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

    def _put(self, arrival: _Arrival, resources: Mapping[str, Resource], identities: Mapping[str, str]) -> None:
        patient = next(r for r in resources.values() if r["resourceType"] == "Patient")
        person = self.persons.setdefault(patient["id"], Person(patient["id"], self.hub.rules))
        custodian = self.connection.organization
        consents = {reference(r): r for r in resources.values() if r["resourceType"] == "Consent"}
        kept = kept_as_changed(consents, person, arrival.known)
        changed = [name for r in resources.values() if (name := reference(r)) not in kept and person.put(r, custodian)]
        changed += self._retire_vanished(arrival, person, set(resources))
        references = untold(arrival.known, arrival.mapped)
        references |= {local: reference(resource) for local, resource in resources.items()}
        self.new_identities |= identities
        left = {name: person.version(name) + (name in changed) for name in consents if name not in kept}
        self.written[arrival.key] = replace(
            entry := self._entry(arrival, references, "stored"), consents={**entry.consents, **left}
        )
        said = [ISSUE for _ in kept]
        said += not_counted(
            [name for name in consents if name in changed], person, custodian, self.hub.policies, self.now
        )
        if said:
            self.receipt += Receipt(warnings=tuple((str(arrival.record.place), issue) for issue in said))
        if changed:
            self._tell(arrival, person, changed)
        self._count(arrival, is_new=bool(changed))

    def _enlist(self, arrival: _Arrival, resources: Mapping[str, Resource]) -> None:
        known = arrival.known.resources if arrival.known else {}
        named = {**known, **{local: reference(one) for local, one in resources.items()}}
        self.written[arrival.key] = self._entry(arrival, named, "stored")
        self._count(arrival, is_new=self.listing.put(arrival.key, resources.values(), known, self.signature))

    def _count(self, arrival: _Arrival, *, is_new: bool) -> None:
        if not is_new:
            self.receipt += Receipt(unchanged=1)
        elif arrival.known and arrival.known.resources:
            self.receipt += Receipt(updated=1)
        else:
            self.receipt += Receipt(created=1)

    def _retire_vanished(self, arrival: _Arrival, person: Person, said: Container[str], only: str = "") -> list[str]:
        """What an earlier version of the record said and this one no longer says: a consent taken back, a need dropped."""
        retired, still = [], untold(arrival.known, arrival.mapped)
        for local, known in (arrival.known.resources if arrival.known else {}).items():
            vanished = local not in said and local not in still and known.startswith(only)
            stored = person.get(known) if vanished else None
            ended = retire(stored) if stored else None
            if ended and person.put(ended, self.connection.organization):
                retired.append(known)
        return retired

    def _withdraw(self, arrival: _Arrival) -> Mapping[str, str]:
        """The resources that a rejected record still stands for. A consent that it no longer says ends all the same: a
        mistake in another cell must not keep open what she has closed."""
        known = arrival.known.resources if arrival.known else {}
        patient = next((split(r)[1] for r in known.values() if r.startswith("Patient/")), "")
        person = self.persons.get(patient)
        if person is None:
            return known
        said = {draft.local for draft in arrival.mapped.drafts} if arrival.mapped else set()
        if withdrawn := self._retire_vanished(arrival, person, said, only="Consent/"):
            self._tell(arrival, person, withdrawn)
        return {local: known[local] for local in known if known[local] not in withdrawn}

    def _tell(self, arrival: _Arrival, person: Person, changed: list[str]) -> None:
        new_id, organization = self.hub.ids.new, self.connection.organization
        interaction = "update" if arrival.known else "create"
        provenance = events.provenance(
            new_id(), self.now, targets=changed, organization=organization, connection=self.connection.id,
            record=arrival.key, mapping=self.signature,
        )  # fmt: skip
        self.records.append(Save(provenance, person.id, organization, (own_key(organization),)))
        self.received.setdefault(person.id, _Told(interaction)).entities += changed

    def _reject(self, arrival: _Arrival, issues: tuple[Issue, ...]) -> None:
        record = arrival.record
        self.written[arrival.key] = self._entry(arrival, self._withdraw(arrival), "quarantined")
        self.quarantine[arrival.key] = Quarantined(
            key=arrival.key,
            connection=self.connection.id,
            mapping=self.signature,
            place=str(record.place),
            issues=issues,
            content=record.content,
            at=self.now,
            record=kept(record),
        )
        self.receipt += Receipt(rejected=(Rejected(str(record.place), issues),))

    def _entry(self, arrival: _Arrival, resources: Mapping[str, str], state: str) -> LedgerEntry:
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
        self.records += [event for id_, one in touched.items() for event in self._audits(id_, one)]
        self.records += [
            event for id_, one in touched.items() for event in told(self.persons[id_], one, self.now, hub=self.hub)
        ]
        return Changes(
            saves=[save for s in touched.values() for save in s.saves] + self.records + self.listing.saves(),
            rekeys=[rekey for s in touched.values() for rekey in s.rekeys],
            persons={id_: self.persons[id_].revision for id_ in touched},
            ledger=list(self.written.values()),
            identities=self.new_identities,
            quarantine=list(self.quarantine.values()),
            released=[key for key in self.written if key not in self.quarantine],
            outbox=[due for s in touched.values() for due in s.outbox],
            voids=[void for s in touched.values() for void in s.voids],
            due={id_: s.due for id_, s in touched.items()},
            follows={id_: s.follows for id_, s in touched.items()},
            counted={id_: s.counted for id_, s in touched.items()},
        )

    def _audits(self, person: str, settled: Settled) -> Iterator[Save]:
        """One AuditEvent a person and batch: what was received, and what followed from it. What followed among the records of
        another keeper is for that one to know."""
        for step in settled.steps:
            self.receipt += Receipt(referrals={step.action: 1})
        keepers = [(self.persons[person].custodian(reference(step.task)) or "", step) for step in settled.steps]
        organization = self.connection.organization
        mine = [step for keeper, step in keepers if keeper == organization]
        told = self.received.get(person, _Told("update"))
        entities = [*told.entities, *(reference(step.task) for step in mine)]
        followed = dict.fromkeys(step.action for step in mine)
        yield self._audit(
            "record.receive", person, organization, entities, followed=followed, interaction=told.interaction
        )
        for keeper, step in keepers:
            if keeper != organization:
                yield self._audit(step.action, person, keeper, [reference(step.task)])

    def _audit(
        self,
        verb: str,
        person: str,
        keeper: str,
        entities: list[str],
        *,
        followed: Iterable[str] = (),
        interaction: str = "update",
    ) -> Save:
        event = events.event(
            self.hub.ids.new(),
            verb,
            self.now,
            interaction=interaction,
            caller=None,
            person=person,
            entities=entities,
            followed=followed,
            source=keeper if verb == "record.receive" else "",
        )
        return Save(event, person, keeper, (own_key(keeper),))
