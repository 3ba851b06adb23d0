"""Erase: a survivor's data is destroyed for good, at her wish, by order, or because it should never have been there.

Her data key is destroyed with it, so that what older copies of the database hold of her can no longer be read with the keys
of today. Afterwards she is as absent as somebody who never was: every read answers 404, to her keeper too, since `410 Gone`
would tell that she was known. The audit trail says that it was done, when, why, and which key it was.
"""

from collections.abc import Iterator
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
from hub.ports import Changes, Compartment, Key, KeyProof, Save

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
            saves=list(_told(compartment, reason, proof, now, hub)),
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
            because=f"erase.{reason}", destroyed=_proven(proof),
        )  # fmt: skip
        yield Save(event, compartment.person, keeper, (Key(own(keeper)),))


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
