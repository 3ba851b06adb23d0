"""Received: what is recorded of records that came in: a Provenance each, and an AuditEvent a person.

https://hl7.org/fhir/R4/provenance.html · https://hl7.org/fhir/R4/auditevent.html
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hub.audit import events
from hub.consent.keys import own_key
from hub.exchange import Hub
from hub.exchange.arrival import Arrival
from hub.exchange.person import Person, Settled
from hub.fhir.references import reference
from hub.ports import Connection, Save

RECEIVE: Final = "record.receive"
OF_THE_TOOL: Final = frozenset({RECEIVE, "record.withdraw"})
"""What somebody did in the tool, and not at the hub."""


@dataclass
class _Told:
    """What the audit will say of one person: how the first of her records came, and what they changed."""

    interaction: str
    entities: list[str] = field(default_factory=list)


class Received:
    """The records of one batch, as its trace tells them."""

    def __init__(self, connection: Connection, mapping: str, now: datetime, hub: Hub) -> None:
        self.connection, self.mapping, self.now, self.hub = connection, mapping, now, hub
        self.provenances: list[Save] = []
        self._told: dict[str, dict[str, _Told]] = {}  # by person and verb

    def tell(self, arrival: Arrival, person: Person, changed: list[str], verb: str = RECEIVE) -> None:
        organization = self.connection.organization
        provenance = events.provenance(
            self.hub.ids.new(), self.now, targets=changed, organization=organization, connection=self.connection.id,
            record=arrival.key, mapping=self.mapping,
        )  # fmt: skip
        self.provenances.append(Save(provenance, person.id, organization, (own_key(organization),)))
        interaction = "update" if arrival.known else "create"
        self._told.setdefault(person.id, {}).setdefault(verb, _Told(interaction)).entities += changed

    def audits(self, person: Person, settled: Settled) -> Iterator[Save]:
        """One AuditEvent a person, batch and verb: what was received, and what followed from it. What followed among the records
        of another keeper is for that one to know."""
        keepers = [(person.custodian(reference(step.task)) or "", step) for step in settled.steps]
        organization = self.connection.organization
        mine = [step for keeper, step in keepers if keeper == organization]
        for verb, told in self._told.get(person.id, {RECEIVE: _Told("update")}).items():
            entities = [*told.entities, *(reference(step.task) for step in mine)]
            followed = dict.fromkeys(step.action for step in mine)
            yield self._audit(verb, person.id, organization, entities, followed=followed, interaction=told.interaction)
            mine = []  # told with the first
        for keeper, step in keepers:
            if keeper != organization:
                yield self._audit(step.action, person.id, keeper, [reference(step.task)])

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
            source=keeper if verb in OF_THE_TOOL else "",
        )
        return Save(event, person, keeper, (own_key(keeper),))
