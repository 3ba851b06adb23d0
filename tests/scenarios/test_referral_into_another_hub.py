"""Two hubs: the hospital of the one lives in the other. What is referred to it here is filed there, answered there, known here."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from pymongo import MongoClient

from hub.fhir.canonicals import identifier_system, profile
from tests.support.command_line import GOOD, Command, marks_in
from tests.support.deployments import Deployment
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
AGREED: Final = f";oui;{datetime.now(UTC):%d/%m/%Y};"
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
        if method == "POST" and path == "/fhir" and self.lost:
            assert answer.status_code == 200, answer.text
            self.lost.pop()()
            return None
        return answer


@pytest.fixture(scope="module")
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
            content = answer.content.replace(found.to.encode(), found.url.encode())  # links lead over the wire, too
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["Content-Type"])
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
    made = Deployment(root / "deployment", root / "words", mongodb_uri)
    made.words.mkdir(parents=True)
    made.hub("init", str(made.folder), home=False)
    made.set("database", "name", f'"hubs_{uuid.uuid4().hex[:16]}"')
    made.set("server", "port", free_port())
    yield made
    with MongoClient[Resource](mongodb_uri) as client:
        client.drop_database(database_of(made))


def database_of(deployment: Deployment) -> str:
    return (deployment.folder / "hub.toml").read_text("utf-8").partition('name = "')[2].partition('"')[0]


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory, mongodb_uri: str) -> Iterator[Deployment]:
    yield from deployed(tmp_path_factory.mktemp("second"), mongodb_uri)


@pytest.fixture(scope="module")
def first(
    tmp_path_factory: pytest.TempPathFactory, mongodb_uri: str, second: Deployment, wire: Wire
) -> Iterator[Deployment]:
    """The hub of an association that refers women to the hospital. Its connection leads to the other hub."""
    for made in deployed(tmp_path_factory.mktemp("first"), mongodb_uri):
        key = made.folder / "secrets" / "first-hub.json"
        key.parent.mkdir(exist_ok=True)
        asked = ("--organization", "example-association", "--id", "first-hub", "--scope", "system/*.cruds")
        second.hub("client", "add", *asked, "--generate", str(key))
        text = CONNECTION.format(url=wire.url, token_url=f"{wire.to}/oauth/token")
        (made.folder / "connections" / "hospital.yaml").write_text(text, "utf-8")
        yield made


@dataclass
class Two:
    """Both hubs, of which the second serves, and who takes part there. `rows`: the register of the association in the first."""

    first: Deployment
    second: Deployment
    wire: Wire
    hospital: Persona
    sender: Persona
    mongodb_uri: str
    rows: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def refer(self, age: int = 34) -> str:
        """A woman of her own for each story is referred in the first hub; the id of her referral there."""
        before = {one["_id"] for one in self.tasks()}
        number = next(self._numbers)
        self.rows.append(
            GOOD.replace(";oui;05/01/2026;", AGREED)
            .replace("AR-001", f"AR-{number:03}")
            .replace("1;", f"{number};", 1)
            .replace(";34;", f";{age};")
        )
        self.pull_register()
        (made,) = {one["_id"] for one in self.tasks()} - before
        return str(made)

    def withdraw(self) -> None:
        """The woman who was referred last does not agree any more."""
        self.rows[-1] = self.rows[-1].replace(AGREED, REFUSED)
        self.pull_register()

    def pull_register(self) -> None:
        Command(self.first.folder).register(*self.rows)
        self.first.hub("pull", "register")

    def tasks(self) -> list[Resource]:
        with MongoClient[Resource](self.mongodb_uri) as client:
            return list(client[database_of(self.first)]["Task"].find())

    def here(self, referral: str) -> Resource:
        """As it stands in the first hub."""
        (found,) = [one for one in self.tasks() if one["_id"] == referral]
        return dict(json.loads(found["json"]))

    def filed(self, referral: str, type_: str) -> list[Resource]:
        """What there is of it in the second, as who filed it knows it."""
        code = f"{identifier_system('survivor-code')}|{referral}"
        if type_ == "Patient":
            return self.sender.find("Patient", identifier=code).resources
        return self.sender.find(type_, **{"patient.identifier": code}).resources

    def there(self, referral: str) -> Resource:
        """As the hospital sees it there."""
        (task,) = self.filed(referral, "Task")
        return dict(self.hospital.read(f"Task/{task['id']}").body)

    def answer(self, referral: str, **elements: Any) -> Resource:
        """The hospital's next step there, and the referral here once it was read."""
        said = self.hospital.change(f"Task/{self.there(referral)['id']}", **elements)
        assert said.status == 200, said.body
        self.first.hub("pull", "hospital")
        return self.here(referral)

    def counted(self, referral: str) -> dict[str, int]:
        return {type_: len(self.filed(referral, type_)) for type_ in ONCE}


