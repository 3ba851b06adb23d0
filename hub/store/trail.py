"""The audit trail read from end to end: `hub.ports.Trail` on MongoDB, a batch at a time, in the order of its index."""

from collections.abc import Iterator
from typing import Final

import bson
from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError

from hub import search
from hub.fhir.serial import loads
from hub.ports import Head, Link
from hub.store.chains import AUDIT, content_of
from hub.store.failures import each_in_our_words, in_our_words
from hub.store.mongo import MongoStore
from hub.store.schema import CHAINED, Document

_BATCH: Final = 500
_PLACED: Final[Document] = {"c.s": {"$type": "int"}, **CHAINED}
"""What is walked with its chain. All else counts as unchained, so that nothing is neither."""

_OPTIONS: Final[bson.CodecOptions[Document]] = bson.CodecOptions(tz_aware=True)


class MongoTrail:
    def __init__(self, store: MongoStore) -> None:
        self._events = store.database[AUDIT]
        self._kept = store.database.checkpoints
        self._head = store.chains.read_head

    def __repr__(self) -> str:
        return "<MongoTrail>"

    @in_our_words
    def heads(self) -> dict[int, Head]:
        """Chains that nobody of us would write are found too; what has no whole number for its chain is unchained."""
        return {shard: self._head(shard) for shard in sorted(self._events.distinct("c.s", _PLACED))}

    @each_in_our_words
    def chain(self, shard: int) -> Iterator[Link]:
        found = self._events.find({"c.s": shard, **CHAINED}, batch_size=_BATCH)
        return (_link(document) for document in found.sort([("c.n", ASCENDING), ("_id", ASCENDING)]))

    @each_in_our_words
    def unchained(self) -> Iterator[Link]:
        stray = self._events.find({"$nor": [_PLACED]}, batch_size=_BATCH)
        return map(_link, stray.sort("_id", ASCENDING))

    @each_in_our_words
    def checkpoints(self) -> Iterator[str]:
        return (str(kept.get("line")) for kept in self._kept.find().sort("_id", ASCENDING))

    @in_our_words
    def last_checkpoint(self) -> tuple[int, str] | None:
        found = self._kept.find_one(sort=[("_id", DESCENDING)])
        return (int(found["_id"]), str(found.get("line"))) if found else None

    @in_our_words
    def save_checkpoint(self, number: int, line: str) -> bool:
        try:
            self._kept.insert_one({"_id": number, "line": line})
        except DuplicateKeyError:
            return False
        return True


def _link(document: Document) -> Link:
    """What cannot be read as an event has the content "", which no hash covers."""
    place = document.get("c")
    place = place if isinstance(place, dict) else {}
    try:
        content, hidden = content_of(document), _is_hidden(document)
    except (KeyError, TypeError, ValueError, AttributeError):
        content, hidden = "", False
    sequence = place.get("n")
    return Link(
        sequence if isinstance(sequence, int) else 0, str(place.get("h")), str(document["_id"]), content, hidden
    )


def _is_hidden(document: Document) -> bool:
    """Searches go by the fields beside the event: an event whose fields say something else is there, and not found."""
    fields = bson.decode(bson.encode({"x": search.index(loads(document["json"]))}), _OPTIONS)
    return bool(fields["x"] != document.get("x"))
