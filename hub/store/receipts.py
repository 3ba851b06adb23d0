"""What was received, as the store keeps it: the ledger of a source's records, the quarantine, how far a source was read.

A part of `hub.store.MongoStore`.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from hub.ports import Aside, LedgerEntry, Quarantined, SetAside, Watermark
from hub.store import aside
from hub.store.discarding import DISCARDED
from hub.store.failures import each_in_our_words, in_our_words
from hub.store.lookups import find_one
from hub.store.records import Box, ledger_entry, quarantined
from hub.store.schema import Document, Mongo

CHUNK: Final = 1000
ASIDE: Final = 100
"""Records of the quarantine that are fetched together: they are whole, and may be large."""
STANDING: Final = ("stored", "quarantined", "discarded")  # states of a record of which something is kept


class Receipts:
    """Ledger, identities, watermarks and quarantine."""

    database: Mongo
    _box: Box

    @in_our_words
    def ledger(self, keys: Iterable[str]) -> dict[str, LedgerEntry]:
        return {row["_id"]: ledger_entry(row, self._box) for row in self._by_id("ledger", keys)}

    @in_our_words
    def ledger_of(self, connection: str, kind: str, before: datetime) -> Iterator[str]:
        standing = {"connection": connection, "kind": kind, "state": {"$in": STANDING}}
        asked = self.database.ledger.find({**standing, "at": {"$lt": before}}, {"_id": 1}, batch_size=CHUNK)
        return (row["_id"] for row in asked)

    @in_our_words
    def are_all_left_out(self, connection: str, least: int) -> bool:
        if self.database.ledger.find_one({"connection": connection, "state": {"$in": STANDING}}, {"_id": 1}):
            return False
        left_out = {"connection": connection, "state": "left-out"}
        return self.database.ledger.count_documents(left_out, limit=least) >= least

    @in_our_words
    def origin(self, reference: str) -> LedgerEntry | None:
        found = self.database.ledger.find_one({"resources.r": reference})
        return ledger_entry(found, self._box) if found else None

    @in_our_words
    def identities(self, keys: Iterable[str]) -> dict[str, str]:
        return {row["_id"]: row["r"] for row in self._by_id("identities", keys)}

    @in_our_words
    def guard(self, name: str) -> int:
        found = find_one(self.database, "guards", {"_id": name})
        return int(found["n"]) if found else 0

    @in_our_words
    def watermark(self, connection: str) -> Watermark | None:
        found = self.database.watermarks.find_one({"_id": connection})
        return Watermark(self._box.open(found["value"])) if found else None

    @each_in_our_words
    def quarantine(
        self, connection: str | None = None, key: str | None = None, *, discarded: bool = False
    ) -> Iterator[Quarantined]:
        asked = {"connection": connection, "_id": key}
        wanted = {name: value for name, value in asked.items() if value is not None} | {
            DISCARDED: {"$exists": discarded}
        }
        found = self.database.quarantine.find(wanted, sort=[("at", 1), ("_id", 1)], batch_size=ASIDE)
        return (quarantined(row, self._box) for row in found)

    @each_in_our_words
    def quarantine_keys(self, *, discarded: bool = False) -> Iterator[str]:
        wanted = {DISCARDED: {"$exists": discarded}}
        return (row["_id"] for row in self.database.quarantine.find(wanted, {"_id": 1}, batch_size=CHUNK))

    @in_our_words
    def all_set_aside(self) -> dict[str, int]:
        waiting = {"$match": {DISCARDED: {"$exists": False}}}
        by_connection = {"$group": {"_id": "$connection", "n": {"$sum": 1}}}
        return {row["_id"]: row["n"] for row in self.database.quarantine.aggregate([waiting, by_connection])}

    @in_our_words
    def waiting(self, connections: Iterable[str]) -> dict[str, Aside]:
        return aside.waiting(self.database, connections)

    @each_in_our_words
    def reasons(self, connection: str, limit: int) -> Iterator[SetAside]:
        return aside.reasons(self.database, self._box, connection, limit)

    @in_our_words
    def set_aside(self, connection: str) -> int:
        return self.database.quarantine.count_documents({"connection": connection, DISCARDED: {"$exists": False}})

    def _by_id(self, collection: str, keys: Iterable[str]) -> Iterator[Document]:
        wanted = list(keys)
        for start in range(0, len(wanted), CHUNK):
            yield from self.database[collection].find({"_id": {"$in": wanted[start : start + CHUNK]}}, batch_size=CHUNK)
