"""Making a freshly started mongod the primary of a single-node replica set that knows our user. Safe to repeat.

The first user is created through the localhost exception:
https://www.mongodb.com/docs/v6.0/core/localhost-exception/
"""

import time
from collections.abc import Callable
from typing import Any, Final

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError, ServerSelectionTimeoutError

from hub.errors import MISCONFIGURED, HubError

NAME: Final = "hub"
USER: Final = "hub"
ROLES: Final = ("readWriteAnyDatabase", "dbAdminAnyDatabase", "clusterAdmin")
ELECTION_MS: Final = 2000

_UNAUTHORIZED: Final = 13
_AUTHENTICATION_FAILED: Final = 18
_ALREADY_INITIALIZED: Final = 23

Admin = MongoClient[dict[str, Any]]


def uri(host: str, port: int, password: str) -> str:
    return f"mongodb://{USER}:{password}@{host}:{port}/?authSource=admin&replicaSet={NAME}"


def settle(host: str, port: int, password: str, alive: Callable[[], bool], seconds: float) -> bool:
    """Wait until mongod is primary and knows our user; False when it died or cannot be reached there.

    Raises HubError when the data has a user whose password is not ours.
    """
    end = time.monotonic() + seconds
    while alive() and time.monotonic() < end:
        try:
            if not _knows_us(host, port, password):
                if _found(host, port, password, end):
                    return True
                # it has a user: perhaps since a moment ago, from a hub that asked for it and was killed
                if not _knows_us(host, port, password):
                    raise HubError(MISCONFIGURED, text="store.password-lost")
            _take_part(host, port, password, end)
            return True
        except ServerSelectionTimeoutError:
            if _refused_for_long(end, seconds):
                return False
        except PyMongoError:
            time.sleep(0.1)  # an election, a restart: ask again
    return False


def _refused_for_long(end: float, seconds: float) -> bool:
    """mongod listens within moments of holding its folder; who is not heard after a sixth of the time is elsewhere."""
    return time.monotonic() > end - seconds * 5 / 6


def _client(host: str, port: int, **credentials: Any) -> Admin:
    return MongoClient(host, port, directConnection=True, serverSelectionTimeoutMS=2000, **credentials)


def _knows_us(host: str, port: int, password: str) -> bool:
    """SCRAM proves both sides: a stranger on our port neither passes for our mongod nor learns the password."""
    with _client(host, port, username=USER, password=password) as client:
        try:
            client.admin.command("ping")
        except OperationFailure as failure:
            if failure.code != _AUTHENTICATION_FAILED:
                raise
            return False
    return True


def _found(host: str, port: int, password: str, end: float) -> bool:
    """Initiate the set and create our user, both over a connection without credentials; False when it has one already."""
    config = {
        "_id": NAME,
        "members": [{"_id": 0, "host": f"{host}:{port}"}],
        "settings": {"electionTimeoutMillis": ELECTION_MS},
    }
    with _client(host, port) as client:
        try:
            try:
                client.admin.command("replSetInitiate", config)
            except OperationFailure as failure:
                if failure.code != _ALREADY_INITIALIZED:
                    raise
            _await_primary(client, end)
            client.admin.command("createUser", USER, pwd=password, roles=list(ROLES), writeConcern={"w": "majority"})
        except OperationFailure as failure:
            if failure.code != _UNAUTHORIZED:
                raise
            return False
    return True


def _take_part(host: str, port: int, password: str, end: float) -> None:
    """A node whose port changed finds itself removed from its own set: write the new address into it."""
    with _client(host, port, username=USER, password=password) as client:
        config = client.admin.command("replSetGetConfig")["config"]
        if config["members"][0]["host"] != f"{host}:{port}":
            config["members"][0]["host"] = f"{host}:{port}"
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)
        _await_primary(client, end)


def _await_primary(client: Admin, end: float) -> None:
    while not client.admin.command("hello").get("isWritablePrimary"):
        if time.monotonic() > end:
            raise PyMongoError("no primary in time")
        time.sleep(0.01)
