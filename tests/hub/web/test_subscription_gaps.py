"""A subscriber that was away finds with `$events` all that it missed, over real HTTP: nothing lost, nothing twice.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/errors.html#recovering-from-errors
"""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from flask import Flask
from werkzeug.serving import make_server

from hub.exchange import Hub
from hub.fhir import Resource
from hub.ports import Registry
from hub.web.app import create_app
from tests.support.parties import Addresses, Party
from tests.support.patience import until
from tests.support.receivers import Receiver, receiving
from tests.support.shared_case import SharedCase, share
from tests.support.subscribing import REQUESTS, Sending, numbers, parameters, subscription, told

PRIORITIES = ("stat", "asap", "urgent", "routine", "stat", "asap", "urgent")


@pytest.fixture
def app(hub: Hub, registry: Registry) -> Flask:
    return create_app(hub, registry, Addresses(), allows=lambda url: url.startswith("http://127.0.0.1:"))


@pytest.fixture
def case(party: Callable[..., Party], survivor: Resource) -> SharedCase:
    return share(party, survivor)


@pytest.fixture
def http(app: Flask, case: SharedCase) -> Iterator[httpx2.Client]:
    """The hospital's system, over a socket."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    said = {"Authorization": f"Bearer {case.reader.token}", "Content-Type": "application/fhir+json"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{server.server_port}", headers=said) as client:
        yield client
    server.shutdown()
    thread.join()
    server.server_close()


def events(http: httpx2.Client, id_: str, first: int, last: int) -> dict[str, Any]:
    answer = http.get(f"/fhir/Subscription/{id_}/$events?eventsSinceNumber={first}&eventsUntilNumber={last}")
    assert answer.status_code == 200, answer.text
    return parameters(answer.json()["entry"][0]["resource"])


def test_who_was_away_finds_all_that_it_missed(
    case: SharedCase, hub: Hub, registry: Registry, http: httpx2.Client
) -> None:
    sending = Sending(hub, registry)
    with receiving() as receiver:
        sending.run(receiver)
        asked = subscription(receiver.url) | {"criteria": REQUESTS}
        made = http.post("/fhir/Subscription", json=asked).json()
        sending.run(receiver)
        had: list[int] = []
        for place, priority in enumerate(PRIORITIES):
            receiver.status = {1: 500, 3: 410}.get(
                place, receiver.status
            )  # away from the second on; then gone for good
            case.amend(case.need, priority=priority)
            sending.run(receiver)
            had += numbers(receiver) if receiver.status == 200 else []
            receiver.got.clear()
        until(lambda: is_given_up(http, made["id"], sending, receiver), every=0.1)  # it is tried again after a pause
        assert had == [1]
        receiver.status = 200
        back = http.put(f"/fhir/Subscription/{made['id']}", json=made | {"status": "requested"})
        assert back.status_code == 200, back.text
        sending.run(receiver)
    (shaken,) = told(receiver, "handshake")
    last = int(shaken["events-since-subscription-start"])
    found = events(http, made["id"], had[-1] + 1, last)
    assert [*had, *found["events"]] == list(range(1, len(PRIORITIES) + 1)), "each once, and in order"
    for reference in found["events"].values():
        assert http.get(f"/fhir/{reference.removeprefix('https://hub.example/fhir/')}").status_code == 200
    assert found["status"] == "active"


def is_given_up(http: httpx2.Client, id_: str, sending: Sending, receiver: Receiver) -> bool:
    sending.run(receiver)
    return status(http, id_) == "error"


def status(http: httpx2.Client, id_: str) -> str:
    answer = http.get(f"/fhir/Subscription/{id_}/$status").json()
    return str(parameters(answer["entry"][0]["resource"])["status"])
