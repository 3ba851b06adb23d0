"""Compare: what another mapping, or another version of it, would change of what is stored. Nothing is stored, told or sent.

Each record is read from its tool again and prepared as `receive` prepares it, up to the commit. Only those count which the ledger
knows in that very version: what differs then is the doing of the mapping, and not what somebody has written since. Told are
elements, numbers and places, never a value.
"""

import copy
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hub.exchange import Hub
from hub.exchange.answer import is_answer
from hub.exchange.identity import record_key
from hub.exchange.leave_out import STATE
from hub.exchange.receive import prepare
from hub.fhir import Resource
from hub.fhir.leaves import difference
from hub.mapping import Mapping as FormMapping
from hub.ports import Adapter, Changes, Connection, LedgerEntry, Save, SourceRecord

TOGETHER: Final = 2000
"""Records prepared at once: of a survivor whose visits are among them, the last one counts, as it does in a pull."""

EXAMPLES: Final = 5
OF_THE_HUB: Final = frozenset({"Provenance", "AuditEvent"})
COMPARED: Final = frozenset({"stored", "quarantined", STATE})
NOT_TRIED: Final = frozenset({"erased", "discarded"})


@dataclass
class Comparison:
    """Numbers of source records. `elements`: which would differ in how many, the type alone where a resource would be new;
    `examples`: where the first of these stand; `follows`: other resources, by type, that change because of them."""

    records: int = 0
    changed: int = 0
    aside: int = 0
    mended: int = 0
    left_out: int = 0  # stored or set aside, and no longer taken: what they said would be withdrawn
    taken: int = 0  # left out, and taken from then on
    elements: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    follows: Counter[str] = field(default_factory=Counter)
    edited: int = 0  # in the tool since: the next pull reads them whatever the mapping is
    new: int = 0
    unmet: int = 0  # stored, and not given again
    unread: bool = False  # the version is that of what is stored: a pull would read nothing anew


def compare(connection: Connection, adapter: Adapter, mapping: FormMapping, *, hub: Hub) -> Comparison:
    """Of `connection` as read with `mapping`. Raises Fatal or Retriable."""
    found, met = Comparison(), set[str]()
    for records in _together(adapter, connection, mapping):
        keyed = {record_key(connection.id, one.kind, one.id, hub=hub): one for one in records}
        known = hub.store.ledger(keyed)
        met |= keyed.keys()
        _Batch(keyed, known, found).take(connection, mapping, hub)
    for kind in mapping.kinds:
        found.unmet += sum(key not in met for key in hub.store.ledger_of(connection.id, kind, hub.clock.now()))
    return found


def _together(adapter: Adapter, connection: Connection, mapping: FormMapping) -> Iterator[list[SourceRecord]]:
    batch: list[SourceRecord] = []
    for one in adapter.pull(connection, None):
        if isinstance(one, SourceRecord) and not is_answer(one, mapping):
            batch.append(one)
        if len(batch) == TOGETHER:
            yield batch
            batch = []
    yield batch


@dataclass
class _Batch:
    """Some records by their keys, what the ledger knows of them, and where what is found is counted."""

    records: Mapping[str, SourceRecord]
    known: Mapping[str, LedgerEntry]
    found: Comparison

    def take(self, connection: Connection, mapping: FormMapping, hub: Hub) -> None:
        same = [key for key, one in self.records.items() if self._is_compared(key, one)]
        if not same:
            return
        self.found.records += len(same)
        self.found.unread |= any(self.known[key].mapping == f"{mapping.id}@{mapping.version}" for key in same)
        changes, _ = prepare([self.records[key] for key in same], connection, _as_another(mapping), hub=hub)
        after = {one.key: one.state for one in changes.ledger}
        self._count_set_aside(same, after)
        self._count_elements(changes, {key for key, state in after.items() if state == STATE}, hub)

    def _is_compared(self, key: str, record: SourceRecord) -> bool:
        entry = self.known.get(key)
        if entry is not None and entry.state in NOT_TRIED:
            return False
        if entry is None or entry.state not in COMPARED:
            self.found.new += 1
            return False
        self.found.edited += entry.version != record.version
        return entry.version == record.version

    def _count_set_aside(self, keys: Iterable[str], states: Mapping[str, str]) -> None:
        for key in keys:
            before, after = self.known[key].state, states.get(key, "")
            self.found.aside += before == "stored" and after == "quarantined"
            self.found.mended += before == "quarantined" and after not in {"quarantined", STATE}
            self.found.left_out += before != STATE and after == STATE
            self.found.taken += before == STATE and after != STATE

    def _count_elements(self, changes: Changes, left_out: Container[str], hub: Hub) -> None:
        said_by = _said_by(changes.saves)
        stored = _stored([one for one in changes.saves if one.type not in OF_THE_HUB], hub)
        differing: dict[str, set[str]] = {}
        for one in changes.saves:
            if one.type in OF_THE_HUB or not (paths := difference(stored.get(_name(one)), one.resource)):
                continue
            if _name(one) in said_by:
                differing.setdefault(said_by[_name(one)], set()).update(paths)
            else:
                self.found.follows[one.type] += 1
        for key in (one for one in self.records if one in differing and one not in left_out):
            self._count(str(self.records[key].place), differing[key])

    def _count(self, place: str, elements: set[str]) -> None:
        self.found.changed += 1
        self.found.elements.update(elements)
        for path in elements:
            shown = self.found.examples.setdefault(path, [])
            if len(shown) < EXAMPLES:
                shown.append(place)


def _as_another(mapping: FormMapping) -> FormMapping:
    """Under a version that nothing is stored with: else what is known would not be looked at."""
    other = copy.copy(mapping)
    other.version = f"{mapping.version}?"
    return other


def _name(save: Save) -> str:
    return f"{save.type}/{save.id}"


def _said_by(saves: Sequence[Save]) -> dict[str, str]:
    """The key of the record that each resource comes from, as its Provenance says; of several, the last."""
    found: dict[str, str] = {}
    for one in (save.resource for save in saves if save.type == "Provenance"):
        source: Resource = next((entity["what"] for entity in one["entity"] if entity["role"] == "source"), {})
        for target in one["target"] if "identifier" in source else ():
            found[target["reference"]] = source["identifier"]["value"]
    return found


def _stored(saves: Sequence[Save], hub: Hub) -> dict[str, Resource]:
    """What these would replace, as it is."""
    persons = {save.person for save in saves if save.person}
    held = hub.store.compartments(persons) if persons else {}
    found = {f"{one.type}/{one.id}": one.resource() for person in held.values() for one in person.documents}
    for save in saves:
        if not save.person and save.replaces and (one := hub.store.read(save.type, save.id, None)):
            found[_name(save)] = one.resource()
    return found
