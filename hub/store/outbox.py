"""The outbox: what is to be done after a commit, in the order of the commits, until it is known whom it concerns.

https://microservices.io/patterns/data/transactional-outbox.html. Rows become dispatches (`dispatches.py`) in one transaction:
a worker that dies leaves all of it or nothing, and two that meet are told apart by the database.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pymongo import UpdateMany, UpdateOne
from pymongo.client_session import ClientSession

from hub.ports import Due, Route, Void
from hub.store.lanes import dispatch_documents
from hub.store.records import VOID, WAITING, Box, due
from hub.store.schema import Document, Mongo
from hub.store.subscriptions import numbered


def rows(database: Mongo, now: datetime, limit: int, box: Box) -> list[Due]:
    """The oldest that are due; what happened to a referral goes out in the order in which it happened."""
    held = database.outbox.distinct("reference", {"state": WAITING, "next_try": {"$gt": now}})
    wanted: Document = {"state": WAITING, "next_try": {"$lte": now}}
    if held:
        wanted["reference"] = {"$nin": held}
    return [due(row, box) for row in database.outbox.find(wanted).sort([("order", 1)]).limit(limit)]


def fan_out(database: Mongo, routes: Sequence[Route], now: datetime, session: ClientSession) -> None:
    """Rows that are there no more have been fanned out by somebody else, or are void or destroyed."""
    wanted = {"_id": {"$in": [route.row.id for route in routes]}, "state": WAITING}
    left: Mapping[str, Document] = {row["_id"]: row for row in database.outbox.find(wanted, session=session)}
    made = [
        UpdateOne({"_id": one["_id"]}, {"$setOnInsert": one}, upsert=True)
        for route in routes
        if route.row.id in left
        for one in numbered(dispatch_documents(route, left[route.row.id], now), left[route.row.id], database, session)
    ]
    if made:
        database.dispatches.bulk_write(made, session=session)
    if left:
        database.outbox.delete_many({"_id": {"$in": list(left)}}, session=session)


def put_off(database: Mongo, row: Due, next_try: datetime, error: str) -> None:
    mine = {"_id": row.id, "state": WAITING}
    database.outbox.update_one(mine, {"$set": {"next_try": next_try, "error": error}, "$inc": {"attempts": 1}})


def voiding(voids: Iterable[Void]) -> list[UpdateMany]:
    """What a commit does with what waits for a recipient that may not know any more, also while a worker has it: the same for
    rows and for dispatches."""
    return [
        UpdateMany(
            {"reference": one.reference, "recipient": one.recipient, "state": WAITING},
            {"$set": {"state": VOID, "error": one.reason}},
        )
        for one in voids
    ]
