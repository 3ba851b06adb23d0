"""Enlist: services and places that a directory of others keeps, beside what organisations say of themselves.

What such a record brings is public and of no survivor. Its entries are kept by the organisation that reads the directory, and so
speak for nobody else: whoever sees open referrals is asked of entries that the giver of a service keeps itself (`offerings.py`).
A service that is no more stands as inactive, and of a place that is no longer named only the province is left: it may have
become one that nobody is told of.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hub.audit import events
from hub.consent.keys import own_key
from hub.exchange import Hub
from hub.exchange.entries import Entries
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.references import reference
from hub.ports import Connection, Save

LISTED: Final = frozenset({"HealthcareService", "Location"})
SAID_SINCE: Final = frozenset({profile("capacity"), profile("response-time")})
"""What somebody tells the hub of a service, and a directory that has no word for it does not take back."""
RECEIVED: Final = "record.receive"
WITHDRAWN: Final = "record.withdraw"
NAMELESS: Final = "—"


def is_listing(resources: Iterable[Resource]) -> bool:
    """Whether a record speaks of services and places alone."""
    types = {one["resourceType"] for one in resources}
    return bool(types) and types <= LISTED


@dataclass
class Listing:
    """The entries of some records on their way in or out, as working copies."""

    connection: Connection
    hub: Hub
    now: datetime
    entries: Entries = field(init=False)
    _told: list[Save] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.entries = Entries(self.hub.store)

    def put(self, key: str, resources: Iterable[Resource], known: Mapping[str, str], mapping: str) -> bool:
        """What a record says now; whether that is anything new. `known`: what it brought before."""
        said = [self._with_what_was_said_since(one) for one in resources]
        named = {reference(one) for one in said}
        said += self._ended(one for one in known.values() if one not in named)
        return self._take(said, key, mapping, RECEIVED)

    def end(self, key: str, known: Iterable[str], mapping: str) -> bool:
        """A record is no more."""
        return self._take(list(self._ended(known)), key, mapping, WITHDRAWN)

    def saves(self) -> list[Save]:
        return [*self.entries.saves(), *self._told]

    def _take(self, said: list[Resource], key: str, mapping: str, verb: str) -> bool:
        organization = self.connection.organization
        changed = [reference(one) for one in said if self.entries.put(one, organization)]
        if changed:
            provenance = events.provenance(
                self.hub.ids.new(), self.now, targets=changed, organization=organization, connection=self.connection.id,
                record=key, mapping=mapping,
            )  # fmt: skip
            event = events.event(
                self.hub.ids.new(), verb, self.now, interaction="update", caller=None, person=None, entities=changed,
                source=organization,
            )  # fmt: skip
            self._told += [Save(one, None, organization, (own_key(organization),)) for one in (provenance, event)]
        return bool(changed)

    def _with_what_was_said_since(self, resource: Resource) -> Resource:
        stored = self.entries.get(reference(resource)) or {}
        told = resource.get("extension", [])
        urls = {one["url"] for one in told}
        kept = [one for one in stored.get("extension", []) if one["url"] in SAID_SINCE - urls]
        return {**resource, "extension": [*kept, *told]} if kept else resource

    def _ended(self, known: Iterable[str]) -> Iterator[Resource]:
        for name in known:
            stored = self.entries.get(name)
            if stored is not None:
                yield _end(stored)


def _end(stored: Resource) -> Resource:
    if stored["resourceType"] == "HealthcareService":
        return {name: value for name, value in stored.items() if name != "location"} | {"active": False}
    where = {name: stored["address"][name] for name in ("state", "country") if name in stored["address"]}
    kept = {name: stored[name] for name in ("resourceType", "id", "meta", "type", "managingOrganization")}
    return {**kept, "status": "inactive", "name": NAMELESS, "address": where}
