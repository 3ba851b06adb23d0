"""The outbox: what is to be done after a commit, in the order of the commits, by one worker at a time.

https://microservices.io/patterns/data/transactional-outbox.html. Of each reference only the oldest unfinished row is ever
handed out: what happened to a referral is told in the order in which it happened.
"""

import uuid
from datetime import datetime

from hub.ports import Due
from hub.store.records import DEAD, WAITING, Box, due
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


def settle(database: Mongo, row: Due, next_try: datetime | None, error: str) -> None:
    """Done rows go; rows given up on stay as dead letters and hold nothing up."""
    mine = {"_id": row.id, "state": WAITING}
    if next_try is not None:
        database.outbox.update_one(mine, {"$set": {"next_try": next_try, "error": error}, "$inc": {"attempts": 1}})
    elif error:
        database.outbox.update_one(mine, {"$set": {"state": DEAD, "error": error}, "$inc": {"attempts": 1}})
    else:
        database.outbox.delete_one(mine)