ONCE: Final = {"Patient": 1, "Consent": 1, "ServiceRequest": 1, "Task": 1}
NEVER: Final = {"Patient": 0, "Consent": 0, "ServiceRequest": 0, "Task": 0}


@pytest.fixture(scope="module")
def two(first: Deployment, second: Deployment, wire: Wire, mongodb_uri: str) -> Iterator[Two]:
    with (
        second.serving() as served,
        personas(mongodb_uri, database_of(second), served.base_url, "example-hospital", "example-association") as cast,
    ):
        yield Two(first, second, wire, cast["example-hospital"], cast["example-association"], mongodb_uri)


def test_a_referral_is_filed_answered_and_closed_and_more_is_told_once_it_is_accepted(two: Two) -> None:
    referral = two.refer()
    two.first.hub("connection", "check", "hospital")
    two.first.hub("deliver")
    assert two.counted(referral) == ONCE
    notice = two.there(referral)
    assert {code_of(one["type"]) for one in notice["input"]} == {"service-type", "province", "age-band"}
    assert two.hospital.read(notice["for"]["reference"]).status == 404
    assert marks_in(str([two.filed(referral, type_) for type_ in ONCE])) == []
    assert two.here(referral)["status"] == "received"

    assert two.answer(referral, status="accepted")["status"] == "accepted"
    two.first.hub("deliver")
    seen = two.hospital.read(notice["for"]["reference"]).body
    assert (seen["gender"], seen["telecom"][0]["value"]) == ("female", "0612345678")
    known = str([two.filed(referral, type_) for type_ in ONCE])
    assert set(marks_in(known)) == {
        "0612345678",
        "612345678",
    }  # neither her name nor what happened: she agreed to neither
    assert "AR-001" not in known

    expected = [{"type": concept("task-output", "appointment"), "valueDateTime": "2031-03-20T09:00:00Z"}]
    said = two.answer(
        referral, businessStatus=concept("referral-business-status", "appointment-scheduled"), output=expected
    )
    assert (said["status"], code_of(said["businessStatus"])) == ("accepted", "appointment-scheduled")
    assert said["output"][0]["valueDateTime"] == "2031-03-20"
    closed = two.answer(referral, status="completed", output=[*expected, *outcome("service-provided")])
    assert closed["status"] == "completed"
    assert "service-provided" in {code_of(one.get("valueCodeableConcept")) for one in closed["output"]}


def test_a_refusal_comes_back_with_its_reason(two: Two) -> None:
    referral = two.refer()
    two.first.hub("deliver")
    refused = two.answer(referral, status="rejected", statusReason=reason("no-capacity"))
    assert (refused["status"], code_of(refused["statusReason"])) == ("rejected", "no-capacity")
    assert two.first.hub("pull", "hospital", "--json")
    assert two.here(referral)["status"] == "rejected"


def again(two: Two) -> None:
    """What was put off, or was held by who is dead, is due now."""
    with MongoClient[Resource](two.mongodb_uri) as client:
        database, now = client[database_of(two.first)], datetime.now(UTC)
        database["lanes"].update_many({}, {"$set": {"until": now, "next_try": now}})
        database["dispatches"].update_many({}, {"$set": {"next_try": now}})
    two.first.hub("deliver")


def test_when_the_answer_is_lost_it_is_delivered_again_and_is_there_once(two: Two) -> None:
    referral = two.refer()
    two.wire.lost.append(lambda: None)
    two.first.hub("deliver")
    assert not two.wire.lost
    assert two.here(referral)["status"] == "requested"
    again(two)
    assert two.counted(referral) == ONCE
    assert two.here(referral)["status"] == "received"


def test_when_the_hub_dies_before_it_has_the_answer_it_is_there_once(two: Two) -> None:
    referral = two.refer()
    dying = two.first.start("deliver")
    two.wire.lost.append(dying.kill)
    assert dying.process.wait(150) < 0
    assert two.counted(referral) == ONCE
    again(two)
    assert two.counted(referral) == ONCE
    assert two.here(referral)["status"] == "received"
    assert two.answer(referral, status="accepted")["status"] == "accepted"


@pytest.mark.parametrize("reached", ["requested", "in-progress"])
def test_what_she_withdraws_here_ends_there_however_far_it_has_come(two: Two, reached: str) -> None:
    referral = two.refer()
    two.first.hub("deliver")
    for status in ("accepted", "in-progress")[: ("requested", "accepted", "in-progress").index(reached)]:
        two.answer(referral, status=status)
    task = two.there(referral)
    assert task["status"] == reached
    two.withdraw()
    two.first.hub("deliver")
    (consent,), (need,), (ended,) = (two.filed(referral, type_) for type_ in ("Consent", "ServiceRequest", "Task"))
    assert (consent["status"], need["status"]) == ("inactive", "revoked")
    assert (ended["status"], code_of(ended["statusReason"])) == ("cancelled", "consent-withdrawn")
    for reference in (task["for"]["reference"], task["focus"]["reference"]):
        assert two.hospital.read(reference).status == 404


