"""A client of the configured database, which has to be a replica set."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import Any, Final

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from hub.errors import MISCONFIGURED, HubError
from hub.store.wire import Client

SELECTION_MS: Final = 10_000


@contextmanager
def connect(uri: str) -> Iterator[MongoClient[dict[str, Any]]]:
    """A client of a replica set. Raises HubError(MISCONFIGURED) when there is none: transactions need one."""
    client: Client | None = None
    try:
        patience: dict[str, Any] = (
            {} if "serverselectiontimeoutms" in uri.lower() else {"serverSelectionTimeoutMS": SELECTION_MS}
        )
        client = Client(uri, tz_aware=True, tzinfo=UTC, appname="ihala", **patience)
        hello = client.admin.command("hello")
        client.admin.command("connectionStatus")
        text = "" if "setName" in hello or hello.get("msg") == "isdbgrid" else "store.no-replica-set"
    except OperationFailure:
        text = "store.refused"
    except (PyMongoError, ValueError):
        text = "store.unreachable"
    try:
        if text or client is None:
            raise HubError(MISCONFIGURED, text=text)
        yield client
    finally:
        if client is not None:
            client.close()
