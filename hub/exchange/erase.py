"""Erase: a survivor's data is destroyed for good, at her wish, by order, or because it should never have been there.

Her data key is destroyed with it, so that what older copies of the database hold of her can no longer be read with the keys
of today. Groups and lists of others lose what was hers, in their former versions too. Afterwards she is as absent as
somebody who never was: every read answers 404, to her keeper too, since `410 Gone` would tell that she was known. The audit
trail says that it was done, when, why, and which key it was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub import errors
from hub.audit import events
from hub.consent.keys import own
from hub.errors import HubError
from hub.exchange import Hub
from hub.exchange.queue import Turn
from hub.fhir import Resource
from hub.fhir.references import split
from hub.ports import Changes, Compartment, Key, KeyProof, Save

LISTED: Final = (("member", "entity"), ("entry", "item"))
"""Where a Group and a List name somebody."""
REASONS: Final = ("asked", "ordered", "mistake")
"""Codes, not a text: a text could hold a name, and the audit trail is never changed."""


@dataclass(frozen=True)
class Erased:
    """`key` None: nothing of hers was ever encrypted."""

    person: str
    at: datetime
    documents: int
    key: KeyProof | None


def erase(person: str, reason: str, *, hub: Hub) -> Erased:
    """Raises HubError(NOT_FOUND) for one who is not there, or no longer."""
    if reason not in REASONS:
        raise ValueError("not a reason for an erasure")

    def attempt(turn: Turn) -> Erased:
        compartment = hub.store.compartments([person]).get(person)
        if compartment is None:
            raise HubError(errors.NOT_FOUND)
        now, proof = hub.clock.now(), hub.store.key_proof(person)
        references = [f"{stored.type}/{stored.id}" for stored in (*compartment.documents, *compartment.gone)]
        changes = Changes(
            saves=[*_told(compartment, reason, proof, now, hub), *_left_out(references, now, hub)],
            persons={person: compartment.revision},
            erased={person: references},
        )
        turn.asked.add(person)
        hub.store.commit(changes)
        return Erased(person, now, len(references), proof)

    return hub.queue.tried(attempt)


def _told(compartment: Compartment, reason: str, proof: KeyProof | None, now: datetime, hub: Hub) -> Iterator[Save]:
    """One event for each keeper of something of hers."""
    for keeper in sorted({stored.custodian or "" for stored in compartment.documents}):
        event = events.event(
            hub.ids.new(), "survivor.erase", now, interaction="delete", caller=None, person=compartment.person,
            because=f"erase.{reason}", named=_proven(proof),
        )  # fmt: skip
        yield Save(event, compartment.person, keeper, (Key(own(keeper)),))


def _left_out(references: Sequence[str], now: datetime, hub: Hub) -> Iterator[Save]:
    """Groups and lists of others without what was hers, each with its event; neither names her."""
    gone = frozenset(references)
    for stored in hub.store.naming(references):
        resource = _without(stored.resource(), gone)
        entry, keeper = f"{stored.type}/{stored.id}", stored.custodian or ""
        event = events.event(
            hub.ids.new(), "entry.update", now, interaction="update", caller=None, person=None, entities=[entry]
        )
        yield Save(event, None, keeper, (Key(own(keeper)),))
        yield Save(resource, None, stored.custodian, stored.keys, stored.version)


def _without(resource: Resource, gone: frozenset[str]) -> Resource:
    left = {
        listed: [one for one in resource.get(listed, ()) if "/".join(split(one[named]["reference"])) not in gone]
        for listed, named in LISTED
    }
    return {name: left.get(name, value) for name, value in resource.items() if left.get(name, value)}


def _proven(proof: KeyProof | None) -> list[Resource]:
    uri = "urn:ietf:rfc:3986"
    return (
        [
            {"identifier": {"system": uri, "value": f"urn:uuid:{proof.id}"}},
            {"identifier": {"system": uri, "value": f"urn:hash::sha256:{proof.fingerprint}"}},
        ]
        if proof
        else []
    )
