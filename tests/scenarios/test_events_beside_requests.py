"""Listeners hold connections for minutes: requests are answered beside them, those who went make room, and the hub stops at once."""

import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from pymongo import MongoClient

from tests.support.deployments import Deployment
from tests.support.patience import until
from tests.support.personas import Persona, Resource, personas

STREAMS = 8
STOPS_WITHIN_S = 20.0
"""Far less than the thirty seconds that a request under way is given."""


@pytest.fixture(scope="module")
def database() -> str:
    return f"beside_{uuid.uuid4().hex[:16]}"


@pytest.fixture(scope="module")
def deployment(mongodb_uri: str, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    made = Deployment.init(tmp_path_factory.mktemp("beside"), mongodb_uri=mongodb_uri, database=database)
    with (made.folder / "hub.toml").open("a", encoding="utf-8") as settings:
        settings.write(f"\n[events]\nstreams = {STREAMS}\n")
    yield made
    with MongoClient[Resource](mongodb_uri) as client:
        client.drop_database(database)


def connected(deployment: Deployment, who: Persona, stack: ExitStack) -> tuple[int, socket.socket]:
    """The status, once the stream has begun."""
    made = stack.enter_context(socket.create_connection(("127.0.0.1", deployment.port), timeout=30))
    token = who.show_token()["Authorization"]
    made.sendall(f"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\n\r\n".encode())
    answer = made.recv(4096)
    return int(answer.split()[1]), made


def test_requests_are_answered_beside_streams_and_streams_do_not_hold_up_the_end(
    deployment: Deployment, mongodb_uri: str, database: str
) -> None:
    organizations = ("chu-atlas", "arganier-droit")
    with (
        personas(mongodb_uri, database, deployment.base_url, *organizations) as cast,
        deployment.serving() as running,
        ExitStack() as stack,
    ):
        chu = cast["chu-atlas"]
        there = [connected(deployment, cast[who], stack) for who in organizations for _ in range(STREAMS // 2)]
        assert [status for status, _ in there] == [200] * STREAMS
        assert connected(deployment, chu, stack)[0] == 503
        assert [chu.find("Task").status for _ in range(10)] == [200] * 10
        for _, connection in there[: STREAMS // 2]:
            connection.close()  # without a word
        until(lambda: connected(deployment, chu, stack)[0] == 200)
        began = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - began < STOPS_WITHIN_S
