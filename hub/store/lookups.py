"""One document as one plain command: what the driver does around a cursor costs as much as the answer.

https://www.mongodb.com/docs/manual/reference/command/find/. A plain command is not repeated by the driver after a fail-over: the
way by a cursor is, so that is the way it is asked the second time.
"""

from typing import Any

from pymongo.errors import ConnectionFailure

from hub.store.schema import Document, Mongo


def find_one(database: Mongo, collection: str, wanted: Document, projection: Document | None = None) -> Any:
    """The document, or None."""
    command = {"find": collection, "filter": wanted, "limit": 1, "singleBatch": True}
    if projection:
        command["projection"] = projection
    try:
        answer = database.command(command, codec_options=database.codec_options)
    except ConnectionFailure:
        return database[collection].find_one(wanted, projection)
    return next(iter(answer["cursor"]["firstBatch"]), None)
