"""Dispatches and lanes as documents, and back.

    dispatches  {_id, lane: kind/id of the destination, recipient, action, reference, thread, order, at, payload: encrypted,
                 attempts, waited: seconds, next_try, state, error, turn: of the lane when it was last taken up}
    lanes       {_id: kind/id, turn, worker, taken, until, failures, waited, size, next_try, error}

The turn is the fence: it only grows, and who has lost a lane finds nothing of its own to settle
(https://martinfowler.com/articles/patterns-of-distributed-systems/generation.html).
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from hub.ports import LONG_AGO, Destination, Dispatch, Lane, Route
from hub.ports.delivery import WIDE
from hub.store.records import WAITING, Box
from hub.store.schema import Document

FRESH: Final[Document] = {"failures": 0, "waited": 0.0, "size": WIDE, "next_try": LONG_AGO, "error": ""}
"""A lane that nothing has failed on."""

UNTRIED: Final[Document] = {
    "attempts": 0,
    "waited": 0.0,
    "next_try": LONG_AGO,
    "state": WAITING,
    "error": "",
    "turn": 0,
}


def dispatch_documents(route: Route, row: Document, now: datetime) -> Iterator[Document]:
    for one in route.destinations:
        yield UNTRIED | {
            "_id": dispatch_id(row["_id"], one),
            "lane": str(one),
            "recipient": one.organization or row.get("recipient", ""),
            "action": row["kind"],
            "reference": row["reference"],
            "thread": route.thread,
            "order": row["order"],
            "at": now,
            "payload": row["payload"],
        }


def again(one: Dispatch, turn: int, order: int, now: datetime, box: Box) -> Document:
    """A dispatch of the same, once for each turn in which it came too late."""
    return UNTRIED | {
        "_id": dispatch_id(f"{one.id}\x1f{turn}", one.destination),
        "lane": str(one.destination),
        "recipient": one.destination.organization,
        "action": one.action,
        "reference": one.reference,
        "thread": one.thread,
        "order": order,
        "at": now,
        "payload": box.dump(one.payload),
    }


def dispatch_id(row: str, to: Destination) -> str:
    """It leaves with the dispatch, so it tells nothing of either."""
    return hashlib.sha256(f"{row}\x1f{to.kind}\x1f{to.id}".encode()).hexdigest()[:32]


def dispatch(document: Document, box: Box) -> Dispatch:
    return Dispatch(
        id=document["_id"],
        destination=destination(document["lane"], document["recipient"]),
        action=document["action"],
        reference=document["reference"],
        thread=document["thread"],
        at=document["at"],
        payload=box.load(document["payload"]),
        attempts=document["attempts"],
        waited=timedelta(seconds=document["waited"]),
        next_try=document["next_try"],
        state=document["state"],
        error=document["error"],
    )


def destination(lane: str, organization: str = "") -> Destination:
    kind, _, id_ = lane.partition("/")
    return Destination(kind, id_, organization)


def lane(document: Document) -> Lane:
    return Lane(
        destination=destination(document["_id"]),
        turn=document["turn"],
        until=document["until"],
        failures=document["failures"],
        waited=timedelta(seconds=document["waited"]),
        size=document["size"],
        next_try=document["next_try"],
        error=document["error"],
    )


def lane_standing(one: Lane) -> Document:
    return {
        "failures": one.failures,
        "waited": one.waited.total_seconds(),
        "size": one.size,
        "next_try": one.next_try,
        "error": one.error,
    }
