"""From a directory to records: what changed, where that is enough, and else everything.

Two questions tell whether everything must be read: which services changed since the last pull, and how many there are. When
their number is not that of the services known and new, some have vanished. Only a full pass, which met as many services as the
server counts from its first page to its last, says that the others are gone; and of each that was known and not met it asks
again by itself, for a page may have shifted while it was turned.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

import orjson

from adapters.hsds.client import Directory, Page, Service, only_publishes, opened
from adapters.hsds.records import KIND, Reader
from adapters.hsds.seen import FIRST, Seen, asked_from, newest, remembered
from hub.ports import Complete, Connection, Present, Pulled, SourceRecord, Watermark

SHAPE: Final = "places"
"""What records are made of. When that becomes another, all are read again."""


def pull(connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
    """New and edited services, a watermark after each page that has some."""
    if only_publishes(connection):
        return
    reader = Reader(connection)
    seen = remembered(since, _terms(connection))
    with opened(connection) as directory:
        changed = _changed(directory, seen, reader)
        if changed is None:
            yield from _FullPass(directory, seen, reader, since).run()
            return
        yield from _fresh(changed, seen, reader)
        seen.until = newest(changed, seen.until)
    if seen.watermark() != since:
        yield Present(KIND, tuple(seen.versions))
        yield seen.watermark()


def _changed(directory: Directory, seen: Seen, reader: Reader) -> list[Service] | None:
    """The services that changed since; None where that is not all there is to know."""
    if not seen.until:
        return None
    changed = [one for page in directory.pages(asked_from(seen.until)) for one in page.services]
    known = seen.versions.keys() | {reader.identify(one) for one in changed}
    return changed if directory.total() == len(known) and newest(changed, seen.until) else None


class _FullPass:
    """Everything, from the first page to the last. Until its end, `seen` keeps what it knew and can answer no question after
    changes: a pass that was cut short is made again."""

    def __init__(self, directory: Directory, seen: Seen, reader: Reader, since: Watermark | None) -> None:
        self._directory, self._seen, self._reader, self._since = directory, seen, reader, since
        self._met: dict[str, None] = {}
        self._counted: set[int | None] = set()
        self._read = 0
        self._until = FIRST

    def run(self) -> Iterator[Pulled]:
        self._seen.until = ""
        for page in self._directory.pages():
            self._count(page)
            fresh = list(_fresh(page.services, self._seen, self._reader))
            yield from fresh
            if fresh:
                yield self._seen.watermark()
        if self._is_whole:
            yield from self._gone()
            self._seen.until = self._until
        reached = self._seen.watermark()
        if reached == self._since:
            return
        if self._is_whole:
            yield Present(KIND, tuple(self._met))
            yield Complete(KIND)
        yield reached

    def _count(self, page: Page) -> None:
        self._counted.add(page.total)
        self._read += len(page.services)
        self._until = newest(page.services, self._until)
        self._met |= dict.fromkeys(self._reader.identify(one) for one in page.services)

    @property
    def _is_whole(self) -> bool:
        return self._counted == {self._read}

    def _gone(self) -> Iterator[SourceRecord]:
        """Forgets what is no more; what is there all the same is read."""
        for id_ in [one for one in self._seen.versions if one not in self._met]:
            found = self._directory.look(id_)
            if found is None:
                del self._seen.versions[id_]
            else:
                self._met[id_] = None
                yield from _fresh([found], self._seen, self._reader)


def _fresh(services: Iterable[Service], seen: Seen, reader: Reader) -> Iterator[SourceRecord]:
    for service in services:
        record = reader.record(service)
        if seen.versions.get(record.id) != record.version:
            seen.versions[record.id] = record.version
            yield record


def _terms(connection: Connection) -> str:
    """What the records depend on besides the services. When it changes, all are read again."""
    settings = [SHAPE, *(connection.settings.get(name) for name in ("url", "shelter_codes"))]
    return hashlib.sha256(orjson.dumps(settings)).hexdigest()[:20]
