"""Destinations for tests: a tool behind a door, and a way of another kind, both as often away as they are told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.delivery.write_back import Door, write_back
from hub.exchange import Hub
from hub.exchange.notify import seen
from hub.fhir.issues import Issue
from hub.ports import (
    Adapter,
    Caller,
    Connection,
    Destination,
    Dispatch,
    Due,
    FollowUp,
    Manifest,
    Parcel,
    Pulled,
    Watermark,
    Way,
)
from tests.support.association import Scene


class Tool:
    """A door to a tool that keeps what it is given."""

    manifest = Manifest("tool", {}, {})

    def __init__(self, *problems: Exception) -> None:
        self.problems = list(problems)
        self.told: dict[str, dict[str, str]] = {}
        self.calls = 0

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        return iter(())

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        self.calls += 1
        if self.problems:
            raise self.problems.pop(0)
        self.told |= {follow_up.id: dict(follow_up.values) for follow_up in follow_ups}

    def check(self, connection: Connection) -> Iterator[Issue]:
        return iter(())


def ways(at: Scene, adapter: Adapter) -> list[Way]:
    """The association's own tool."""
    return [write_back({at.connection.id: Door(at.connection, adapter, at.form)}, hub=at.hub)]


@dataclass
class Board:
    """Where everything goes that is committed, whatever it is about, to each of `names`. `refuses`: a name → what it raises each
    time; `poison`: references that nobody takes. `hub`: whose consent is asked, for whom, before anything is sent."""

    names: tuple[str, ...] = ("board",)
    at_once: int = 1
    organization: str = ""
    refuses: dict[str, Exception] = field(default_factory=dict)
    poison: dict[str, Exception] = field(default_factory=dict)
    hub: Hub | None = None
    sent: list[tuple[str, Dispatch]] = field(default_factory=list)
    calls: list[tuple[str, int]] = field(default_factory=list)

    @property
    def way(self) -> Way:
        return Way("board", self, self)

    def of(self, row: Due) -> Sequence[Destination]:
        return [Destination("board", name, self.organization or row.recipient) for name in self.names]

    def pack(self, dispatch: Dispatch) -> Any:
        if self.hub is not None:
            caller = Caller("board", dispatch.destination.organization, "COC")
            seen(dispatch.reference, caller, hub=self.hub)
        return dispatch.action

    def send(self, destination: Destination, parcels: Sequence[Parcel]) -> None:
        self.calls.append((destination.id, len(parcels)))
        if destination.id in self.refuses:
            raise self.refuses[destination.id]
        for parcel in parcels:
            if parcel.dispatch.reference in self.poison:
                raise self.poison[parcel.dispatch.reference]
        self.sent += [(destination.id, parcel.dispatch) for parcel in parcels]

    def told(self, name: str = "board") -> list[str]:
        """Which verbs arrived there, in order."""
        return [dispatch.action for to, dispatch in self.sent if to == name]
