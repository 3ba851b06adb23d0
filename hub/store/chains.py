"""Audit events take their places in the chains, inside the transaction of the act that they tell of.

There is a small fixed number of chains. Each writer holds one for the time of its commit, and keeps to it while nobody else
writes there: then no place is asked for twice and nothing waits. A unique index over chain and place is the arbiter: who
comes second finds the place taken, writes nothing, and goes on with another chain. A place is only ever computed from one
that is committed, so a chain has no gaps however an act ends.
"""

import random
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import Final

from pymongo import DESCENDING
from pymongo.client_session import ClientSession
from pymongo.errors import ConnectionFailure, OperationFailure, WriteConcernError
from pymongo.read_concern import ReadConcern

from hub.audit.canonical import canonical, digest
from hub.audit.chain import GENESIS, chained
from hub.errors import INVALID, UNAVAILABLE, HubError
from hub.fhir import Resource
from hub.fhir.instants import instant
from hub.fhir.serial import dumps, loads
from hub.ports import Head
from hub.store import statements
from hub.store.failures import DUPLICATE_KEY, codes
from hub.store.schema import CHAINED, Document, Mongo

Act = Callable[[Sequence[Document]], None]
"""What commits some events, whose places are in them."""

SHARDS: Final = 16  # as many commits as a deployment's processes have under way at once, and some
AUDIT: Final = "AuditEvent"
_NOTHING: Final = b'"event":""'
_WRITE_CONFLICT: Final = 112


class Outrun(Exception):  # noqa: N818 — what happened, not an error
    """Another process took the place in the chain. `written`: how many events had theirs before, outside a transaction."""

    def __init__(self, written: int = 0) -> None:
        super().__init__()
        self.written = written


def content_of(document: Document) -> str:
    """The digest of everything that the database keeps of an event, but its search fields, which follow from it.

    Raises ValueError when the document is not as the store writes them.
    """
    event = loads(document["json"])
    if dumps(event) != document["json"]:
        raise ValueError("not as the store writes it")
    return _content(document, event)


def _content(document: Document, event: Resource | bytes) -> str:
    told = {
        "id": document["_id"],
        "version": repr(document["v"]),
        "at": instant(document["at"]),
        "person": document["person"],
        "custodian": document["custodian"],
        "keys": [[key["g"], instant(key["f"]), instant(key["u"])] for key in document["k"]],
    }
    if isinstance(event, bytes):
        around = canonical({**told, "event": ""})  # no other text can hold these quotation marks
        return sha256(around.replace(_NOTHING, b'"event":' + event, 1)).hexdigest()
    return digest({**told, "event": event})


def contents_of(documents: Sequence[Document], events: Sequence[Resource | bytes]) -> list[str]:
    """`events`: what the documents were just written from, or their canonical text, so that nothing is read back.

    Raises HubError(INVALID) for an event that has no canonical form.
    """
    with suppress(ValueError):
        return [_content(document, event) for document, event in zip(documents, events, strict=True)]
    raise HubError(INVALID, path=AUDIT)


def insert(documents: Sequence[Document], database: Mongo, session: ClientSession | None) -> None:
    """In their order, each with its place. Raises Outrun when one of the places is taken, or about to be."""
    with outrun_is_told(0, session):
        try:
            statements.insert(database, AUDIT, documents, session)
        except (ConnectionFailure, WriteConcernError):
            if session:
                raise
        else:
            return
    _insert_the_rest(documents, database)


def _insert_the_rest(documents: Sequence[Document], database: Mongo) -> None:
    """After no answer came, or none that they are durable: nobody knows how many were written, and an id is written once."""
    safe = database[AUDIT].with_options(read_concern=ReadConcern("majority"))
    there = {one["_id"] for one in safe.find({"_id": {"$in": [one["_id"] for one in documents]}}, {"_id": 1})}
    if left := [one for one in documents if one["_id"] not in there]:
        with outrun_is_told(len(there), None):
            database[AUDIT].insert_many(left)


@contextmanager
def outrun_is_told(before: int, session: ClientSession | None) -> Iterator[None]:
    """`before`: how many events had their places already, where there is no transaction."""
    try:
        yield
    except OperationFailure as failure:
        if not _taken(failure):
            raise
        written = 0 if session else before + int((failure.details or {}).get("nInserted", 0))
    else:
        return
    raise Outrun(written)


def _taken(failure: OperationFailure) -> bool:
    found = codes(failure)
    if DUPLICATE_KEY in found:
        errors = (failure.details or {}).get("writeErrors", ())
        return any("c.n" in error.get("keyPattern", ()) for error in errors)
    return _WRITE_CONFLICT in found


class Chains:
    """The chains as one process uses them: which are free, and where those stand that it wrote last. Threads share it."""

    def __init__(self, database: Mongo, patience: float) -> None:
        self._events = database[AUDIT]
        self._patience = patience
        self._free = deque(random.sample(range(SHARDS), SHARDS))  # processes begin apart
        self._heads: dict[int, Head] = {}
        self._freed = threading.Condition()

    def commit(self, events: Sequence[Document], contents: Sequence[str], act: Act) -> None:
        """Give the events their places and run `act`, which commits them; again, in another chain, while it is outrun, with
        those that are left."""
        while left := len(events) - self._attempt(events, contents, act):
            events, contents = (
                events[-left:],
                contents[-left:],
            )  # each attempt waits for the database, whose patience ends

    def _attempt(self, events: Sequence[Document], contents: Sequence[str], act: Act) -> int:
        """How many have their places now."""
        shard, written, outrun = self._take(), len(events), False
        try:
            head = self._heads.pop(shard) if shard in self._heads else self.read_head(shard)
            links = list(chained(shard, head, contents))
            for event, link in zip(events, links, strict=True):
                event["c"] = {"s": shard, "n": link.sequence, "h": link.hash}
            act(events)
            self._heads[shard] = links[-1]
        except Outrun as told:
            outrun, written = True, told.written
        finally:
            self._give_back(shard, liked=not outrun)
        return written

    def read_head(self, shard: int) -> Head:
        """Where a chain ends. Of one whose end nobody knows for sure, as after a commit without an answer, too."""
        chain = {"c.s": shard, **CHAINED}
        found = self._events.find_one(chain, {"c": 1}, sort=[("c.n", DESCENDING)])
        return Head(found["c"]["n"], str(found["c"].get("h"))) if found else GENESIS

    def _take(self) -> int:
        with self._freed:
            if not self._freed.wait_for(lambda: self._free, self._patience):
                raise HubError(UNAVAILABLE)
            return self._free.pop()

    def _give_back(self, shard: int, *, liked: bool) -> None:
        with self._freed:
            (self._free.append if liked else self._free.appendleft)(shard)
            self._freed.notify()
