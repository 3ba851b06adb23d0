"""Records in quarantine: why they are there and since when, without reading what they say.

Set aside again, a record keeps the instant at which it first was; released, it begins anew.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from hub.ports import Aside, SetAside
from hub.store.discarding import DISCARDED
from hub.store.records import SINCE, Box, issues, since
from hub.store.schema import Document, Mongo

_FIRST: Final = (f"${SINCE}", "$at")
_NAMED: Final = ("place", "issues", "mapping", SINCE, "at")
_WAITS: Final = {DISCARDED: {"$exists": False}}


def keeping(documents: Iterable[Document]) -> list[Document]:
    """Updates that put these into the quarantine, or in the place of what is there of the same records."""
    return [{"q": {"_id": one["_id"]}, "u": [{"$replaceWith": _kept(one)}], "upsert": True} for one in documents]


def _kept(document: Document) -> dict[str, Any]:
    return {"$mergeObjects": [{"$literal": document}, {SINCE: {"$ifNull": [{"$ifNull": [*_FIRST]}, document["at"]]}}]}


def waiting(database: Mongo, connections: Iterable[str]) -> dict[str, Aside]:
    chosen = {"$match": {"connection": {"$in": sorted(set(connections))}, **_WAITS}}
    first = {"$min": {"$ifNull": [*_FIRST]}}
    by_connection = {"$group": {"_id": "$connection", "n": {"$sum": 1}, SINCE: first}}
    return {row["_id"]: Aside(row["n"], row[SINCE]) for row in database.quarantine.aggregate([chosen, by_connection])}


def reasons(database: Mongo, box: Box, connection: str, limit: int) -> Iterator[SetAside]:
    wanted = {"connection": connection, **_WAITS}
    found = database.quarantine.find(wanted, dict.fromkeys(_NAMED, 1), sort=[("at", 1), ("_id", 1)], limit=limit)
    return (SetAside(row["place"], issues(row, box), row["mapping"], since(row)) for row in found)
