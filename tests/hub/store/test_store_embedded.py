import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson
import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from hub import texts
from hub.errors import MISCONFIGURED, UNAVAILABLE, HubError
from hub.store import embedded, mongo, replica
from hub.store.binary import find_mongod, missing_package
from hub.store.locks import is_held
from tests.support.patience import PATIENCE_S, until

User = subprocess.Popen[str]


@contextmanager
def user(folder: Path) -> Iterator[User]:
    """Another process that uses the folder's mongod; it leaves cleanly unless the test killed it."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.mongod_user", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.communicate(timeout=PATIENCE_S)


def address(process: User) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def runs(folder: Path) -> bool:
    return is_held(folder / "data" / "db" / "mongod.lock")


def pid(folder: Path) -> int:
    return int((folder / "data" / "db" / "mongod.lock").read_text())


def write_and_count(uri: str) -> int:
    with MongoClient[dict[str, object]](uri) as client:
        client.test.x.insert_one({})
        return client.test.x.count_documents({})


@contextmanager
def somebody_at(port: int) -> Iterator[None]:
    """A program that listens on a port and hangs up on everybody."""
    over = threading.Event()

    def hang_up(server: socket.socket) -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                server.accept()[0].close()

    with socket.create_server(("127.0.0.1", port)) as server:
        server.settimeout(0.1)
        thread = threading.Thread(target=hang_up, args=(server,))
        thread.start()
        yield
        over.set()
        thread.join()


def test_a_folder_gets_a_replica_set_that_keeps_its_data_and_stops_with_its_last_user(tmp_path: Path) -> None:
    for expected in (1, 2):
        with embedded.mongod(tmp_path, cache_gb=0.25) as uri:
            assert runs(tmp_path)
            assert write_and_count(uri) == expected
            with MongoClient[dict[str, object]](uri) as client:
                hello = client.admin.command("hello")
                assert hello["setName"]
                assert hello["me"].startswith("127.0.0.1:")
                settings = client.admin.command("replSetGetConfig")["config"]["settings"]
                assert settings["electionTimeoutMillis"] == 2000
        assert not runs(tmp_path)


def test_a_transaction_that_a_killed_process_left_open_is_ended_before_others_lose_patience(tmp_path: Path) -> None:
    with embedded.mongod(tmp_path, cache_gb=0.25) as uri, MongoClient[dict[str, object]](uri) as client:
        limit = client.admin.command({"getParameter": 1, "transactionLifetimeLimitSeconds": 1})
        assert 1.5 * limit["transactionLifetimeLimitSeconds"] < mongo.PATIENCE_S
        writes = {"update": "held", "updates": [{"q": {"_id": 1}, "u": {"$inc": {"n": 1}}, "upsert": True}]}
        client.test.command(writes)
        begun = client.start_session()  # and nobody ends it
        begun.start_transaction()
        client.test.command(writes, session=begun)
        with client.start_session() as other:  # tries again as long as somebody else writes there
            other.with_transaction(lambda session: client.test.command(writes, session=session))
        assert client.test.held.find_one() == {"_id": 1, "n": 2}


def test_nobody_enters_without_the_password(tmp_path: Path) -> None:
    with embedded.mongod(tmp_path, cache_gb=0.25) as uri:
        host = uri.partition("@")[2].partition("/")[0]
        for stranger in (f"mongodb://{host}/", f"mongodb://hub:guess@{host}/?authSource=admin"):
            with MongoClient[dict[str, object]](stranger) as client, pytest.raises(OperationFailure) as refused:
                client.test.x.find_one({})
            assert refused.value.code in {13, 18}


def test_the_password_is_in_no_log_no_repr_no_command_line_and_no_readable_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with embedded.mongod(tmp_path, cache_gb=0.25) as uri:
        password = (tmp_path / "data" / "mongod.password").read_text()
        assert password in uri
        assert len(password) >= 40
        assert password not in repr(uri)
        command_lines = list(all_command_lines())
        assert not any(password.encode() in line for line in command_lines)
        for file in (tmp_path / "data").rglob("*"):
            assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file.name
    assert password not in (tmp_path / "data" / "mongod.log").read_text()
    assert password not in caplog.text


def all_command_lines() -> Iterator[bytes]:
    """Of every process there is; many end while one looks."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield path.read_bytes()


def test_two_processes_that_start_at_once_share_one_mongod(tmp_path: Path) -> None:
    with user(tmp_path) as one, user(tmp_path) as other:
        assert address(one) == address(other) != ""
        first = pid(tmp_path)
    assert not runs(tmp_path)
    assert not Path(f"/proc/{first}/exe").exists()


