"""Two hubs: the hospital of the one lives in the other. What is referred to it here is filed there, answered there, known here."""

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from pymongo import MongoClient

from tests.support.command_line import GOOD, Command, marks_in
from tests.support.deployments import Deployment, Running
from tests.support.personas import Persona, Resource, code_of, concept, outcome, personas, reason
from tests.support.ports import free_port

CONNECTION: Final = """organization: example-hospital
adapter: fhir
mapping: fhir/referral
settings:
  url: {url}/fhir
  auth: smart
  client_id: first-hub
  token_url: {token_url}
  scope: system/*.cruds
  send: true
  hub: true
  owner: Organization/example-hospital
  requester: Organization/example-association
secrets:
  credential: {{file: secrets/first-hub.json}}
"""
AGREED: Final = (";oui;05/01/2026;", f";oui;{datetime.now(UTC):%d/%m/%Y};")
REFUSED: Final = ";non;;"


@dataclass
class Wire:
    """Between the hubs. `lost`: what happens in place of the answer to the next transaction, which the other hub has carried out."""

    url: str
    to: str
    lost: list[Callable[[], object]] = field(default_factory=list)

    def carry(self, method: str, path: str, headers: dict[str, str], body: bytes) -> httpx2.Response | None:
        kept = {name: value for name, value in headers.items() if name.lower() not in {"host", "content-length"}}
        answer = httpx2.request(method, f"{self.to}{path}", headers=kept, content=body, timeout=60, trust_env=False)
        if answer.status_code >= 400: print("DBG", method, path, body.decode(), answer.text)
        if method == "POST" and path == "/fhir" and self.lost:
            assert answer.status_code == 200, answer.text
            self.lost.pop()()
            return None
        return answer


@pytest.fixture
def wire(second: Deployment) -> Iterator[Wire]:
    port = free_port()
    found = Wire(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{second.port}")

    class Handler(BaseHTTPRequestHandler):
        def carry(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = found.carry(self.command, self.path, dict(self.headers), body)
            self.close_connection = True
            if answer is None:
                return
            self.send_response(answer.status_code)
            for name in ("Content-Type", "ETag"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            content = answer.content.replace(found.to.encode(), found.url.encode())
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = carry  # noqa: N815 — as http.server names them

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def deployed(root: Path, mongodb_uri: str) -> Iterator[Deployment]:
    name = f"hubs_{uuid.uuid4().hex[:16]}"
    made = Deployment(root / "deployment", root / "words", mongodb_uri)
    made.words.mkdir(parents=True)
    made.hub("init", str(made.folder), home=False)
    made.set("database", "name", f'"{name}"')
    made.set("server", "port", free_port())
    made.set("delivery", "every_seconds", 0.1)
    yield made
    with MongoClient[Resource](mongodb_uri) as client:
        client.drop_database(name)


@pytest.fixture
def second(tmp_path: Path, mongodb_uri: str) -> Iterator[Deployment]:
    yield from deployed(tmp_path / "second", mongodb_uri)


@pytest.fixture
def first(tmp_path: Path, mongodb_uri: str, second: Deployment, wire: Wire) -> Iterator[Deployment]:
    """The hub of an association that refers a woman to the hospital. Its connection leads to the other hub."""
    for made in deployed(tmp_path / "first", mongodb_uri):
        key = made.folder / "secrets" / "first-hub.json"
        key.parent.mkdir(exist_ok=True)
        second.hub("client", "add", "--organization", "example-association", "--id", "first-hub", "--scope", "system/*.cruds", "--generate", str(key))  # fmt: skip
        text = CONNECTION.format(url=wire.url, token_url=f"{wire.to}/oauth/token")
        (made.folder / "connections" / "hospital.yaml").write_text(text, "utf-8")
        Command(made.folder).register(GOOD.replace(*AGREED))
        made.hub("pull", "register")
        yield made


@dataclass(frozen=True)
class Two:
    """Both hubs, of which the second serves, and who takes part there."""

    first: Deployment
    second: Deployment
    served: Running
    wire: Wire
    there: dict[str, Persona]
    mongodb_uri: str

    @property
    def hospital(self) -> Persona:
        return self.there["example-hospital"]

    def task(self) -> Resource:
        """As the hospital sees it there."""
        (found,) = self.hospital.find("Task").resources
        return dict(found)

    def answer(self, **elements: Any) -> None:
        """The hospital's next step there, and that it is read here."""
        said = self.hospital.change(f"Task/{self.task()['id']}", **elements)
        assert said.status == 200, said.body
        self.first.hub("pull", "hospital")

    def here(self) -> Resource:
        """The referral as it stands in the first hub."""
        with MongoClient[Resource](self.mongodb_uri) as client:
            name = (self.first.folder / "hub.toml").read_text("utf-8").partition('name = "')[2].partition('"')[0]
            (found,) = client[name]["Task"].find()
            return dict(found)


@pytest.fixture
def two(first: Deployment, second: Deployment, wire: Wire, mongodb_uri: str) -> Iterator[Two]:
    name = (second.folder / "hub.toml").read_text("utf-8").partition('name = "')[2].partition('"')[0]
    with (
        second.serving() as served,
        personas(mongodb_uri, name, served.base_url, "example-hospital", "example-association") as there,
    ):
        yield Two(first, second, served, wire, there, mongodb_uri)


def counted(two: Two) -> dict[str, int]:
    types = ("Patient", "Consent", "ServiceRequest", "Task")
    return {type_: two.there["example-association"].find(type_).total for type_ in types}


ONCE: Final = {"Patient": 1, "Consent": 1, "ServiceRequest": 1, "Task": 1}


def test_a_referral_is_filed_answered_and_closed(two: Two) -> None:
    two.first.hub("connection", "check", "hospital")
    two.first.hub("deliver")
    print(two.first.hub("delivery", "list", codes=(0, 1, 2)).out)
    assert counted(two) == ONCE
    notice = two.task()
    print(notice)
    assert notice["status"] == "requested"
    print(two.here())
    two.answer(status="accepted")
    print(two.here())
    two.first.hub("deliver")
    print(two.hospital.find("Patient").body, two.hospital.find("ServiceRequest").body, two.there["example-association"].find("Consent").body)
    two.answer(status="completed", output=outcome("service-provided"))
    print(two.here())
    assert 0
