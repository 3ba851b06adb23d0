"""The database's failures in the hub's words. A driver's message can quote a document, so none ever leaves this room.

Error codes: https://www.mongodb.com/docs/manual/reference/error-codes/. What may pass of itself is told as such, and may be asked
again; a question or a document that the database will never take is a mistake of ours, and is logged.
"""

import logging
import traceback
from collections.abc import Callable, Iterator
from functools import wraps
from itertools import islice
from typing import Final, ParamSpec, TypeVar

from bson.errors import BSONError
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DocumentTooLarge,
    InvalidOperation,
    OperationFailure,
    PyMongoError,
)

from hub.errors import BROKEN, TOO_LARGE, UNAVAILABLE, Conflict, HubError

DUPLICATE_KEY: Final = 11000
_TOO_LARGE: Final = frozenset({10334, 17280, 17420})
_PASSING_LABELS: Final = (
    "TransientTransactionError",
    "UnknownTransactionCommitResult",
    "RetryableWriteError",
    "RetryableError",
)
_AWAY: Final = frozenset(
    {6, 7, 89, 91, 133, 134, 145, 189, 202, 211, 216, 9001, 10058, 10107, 11600, 11602, 13435, 13436}
)
_BUSY: Final = frozenset(
    {24, 46, 50, 64, 112, 117, 262, 365, 11601, 14031}
)  # 14031: until somebody makes room on the disk
_OVERTAKEN: Final = frozenset({43, 175, 225, 237, 239, 246, 251, 290})  # cursors, snapshots, transactions
_PASSING: Final = _AWAY | _BUSY | _OVERTAKEN
"""https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml"""

log = logging.getLogger("hub.store")

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
    if passes(failure):
        return HubError(UNAVAILABLE)
    kind = " ".join([type(failure).__name__, *map(str, sorted(found))])
    log.error("store.broken", extra={"problem": f"{kind} at {_place(failure)}"})
    return HubError(BROKEN)


def passes(failure: Exception) -> bool:
    """Whether the same may succeed when it is asked again."""
    if not isinstance(failure, PyMongoError):
        return False
    if is_closed(failure):
        return True
    if isinstance(failure, ConnectionFailure) or failure.timeout or any(map(failure.has_error_label, _PASSING_LABELS)):
        return True
    return bool(codes(failure) & _PASSING)


def is_closed(failure: Exception) -> bool:
    """Whether this process is about to end: it was still answering when its client was closed, and another process can answer.
    The driver has no exception of its own for it, and others of this class are mistakes."""
    return isinstance(failure, InvalidOperation) and "after close" in str(failure)


def _place(failure: Exception) -> str:
    """Where in our own code; of what was asked nothing is told."""
    frames = [frame for frame in traceback.extract_tb(failure.__traceback__) if "/hub/" in frame.filename]
    return " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-6:]))


def codes(failure: Exception) -> frozenset[int]:
    if isinstance(failure, BulkWriteError):
        return frozenset(int(error["code"]) for error in failure.details.get("writeErrors", ()))
    code = failure.code if isinstance(failure, OperationFailure) else None
    return frozenset() if code is None else frozenset({code})
