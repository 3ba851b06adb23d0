"""Thirty-two clients change one referral at the same moment, over HTTP, against several worker processes: of each version there
is one winner, the others are told that they are late, and nothing is missing from the history.

https://hl7.org/fhir/R4/http.html#concurrency
"""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import httpx2
import pytest
from pymongo import MongoClient

from tests.scenarios.conftest import Stage
from tests.support.budget import examples
from tests.support.personas import Resource, reason
from tests.support.real_clients import declares

CLIENTS: Final = 32
WORKERS: Final = 3
ROUNDS: Final = examples(6, 60)
TURNS: Final = ("in-progress", "on-hold")


@pytest.fixture(scope="module")
def many_workers(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another server of the stage's deployment, with several processes."""
    with stage.deployment.beside(tmp_path_factory.mktemp("workers")).serving(WORKERS) as running:
        yield running.base_url


@pytest.fixture
def connections(stage: Stage) -> Iterator[list[httpx2.Client]]:
    """Each client has a connection of its own, so that they reach different processes."""
    token = stage.hospital.show_token()
    opened = [httpx2.Client(headers=token, timeout=60) for _ in range(CLIENTS)]
    yield opened
    for one in opened:
        one.close()


def change(connection: httpx2.Client, url: str, task: Resource, said: Resource, by_patch: bool) -> httpx2.Response:
    """By patch or by update, of the version that was read."""
    match = {"If-Match": f'W/"{task["meta"]["versionId"]}"'}
    if by_patch:
        steps = [{"op": "add", "path": f"/{name}", "value": value} for name, value in said.items()]
        media = {"Content-Type": "application/json-patch+json"}
        return connection.patch(url, content=json.dumps(steps), headers=match | media)
    media = {"Content-Type": "application/fhir+json"}
    return connection.put(url, content=json.dumps(task | said), headers=match | media)


def test_each_version_of_a_referral_has_one_winner(
    stage: Stage, many_workers: str, connections: list[httpx2.Client], mongodb_uri: str
) -> None:
    referral = stage.next_referral()
    url = f"{many_workers}/Task/{referral['id']}"
    assert stage.hospital.change(f"Task/{referral['id']}", status="accepted").status == 200
    started = threading.Barrier(CLIENTS)
    told: dict[str, Resource] = {}
    statuses: Counter[int] = Counter()

    def race(number: int, task: Resource, status: str) -> tuple[int, httpx2.Response]:
        said = {"statusReason": reason("no-capacity") | {"text": f"Said by client {number}"}, "status": status}
        started.wait()
        return number, change(connections[number], url, task, said, by_patch=number % 2 == 0)

    with ThreadPoolExecutor(CLIENTS) as pool:
        for turn in range(ROUNDS):
            task = connections[0].get(url).json()
            read, status = int(task["meta"]["versionId"]), TURNS[turn % 2]
            answers = list(pool.map(race, range(CLIENTS), [task] * CLIENTS, [status] * CLIENTS))
            statuses.update(answer.status_code for _, answer in answers)
            assert statuses.keys() == {200, 412}, [one.text for _, one in answers if one.status_code not in {200, 412}]
            [(winner, won)] = [one for one in answers if one[1].status_code == 200]
            assert won.headers["ETag"] == f'W/"{read + 1}"'
            assert won.json()["statusReason"]["text"] == f"Said by client {winner}"
            told[str(read + 1)] = won.json()
    assert statuses == {200: ROUNDS, 412: ROUNDS * (CLIENTS - 1)}
    last = connections[0].get(url).json()
    assert last == told[last["meta"]["versionId"]]
    assert versions(stage, many_workers, last, mongodb_uri) == list(range(1, int(last["meta"]["versionId"]) + 1))


def versions(stage: Stage, base_url: str, task: Resource, mongodb_uri: str) -> list[int]:
    """The versions that were kept, the oldest first: as history tells them, or else as they are stored."""
    (rest,) = httpx2.get(f"{base_url}/metadata").json()["rest"]
    if declares(rest, "history-instance", "Task"):
        told = stage.association.ask("GET", f"Task/{task['id']}/_history?_count=500")
        return sorted(int(one["resource"]["meta"]["versionId"]) for one in told.body["entry"])
    with MongoClient[Resource](mongodb_uri) as client:
        name = (stage.deployment.folder / "hub.toml").read_text("utf-8").partition('name = "')[2].partition('"')[0]
        before = client[name]["history"].find({"r": f"Task/{task['id']}"})
        return sorted([*(one["v"] for one in before), int(task["meta"]["versionId"])])
