"""Inserts and updates as commands of a size that the database takes; many in one, in their order.

https://www.mongodb.com/docs/manual/reference/command/insert/ · https://www.mongodb.com/docs/manual/reference/command/update/
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import bson
from bson.raw_bson import RawBSONDocument
from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError

from hub.errors import Conflict
from hub.store.schema import Document, Mongo
from hub.store.wire import DURABLE, ask, ask_all, checked

Sent = tuple[Document, Document]
"""A command and its answer."""

MOST: Final = 1000
LARGEST: Final = 8_000_000
"""Bytes of what goes together; one document more may be as large as a document can be."""

_DURABLE: Final = {"writeConcern": DURABLE}
TOGETHER: Final = (
    64  # commands whose answers are read together: more than that, and they might not be read while others are sent
)


def insert(database: Mongo, collection: str, documents: Iterable[Document], session: ClientSession | None) -> None:
    """Raises BulkWriteError, with `nInserted`, where one is there already. Without a session each is whole by itself, durably."""
    done = 0
    for part in _parts(documents):
        command = {"insert": collection, "documents": part, **({} if session else _DURABLE)}
        try:
            done += int(ask(database, command, session)["n"])
        except BulkWriteError as refused:
            told = refused.details
            raise BulkWriteError({**told, "nInserted": done + int(told["n"])}) from None


def update(database: Mongo, collection: str, updates: Sequence[Document], session: ClientSession) -> None:
    """Raises Conflict unless each has found, or made, its document."""
    parts = _parts(updates)
    found = sum(int(ask(database, {"update": collection, "updates": part}, session)["n"]) for part in parts)
    if found != len(updates):
        raise Conflict


def inserting(collection: str, documents: Iterable[Document]) -> list[Document]:
    """As commands of a transaction, for `send`."""
    return [{"insert": collection, "documents": part} for part in _parts(documents)]


def updating(collection: str, updates: Iterable[Document]) -> list[Document]:
    return [{"update": collection, "updates": part} for part in _parts(updates)]


def send(database: Mongo, commands: Sequence[Document], session: ClientSession) -> list[Sent]:
    """All before the first answer is read, in a transaction that is void when one of them is refused: see `require`."""
    parts = [commands[start : start + TOGETHER] for start in range(0, len(commands), TOGETHER)]
    return [sent for part in parts for sent in zip(part, ask_all(database, part, session), strict=True)]


def require(sent: Iterable[Sent]) -> None:
    """Raises what `insert` and `update` raise."""
    for command, answer in sent:
        if int(checked(answer)["n"]) != len(command["updates"] if "updates" in command else command["documents"]):
            raise Conflict


def upserts(documents: Iterable[Document]) -> list[Document]:
    return [{"q": {"_id": one["_id"]}, "u": one, "upsert": True} for one in documents]


def _parts(documents: Iterable[Document]) -> Iterator[list[RawBSONDocument]]:
    part: list[RawBSONDocument] = []
    size = 0
    for document in documents:
        one = bson.encode(document)
        if part and (len(part) == MOST or size + len(one) > LARGEST):
            yield part
            part, size = [], 0
        part.append(RawBSONDocument(one))
        size += len(one)
    if part:
        yield part
