"""One data key for everything, for tests of what a document is without a database."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from hub.fhir import Resource
from hub.ports import Save
from hub.store.documents import document, stored_all
from hub.store.sealing import DataKey, Seal


class OneKey:
    one = DataKey(b"k" * 16, b"s" * 96)

    def seal(self, _: str | None) -> Seal:
        return Seal(self.one)

    def search_key(self, _: str) -> DataKey:
        return self.one

    def by_id(self, ids: Iterable[bytes]) -> Mapping[bytes, DataKey]:
        return dict.fromkeys(ids, self.one)


def kept(resource: Resource, at: datetime) -> str:
    """The text that comes back of what is written."""
    written = document(Save(resource, None, None, ()), at, OneKey())
    (stored,) = stored_all(resource["resourceType"], [written], OneKey())
    return stored.text
