"""The feed: what commits wrote into the outbox, in their order, read from a change stream. Nothing of it is kept twice.

https://www.mongodb.com/docs/manual/changeStreams/. The database's own log is the log: a resume token is a place in it, and tokens
sort as hexadecimal texts in the order of the commits. A row that was sent and deleted meanwhile is still in it, for as long
as the log reaches back.
"""

from collections.abc import Iterator
from typing import Any, Final

from pymongo.change_stream import ChangeStream
from pymongo.errors import OperationFailure, PyMongoError

from hub.errors import UNAVAILABLE, HubError
from hub.ports import Forgotten, Happened, Stretch
from hub.store.failures import each_in_our_words
from hub.store.mongo import MongoStore
from hub.store.schema import Document

IDLE_MS: Final = 250
HASTY_MS: Final = 20
MOST: Final = 200
_UNKNOWN_PLACE: Final = frozenset({9, 40647, 40649, 40650, 50811, 260, 280, 286})
"""A token that is no token, of a log that is another, or from before the log begins."""

_ROWS: Final[list[Document]] = [
    {"$match": {"operationType": "insert"}},
    {
        "$project": {
            "clusterTime": 1,
            **{f"fullDocument.{name}": 1 for name in ("kind", "reference", "recipient", "v", "written")},
        }
    },
]
Stream = ChangeStream[Document]


class MongoFeed:
    """Each reading has a stream of its own; threads may share the feed."""

    def __init__(self, store: MongoStore) -> None:
        self._database = store.database

    def __repr__(self) -> str:
        return "<MongoFeed>"

    @each_in_our_words
    def follow(self) -> Iterator[Stretch]:
        with self._database.outbox.watch(_ROWS, max_await_time_ms=IDLE_MS) as stream:
            yield Stretch((), _reached(stream))
            while stream.alive:
                found = stream.try_next()
                yield Stretch((_row(found),) if found else (), _reached(stream))
        raise HubError(UNAVAILABLE)  # the collection is gone from under it

    @each_in_our_words
    def since(self, place: str, until: str) -> Iterator[Stretch]:
        try:
            yield from self._since(place, until)
        except OperationFailure as failure:
            if failure.code not in _UNKNOWN_PLACE:
                raise
            forgotten = Forgotten()
        else:
            return
        raise forgotten

    def _since(self, place: str, until: str) -> Iterator[Stretch]:
        rows: list[Happened] = []
        after = {"_data": place}
        with self._database.outbox.watch(_ROWS, resume_after=after, max_await_time_ms=HASTY_MS) as stream:
            while _reached(stream) < until:
                found = stream.try_next()
                rows += [_row(found)] if found and _place(found) <= until else []
                if rows and (found is None or len(rows) >= MOST):
                    yield Stretch(rows, rows[-1].place)
                    rows = []
        if rows:
            yield Stretch(rows, rows[-1].place)


def _reached(stream: Stream) -> str:
    """Behind the last row, or where the database looked up to without finding one."""
    token = stream.resume_token
    if token is None:
        raise PyMongoError("a change stream that does not say where it is")
    return str(token["_data"])


def _place(found: Any) -> str:
    return str(found["_id"]["_data"])


def _row(found: Any) -> Happened:
    row, moment = found["fullDocument"], found["clusterTime"]
    return Happened(
        place=_place(found),
        commit=f"{moment.time}.{moment.inc}",
        kind=row["kind"],
        reference=row["reference"],
        recipient=row.get("recipient", ""),
        version=row.get("v"),
        at=row.get("written"),
    )
