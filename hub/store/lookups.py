"""What is asked of the database in one command: one document, or a few rows.

https://www.mongodb.com/docs/manual/reference/command/find/. A command by wire is not repeated after a fail-over: the driver's own
cursors are, so that is the way it is asked the second time.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.errors import ConnectionFailure

from hub.store.schema import Document, Mongo
from hub.store.wire import PLAIN, ZONED, Options, ask

Projection = Mapping[str, Any]
Ways = Sequence[tuple[str, int]]


def find_one(
    database: Mongo,
    collection: str,
    wanted: Document,
    projection: Projection | None = None,
    options: Options = ZONED,
) -> Any:
    """The document, or None."""
    command = {"find": collection, "filter": wanted, "limit": 1, "singleBatch": True}
    if projection:
        command["projection"] = projection
    try:
        answer = ask(database, command, None, options)
    except ConnectionFailure:
        return database[collection].find_one(wanted, projection)
    return next(iter(answer["cursor"]["firstBatch"]), None)


def find_page(
    database: Mongo, collection: str, wanted: Document, projection: Projection, *, ways: Ways, limit: int
) -> list[Document]:
    """The first so many documents in this order, whose instants may come without their zone (`PLAIN`)."""
    command = {"find": collection, "filter": wanted, "projection": projection, "sort": dict(ways)}
    try:
        return list(rows(database, command | {"limit": limit, "batchSize": limit}, None, PLAIN))
    except ConnectionFailure:
        return list(database[collection].find(wanted, projection, sort=ways, limit=limit, batch_size=limit))


def count(database: Mongo, collection: str, wanted: Document, limit: int | None) -> int:
    """How many there are; of more than `limit`, so many. As the driver counts: exact, also where data is moved."""
    steps: list[Document] = [{"$match": wanted}, *([] if limit is None else [{"$limit": limit}])]
    counted = {"aggregate": collection, "pipeline": [*steps, {"$group": {"_id": 1, "n": {"$sum": 1}}}], "cursor": {}}
    try:
        answer = ask(database, counted)
    except ConnectionFailure:
        bounded: dict[str, Any] = {} if limit is None else {"limit": limit}
        return database[collection].count_documents(wanted, **bounded)
    return sum(int(one["n"]) for one in answer["cursor"]["firstBatch"])


def rows(
    database: Mongo, command: Document, session: ClientSession | None = None, options: Options = ZONED
) -> Iterator[Document]:
    """All that a `find` or an `aggregate` finds, however many answers it takes."""
    cursor = ask(database, command, session, options)["cursor"]
    yield from cursor["firstBatch"]
    while cursor["id"]:
        name = cursor["ns"].partition(".")[2]
        cursor = ask(database, {"getMore": cursor["id"], "collection": name}, session, options)["cursor"]
        yield from cursor["nextBatch"]
