"""What is no request at all, sent over real HTTP to a real server on every route that takes a body: it is refused with an outcome,
it breaks nothing, it fills no memory, and not a word of it is said back or logged."""

import json
import re
import socket
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from hub.fhir.canonicals import code_system, identifier_system, profile
from hub.web.operations import FILES
from tests.support import written_registers as registers
from tests.support.budget import examples
from tests.support.deployments import Deployment, Running
from tests.support.malformed import ENCODINGS, FORM_MEDIA, MARK, MEDIA, TEXTS, WRONG_TEXTS, Route, Told, routes, send
from tests.support.personas import Persona, Resource, personas

REFUSALS = {400, 404, 405, 406, 412, 413, 415, 422}
LARGE = 64 * 1024  # a longer body may be refused, and the connection closed, before it has been read
MOST_MB = 400
"""What a server process of five threads may ever hold, whatever is sent to it. It needs some 150 to stand there."""

ORGANIZATION = "arganier-droit"


@dataclass(frozen=True)
class Served:
    deployment: Deployment
    running: Running
    persona: Persona
    routes: list[Route]

    @property
    def token(self) -> str:
        return str(self.persona._headers()["Authorization"].removeprefix("Bearer "))

    def send(self, route: Route, body: bytes, media: str | None, encoding: str = "", *, chunked: bool = False) -> Told:
        base = self.deployment.base_url
        return send(base, route, body, token=self.token, media=media, encoding=encoding, chunked=chunked)

    def logged(self) -> str:
        return "".join(path.read_text("utf-8", "replace") for path in self.deployment.words.iterdir())


def survivor() -> Resource:
    return {
        "resourceType": "Patient",
        "meta": {"profile": [profile("survivor")]},
        "identifier": [
            {
                "type": {"coding": [{"system": code_system("identifier-type"), "code": "survivor-code"}]},
                "system": identifier_system("survivor-code"),
                "value": "ZZ-0001",
            }
        ],
        "active": True,
        "gender": "female",
        "managingOrganization": {"reference": f"Organization/{ORGANIZATION}"},
    }


