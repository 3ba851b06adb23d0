"""Into the tool that the case came from: each change of a referral, as its mapping writes it and its adapter pushes it.

At least once, and once in effect, because adapters write the same follow-up twice as once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.errors import Fatal
from hub.exchange import Hub
from hub.exchange.foremost import foremost
from hub.exchange.notify import News, news, origin, source
from hub.fhir.instants import day_of
from hub.mapping import Context
from hub.mapping import Mapping as FormMapping
from hub.ports import Adapter, Connection, Destination, Dispatch, Due, FollowUp, Parcel, Way

CONNECTION: Final = "connection"


@dataclass(frozen=True)
class Door:
    """A connection with what it takes to use it."""

    connection: Connection
    adapter: Adapter
    mapping: FormMapping


@dataclass(frozen=True)
class WriteBack:
    """Knows the destinations, and carries what is for them."""

    doors: Mapping[str, Door]
    hub: Hub
    at_once: int = 100

    def of(self, row: Due) -> Sequence[Destination]:
        """What a recipient is told is for no tool, but for messages: whoever reads one, fewer wait. A connection that is gone is
        told nothing."""
        told = not row.recipient or row.reference.startswith("Communication/")
        found = origin(row.reference, hub=self.hub) if told else None
        if found is None or found.entry.connection not in self.doors:
            return ()
        return (Destination(CONNECTION, found.entry.connection, found.custodian),)

    def pack(self, dispatch: Dispatch) -> FollowUp | None:
        as_of = self.hub.clock.now()
        door, found = self._door(dispatch.destination), origin(dispatch.reference, hub=self.hub)
        if found is None:
            return None
        if door.adapter.manifest.tells_one:
            found = foremost(found, source(found), hub=self.hub)
        return self._follow_up(door, news(found, door.mapping.beside, hub=self.hub), as_of)

    def send(self, destination: Destination, parcels: Sequence[Parcel]) -> None:
        door = self._door(destination)
        door.adapter.push(door.connection, [parcel.content for parcel in parcels])

    def _door(self, destination: Destination) -> Door:
        if destination.id not in self.doors:
            raise Fatal("delivery.no-connection")
        return self.doors[destination.id]

    def _follow_up(self, door: Door, about: News, as_of: datetime) -> FollowUp:
        language = str(door.connection.settings.get("language", ""))
        context = Context(
            door.connection.organization,
            self.hub.directory.find,
            day_of(as_of),
            lambda organization: self.hub.directory.name(organization, language),
        )
        values = door.mapping.back(about.resources, context, about.beside)
        return FollowUp(about.resources["task"]["id"], about.origin.handle, values, as_of)


def write_back(doors: Mapping[str, Door], *, hub: Hub) -> Way:
    carrier = WriteBack(doors, hub)
    return Way(CONNECTION, carrier, carrier, overwrites=True)
