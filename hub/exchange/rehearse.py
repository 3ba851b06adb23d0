"""Rehearse: what records would become, and who would see what of it under the present consents. Nothing is stored, told or sent.

Computed as `receive` computes it, up to the commit: the same entrance of consent, the same keys.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from hub.consent.belonging import is_referral
from hub.consent.grants import NOTICE
from hub.consent.keys import Held, granted
from hub.exchange import Hub
from hub.exchange.identity import record_key
from hub.exchange.person import classes
from hub.exchange.receipt import Receipt
from hub.exchange.receive import prepare
from hub.fhir.references import split
from hub.fhir.tasks import party
from hub.mapping import Mapping as FormMapping
from hub.ports import Changes, Connection, SourceRecord, Stored

REFUSED = frozenset({"rejected", "cancelled", "entered-in-error"})


@dataclass(frozen=True)
class Seen:
    """Of how many persons an organisation would hear, and the data classes open to it: at once, and once it accepts."""

    recipient: str
    persons: int = 0
    at_once: frozenset[str] = frozenset()
    accepted: frozenset[str] = frozenset()


@dataclass(frozen=True, repr=False)
class Rehearsal:
    """`ended`: persons of whom nobody would hear by a consent that counted once, as its last day is past."""

    receipt: Receipt
    persons: int = 0
    seen: Sequence[Seen] = field(default_factory=tuple)
    ended: int = 0


def rehearse(records: Sequence[SourceRecord], connection: Connection, mapping: FormMapping, *, hub: Hub) -> Rehearsal:
    changes, receipt = prepare(records, connection, mapping, hub=hub)
    persons = {*changes.persons, *_known(records, connection, hub)}
    told: dict[str, Seen] = {}
    ended = 0
    for documents in _documents(persons, changes, hub):
        seen = list(_seen(documents, connection.organization, hub))
        ended += bool(seen) and not any(one.persons for one in seen)
        for one in (one for one in seen if one.persons):
            before = told.get(one.recipient, Seen(one.recipient))
            told[one.recipient] = replace(
                before,
                persons=before.persons + 1,
                at_once=before.at_once | one.at_once,
                accepted=before.accepted | one.accepted,
            )
    return Rehearsal(receipt, len(persons), tuple(told[name] for name in sorted(told)), ended)


def _known(records: Sequence[SourceRecord], connection: Connection, hub: Hub) -> Iterator[str]:
    """The persons of records that are stored already, as they are."""
    entries = hub.store.ledger([record_key(connection.id, one.kind, one.id, hub=hub) for one in records])
    for entry in entries.values():
        kept = (split(one) for one in entry.resources.values())
        yield from (id_ for type_, id_ in kept if type_ == "Patient")


def _documents(persons: Iterable[str], changes: Changes, hub: Hub) -> Iterator[list[Stored]]:
    """All of each person, as it would be after the commit."""
    wanted = list(persons)
    stored = hub.store.compartments(wanted)
    now = hub.clock.now()
    for person in wanted:
        kept = {(one.type, one.id): one for one in (stored[person].documents if person in stored else ())}
        kept |= {(one.type, one.id): one.stored(now) for one in changes.saves if one.person == person}
        yield list(kept.values())


def _seen(documents: Sequence[Stored], custodian: str, hub: Hub) -> Iterator[Seen]:
    """What her consents permit to those to whom she is referred; to one with nobody (`persons` 0) they did once."""
    now = hub.clock.now()
    held = [Held(one.resource(), one.custodian or "", one.at) for one in documents if not one.gone]
    permitted = granted(held, hub.rules).get(custodian)
    tasks = [one.resource for one in held if one.custodian == custodian and is_referral(one.resource)]
    owners = {party(task, "owner") for task in tasks if task["status"] not in REFUSED} - {""}
    recipients = {split(owner)[1] for owner in owners} - {custodian}
    there = frozenset[str]().union(*(classes(one.resource) for one in held)) | {NOTICE}
    for recipient in sorted(recipients if permitted else ()):
        keys = tuple(permitted.to(recipient)) if permitted else ()
        open_ = there & {key.grant.rpartition("|")[2] for key in keys if key.since <= now < key.until}
        if open_:
            yield Seen(recipient, 1, frozenset(open_ & {NOTICE}), frozenset(open_ - {NOTICE}))
        elif any(key.until <= now for key in keys):
            yield Seen(recipient)
