"""`hub listen` as a process of its own: tools call it, and what they told of is in the hub soon after."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.replay import Served
from demo.kobo_server import KoboServer, Project
from demo.registers import kobo_submissions
from hub.bootstrap import opened
from hub.cli.rounds import REST
from tests.support.calling import CALLS, HINT, NAME, SUBMISSION, basic
from tests.support.command_line import Command
from tests.support.commcare import KEY, USER, ProjectSpace, survivor
from tests.support.doors import UNTIL
from tests.support.hl7v2 import dialled, msa, ref
from tests.support.patience import PATIENCE_S

FORMS = """organization: example-association
adapter: kobo
mapping: kobo/intake
settings: {{url: "{url}", asset: aZahraIntake, listen: "127.0.0.1:0"}}
secrets: {{token: {{file: secrets/token}}, hint: {{file: secrets/hint}}}}
"""
CASEWORK = """organization: example-association
adapter: commcare
mapping: commcare/casework
settings: {{url: "{url}", domain: anwar, user: {user}, listen: "127.0.0.1:0"}}
secrets: {{key: {{file: secrets/commcare}}, forward: {{file: secrets/hint}}, spool: {{file: secrets/hint}}}}
"""
HOSPITAL = """organization: example-hospital
adapter: hl7v2
mapping: hl7v2/ref-i12
settings: {listen: "127.0.0.1:0"}
secrets: {spool: {file: secrets/hint}}
"""
SOON = PATIENCE_S


@pytest.fixture
def project() -> Project:
    return Project("aZahraIntake", "a-token", kobo_submissions(until=UNTIL)[:4])


@pytest.fixture
def joined(hub: Command, project: Project) -> Iterator[Command]:
    for other in (hub.home / "connections").glob("*.yaml"):
        other.unlink()
    (hub.home / "secrets").mkdir(exist_ok=True)
    for name, secret in (("token", "a-token"), ("hint", HINT), ("commcare", KEY)):
        (hub.home / "secrets" / name).write_text(secret, "utf-8")
    with KoboServer(project).running() as server:
        (hub.home / "connections" / "forms.yaml").write_text(FORMS.format(url=server.url), "utf-8")
        yield hub


class Process:
    """`hub listen`, and what it has said so far."""

    def __init__(self, home: Path, *arguments: str, **environment: str) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hub", "--home", str(home), "--lang", "en", "listen", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **environment},
        )  # fmt: skip
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def said(self) -> str:
        return "".join(self.lines)

    def address(self, connection: str) -> str:
        pattern = re.compile(rf"^{connection}: listening on (\S+?)\. ", re.M)
        assert until(lambda: pattern.search(self.said) is not None), self.said
        found = pattern.search(self.said)
        assert found
        return found[1]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reading.join(SOON)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def ends(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(SOON)


def until(holds: Callable[[], bool], seconds: float = SOON) -> bool:
    ends = time.monotonic() + seconds
    while not holds() and time.monotonic() < ends:
        time.sleep(0.1)
    return holds()


@pytest.fixture
def listen(joined: Command) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(*arguments: str, **environment: str) -> Process:
        started.append(Process(joined.home, *arguments, **environment))
        return started[-1]

    yield start
    for one in started:
        one.close()


def lists(project: Project) -> int:
    """How often the whole list was asked for: once a pull."""
    return sum(
        "fields" in one.query and "query" in one.query and "$gt" not in one.query["query"] for one in project.asked
    )


def pulls(process: Process, connection: str) -> int:
    """How many pulls that brought something the process has told of: a row of a table each."""
    return len(re.findall(rf"^\W*{connection} ", process.said, re.M))


def new(project: Project) -> None:
    number = max(project.numbers) + 1
    project.add(
        {**project.submission(project.numbers[0]), "_id": number, "_uuid": f"n{number}",
         "meta/rootUuid": f"uuid:n{number}", "meta/instanceID": f"uuid:n{number}"}
    )  # fmt: skip


def read(project: Project, number: int) -> bool:
    """Whether a submission itself was asked for."""
    return any(f'"$lte": {number}' in one.query.get("query", "") for one in project.asked)


def call(url: str, times: int = 1) -> set[int]:
    with httpx2.Client(trust_env=False) as http:
        return {CALLS["KoboToolbox"][1](http, f"http://{url}/", HINT).status_code for _ in range(times)}


def test_what_a_tool_tells_of_is_pulled_soon_and_a_hundred_hints_are_few_pulls(
    joined: Command, project: Project, listen: Callable[..., Process]
) -> None:
    process = listen("--every", "3600")
    url = process.address("forms")
    assert until(lambda: pulls(process, "forms") == 1), process.said  # what was told to nobody, while nobody listened
    began = time.monotonic()
    new(project)
    assert call(url, 100) == {200}
    assert until(lambda: pulls(process, "forms") == 2), process.said
    assert read(project, max(project.numbers))
    time.sleep(3)  # whoever pulled for each of them would be seen to
    assert lists(project) <= 3 + (time.monotonic() - began) // REST, (
        "to tell a hundred times can take longer than a rest"
    )
    assert process.ends() == 0
    assert joined.json("pull", "forms")[0]["read"] == 0
    assert NAME not in process.said and HINT not in process.said
    assert str(SUBMISSION["_uuid"]) not in process.said


def hooked(url: str, submission: dict[str, Any]) -> None:
    """As the server tells of a submission: twice, since it may have been heard, and once more in a template."""
    with httpx2.Client(trust_env=False, headers={"Authorization": basic(HINT)}) as http:
        for body in (submission, submission, {"event": "new", "what": submission}):
            assert http.post(f"http://{url}/", json=body).status_code == 200


def test_what_is_told_by_a_hook_and_found_by_polling_is_stored_once(
    joined: Command, project: Project, listen: Callable[..., Process]
) -> None:
    """The same submissions by both ways at once, and by a pull of somebody else: a record, a case and a provenance for each. Three
    of the first four go to organisations that this hub does not know, and wait in quarantine."""
    process = listen("--every", "2")
    url = process.address("forms")
    for _ in range(3):
        new(project)
        hooked(url, project.submission(max(project.numbers)))
        joined("pull", "forms")
    assert until(lambda: read(project, max(project.numbers)))
    assert process.ends() == 0
    assert joined.json("pull", "forms")[0]["read"] == 0
    with opened(joined.home) as deployment:
        database = deployment.hub.store.database  # type: ignore[attr-defined]
        entries = list(database.ledger.find({"state": "stored"}))
        cases = list(database.EpisodeOfCare.find())
        needs, tasks = (database[name].count_documents({}) for name in ("ServiceRequest", "Task"))
        said = re.findall(r"ServiceRequest/[0-9a-f-]{36}", str([one["resources"] for one in entries]))
        assert database.ledger.count_documents({}) == len(project.numbers) == 7
        assert len(cases) == len(entries) == 4 and {one["v"] for one in cases} == {1}
        assert needs == len(set(said)) == len(said) > 0
        assert tasks <= needs and database.history.count_documents({"r": {"$not": {"$regex": "^(Patient|Task)/"}}}) == 0
        assert database.Provenance.count_documents({}) == len(entries)


def test_a_hint_that_was_acknowledged_before_a_kill_is_pulled_by_the_next_process(
    joined: Command, project: Project, listen: Callable[..., Process]
) -> None:
    process = listen("--every", "3600")
    url = process.address("forms")
    assert until(lambda: pulls(process, "forms") == 1), process.said
    new(project)
    assert call(url) == {200}
    process.ends(signal.SIGKILL)
    known = lists(project)
    listen("--every", "3600").address("forms")
    assert until(lambda: lists(project) > known and read(project, max(project.numbers)))


def test_a_hint_that_was_lost_loses_nothing(joined: Command, project: Project, listen: Callable[..., Process]) -> None:
    process = listen("--every", "2")
    assert until(lambda: pulls(process, "forms") == 1), process.said
    new(project)
    assert until(lambda: read(project, max(project.numbers)))


def test_hints_are_taken_while_the_database_is_away(
    joined: Command, project: Project, listen: Callable[..., Process]
) -> None:
    away = "mongodb://127.0.0.1:9/nobody?serverSelectionTimeoutMS=300"
    process = listen(IHALA_MONGODB_URI=away)
    assert call(process.address("forms"), 3) == {200}
    assert until(lambda: "Error" in process.said), process.said
    assert process.process.poll() is None
    assert process.said.count("Error") == 1


def test_messages_and_forwarded_cases_are_pulled_when_they_have_come(
    joined: Command, listen: Callable[..., Process]
) -> None:
    space = ProjectSpace()
    survivor(space, 1)
    (joined.home / "connections" / "forms.yaml").unlink()
    with Served(space).running() as served:
        connections = joined.home / "connections"
        (connections / "casework.yaml").write_text(CASEWORK.format(url=served.url, user=USER), "utf-8")
        (connections / "hospital.yaml").write_text(HOSPITAL, "utf-8")
        process = listen("--every", "3600")
        port = int(process.address("hospital").rsplit(":", 1)[1])
        forwarding = f"http://{process.address('casework')}/"
        assert until(lambda: bool(joined.json("status")["stored"].get("Patient")))
        with dialled(port) as wire:
            assert msa(wire.ask(ref()))[0] == "AA"
        space.save("survivor-1", {"province": "rabat"})
        with httpx2.Client(trust_env=False) as http:
            told = http.post(
                forwarding, json=space.forwarded("survivor-1"), headers={"Authorization": f"Bearer {HINT}"}
            )
            assert told.status_code == 200
        waiting = joined.home / "hl7v2" / "hospital" / "inbox"
        assert until(
            lambda: joined.json("status")["stored"].get("Patient", 0) == 2 or bool(joined.json("quarantine", "list"))
        )
        assert waiting.is_dir()
        assert until(lambda: pulls(process, "casework") == 2), process.said  # the first, and what was forwarded
        assert joined.json("pull", "casework")[0]["read"] == 0
        assert process.ends() == 0


def test_a_listener_that_cannot_be_opened_keeps_no_other_from_being_heard(
    joined: Command, project: Project, listen: Callable[..., Process]
) -> None:
    (joined.home / "connections" / "hospital.yaml").write_text(HOSPITAL.replace("127.0.0.1:0", "0.0.0.0:0"), "utf-8")
    process = listen()
    assert call(process.address("forms")) == {200}
    assert until(lambda: "hospital: " in process.said and "Error" in process.said)


def test_of_one_connection_it_takes_and_does_not_pull(
    joined: Command, project: Project, listen: Callable[..., Process]
) -> None:
    process = listen("forms", IHALA_MONGODB_URI="mongodb://127.0.0.1:9/nobody")
    assert call(process.address("forms")) == {200}
    assert process.ends() == 0
    assert project.asked == []
