"""What waits to be sent: `hub.ports.Deliveries` on MongoDB.

A lane is taken by a conditional write, and so is everything that its holder settles: what two workers do at once is put in an
order by the database. https://martinfowler.com/articles/patterns-of-distributed-systems/lease.html
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from pymongo import DeleteOne, ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from hub.ports import Destination, Dispatch, DispatchState, Due, Lane, Outcome, Route, Waiting
from hub.store import letters, outbox
from hub.store.failures import in_our_words
from hub.store.lanes import FRESH, again, destination, dispatch, lane, lane_standing
from hub.store.records import DEAD, VOID, WAITING, Box
from hub.store.schema import Document, Mongo

MOMENT_MS: Final = 500
"""For so long a process that is to stop may be held up by waiting for a commit."""

INSERTS: Final[Sequence[Document]] = ({"$match": {"operationType": "insert"}}, {"$project": {"_id": 1}})


class MongoDeliveries:
    def __init__(self, database: Mongo, box: Box) -> None:
        self._database, self._box = database, box

    def __repr__(self) -> str:
        return "<MongoDeliveries>"

    # --- from the outbox ---------------------------------------------------------------------------------------------

    @in_our_words
    def rows(self, now: datetime, limit: int) -> list[Due]:
        return outbox.rows(self._database, now, limit, self._box)

    @in_our_words
    def fan_out(self, routes: Sequence[Route], now: datetime) -> None:
        with self._database.client.start_session() as session:
            session.with_transaction(
                lambda open_: outbox.fan_out(self._database, routes, now, open_),
                read_concern=ReadConcern("snapshot"),
                write_concern=self._database.write_concern,
            )

    @in_our_words
    def put_off(self, row: Due, next_try: datetime, error: str) -> None:
        outbox.put_off(self._database, row, next_try, error)

    @contextmanager
    def commits(self) -> Iterator[Callable[[], bool]]:
        """https://www.mongodb.com/docs/manual/changeStreams/"""
        watch = in_our_words(lambda: self._database.outbox.watch(list(INSERTS), max_await_time_ms=MOMENT_MS))
        with watch() as stream:
            yield in_our_words(lambda: stream.try_next() is not None)

    # --- lanes -------------------------------------------------------------------------------------------------------

    @in_our_words
    def destinations(self, now: datetime) -> list[Destination]:
        found: list[str] = self._database.dispatches.distinct("lane", {"state": WAITING})
        closed = {"_id": {"$in": found}, "$or": [{"until": {"$gt": now}}, {"next_try": {"$gt": now}}]}
        not_now = {one["_id"] for one in self._database.lanes.find(closed, {"_id": 1})}
        return [destination(one) for one in found if one not in not_now]

    @in_our_words
    def take(self, destination: Destination, worker: str, now: datetime, until: datetime) -> Lane | None:
        free = {"_id": str(destination), "until": {"$lte": now}, "next_try": {"$lte": now}}
        mine = {"worker": worker, "taken": now, "until": until}
        try:
            found = self._database.lanes.find_one_and_update(
                free,
                {"$set": mine, "$setOnInsert": FRESH, "$inc": {"turn": 1}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:  # it is there, and not free
            return None
        return lane(found) if found else None

    @in_our_words
    def renew(self, worker: str, taken_since: datetime, until: datetime) -> None:
        mine = {"worker": worker, "taken": {"$gte": taken_since}}
        self._database.lanes.update_many(mine, {"$set": {"until": until}})

    @in_our_words
    def keep(self, lane: Lane, until: datetime) -> bool:
        return bool(self._database.lanes.update_one(_mine(lane), {"$set": {"until": until}}).matched_count)

    @in_our_words
    def leave(self, lane: Lane, now: datetime) -> None:
        free = {"until": now, "worker": ""}
        self._database.lanes.update_one(_mine(lane), {"$set": {**lane_standing(lane), **free}})

    @in_our_words
    def again(self, lane: Lane, dispatches: Sequence[Dispatch], now: datetime) -> None:
        told = [again(one, lane.turn, time.time_ns(), now, self._box) for one in dispatches]
        self._database.dispatches.bulk_write(
            [UpdateOne({"_id": one["_id"]}, {"$setOnInsert": one}, upsert=True) for one in told]
        )

    # --- dispatches --------------------------------------------------------------------------------------------------

    @in_our_words
    def heads(self, destination: Destination, now: datetime, limit: int) -> list[Dispatch]:
        found, threads = [], set()
        wanted = {"state": WAITING, "lane": str(destination)}
        with self._database.dispatches.find(wanted).sort([("order", 1), ("_id", 1)]) as rows:
            for row in rows:
                if row["thread"] in threads:
                    continue
                threads.add(row["thread"])
                if row["next_try"] <= now:
                    found.append(dispatch(row, self._box))
                if len(found) >= limit:
                    break
        return found

    @in_our_words
    def hold(self, lane: Lane, dispatches: Sequence[Dispatch]) -> bool:
        ours = {"_id": {"$in": [one.id for one in dispatches]}, "turn": {"$lte": lane.turn}}
        return self._database.dispatches.update_many(ours, {"$set": {"turn": lane.turn}}).matched_count == len(
            dispatches
        )

    @in_our_words
    def settle(self, lane: Lane, outcomes: Sequence[Outcome]) -> int:
        if not outcomes:
            return 0
        done = self._database.dispatches.bulk_write([_settling(lane, one) for one in outcomes], ordered=False)
        return done.matched_count + done.deleted_count

    @in_our_words
    def give_up(self, destination: Destination, older: datetime, error: str) -> int:
        old = {"state": WAITING, "lane": str(destination), "at": {"$lte": older}}
        return self._database.dispatches.update_many(old, {"$set": {"state": DEAD, "error": error}}).modified_count

    @in_our_words
    def forget_void(self, older: datetime) -> None:
        self._database.dispatches.delete_many({"state": VOID, "at": {"$lte": older}})

    # --- for people --------------------------------------------------------------------------------------------------

    @in_our_words
    def standing(self) -> list[Waiting]:
        return letters.standing(self._database)

    @in_our_words
    def find(
        self, states: Collection[DispatchState], destination: Destination | None, limit: int, begin: str = ""
    ) -> list[Dispatch]:
        return letters.find(self._database, self._box, states=states, to=destination, limit=limit, begin=begin)

    @in_our_words
    def replay(self, ids: Collection[str]) -> int:
        return letters.replay(self._database, ids)

    @in_our_words
    def drop(self, ids: Collection[str]) -> int:
        return letters.drop(self._database, ids)


def _mine(lane: Lane) -> Document:
    return {"_id": str(lane.destination), "turn": lane.turn}


def _settling(lane: Lane, one: Outcome) -> DeleteOne | UpdateOne:
    mine = {"_id": one.dispatch.id, "state": WAITING, "turn": lane.turn}
    if one.void:
        return UpdateOne(mine, {"$set": {"state": VOID, "error": one.void}})
    if not one.error:
        return DeleteOne(mine)
    failed: dict[str, Any] = {"error": one.error, "state": DEAD if one.next_try is None else WAITING}
    if one.next_try is not None:
        failed["next_try"] = one.next_try
    return UpdateOne(mine, {"$set": failed, "$inc": {"attempts": 1, "waited": one.pause.total_seconds()}})
