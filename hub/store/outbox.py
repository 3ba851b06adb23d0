"""The outbox: what is to be done after a commit, in the order of the commits, by one worker at a time.

https://microservices.io/patterns/data/transactional-outbox.html. Of each reference only the oldest unfinished row is ever
handed out: what happened to a referral is told in the order in which it happened.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime

from pymongo import UpdateMany

from hub.ports import Due, Void
from hub.store.records import DEAD, VOID, WAITING, Box, due
from hub.store.schema import Mongo


def lease(database: Mongo, now: datetime, until: datetime, limit: int, box: Box) -> list[Due]:
    """Take rows that are due. Taking sets `next_try` to `until`: when the worker dies, they are due again by then."""
    heads = database.outbox.aggregate(
        [
            {"$match": {"state": WAITING}},
            {"$sort": {"state": 1, "order": 1}},
            {"$project": {"reference": 1, "next_try": 1, "order": 1}},
            {"$group": {"_id": "$reference", "head": {"$first": "$$ROOT"}}},
            {"$match": {"head.next_try": {"$lte": now}}},
            {"$sort": {"head.order": 1}},
            {"$limit": limit},
        ]
    )
    ids = [group["head"]["_id"] for group in heads]
    if not ids:
        return []
    worker = uuid.uuid4().hex
    database.outbox.update_many(
        {"_id": {"$in": ids}, "state": WAITING, "next_try": {"$lte": now}},
        {"$set": {"next_try": until, "worker": worker}},
    )
    return [due(row, box) for row in database.outbox.find({"_id": {"$in": ids}, "worker": worker}).sort("order")]


def settle(database: Mongo, row: Due, next_try: datetime | None, error: str, void: str) -> None:
    """Done rows go; rows given up on stay as dead letters, those not to be sent as void, and hold nothing up."""
    mine = {"_id": row.id, "state": WAITING}
    if void:
        database.outbox.update_one(mine, {"$set": {"state": VOID, "error": void}})
    elif next_try is not None:
        database.outbox.update_one(mine, {"$set": {"next_try": next_try, "error": error}, "$inc": {"attempts": 1}})
    elif error:
        database.outbox.update_one(mine, {"$set": {"state": DEAD, "error": error}, "$inc": {"attempts": 1}})
    else:
        database.outbox.delete_one(mine)


def voiding(voids: Iterable[Void]) -> list[UpdateMany]:
    """What a commit does with rows of which the recipient may not know any more, also while a worker has them."""
    return [
        UpdateMany(
            {"reference": one.reference, "recipient": one.recipient, "state": WAITING},
            {"$set": {"state": VOID, "error": one.reason}},
        )
        for one in voids
    ]