def test_who_leaves_first_leaves_it_running_for_the_others(tmp_path: Path) -> None:
    with embedded.mongod(tmp_path, cache_gb=0.25) as uri:
        with user(tmp_path) as other:
            assert address(other) in uri
        assert runs(tmp_path)
        assert write_and_count(uri) == 1
    assert not runs(tmp_path)


def test_a_killed_hub_leaves_mongod_to_the_next_one_which_stops_it(tmp_path: Path) -> None:
    with user(tmp_path) as killed:
        assert address(killed)
        killed.kill()
        killed.wait()
    before = pid(tmp_path)
    assert runs(tmp_path)
    with embedded.mongod(tmp_path, cache_gb=0.25) as uri:
        assert write_and_count(uri) == 1
        assert pid(tmp_path) == before
    assert not runs(tmp_path)


def test_a_hub_killed_while_it_starts_does_not_hinder_the_next_one(tmp_path: Path) -> None:
    for patience in (0.15, 0.3, 0.45):
        with user(tmp_path) as killed:
            time.sleep(patience)
            killed.kill()
            killed.wait()
    with embedded.mongod(tmp_path, cache_gb=0.25) as uri:
        assert write_and_count(uri) == 1
    assert not runs(tmp_path)


def test_who_asks_while_the_user_is_made_does_not_take_its_password_for_lost(tmp_path: Path) -> None:
    """A hub that was killed may have asked for the user just before; here others ask at every moment of the founding."""
    home = embedded.Home(tmp_path / "data")
    home.db.mkdir(parents=True)
    password = home.secret("mongod.password", 32)
    home.secret("mongod.key", 512)
    assert embedded._start(home, 0.25)
    port = home.port()
    assert port is not None

    def settles(after_s: float) -> bool:
        time.sleep(after_s)
        return replica.settle(embedded.LOOPBACK, port, password, lambda: runs(tmp_path), PATIENCE_S)

    try:
        with ThreadPoolExecutor(40) as hubs:
            assert all(hubs.map(settles, [number / 50 for number in range(40)]))
    finally:
        embedded._stop(home)


def test_a_killed_mongod_is_started_again_with_its_data(tmp_path: Path) -> None:
    with embedded.mongod(tmp_path, cache_gb=0.25) as uri:
        assert write_and_count(uri) == 1
        os.kill(pid(tmp_path), signal.SIGKILL)
        until(lambda: not runs(tmp_path))
        with user(tmp_path) as other:  # the next process starts it, and who still uses it goes on
            assert address(other) in uri
            assert write_and_count(uri) == 2
    assert not runs(tmp_path)


def test_a_database_of_ours_that_died_is_told_with_its_folder_and_never_as_the_configured_one(tmp_path: Path) -> None:
    with pytest.raises(HubError) as refused, embedded.mongod(tmp_path, cache_gb=0.25) as uri:
        os.kill(pid(tmp_path), signal.SIGKILL)
        with mongo.MongoStore.open(f"{uri}&serverSelectionTimeoutMS=300", "ihala"):
            pytest.fail("there is nothing to open")
    assert (refused.value.problem, refused.value.text) == (UNAVAILABLE, "store.stopped")
    for language in texts.LANGUAGES:
        told = texts.say(refused.value.text, language, **refused.value.params)
        assert str(tmp_path / "data" / "db") in told
        assert str(tmp_path / "data" / "mongod.log") in told


def test_one_that_dies_while_it_is_used_is_told_in_the_same_words(tmp_path: Path) -> None:
    with (
        pytest.raises(HubError) as refused,
        embedded.mongod(tmp_path, cache_gb=0.25) as uri,
        mongo.MongoStore.open(f"{uri}&serverSelectionTimeoutMS=300", "ihala", patience=1.0) as store,
    ):
        os.kill(pid(tmp_path), signal.SIGKILL)
        store.set_aside("nobody")
    assert refused.value.text == "store.stopped"


def test_sigterm_stops_mongod_too(tmp_path: Path) -> None:
    with user(tmp_path) as process:
        assert address(process)
        process.terminate()
        assert process.wait(PATIENCE_S) == 128 + signal.SIGTERM
    assert not runs(tmp_path)


def test_an_exception_stops_mongod_too(tmp_path: Path) -> None:
    with pytest.raises(KeyError), embedded.mongod(tmp_path, cache_gb=0.25):
        raise KeyError
    assert not runs(tmp_path)


