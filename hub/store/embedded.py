"""A MongoDB server for a first day: found, started, shared by the hub's processes and stopped by the last one.

A single-node replica set on the loopback interface, access control on, data in `<deployment>/data/db`. It is a daemon of
its own: a hub that is killed leaves it running for the next one. mongod itself holds a flock on `db/mongod.lock` for as
long as it lives, so whether it runs is asked of the kernel and never of a pid file.
For production, configure the URI of a maintained server instead: the packaged 6.0.5 is old.
"""

import contextlib
import errno
import os
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_SH
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import orjson

from hub.errors import MISCONFIGURED, UNAVAILABLE, HubError
from hub.store import replica
from hub.store.binary import FOLDER_TAKEN, PORT_TAKEN, find_mongod, not_executable, refusal
from hub.store.locks import alone, holding, is_held

LOOPBACK: Final = "127.0.0.1"
PORTS: Final = range(
    20_000, 32_000
)  # below those that systems lend to outgoing connections, which would take ours meanwhile
START_S: Final = 180.0  # a start after a crash replays the journal
STOP_S: Final = 60.0
ATTEMPTS: Final = 5
LOG_KEPT_H: Final = 6.0  # of the database's own log, whatever its size: from it listeners are told what they missed
LEFT_OPEN_S: Final = 12
"""How long a transaction may last. What it has written nobody else can write, and that of a process that was killed in the middle
is ended by the database alone, after up to one and a half of this. Others wait as long (`hub.store.mongo.PATIENCE_S`).
https://www.mongodb.com/docs/v6.0/reference/parameters/#mongodb-parameter-param.transactionLifetimeLimitSeconds"""
UNREACHABLE: Final = "store.unreachable"
"""What is said of a database of which nothing is known but an address."""
ROOM_NEEDED: Final = 64 * 2**20  # bytes; with less free, a failure of the database is put down to the disk


class SecretUri(str):
    """A URI with a password in it: a `str` for drivers, silent in `repr`, so in tracebacks and logged structures too."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'mongodb://…'"


@dataclass(frozen=True)
class Home:
    """Where the embedded mongod keeps what is its own."""

    data: Path

    @property
    def db(self) -> Path:
        return self.data / "db"

    @property
    def log(self) -> Path:
        return self.data / "mongod.log"

    @property
    def config(self) -> Path:
        return self.data / "mongod.json"

    @property
    def running_lock(self) -> Path:
        return self.db / "mongod.lock"

    def secret(self, name: str, length: int) -> str:
        """A random secret of this deployment, made the first time it is asked for; only this account can read it."""
        path = self.data / name
        if not path.exists():
            _write_private(path, secrets.token_urlsafe(length).replace("-", "A").replace("_", "B"))
        return path.read_text("ascii")

    def port(self) -> int | None:
        """The port that mongod was last told to listen on."""
        try:
            return int(orjson.loads(self.config.read_bytes())["net"]["port"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None


@contextmanager
def mongod(folder: Path, *, cache_gb: float = 0.5) -> Iterator[str]:
    """Yields the URI of the deployment's own mongod, started when it does not run; the last user stops it.

    Raises HubError(MISCONFIGURED) when this machine cannot run one, with a sentence that says what to do.
    """
    home = Home(folder.resolve() / "data")
    home.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.db.mkdir(mode=0o700, exist_ok=True)
    with _sigterm_ends_it(), holding(home.data / "mongod.users", LOCK_SH) as users:
        try:
            with _told_as_ours(home), holding(home.data / "mongod.starting"):
                uri = _ensure_running(home, cache_gb)
            with _told_as_ours(home):
                yield uri
        finally:
            with holding(home.data / "mongod.starting"):
                if alone(users):
                    _stop(home)


@contextmanager
def _told_as_ours(home: Home) -> Iterator[None]:
    """A database without room, or one that was killed, dies or stays silent; what its users hear then is that it is this one, and
    what to do. That it is the one of the configuration is said of none of ours."""
    try:
        yield
    except OSError as problem:
        if problem.errno == errno.ENOSPC:
            raise _disk_full(home) from None
        raise
    except HubError as problem:
        if problem.problem not in {UNAVAILABLE, MISCONFIGURED}:
            raise
        if shutil.disk_usage(home.data).free < ROOM_NEEDED:
            raise _disk_full(home) from None
        if problem.text == UNREACHABLE or (problem.problem is UNAVAILABLE and not is_held(home.running_lock)):
            raise HubError(UNAVAILABLE, text="store.stopped", folder=str(home.db), log=str(home.log)) from None
        raise


def _disk_full(home: Home) -> HubError:
    return HubError(UNAVAILABLE, text="store.disk-full", folder=str(home.db))


def revive(folder: Path, *, cache_gb: float = 0.5) -> bool:
    """Start a mongod again that was killed under its users; whether it had to be. For one who is inside `mongod(folder)`.

    It takes its old port where that is still free, so that those who were connected find it again by themselves.
    """
    home = Home(folder.resolve() / "data")
    if is_held(home.running_lock):
        return False
    with holding(home.data / "mongod.starting"):
        _ensure_running(home, cache_gb)
    return True


def _ensure_running(home: Home, cache_gb: float) -> SecretUri:
    password = home.secret("mongod.password", 32)
    home.secret("mongod.key", 512)
    for _ in range(ATTEMPTS):
        if not is_held(home.running_lock) and not _start(home, cache_gb):
            continue
        port = home.port()
        if port is not None and replica.settle(LOOPBACK, port, password, lambda: is_held(home.running_lock), START_S):
            return SecretUri(replica.uri(LOOPBACK, port, password))
        _stop(home)  # it runs, but nobody can reach it any more: its port was lost, or it hangs
    raise HubError(MISCONFIGURED, text="store.not-started", code="-", log="data/mongod.log")


def _start(home: Home, cache_gb: float) -> bool:
    """False: somebody was faster, at the port or in the folder; look again."""
    _write_private(home.config, orjson.dumps(_config(home, _free_port(home.port()), cache_gb)).decode())
    command = [str(find_mongod()), "--config", str(home.config)]
    try:
        done = subprocess.run(  # noqa: S603 — our own binary; nothing in the command comes from outside
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={"PATH": os.defpath, "LC_ALL": "C", "HOME": str(home.data)},
            cwd=home.data,
            umask=0o077,
            timeout=START_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise HubError(MISCONFIGURED, text="store.not-started", code="-", log="data/mongod.log") from None
    except OSError:
        raise not_executable() from None
    if done.returncode in {PORT_TAKEN, FOLDER_TAKEN}:
        time.sleep(0.2)
        return False
    if done.returncode:
        raise refusal(done.returncode, (done.stderr + done.stdout).decode(errors="replace"), home.log)
    return True


_DIRTY: Final = ",".join(
    (
        "eviction_dirty_target=20",
        "eviction_dirty_trigger=40",
        "eviction_updates_target=20",
        "eviction_updates_trigger=40",
    )
)
"""Percent of the cache that may wait for the next checkpoint, as pages and as what was changed in them (by default half of the
other): with 5 and 20, the defaults, the same pages of a small cache are written again and again.
https://source.wiredtiger.com/develop/tune_cache.html"""


