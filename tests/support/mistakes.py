"""Mistakes that somebody could make in the hub, made on purpose, so that the fault tests show that they notice them.

`python -m tests.support.mistakes MISTAKE serve …` is `hub serve …` with the mistake in its processes. Nothing of it is in the hub.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from pymongo import DeleteOne, UpdateOne

from hub.__main__ import main
from hub.cli import serve
from hub.cli.workers import Server
from hub.delivery import lanes
from hub.ports import Outcome
from hub.store import MongoStore, dispatches, writing
from hub.store.dispatches import MongoDeliveries

MISTAKE: Final = "FAULTS_MISTAKE"  # told to the worker processes
LEASES: Final[Mapping[str, timedelta]] = {"lease-without-end": timedelta(days=1000)}


def settled_before_sent() -> None:
    send = lanes._Round._send

    def mistaken(self: Any, parcels: list[Any]) -> Exception | None:
        self._deliveries.settle(self._lane, [Outcome(one.dispatch) for one in parcels])
        return send(self, parcels)

    lanes._Round._send = mistaken  # type: ignore[method-assign]


def row_outside_the_transaction() -> None:
    """The outbox is written when the commit has come back."""

    def transact(self: MongoStore, plan: writing.Plan, also: Any = None) -> None:
        rows, plan.outbox = plan.outbox, []
        try:
            correct(self, plan, also)
        finally:
            plan.outbox = rows
        time.sleep(0.3)
        if rows:
            self.database.outbox.insert_many(rows)

    correct = MongoStore._transact
    MongoStore._transact = transact  # type: ignore[method-assign]


def no_fence() -> None:
    """Whoever once had a lane goes on as if it were still its own."""
    settling = dispatches._settling

    def mistaken(lane: Any, one: Outcome) -> DeleteOne | UpdateOne:
        written = settling(lane, one)
        written._filter = {name: value for name, value in written._filter.items() if name != "turn"}  # type: ignore[misc]
        return written

    def yes(*_: object) -> bool:
        return True

    dispatches._settling = mistaken
    dispatches._mine = lambda lane: {"_id": str(lane.destination)}
    MongoDeliveries.hold = MongoDeliveries.keep = yes  # type: ignore[method-assign,assignment]


MISTAKES: Final[Mapping[str, Callable[[], None]]] = {
    "settled-before-sent": settled_before_sent,
    "row-outside-the-transaction": row_outside_the_transaction,
    "no-fence": no_fence,
    "lease-without-end": lambda: None,
    "none": lambda: None,
}


def make(mistake: str) -> None:
    MISTAKES[mistake]()


def application() -> Any:
    """What each worker process runs."""
    make(os.environ[MISTAKE])
    return serve.application()


def serve_mistaken(mistake: str, arguments: Sequence[str]) -> None:
    os.environ[MISTAKE] = mistake
    made = serve._server

    def server(*given: Any) -> Server:
        found = made(*given)
        found.target = "tests.support.mistakes:application"
        return found

    serve._server = server
    main(list(arguments))


if __name__ == "__main__":
    serve_mistaken(sys.argv[1], sys.argv[2:])
