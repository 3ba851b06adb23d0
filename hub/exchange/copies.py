"""The working copies of one person's documents, each made when somebody asks for it.

An act that adds to what is there looks at little of it, and what it does not look at costs it nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from hub.consent.keys import Held
from hub.fhir import Resource
from hub.fhir.serial import written_alike
from hub.ports import Documents, Stored

SET_BY_THE_STORE = ("versionId", "lastUpdated")


def content(resource: Resource) -> Resource:
    """The resource without what the store sets: two resources of equal content are the same version."""
    meta = {key: value for key, value in resource.get("meta", {}).items() if key not in SET_BY_THE_STORE}
    return {**resource, "meta": meta} if meta else {key: value for key, value in resource.items() if key != "meta"}


def same_content(one: Resource, other: Resource) -> bool:
    return written_alike(content(one), content(other))


@dataclass(slots=True)
class Document:
    resource: Resource
    custodian: str
    stored: Stored | None
    changed: bool = False
    _held: Held | None = None

    @property
    def is_new_version(self) -> bool:
        """Changed, and not changed back."""
        return self.changed and not (self.stored and same_content(self.stored.content, self.resource))

    def before(self) -> Resource | None:
        """As it was stored before this act."""
        if self.stored is None:
            return None
        return self.stored.content if self.changed else self.resource

    def held(self, now: datetime) -> Held:
        """What is changed by this act is stored with it."""
        if self.changed or self.stored is None:
            return self._as_held(now)
        if self._held is None:
            self._held = self._as_held(now)
        return self._held

    def _as_held(self, now: datetime) -> Held:
        stored, is_new = self.stored, self.is_new_version
        at = stored.at if stored and not is_new else now
        return Held(self.resource, self.custodian, at, (stored.version if stored else 0) + is_new)


class Copies:
    """By reference, in the order in which they are stored, and then as they were put in."""

    def __init__(self, stored: Documents) -> None:
        self._stored = stored
        self._made: dict[str, Document] = {}
        self._are_all = not stored

    def get(self, key: str) -> Document | None:
        found = self._made.get(key)
        if found is None and not self._are_all:
            type_, _, id_ = key.partition("/")
            if stored := self._stored.find(type_, id_):
                found = self._made[key] = _copy(stored)
        return found

    def put(self, key: str, document: Document) -> None:
        self._made[key] = document

    def pop(self, key: str) -> Document:
        return self.all().pop(key)

    def all(self) -> dict[str, Document]:
        if not self._are_all:
            there = {f"{one.type}/{one.id}": one for one in self._stored}
            made = self._made
            self._made = {key: made.get(key) or _copy(stored) for key, stored in there.items()}
            self._made |= made
            self._are_all = True
        return self._made

    def changed(self) -> list[tuple[str, Document]]:
        return [(key, one) for key, one in self._made.items() if one.changed]

    def of_type(self, type_: str) -> Iterator[Document]:
        """Of those that were stored before this act."""
        found = (self.get(f"{type_}/{one.id}") for one in self._stored.of_type(type_))
        return (one for one in found if one)


def _copy(stored: Stored) -> Document:
    return Document(stored.content, stored.custodian or "", stored)