def _config(home: Home, port: int, cache_gb: float) -> dict[str, object]:
    """https://www.mongodb.com/docs/v6.0/reference/configuration-options/ (JSON is YAML)."""
    return {
        "storage": {
            "dbPath": str(home.db),
            "wiredTiger": {"engineConfig": {"cacheSizeGB": max(0.25, cache_gb), "configString": _DIRTY}},
            "oplogMinRetentionHours": LOG_KEPT_H,
        },
        "systemLog": {"destination": "file", "path": str(home.log), "logAppend": True, "quiet": True},
        "net": {
            "bindIp": LOOPBACK,
            "port": port,
            "unixDomainSocket": {"enabled": False},
            "compression": {"compressors": "disabled"},
        },
        "processManagement": {"fork": True},
        "replication": {"replSetName": replica.NAME, "oplogSizeMB": 990},
        "security": {"keyFile": str(home.data / "mongod.key"), "authorization": "enabled"},
        # a slow operation would be logged with its values, and those are people's
        "operationProfiling": {"mode": "off", "slowOpThresholdMs": 2**31 - 1, "slowOpSampleRate": 0.0},
        "setParameter": {
            "diagnosticDataCollectionEnabled": False,
            "shutdownTimeoutMillisForSignaledShutdown": 100,
            "transactionLifetimeLimitSeconds": LEFT_OPEN_S,
        },
    }


def _free_port(last: int | None) -> int:
    """The port used last time where it is still free, so that the replica set keeps its name; else any free one."""
    chosen = (secrets.choice(PORTS) for _ in range(50))
    for port in (*([] if last is None else [last]), *chosen, 0):
        with socket.socket() as probe, contextlib.suppress(OSError, OverflowError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOOPBACK, port))
            return int(probe.getsockname()[1])
    raise HubError(MISCONFIGURED, text="store.no-port")


def _stop(home: Home) -> None:
    """End the mongod of this folder and wait until it has let go of its data and its port."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not is_held(home.running_lock):
            return
        try:
            pid = int(home.running_lock.read_text("ascii"))
            os.kill(pid, number)
        except (ValueError, ProcessLookupError):
            pid = 0  # just begun or just ending: its pid is not in the file, but the lock tells
        _wait(partial(_has_ended, home, pid), STOP_S)
        if pid:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)  # ours to bury where the hub is a container's first process


def _has_ended(home: Home, pid: int) -> bool:
    """The lock goes a moment before the process, and its main thread a moment before those that still hold the port.

    Where there is no /proc, these moments are not waited for.
    """
    if is_held(home.running_lock):
        return False
    process = Path(f"/proc/{pid}")
    try:
        is_dead = (process / "stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z"
        return is_dead and len(list((process / "task").iterdir())) <= 1
    except OSError:
        return True


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)


def _write_private(path: Path, text: str) -> None:
    """Write whole and durably, readable by this account alone: a crash leaves the old content or the new one."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@contextmanager
def _sigterm_ends_it() -> Iterator[None]:
    """Where nobody else handles SIGTERM, let it unwind the stack like Ctrl-C, so that mongod is stopped on the way out."""
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
