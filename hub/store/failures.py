"""The database's failures in the hub's words. A driver's message can quote a document, so none ever leaves this room.

Error codes: https://www.mongodb.com/docs/manual/reference/error-codes/
"""

import logging
from collections.abc import Callable, Iterator
from functools import wraps
from itertools import islice
from typing import Final, ParamSpec, TypeVar

from bson.errors import BSONError
from pymongo.errors import BulkWriteError, DocumentTooLarge, OperationFailure, PyMongoError

from hub.errors import BROKEN, TOO_LARGE, UNAVAILABLE, Conflict, HubError

DUPLICATE_KEY: Final = 11000
_TOO_LARGE: Final = frozenset({10334, 17280, 17420})

P = ParamSpec("P")
R = TypeVar("R")


def silence_driver() -> None:
    """The driver's command log writes whole commands at DEBUG, documents and all: it stays off whatever the level."""
    for part in ("command", "connection", "serverSelection", "topology", "client"):
        logging.getLogger(f"pymongo.{part}").disabled = True


def in_our_words(act: Callable[P, R]) -> Callable[P, R]:
    """Raise what goes wrong in the database as HubError, without the driver's exception as cause or context."""

    @wraps(act)
    def careful(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return act(*args, **kwargs)
        except (PyMongoError, BSONError, OverflowError) as failure:
            problem = _problem(failure)
        raise problem  # outside the handler: nothing of the driver's exception clings to it

    return careful


def each_in_our_words(find: Callable[P, Iterator[R]]) -> Callable[P, Iterator[R]]:
    """The same for what is read bit by bit."""

    @wraps(find)
    def careful(*args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
        rows = in_our_words(find)(*args, **kwargs)
        following = in_our_words(lambda: list(islice(rows, 1)))
        while row := following():
            yield row[0]

    return careful


def _problem(failure: Exception) -> HubError:
    found = codes(failure)
    if DUPLICATE_KEY in found:
        return Conflict()
    if isinstance(failure, DocumentTooLarge) or found & _TOO_LARGE:
        return HubError(TOO_LARGE)
    return HubError(UNAVAILABLE if isinstance(failure, PyMongoError) else BROKEN)


def codes(failure: Exception) -> frozenset[int]:
    if isinstance(failure, BulkWriteError):
        return frozenset(int(error["code"]) for error in failure.details.get("writeErrors", ()))
    code = failure.code if isinstance(failure, OperationFailure) else None
    return frozenset() if code is None else frozenset({code})
