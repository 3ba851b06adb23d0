"""A database of any size for benchmarks: some hundred survivors stored as always, then as many more as are wanted, each a copy
of one of them under ids, identifiers, search tokens and an instant of her own.

Copies are made in the bytes of the stored documents: whatever is replaced has the same length. What is encrypted is copied, and
opens with the key of the one that it was copied from. One organisation keeps three of ten survivors; the others keep a few each.
"""

import re
import struct
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from bson import encode
from bson.raw_bson import RawBSONDocument
from pymongo import WriteConcern

from benchmarks.referred import fresh_id, survivor_of
from hub.exchange import Hub
from hub.exchange.person import Person
from hub.fhir.references import reference
from hub.ports import Changes
from hub.store import MongoStore

BIGGEST: Final = "keeper-00"
KEEPERS: Final = tuple(f"keeper-{number:02}" for number in range(1, 6))
RECIPIENTS: Final = tuple(f"clinic-{number:02}" for number in range(8))
STATUSES: Final = ("requested", "accepted", "in-progress", "completed", "rejected")
OFTEN: Final = (20, 30, 20, 28, 2)
TYPES: Final = ("Patient", "EpisodeOfCare", "Observation", "ServiceRequest", "Consent", "Task")
_TOGETHER: Final = 40
_INSTANT: Final = re.compile(rb"\x09at\x00.{8}", re.DOTALL)
_OFFSET: Final = 4  # of the value behind a field's type and name


@dataclass
class Crowd:
    """Who was stored as always: organisations, and the codes that she is found by."""

    people: "list[Asked]" = field(default_factory=list)
    stored: int = 0


@dataclass(frozen=True)
class Asked:
    keeper: str
    recipient: str
    status: str
    survivor: str
    code: str
    referral: str


def gather(hub: Hub, documents: int) -> Crowd:
    """So many documents, written by the store itself."""
    chance, crowd = Random(10), Crowd()
    for numbers in _steps(documents // len(TYPES), _TOGETHER):
        saves, persons = [], {}
        for number in numbers:
            person, asked = _person(number, chance, hub)
            settled = person.settle(hub.clock.now(), lambda: fresh_id(chance))
            saves += settled.saves
            persons[person.id] = 0
            task = next(s.resource["id"] for s in settled.saves if reference(s.resource).startswith("Task/"))
            crowd.people.append(Asked(*asked, task[:8].upper()))
        hub.store.commit(Changes(saves=saves, persons=persons))
        crowd.stored += len(saves)
    return crowd


def _steps(end: int, size: int) -> Iterator[range]:
    return (range(start, min(start + size, end)) for start in range(0, end, size))


def _person(number: int, chance: Random, hub: Hub) -> tuple[Person, tuple[str, str, str, str, str]]:
    keeper = BIGGEST if number % 10 in {0, 3, 6} else KEEPERS[number % len(KEEPERS)]
    recipient = RECIPIENTS[number * 7 // 10 % len(RECIPIENTS)]
    (status,) = chance.choices(STATUSES, OFTEN)
    code = f"ZHR-2026-{number:04}"
    person = survivor_of(keeper, recipient, status, chance, hub.rules, own={"ZHR-2026-0042": code})
    return person, (keeper, recipient, status, person.id, code)


def multiply(store: MongoStore, documents: int) -> int:
    """Copies until there are so many documents of people in all; how many there are then."""
    chance, there = Random(11), sum(store.database[type_].estimated_document_count() for type_ in TYPES)
    hasty = store.database.with_options(write_concern=WriteConcern(1, j=False))
    people = list(_people(store))
    for numbers in _steps(max(0, documents - there) // len(TYPES), 10 * _TOGETHER):
        copies: dict[str, list[RawBSONDocument]] = {}
        for number in numbers:
            for type_, raw in people[number % len(people)].copied(number, chance):
                copies.setdefault(type_, []).append(RawBSONDocument(raw))
        for type_, ones in copies.items():
            hasty[type_].insert_many(ones, ordered=False)
        there += sum(map(len, copies.values()))
    store.database.client.admin.command("fsync")
    return there


@dataclass(frozen=True)
class _Original:
    """All documents of one person as bytes, and what in them is hers alone."""

    documents: Sequence[tuple[str, bytes]]
    own: re.Pattern[bytes]
    names: Sequence[bytes]
    at: int

    def copied(self, number: int, chance: Random) -> Iterator[tuple[str, bytes]]:
        """Later than what was there by a few minutes for each, as a database grows."""
        others = {name: _another(name, chance) for name in self.names}
        at = struct.pack("<q", self.at + number * 1000)
        for type_, raw in self.documents:
            whole = self.own.sub(lambda found: others[found[0]], raw)
            yield type_, _INSTANT.sub(lambda found: found[0][:_OFFSET] + at, whole, count=1)


def _people(store: MongoStore) -> Iterator[_Original]:
    documents: dict[str, list[tuple[str, dict[str, object]]]] = {}
    for type_ in TYPES:
        for one in store.database[type_].find({"person": {"$ne": None}}):
            documents.setdefault(one["person"], []).append((type_, one))
    shared = _shared([one for ones in documents.values() for _, one in ones])
    for ones in documents.values():
        names = list(dict.fromkeys(name for type_, one in ones for name in _names(type_, one, shared)))
        pattern = re.compile(b"|".join(map(re.escape, names)))
        at = max(one["at"].timestamp() for _, one in ones) * 1000  # type: ignore[attr-defined]
        yield _Original([(type_, encode(one)) for type_, one in ones], pattern, names, int(at))


def _shared(documents: Sequence[Mapping[str, object]]) -> frozenset[bytes]:
    """Tokens of more than one person: of a system, not of an identifier."""
    seen = Counter(token for one in documents for token in set(_tokens(one)))
    return frozenset(token for token, times in seen.items() if times > 1)


def _tokens(document: Mapping[str, object]) -> list[bytes]:
    found: list[bytes] = document.get("t", {}).get("identifier", [])  # type: ignore[attr-defined]
    return found


def _names(type_: str, document: Mapping[str, object], shared: frozenset[bytes]) -> Iterator[bytes]:
    id_ = str(document["_id"])
    yield id_.encode()
    if type_ == "Task":
        yield id_[:8].upper().encode()
    yield from (token for token in _tokens(document) if token not in shared)


def _another(name: bytes, chance: Random) -> bytes:
    if len(name) == 36:
        return fresh_id(chance).encode()
    if len(name) == 8:
        return b"%08X" % chance.getrandbits(32)
    return chance.randbytes(len(name))
