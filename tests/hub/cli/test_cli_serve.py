"""`hub serve` as people run it: a process of its own, with its own MongoDB, stopped gently, killed, and started again."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.store.locks import is_held
from tests.support.command_line import BAD, GOOD, Command, marks_in
from tests.support.patience import PATIENCE_S, until
from tests.support.ports import free_port
from tests.support.signals import give_to_another_thread


class Server:
    """A running `hub serve`. What it says is read as it comes, so that it never waits for a reader."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.home = home
        command = [sys.executable, "-m", "hub", "--home", str(home), "--lang", "en", "--log-level", "debug", "serve"]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("IHALA_")}
        self.process = subprocess.Popen(
            [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.said: list[str] = []
        self.logged: list[str] = []
        assert self.process.stdout and self.process.stderr
        streams = ((self.process.stdout, self.said), (self.process.stderr, self.logged))
        self.readers = [threading.Thread(target=lambda s, to: to.extend(s), args=pair) for pair in streams]
        for reader in self.readers:
            reader.start()

    def wait_until_ready(self) -> None:
        until(lambda: any("The hub is ready" in line for line in self.said) or self.process.poll() is not None)
        assert self.process.poll() is None, self.logged

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        code = self.process.wait(PATIENCE_S)
        for reader in self.readers:
            reader.join(PATIENCE_S)
        assert self.process.stdout and self.process.stderr
        self.process.stdout.close()
        self.process.stderr.close()
        return code


def port_of(home: Path) -> int:
    found = re.search(r"port = (\d+)", (home / "hub.toml").read_text("utf-8"))
    assert found
    return int(found[1])


def status(port: int, path: str) -> int:
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        asked.request("GET", path)
        return asked.getresponse().status
    finally:
        asked.close()


def is_open(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False


@contextmanager
def serving(home: Path, *arguments: str) -> Iterator[Server]:
    server = Server(home, *arguments)
    try:
        server.wait_until_ready()
        yield server
    finally:
        if server.process.poll() is None:
            server.end(signal.SIGTERM)


@pytest.fixture
def home(unread: Command) -> Iterator[Path]:
    """A deployment that listens on a free port and keeps its own MongoDB, which is stopped in the end."""
    toml = unread.home / "hub.toml"
    toml.write_text(toml.read_text("utf-8").replace("port = 8080", f"port = {free_port()}"), "utf-8")
    yield unread.home
    assert not is_held(unread.home / "data" / "db" / "mongod.lock")


def test_it_answers_once_it_says_so_and_stops_gently(home: Path) -> None:
    hub = Command(home)
    hub.register(GOOD, BAD)
    with serving(home, "--workers", "2") as server:
        assert server.said == [f"The hub is ready: http://127.0.0.1:{port_of(home)}/fhir (Ctrl-C to stop it)\n"]
        assert status(port_of(home), "/fhir/metadata") == 200
        assert status(port_of(home), "/fhir/Patient?name=Zineb+Marqu%C3%A9e") == 401
        pulled = subprocess.run(
            [sys.executable, "-m", "hub", "--home", str(home), "pull", "register"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert pulled.returncode == 3, pulled.stderr  # one database, several processes
        second = subprocess.run(
            [sys.executable, "-m", "hub", "--home", str(home), "--lang", "en", "serve"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 1
        assert "is taken" in second.stderr
        assert status(port_of(home), "/readyz") == 200  # the second one's end did not stop the database
        follow_ups = home / "follow-up"
        until(lambda: follow_ups.is_dir() and list(follow_ups.glob("*.xlsx")))  # it delivers
        assert server.end(signal.SIGTERM) == 0
    assert server.said[-1] == "The hub has stopped.\n"
    assert not is_open(port_of(home))
    events = [json.loads(line) for line in server.logged]
    assert {"hub.ready", "hub.stopped"} <= {line["event"] for line in events}
    assert marks_in("".join(server.logged)) == []
    assert "Marqu" not in "".join(server.logged)


def test_ctrl_c_stops_it_as_gently(home: Path) -> None:
    with serving(home) as server:
        assert server.end(signal.SIGINT) == 0
    assert server.said[-1] == "The hub has stopped.\n"


def test_it_stops_although_another_thread_got_the_signal(home: Path) -> None:
    with serving(home) as server:
        give_to_another_thread(server.process.pid, signal.SIGTERM)
        assert server.ended() == 0
    assert server.said[-1] == "The hub has stopped.\n"


def test_a_worker_ends_although_another_thread_got_the_signal(home: Path) -> None:
    with serving(home) as server:
        (worker,) = workers_of(server)
        give_to_another_thread(worker, signal.SIGTERM)
        until(lambda: workers_of(server) not in ([worker], []))
        assert worker not in workers_of(server)
        assert server.end(signal.SIGTERM) == 0


def test_after_a_kill_it_starts_again_with_everything(home: Path) -> None:
    hub = Command(home)
    hub.register(GOOD)
    with serving(home, "--workers", "2") as server:
        assert hub("pull", "register").exit_code == 0
        assert server.end(signal.SIGKILL) == -signal.SIGKILL
    until(lambda: not is_open(port_of(home)))  # its worker processes leave by themselves
    with serving(home) as again:
        assert status(port_of(home), "/readyz") == 200
        stored = hub.json("status")["stored"]
        assert (stored["Patient"], stored["Task"]) == (1, 1)
        assert hub.json("pull", "register")[0]["created"] == 0
        assert again.end(signal.SIGTERM) == 0


def test_a_database_that_was_killed_comes_back_by_itself(home: Path) -> None:
    with serving(home) as server:
        killed = int((home / "data" / "db" / "mongod.lock").read_text("ascii"))
        os.kill(killed, signal.SIGKILL)
        until(lambda: any("database.revived" in line for line in server.logged))
        until(lambda: status(port_of(home), "/readyz") == 200)
        assert int((home / "data" / "db" / "mongod.lock").read_text("ascii")) != killed
        assert server.end(signal.SIGTERM) == 0


def workers_of(server: Server) -> list[int]:
    asked = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(server.process.pid)]
    listed = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.splitlines()
    return [int(one.split(None, 1)[0]) for one in listed if "spawn_main" in one and "resource_tracker" not in one]


def test_workers_that_are_killed_as_soon_as_they_are_back_come_back_again(home: Path) -> None:
    with serving(home, "--workers", "2") as server:
        for _ in range(3):
            until(lambda: len(workers_of(server)) == 2)
            for one in workers_of(server):
                os.kill(one, signal.SIGKILL)
            assert server.process.poll() is None
        until(lambda: is_open(port_of(home)))
        until(lambda: status(port_of(home), "/readyz") == 200)
        assert server.end(signal.SIGTERM) == 0
    assert not any("worker.gave-up" in line for line in server.logged)


def test_where_workers_fail_again_and_again_it_gives_up_and_says_so(home: Path) -> None:
    with serving(home) as server:
        (home / "organizations.yaml").write_text("- id: a\n  name: {fr: A\n", "utf-8")
        (killed,) = workers_of(server)
        os.kill(killed, signal.SIGKILL)
        assert server.process.wait(PATIENCE_S * 2) == 1
        server.end(signal.SIGTERM)
    assert any("worker.gave-up" in line for line in server.logged)
    assert any("fail one after the other" in line for line in server.logged)


def test_a_configuration_that_is_wrong_is_told_before_anything_starts(home: Path) -> None:
    (home / "organizations.yaml").write_text("- id: a\n  name: {fr: A\n", "utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "hub", "--home", str(home), "--lang", "en", "serve"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "organizations.yaml:" in ended.stderr
    assert not (home / "data").exists()