def test_a_port_that_somebody_took_meanwhile_is_left_to_them(tmp_path: Path) -> None:
    with embedded.mongod(tmp_path, cache_gb=0.25) as uri:
        assert write_and_count(uri) == 1
    port = orjson.loads((tmp_path / "data" / "mongod.json").read_bytes())["net"]["port"]
    with somebody_at(port), embedded.mongod(tmp_path, cache_gb=0.25) as moved:
        assert f":{port}/" not in moved
        assert write_and_count(moved) == 2


@pytest.mark.parametrize("content", ["", "not JSON", '{"net": {"port": 70000}}', '{"net": []}'])
def test_stale_files_are_not_believed(tmp_path: Path, content: str) -> None:
    (tmp_path / "data" / "db").mkdir(parents=True)
    (tmp_path / "data" / "mongod.json").write_text(content)
    (tmp_path / "data" / "db" / "mongod.lock").write_text(str(os.getpid()))  # a stale pid, of a process that lives
    with embedded.mongod(tmp_path, cache_gb=0.25) as uri:
        assert write_and_count(uri) == 1


def test_a_mongod_whose_port_was_forgotten_is_started_anew(tmp_path: Path) -> None:
    with user(tmp_path) as killed:
        assert address(killed)
        killed.kill()
        killed.wait()
    (tmp_path / "data" / "mongod.json").unlink()
    with embedded.mongod(tmp_path, cache_gb=0.25) as uri:
        assert write_and_count(uri) == 1
    assert not runs(tmp_path)


def test_data_whose_password_was_lost_is_refused_and_kept(tmp_path: Path) -> None:
    with embedded.mongod(tmp_path, cache_gb=0.25) as uri:
        assert write_and_count(uri) == 1
    password = tmp_path / "data" / "mongod.password"
    right = password.read_text()
    password.unlink()
    with pytest.raises(HubError) as lost, embedded.mongod(tmp_path, cache_gb=0.25):
        pass
    assert lost.value.text == "store.password-lost"
    assert not runs(tmp_path)
    password.write_text(right)
    with embedded.mongod(tmp_path, cache_gb=0.25) as uri:
        assert write_and_count(uri) == 2


# --- a machine that cannot run it ------------------------------------------------------------------------------------


def fake_mongod(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `mongod` on the PATH that behaves as the real one does on a machine that lacks something."""
    program = folder / "bin" / "mongod"
    program.parent.mkdir()
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)


@pytest.mark.parametrize(
    ("said", "package"),
    [
        ("mongod: error while loading shared libraries: libcurl.so.4: cannot open shared object file", "libcurl4"),
        ("mongod: error while loading shared libraries: libcrypto.so.3: cannot open shared object file", "libssl3"),
        ("mongod: /lib/libcrypto.so.3: version `OPENSSL_3.0.0' not found (required by mongod)", "libssl3"),
        ("mongod: error while loading shared libraries: libnew.so.9: cannot open shared object file", "libnew.so.9"),
    ],
)
def test_a_missing_library_is_answered_with_the_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, package: str
) -> None:
    fake_mongod(tmp_path, f'#!/bin/sh\necho "{said.replace("`", chr(92) + "`")}" >&2\nexit 127\n', monkeypatch)
    with pytest.raises(HubError) as refused, embedded.mongod(tmp_path):
        pass
    assert refused.value.problem is MISCONFIGURED
    for language in texts.LANGUAGES:
        assert package in texts.say(refused.value.text, language, **refused.value.params)


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("#!/bin/sh\nkill -ILL $$\n", "store.processor"),
        ("#!/nowhere/ld-linux.so\n", "store.platform"),
        ("\x7fELF of another machine", "store.platform"),
        ("#!/bin/sh\nexit 62\n", "store.not-started"),
    ],
)
def test_a_machine_that_cannot_run_mongod_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, text: str
) -> None:
    fake_mongod(tmp_path, script, monkeypatch)
    with pytest.raises(HubError) as refused, embedded.mongod(tmp_path):
        pass
    assert refused.value.text == text
    for language in texts.LANGUAGES:
        assert texts.say(text, language, **refused.value.params)


def test_a_mongod_on_the_path_comes_before_the_packaged_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_mongod(tmp_path, "#!/bin/sh\n", monkeypatch)
    assert find_mongod() == tmp_path / "bin" / "mongod"


def test_without_any_mongod_the_way_to_configure_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "path", [])
    for name in [name for name in sys.modules if name.split(".")[0] == "fiftyone"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(HubError) as refused:
        find_mongod()
    assert all("IHALA_MONGODB_URI" in texts.say(refused.value.text, language) for language in texts.LANGUAGES)


def test_what_the_loader_did_not_complain_of_names_no_package() -> None:
    assert missing_package("Address already in use") is None