@pytest.fixture(scope="module")
def served(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A deployment of its own, with one referral in it."""
    database = f"malformed_{uuid.uuid4().hex[:16]}"
    deployment = Deployment.init(
        tmp_path_factory.mktemp("malformed"), mongodb_uri=mongodb_uri, database=database, log_level="debug"
    )
    registers.write_french(deployment.folder / "registers" / "arganier.csv", [registers.french_case(1)])
    deployment.hub("pull", "arganier-register", codes=(0,))
    with (
        deployment.serving() as running,
        personas(mongodb_uri, database, deployment.base_url, ORGANIZATION) as cast,
    ):
        persona = cast[ORGANIZATION]
        patient = persona.create(survivor()).body["id"]
        (task,) = persona.find("Task").resources
        yield Served(deployment, running, persona, routes(patient, task["id"]))
    with MongoClient[Resource](mongodb_uri) as client:
        client.drop_database(database)


def assert_refused(told: Told, route: Route, size: int) -> None:
    """An answer that helps; where the connection was closed on a long body, none."""
    if told.status == 0:
        assert size > LARGE, route
        return
    assert told.status in REFUSALS, (route, told.status)
    if route.is_oauth:
        assert told.json["error"] == "invalid_request" or told.json["error"] == "unsupported_grant_type"
    else:
        assert told.json["resourceType"] == "OperationOutcome"
        assert all(
            "{" not in issue["diagnostics"] for issue in told.json["issue"] if "system" not in issue["diagnostics"]
        )
    assert_silent(told.body.decode())


def assert_silent(said: str) -> None:
    """Nothing of what was sent: not as it was written, nor as JSON would escape it."""
    assert MARK not in said
    assert json.dumps(MARK)[1:-1] not in said
    assert "0699887761" not in said


def must_be_refused(route: Route, text: str) -> bool:
    """All are, but for what a route cannot know to be wrong: a form can hold anything, and $validate says what it found."""
    harmless = {"empty", "blank"} if "$" in route.path or route.media == FORM_MEDIA else set()
    return text not in harmless and not (route.media == FORM_MEDIA and not route.is_oauth)


@pytest.mark.parametrize("text", sorted(WRONG_TEXTS))
def test_what_is_no_json_is_refused_on_every_route(served: Served, text: str) -> None:
    body = WRONG_TEXTS[text]
    for number, route in enumerate(served.routes):
        told = served.send(route, body, route.media, chunked=bool(number % 2))
        if must_be_refused(route, text) and told.status != 200:
            assert_refused(told, route, len(body))
        else:
            assert 0 <= told.status < 500, (route, told.status)
            assert told.status == 200 or not must_be_refused(route, text) or "$validate" in route.path
            assert_silent(told.body.decode())


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=examples(150, 5000),
)
@given(st.data())
def test_whatever_is_sent_in_whatever_way_breaks_nothing(served: Served, data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(served.routes))
    body = data.draw(TEXTS | st.binary(max_size=60))
    media = data.draw(st.just(route.media) | st.sampled_from(MEDIA) | st.none())
    told = served.send(route, body, media, data.draw(st.sampled_from(ENCODINGS)), chunked=data.draw(st.booleans()))
    if told.status in {200, 201}:
        return
    assert_refused(told, route, len(body))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x"])
def test_a_compressed_body_is_refused_unopened(served: Served, encoding: str) -> None:
    for route in served.routes:
        told = served.send(route, WRONG_TEXTS["compressed"], route.media, encoding)
        assert told.status == (400 if route.is_oauth else 415), route
        assert_refused(told, route, 0)


@pytest.mark.parametrize(
    "media", [None, "", "text/plain", "application/fhir+xml", "application/fhir+json; charset=utf-16"]
)
def test_a_body_of_another_kind_is_refused(served: Served, media: str | None) -> None:
    for route in served.routes:
        for chunked in (False, True):
            told = served.send(route, b'{"resourceType":"Patient"}', media, chunked=chunked)
            refused = REFUSALS if route.file and media in FILES else {400 if route.is_oauth else 415}
            assert told.status in refused, route


def test_a_body_that_ends_before_it_was_said_to_is_not_taken_for_whole(served: Served) -> None:
    """The client has gone: what counts is that nothing of it is stored and that the server goes on."""
    before = served.persona.find("Patient").total
    text = json.dumps(survivor() | {"active": False}).encode()
    for route in served.routes:
        host, port = "127.0.0.1", served.deployment.port
        head = f"{route.method} {route.path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {served.token}\r\nContent-Type: {route.media}\r\n"
        for length in (
            f"Content-Length: {len(text) + 10}\r\n\r\n".encode() + text,
            b"Transfer-Encoding: chunked\r\n\r\nffff\r\n" + text[:-1],
        ):
            send_and_leave(host, port, head.encode() + length)
    assert httpx2.get(f"{served.deployment.base_url}/metadata").status_code == 200
    assert served.persona.find("Patient").total == before


def send_and_leave(host: str, port: int, request: bytes) -> None:
    with socket.create_connection((host, port), timeout=10) as raw:
        raw.sendall(request)


# --- memory -----------------------------------------------------------------------------------------------------------


def peak_mb(pid: int) -> int:
    """The most memory that any process below this one ever held, by the kernel's account."""
    children = [
        int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text("ascii").split()
    ]
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("ascii"))
    return max([int(found[1]) // 1024 if found else 0, *map(peak_mb, children)])


def at_once(served: Served, asked: list[Route], bodies: list[bytes]) -> list[tuple[Route, int]]:
    """Each route with a body of its own, every other one without saying how long it is."""
    told: list[tuple[Route, int]] = []

    def ask(route: Route, body: bytes, chunked: bool) -> None:
        told.append((route, served.send(route, body, route.media, chunked=chunked).status))

    pairs = zip(asked, bodies, strict=False)
    threads = [threading.Thread(target=ask, args=(*pair, number % 2 == 0)) for number, pair in enumerate(pairs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(told) == len(asked)
    return told


FIFTY_MB = b"[" + b'"' + b"a" * (50_000_000 - 4) + b'"' + b"]"


def test_bodies_of_fifty_megabytes_and_bodies_that_grow_when_read_fill_no_memory(served: Served) -> None:
    for route in served.routes:  # so that all code is loaded
        served.send(route, b"{}", route.media)
    grown = [
        b"[" + item * (5_000_000 // len(item)) + b"0]" for item in (b"[],", b"{},", b"1.00,", b'[{"":[]}],', b"0,")
    ]
    for bodies, allowed in (([FIFTY_MB] * 5, {0, 413}), (grown, {413}), ([grown[0]] * 5, {413})):
        for at in range(0, len(served.routes), 5):
            told = at_once(served, served.routes[at : at + 5], bodies)
            assert {status for _, status in told} <= allowed, told
    assert peak_mb(served.running.process.pid) < MOST_MB


def test_in_the_end_the_server_runs_and_has_said_nothing(served: Served) -> None:
    """Asked last: of everything that was sent above, no word is in a log, and nothing was an accident."""
    assert served.running.process.poll() is None
    assert served.persona.find("Patient").status == 200
    logged = served.logged()
    assert "request.answered" in logged
    assert_silent(logged)
    for accident in ("request.broken", "process.broken", "thread.broken", "Traceback"):
        assert accident not in logged, re.findall(rf".*{accident}.*", logged)[:3]
