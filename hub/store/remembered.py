"""Compartments that were read or written here a moment ago, each with the revision that it is of.

Nothing of it counts before the database has said that this is still her revision: when she is asked for, or by the commit of
what was computed from it. What an act has written is put beside what it was computed from, so that her next act opens nothing.
As with data keys, what is open stays in this process for a short while.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from hub.ports import Changes, Compartment, Stored
from hub.store.persons import FEW
from hub.store.schema import NOT_COMPARTMENT

LIFETIME_S: Final = 30.0
DOUBTED_S: Final = 30.0  # to compute and write for nothing costs more than many questions
MOST: Final = 44_000  # documents, of some 3 kB each
PARSED: Final = 10_000  # of those that were last used, which take 9 kB more each: 200 MB with the others
READ_AT_REST: Final = 4  # her own record and her Consents, by an act that reads nothing else of hers
LARGEST: Final = 250
"""Documents of one person: of more, the others would be forgotten for her."""


@dataclass
class Remembered:
    """Threads share it."""

    _kept: OrderedDict[str, tuple[float, Compartment]] = field(default_factory=OrderedDict, repr=False)
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

    def supposed(self, person: str) -> Compartment | None:
        """The same, as long as this process seems to be the only one that acts on these persons."""
        return self.of(person) if time.monotonic() >= self._doubted_until else None

    def doubt(self) -> None:
        self._doubted_until = time.monotonic() + DOUBTED_S

    def keep(self, compartment: Compartment, *, at_rest: bool = False) -> None:
        """`at_rest`: she was so before, and is still: little of hers was read, so that no more counts as parsed than did."""
        with self._lock:
            _, parsed = self._parsed.get(compartment.person, (None, 0))
            self._drop(compartment.person)
            size = _size(compartment)
            if size > LARGEST:
                return
            self._kept[compartment.person] = time.monotonic() + LIFETIME_S, compartment
            self._documents += size
            parsed = min(size, max(parsed, READ_AT_REST)) if at_rest else size
            self._parsed[compartment.person] = compartment, parsed
            self._documents_parsed += parsed
            self._let_go()

    def _let_go(self) -> None:
        """The oldest stand first."""
        now = time.monotonic()
        while self._kept and (self._documents > MOST or next(iter(self._kept.values()))[0] < now):
            self._drop(next(iter(self._kept)))
        while self._documents_parsed > PARSED:
            person, (known, _) = next(iter(self._parsed.items()))
            known.worked_out.clear()
            for one in self._unparsed(person):
                one.forget_content()

    def follow(self, changes: Changes, at: datetime) -> None:
        """What was committed at this instant becomes what is remembered; of many at once, as of an import, nothing is."""
        if len(changes.persons) > FEW:
            self.forget(changes.persons)
            return
        for person, revision in changes.persons.items():
            before = self.of(person) if revision else Compartment(person, 0)
            if before is not None and before.revision == revision and person not in changes.erased:
                at_rest = before.rest is not None and changes.rest.get(person) is before.rest
                self.keep(_after(before, changes, at), at_rest=at_rest)
            else:
                self.forget((person,))

    def forget(self, persons: Iterable[str]) -> None:
        with self._lock:
            for person in persons:
                self._drop(person)

    def _drop(self, person: str) -> None:
        _, known = self._kept.pop(person, (0.0, None))
        self._documents -= _size(known) if known else 0
        self._unparsed(person)

    def _unparsed(self, person: str) -> Iterable[Stored]:
        """Those that count as parsed no more."""
        known, parsed = self._parsed.pop(person, (None, 0))
        self._documents_parsed -= parsed
        return known.documents if known else ()


def _size(compartment: Compartment) -> int:
    return len(compartment.documents) + len(compartment.gone)


def _after(before: Compartment, changes: Changes, at: datetime) -> Compartment:
    """As it would be read: type by type, what is new last."""
    written: dict[tuple[str, str], Stored] = {}
    gone = {(one.type, one.id): one for one in before.gone}
    removed: list[Stored] = []
    for rekey in changes.rekeys:
        if (known := before.documents.find(rekey.type, rekey.id)) is not None:
            written[rekey.type, rekey.id] = replace(known, keys=tuple(rekey.keys))
    for save in changes.saves:
        if save.person == before.person and save.type not in NOT_COMPARTMENT:
            stored = save.stored(at)
            place = stored.type, stored.id
            into, other = (gone, written) if save.gone else (written, gone)
            other.pop(place, None)
            into[place] = stored
            removed += [stored] if save.gone else []
    return Compartment(
        before.person, before.revision + 1, before.documents.changed(written.values(), removed),
        changes.due.get(before.person), tuple(gone.values()), before.worked_out, changes.rest.get(before.person),
    )  # fmt: skip
