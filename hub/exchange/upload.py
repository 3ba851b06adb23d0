"""Upload: a register that its organisation hands over, taken in as a pull takes it in.

Whoever keeps no server beside the register sends the file itself. It goes the whole way of a pull and is kept nowhere. A
connection is of one kind or the other: a file in a folder and an uploaded one under the same name would undo each other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

from hub.errors import NOT_FOUND, TOO_LARGE, HubError
from hub.exchange import Hub, disclose
from hub.exchange.pull import pull
from hub.exchange.receipt import Receipt
from hub.fhir.issues import Issue
from hub.mapping import Mapping as FormMapping
from hub.ports import Adapter, Caller, Connection, FollowUp, Manifest, Pulled, Taking, Watermark

LARGEST: Final = 5 * 1024 * 1024
MOST_RECORDS: Final = 20_000
"""More take longer than a request should: such a register is pulled."""


class Door(Protocol):
    """A connection with what it takes to use it."""

    @property
    def connection(self) -> Connection: ...

    @property
    def adapter(self) -> Adapter: ...

    @property
    def mapping(self) -> FormMapping: ...


def upload(name: str, content: bytes, caller: Caller, *, doors: Mapping[str, Door], commit: bool, hub: Hub) -> Receipt:
    """What became of its records, or would. Raises NOT_FOUND (this caller has no such connection), TOO_LARGE, Fatal, Conflict."""
    door, taking = find(name, caller, doors)
    given = list(islice(taking.take(door.connection, content), MOST_RECORDS + 1))
    if len(given) > MOST_RECORDS:
        raise HubError(TOO_LARGE)
    disclose.look((), caller, hub.clock.now(), "operation", hub=hub)
    handed = _Handed(door.adapter.manifest, given)
    return pull(door.connection, handed, door.mapping, hub=hub, dry_run=not commit)


def find(name: str, caller: Caller, doors: Mapping[str, Door]) -> tuple[Door, Taking]:
    """Its own, and one that takes uploads; any other is not there. Raises NOT_FOUND."""
    door = doors.get(name)
    if door is None or not _takes(door, caller) or not isinstance(door.adapter, Taking):
        raise HubError(NOT_FOUND)
    return door, door.adapter


def choices(caller: Caller, doors: Mapping[str, Door]) -> list[Door]:
    """Those that `find` finds for this caller, by name."""
    return [door for _, door in sorted(doors.items()) if _takes(door, caller)]


def takes_uploads(door: Door) -> bool:
    """Whether what it carries is handed over, and not read where it lies."""
    return isinstance(door.adapter, Taking) and door.connection.settings.get("upload") is True


def _takes(door: Door, caller: Caller) -> bool:
    return door.connection.organization == caller.organization and takes_uploads(door)


@dataclass(repr=False)
class _Handed:
    """An adapter that gives what was handed over, and no watermark: the next file is read whole again."""

    manifest: Manifest
    given: Sequence[Pulled]

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        yield from self.given

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        """What comes back goes through the door itself."""

    def check(self, connection: Connection) -> Iterator[Issue]:
        return iter(())
