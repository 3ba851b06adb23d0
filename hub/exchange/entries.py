"""Entries: what belongs to no survivor, while an act changes it: an organisation's own places, people, groups, forms.

Each is stored by itself: its version alone says whether somebody was faster.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from hub.consent.actors import COMPOSED
from hub.consent.membership import Entry
from hub.exchange.person import same_content
from hub.exchange.publish import keeper, keys_of
from hub.fhir import Resource
from hub.fhir.labels import labelled
from hub.fhir.references import reference, split
from hub.ports import Save, Store, Stored


@dataclass
class _Entry:
    resource: Resource
    custodian: str
    stored: Stored | None

    @property
    def is_new_version(self) -> bool:
        return self.stored is None or not same_content(self.stored.resource(), self.resource)


@dataclass
class Entries:
    """Working copies, read when they are asked for."""

    store: Store = field(repr=False)
    id: str = ""  # of no person
    _entries: dict[str, _Entry] = field(default_factory=dict)

    def get(self, reference_: str) -> Resource | None:
        found = self._entry(reference_)
        return found.resource if found else None

    def custodian(self, reference_: str) -> str | None:
        found = self._entry(reference_)
        return found.custodian if found else None

    def stored(self, reference_: str) -> Stored | None:
        """As it was stored before this act."""
        found = self._entry(reference_)
        return found.stored if found else None

    def put(self, resource: Resource, custodian: str) -> bool:
        """Take in an entry, labelled by rule; False when it says nothing new."""
        known = self._entry(reference(resource))
        resource = labelled(resource, known.resource if known else None)
        if known is None:
            self._entries[reference(resource)] = _Entry(resource, custodian, None)
            return True
        changed = not same_content(known.resource, resource)
        known.resource = resource if changed else known.resource
        return changed

    def entry(self, reference_: str) -> Entry | None:
        """As it stands in this act, for whoever asks who belongs to it."""
        found = self._entry(reference_)
        version = found.stored.version if found and found.stored else 0
        return Entry(found.resource, found.custodian, version) if found else None

    def changed(self) -> frozenset[str]:
        """The groups and posts of which a new version is written."""
        return frozenset(
            name for name, one in self._entries.items() if split(name)[0] in COMPOSED and one.is_new_version
        )

    def saves(self) -> Iterator[Save]:
        for one in self._entries.values():
            if one.is_new_version:
                replaces = one.stored.version if one.stored else None
                yield Save(one.resource, None, one.custodian, keys_of(one.resource, one.custodian), replaces)

    def _entry(self, reference_: str) -> _Entry | None:
        if reference_ not in self._entries:
            stored = self.store.read(*split(reference_), None)
            if stored is None or stored.person is not None:
                return None
            entry = stored.resource()
            self._entries[reference_] = _Entry(entry, stored.custodian or keeper(entry) or "", stored)
        return self._entries[reference_]
