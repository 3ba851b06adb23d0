"""Set aside: what of an organisation's own records waits in quarantine, why and where; and another try.

For whoever keeps the register. Nothing that a record says is told: what is wrong in the same way with one column is one reason,
with the places where it stands. A connection of another organisation is not found, as one that is not there is not, before the
database is asked anything.
"""

import re
from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Final

from hub.errors import NOT_FOUND, HubError
from hub.exchange import Hub, disclose
from hub.exchange.findings import WITHHELD
from hub.exchange.identity import fingerprint
from hub.exchange.receipt import Receipt
from hub.exchange.replay import replay_all
from hub.exchange.upload import Door
from hub.fhir.issues import Issue
from hub.mapping import Mapping as FormMapping
from hub.ports import Aside, Caller, SetAside

READ: Final = 5_000
"""So many records are looked through for a page: about a second."""
TRIED: Final = 1_000
"""So many are tried by one request. Those that stay aside go to the end, so that the next request tries others."""
FIRST: Final = 8
"""So many places of each reason are told at once: the first, as one goes through the register."""
_PLAIN: Final = ("mapping.", "receive.")
"""What these rooms say is said of columns. Others speak to whoever writes resources, of elements."""
_UNTOLD: Final = {"value": WITHHELD, "element": ""}
_FEW: Final = 3
"""An element that more columns come to tells nobody which of them it is."""
ENUMERATE: Final = " · "
ID_LENGTH: Final = 16

Doors = Mapping[str, Door]
Where = tuple[tuple[int, ...], str]


@dataclass(frozen=True)
class Reason:
    """`count`: in how many records; `places`: the first of them. `id`: by which it is asked for, and which tells nothing."""

    id: str
    issue: Issue
    count: int
    since: datetime
    places: tuple[str, ...]


@dataclass(frozen=True)
class Reasons:
    """`all`: None where nothing is set aside. `read`: of so many of them the reasons were looked at. `outdated`: as many were
    read by another version of the mapping. The reason that most records have comes first."""

    all: Aside | None
    read: int = 0
    outdated: int = 0
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Tried:
    """`left`: how many are still set aside, also of those that were not tried."""

    receipt: Receipt
    left: int


def overview(caller: Caller, *, doors: Doors, hub: Hub) -> list[tuple[Door, Aside]]:
    """The caller's own connections of which records are set aside, by name."""
    own = {name: door for name, door in sorted(doors.items()) if _is_own(door, caller)}
    waiting = hub.store.waiting(own)
    return [(door, waiting[name]) for name, door in own.items() if name in waiting]


def find(name: str, caller: Caller, doors: Doors) -> Door:
    """One of its own. Raises NOT_FOUND."""
    door = doors.get(name)
    if door is None or not _is_own(door, caller):
        raise HubError(NOT_FOUND)
    return door


def reasons(name: str, caller: Caller, *, doors: Doors, hub: Hub) -> Reasons:
    """Why records of a connection are set aside. Raises NOT_FOUND."""
    door = find(name, caller, doors)
    found = _look_through(door, FIRST, hub)
    said = sorted(found.told(name, hub).values(), key=lambda one: (-one.count, in_reading_order(one.places[0])))
    return Reasons(hub.store.waiting([name]).get(name), found.read, found.outdated, tuple(said))


def reason(name: str, id_: str, caller: Caller, *, most: int, doors: Doors, hub: Hub) -> Reason:
    """One of them, with so many places. Raises NOT_FOUND, also where none of this connection has this id any more."""
    found = _look_through(find(name, caller, doors), most, hub).told(name, hub)
    if id_ not in found:
        raise HubError(NOT_FOUND)
    return found[id_]


def try_again(name: str, caller: Caller, *, doors: Doors, hub: Hub) -> Tried:
    """Try records of a connection once more as they were read, those first that were tried least lately. Raises NOT_FOUND,
    Conflict."""
    door = find(name, caller, doors)
    disclose.look((), caller, hub.clock.now(), "operation", hub=hub)
    receipt = replay_all(islice(hub.store.quarantine(name), TRIED), door.connection, door.mapping, hub=hub)
    return Tried(receipt, hub.store.set_aside(name))


def in_reading_order(place: str) -> Where:
    """As a person goes through the source: row 9 before row 10."""
    return tuple(map(int, re.findall(r"\d+", place))), place


def is_outdated(signature: str, mapping: FormMapping) -> bool:
    """Whether what this version read would be read by another now. Answers about referrals have mappings of their own."""
    return signature not in {f"{one.id}@{one.version}" for one in (mapping, *mapping.answers.values())}


def _is_own(door: Door, caller: Caller) -> bool:
    return door.connection.organization == caller.organization


# --- what reads alike ---------------------------------------------------------------------------------------------------


_Kind = tuple[str, str]
"""What is wrong, and with which column. Which words a sentence proposes differs from cell to cell."""


@dataclass
class _Gathered:
    issue: Issue
    since: datetime
    count: int = 0
    places: list[Where] = field(default_factory=list)

    def add(self, where: Where, since: datetime, most: int) -> None:
        self.count += 1
        self.since = min(self.since, since)
        insort(self.places, where)
        del self.places[most:]


@dataclass
class _Found:
    kinds: dict[_Kind, _Gathered] = field(default_factory=dict)
    read: int = 0
    outdated: int = 0

    def told(self, connection: str, hub: Hub) -> dict[str, Reason]:
        """By what they are asked for."""
        ids = {kind: fingerprint(hub.pepper, "set-aside", connection, *kind)[:ID_LENGTH] for kind in self.kinds}
        return {
            ids[kind]: Reason(ids[kind], one.issue, one.count, one.since, tuple(place for _, place in one.places))
            for kind, one in self.kinds.items()
        }


def _look_through(door: Door, most: int, hub: Hub) -> _Found:
    """In memory that does not grow with the records, but for so many places of each kind."""
    found = _Found()
    for one in hub.store.reasons(door.connection.id, READ):
        found.read += 1
        found.outdated += is_outdated(one.mapping, door.mapping)
        _add(one, door, most, found)
    return found


def _add(one: SetAside, door: Door, most: int, found: _Found) -> None:
    """A record that has a reason twice has it."""
    where = in_reading_order(one.place)
    told = [_of_the_source(issue, _form(one, door)) for issue in one.issues]
    for kind, issue in {(issue.text, issue.column): issue for issue in told}.items():
        found.kinds.setdefault(kind, _Gathered(issue, one.since)).add(where, one.since, most)


def _form(one: SetAside, door: Door) -> FormMapping:
    """By which it was read, be it of the version of today."""
    answers = door.mapping.answers.values()
    return next((form for form in answers if one.mapping.rpartition("@")[0] == form.id), door.mapping)


def _of_the_source(issue: Issue, form: FormMapping) -> Issue:
    """As it is said to who keeps the register: of a column, without the value of a cell and without where FHIR has it."""
    if issue.text.startswith(_PLAIN):
        told = {name: _UNTOLD.get(name, blank) for name, blank in issue.params.items()}
        return replace(issue, path="", params=told)
    headers = form.headers_at(issue.path)
    if 0 < len(headers) <= _FEW:
        named = {"column": ENUMERATE.join(headers)}
        return Issue(issue.severity, issue.code, "receive.column-does-not-fit", column=named["column"], params=named)
    return Issue(issue.severity, issue.code, "receive.record-does-not-fit")
