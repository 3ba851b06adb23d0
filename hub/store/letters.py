"""What waits and what was given up, for people: told, replayed and dropped. It says what it is about by references alone."""

import re
from collections.abc import Collection
from typing import Final

from hub.ports import LONG_AGO, Destination, Dispatch, DispatchState, Waiting
from hub.store.lanes import FRESH, destination, dispatch
from hub.store.records import DEAD, WAITING, Box
from hub.store.schema import Document, Mongo

AGAIN: Final[Document] = {
    "state": WAITING,
    "attempts": 0,
    "waited": 0.0,
    "next_try": LONG_AGO,
    "error": "",
}


def standing(database: Mongo) -> list[Waiting]:
    grouped = database.dispatches.aggregate(
        [{"$group": {"_id": {"lane": "$lane", "state": "$state"}, "n": {"$sum": 1}}}, {"$sort": {"_id.lane": 1}}]
    )
    counts: dict[str, dict[str, int]] = {}
    for group in grouped:
        counts.setdefault(group["_id"]["lane"], {})[group["_id"]["state"]] = group["n"]
    lanes = {one["_id"]: one for one in database.lanes.find({"_id": {"$in": list(counts)}})}
    return [_standing(name, found, lanes.get(name, FRESH)) for name, found in counts.items()]


def _standing(name: str, counts: dict[str, int], lane: Document) -> Waiting:
    return Waiting(
        destination(name),
        waiting=counts.get(WAITING, 0),
        dead=counts.get(DEAD, 0),
        failures=lane["failures"],
        next_try=lane["next_try"],
        error=lane["error"],
    )


def find(
    database: Mongo,
    box: Box,
    *,
    states: Collection[DispatchState],
    to: Destination | None,
    limit: int,
    begin: str,
) -> list[Dispatch]:
    wanted: Document = {"state": {"$in": list(states)}}
    if to is not None:
        wanted["lane"] = str(to)
    if begin:
        wanted["_id"] = {"$regex": f"^{re.escape(begin)}"}
    return [
        dispatch(row, box) for row in database.dispatches.find(wanted).sort([("order", 1), ("_id", 1)]).limit(limit)
    ]


def replay(database: Mongo, ids: Collection[str]) -> int:
    """They keep their place, so they go before what came after them and still waits; their destination is tried at once."""
    dead = {"_id": {"$in": list(ids)}, "state": DEAD}
    lanes = database.dispatches.distinct("lane", dead)
    done = database.dispatches.update_many(dead, {"$set": AGAIN}).modified_count
    database.lanes.update_many({"_id": {"$in": lanes}}, {"$set": {**FRESH, "size": 1}})
    return done


def drop(database: Mongo, ids: Collection[str]) -> int:
    return database.dispatches.delete_many({"_id": {"$in": list(ids)}, "state": DEAD}).deleted_count
