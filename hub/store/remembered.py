"""Compartments that were read or written here a moment ago, each with the revision that it is of.

Nothing of it counts before the database has said that this is still her revision: when she is asked for, or by the commit of
what was computed from it. What an act has written is put beside what it was computed from, so that her next act opens nothing.
As with data keys, what is open stays in this process for a short while.

Where there is no more room, of a person at rest only what acts on such a person read stays at hand (`Outline`): her next need
costs the same, however much is kept of her.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final

from hub.errors import Conflict
from hub.ports import Changes, Compartment, Documents, Outline, Save, Stored
from hub.store.persons import FEW
from hub.store.schema import NOT_COMPARTMENT

LIFETIME_S: Final = 30.0
DOUBTED_S: Final = 30.0  # to compute and write for nothing costs more than many questions
MOST: Final = 44_000  # documents, of some 3 kB each
PARSED: Final = 10_000  # of those that were last used, which take 9 kB more each: 200 MB with the others
READ_AT_REST: Final = 4  # her own record and her Consents, by an act that reads nothing else of hers
AT_REST: Final = ("Patient", "Consent")
"""Types of which these are."""
LARGEST: Final = 250
"""Documents of one person: of more, the others would be forgotten for her."""

Read = Callable[[str, int], Documents]
"""Everything of a person, as she is at this revision. Raises Conflict where she is at another."""


def _read_nothing(_: str, __: int) -> Documents:
    raise Conflict


@dataclass
class Remembered:
    """Threads share it. `read`: by which what was left out is read."""

    read: Read = field(default=_read_nothing, repr=False)
    _kept: OrderedDict[str, tuple[float, Compartment]] = field(default_factory=OrderedDict, repr=False)
    _whole: OrderedDict[str, None] = field(default_factory=OrderedDict, repr=False)  # of whom nothing is left out
    _rooms: dict[str, int] = field(default_factory=dict, repr=False)
    _documents: int = 0
    _parsed: OrderedDict[str, tuple[Compartment, int]] = field(default_factory=OrderedDict, repr=False)
    _documents_parsed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _doubted_until: float = 0.0

    def of(self, person: str) -> Compartment | None:
        """As she was when somebody last looked."""
        with self._lock:
            self._let_go()
            return self._kept.get(person, (0.0, None))[1]

    def whole(self, person: str) -> Compartment | None:
        """The same, where nothing is left out: what is read later on would not be of one moment with the rest."""
        known = self.of(person)
        return known if known and known.documents.is_read else None

    def supposed(self, person: str) -> Compartment | None:
        """As she was, as long as this process seems to be the only one that acts on these persons."""
        return self.of(person) if time.monotonic() >= self._doubted_until else None

    def doubt(self) -> None:
        self._doubted_until = time.monotonic() + DOUBTED_S

    def keep(self, compartment: Compartment, *, at_rest: bool = False) -> None:
        """`at_rest`: she was so before, and is still: little of hers was read, so that no more counts as parsed than did."""
        with self._lock:
            _, parsed = self._parsed.get(compartment.person, (None, 0))
            self._drop(compartment.person)
            if _size(compartment) > LARGEST:
                if compartment.rest is None:
                    return
                compartment = self._outlined(compartment)
            size = self._put(compartment, time.monotonic() + LIFETIME_S)
            parsed = min(size, max(parsed, READ_AT_REST)) if at_rest else size
            self._parsed[compartment.person] = compartment, parsed
            self._documents_parsed += parsed
            self._let_go()

    def _put(self, compartment: Compartment, until: float) -> int:
        """And what room it takes."""
        person, room = compartment.person, _size(compartment)
        self._kept[person] = until, compartment
        if compartment.documents.is_read:
            self._whole[person] = None
        self._rooms[person] = room
        self._documents += room
        return room

    def _outlined(self, compartment: Compartment) -> Compartment:
        person, revision = compartment.person, compartment.revision
        outline = compartment.documents.outline(AT_REST, revision, partial(self.read, person))
        return replace(compartment, documents=outline)

    def _let_go(self) -> None:
        """The oldest stand first."""
        now = time.monotonic()
        while self._kept and next(iter(self._kept.values()))[0] < now:
            self._drop(next(iter(self._kept)))
        while self._kept and self._documents > MOST:
            self._make_room(next(iter(self._whole or self._kept)))
        while self._documents_parsed > PARSED:
            person, (known, _) = next(iter(self._parsed.items()))
            known.worked_out.clear()
            for one in self._unparsed(person):
                one.forget_content()

    def _make_room(self, person: str) -> None:
        until, known = self._kept[person]
        if person not in self._whole or known.rest is None:
            self._drop(person)
        else:
            self._give_back(person)
            self._put(self._outlined(known), until)

    def follow(self, changes: Changes, at: datetime) -> None:
        """What was committed at this instant becomes what is remembered; of many at once, as of an import, nothing is."""
        if len(changes.persons) > FEW:
            self.forget(changes.persons)
            return
        for person, revision in changes.persons.items():
            before = self.of(person) if revision else Compartment(person, 0)
            if before is None or before.revision != revision or person in changes.erased:
                self.forget((person,))
                continue
            at_rest = before.rest is not None and changes.rest.get(person) is before.rest
            if at_rest or before.documents.is_read:
                self.keep(_after(before, changes, at), at_rest=at_rest)
            else:  # of what was left out, nobody can read any more how it was
                self.forget((person,))

    def forget(self, persons: Iterable[str]) -> None:
        with self._lock:
            for person in persons:
                self._drop(person)

    def _drop(self, person: str) -> None:
        if self._kept.pop(person, None):
            self._give_back(person)

    def _give_back(self, person: str) -> None:
        self._documents -= self._rooms.pop(person)
        self._whole.pop(person, None)
        self._unparsed(person)

    def _unparsed(self, person: str) -> Iterable[Stored]:
        """Those that count as parsed no more."""
        known, parsed = self._parsed.pop(person, (None, 0))
        self._documents_parsed -= parsed
        return known.documents.at_hand() if known else ()


def _size(compartment: Compartment) -> int:
    return compartment.documents.weight + len(compartment.gone)


def _after(before: Compartment, changes: Changes, at: datetime) -> Compartment:
    """As it would be read: type by type, what is new last."""
    if isinstance(before.documents, Outline) and not before.documents.is_read:
        added = ((one.type, one.id) for one in changes.saves if _is_of(one, before.person))
        return _next(before, before.documents.added(added), before.gone, changes)
    written: dict[tuple[str, str], Stored] = {}
    gone = {(one.type, one.id): one for one in before.gone}
    removed: list[Stored] = []
    for rekey in changes.rekeys:
        if (known := before.documents.find(rekey.type, rekey.id)) is not None:
            written[rekey.type, rekey.id] = replace(known, keys=tuple(rekey.keys))
    for save in changes.saves:
        if _is_of(save, before.person):
            stored = save.stored(at)
            place = stored.type, stored.id
            into, other = (gone, written) if save.gone else (written, gone)
            other.pop(place, None)
            into[place] = stored
            removed += [stored] if save.gone else []
    documents = before.documents.changed(written.values(), removed)
    return _next(before, documents, tuple(gone.values()), changes)


def _is_of(save: Save, person: str) -> bool:
    return save.person == person and save.type not in NOT_COMPARTMENT


def _next(before: Compartment, documents: Documents, gone: tuple[Stored, ...], changes: Changes) -> Compartment:
    due, rest = changes.due.get(before.person), changes.rest.get(before.person)
    return Compartment(before.person, before.revision + 1, documents, due, gone, before.worked_out, rest)