def test_what_she_withdraws_when_all_is_done_is_seen_there_no_more(two: Two) -> None:
    referral = two.refer()
    two.first.hub("deliver")
    two.answer(referral, status="accepted")
    two.answer(referral, status="completed", output=outcome("service-provided"))
    her = two.there(referral)["for"]["reference"]
    two.first.hub("deliver")
    assert two.hospital.read(her).status == 200
    two.withdraw()
    two.first.hub("deliver")
    assert [one["status"] for one in two.filed(referral, "Consent")] == ["inactive"]
    assert two.hospital.read(her).status == 404
    assert [one["status"] for one in two.filed(referral, "Task")] == ["completed"]


@pytest.fixture
def younger(first: Deployment) -> Iterator[None]:
    """In the first hub, and there alone, her own yes counts from fifteen."""
    policies = first.folder / "policies.yaml"
    policies.write_text("ages: {own_consent: 15}\n", "utf-8")
    yield
    policies.unlink()


@pytest.mark.usefixtures("younger")
def test_of_a_minor_whose_own_yes_counts_here_alone_nobody_is_told_there_and_nobody_is_said_to_have_received_it(
    two: Two,
) -> None:
    referral = two.refer(age=16)
    two.first.hub("deliver")
    assert two.counted(referral) == ONCE
    (waiting,) = two.filed(referral, "Task")
    assert waiting["status"] == "draft"
    assert two.hospital.read(f"Task/{waiting['id']}").status == 404
    assert two.here(referral)["status"] == "requested"

    (consent,), (her,) = (two.filed(referral, type_) for type_ in ("Consent", "Patient"))
    aunt = two.sender.create({
        "resourceType": "RelatedPerson", "meta": {"profile": [profile("caregiver")]},
        "extension": [
            {"url": profile("custodian"), "valueReference": {"reference": "Organization/example-association"}},
            {"url": profile("caregiver-suspicion"), "valueCode": "none"},
        ],
        "patient": {"reference": f"Patient/{her['id']}"}, "relationship": [concept("caregiver-relationship", "relative")],
    })  # fmt: skip
    assert aunt.status == 201, aunt.body
    given = [*consent["performer"], {"reference": f"RelatedPerson/{aunt.body['id']}"}]
    assert two.sender.change(f"Consent/{consent['id']}", performer=given).status == 200
    assert two.there(referral)["status"] == "requested"
    assert "RelatedPerson" not in str(two.there(referral))
    assert two.answer(referral, status="accepted")["status"] == "accepted"


def narrow(two: Two, referral: str, *classes: str) -> None:
    """In the first hub she takes back what she had agreed to, of these classes."""
    with (
        two.first.serving() as served,
        personas(two.mongodb_uri, database_of(two.first), served.base_url, "example-association") as cast,
    ):
        association = cast["example-association"]
        her = two.here(referral)["for"]["reference"]
        (consent,) = [one for one in association.find("Consent", patient=her).resources if one["status"] == "active"]
        for permit in consent["provision"]["provision"]:
            permit["class"] = [one for one in permit["class"] if one["code"] not in classes]
        said = association.change(f"Consent/{consent['id']}", provision=consent["provision"])
        assert said.status == 200, said.body


@pytest.mark.parametrize("over", [False, True])
def test_what_she_closes_here_and_no_more_than_that_is_closed_there(two: Two, over: bool) -> None:
    referral = two.refer()
    two.first.hub("deliver")
    two.answer(referral, status="accepted")
    two.first.hub("deliver")
    if over:
        two.answer(referral, status="completed", output=outcome("service-provided"))
    her, need = (two.there(referral)[name]["reference"] for name in ("for", "focus"))
    assert "0612345678" in str(two.hospital.read(her).body)
    narrow(two, referral, "safe-contact")
    two.first.hub("deliver")
    seen = two.hospital.read(her)
    assert (seen.status, seen.body["gender"]) == (200, "female")
    assert "612345678" not in str(seen.body) and two.hospital.read(need).status == 200
    assert her not in {f"Patient/{one['id']}" for one in two.hospital.find("Patient", telecom="0612345678").resources}
    assert [one["status"] for one in two.filed(referral, "Consent")] == ["active"]
    assert [one["status"] for one in two.filed(referral, "Task")] == ["completed" if over else "accepted"]


def test_what_was_withdrawn_before_it_was_sent_never_comes_there(two: Two) -> None:
    referral = two.refer()
    two.withdraw()
    two.first.hub("deliver")
    assert two.counted(referral) == NEVER
