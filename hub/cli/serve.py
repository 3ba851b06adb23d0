"""`hub serve`: the database, the HTTP server and the delivery of what is due, in one command.

granian runs the WSGI application in worker processes of its own (spawned, not forked: a database client must not be
inherited); this process keeps the database and delivers. https://github.com/emmett-framework/granian
"""

import http.client
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Final

import click
from granian.constants import Interfaces
from granian.log import LogLevels

from hub import bootstrap, settings
from hub.bootstrap import Deployment
from hub.cli import logging as lines
from hub.cli.manual import command
from hub.cli.problems import FAILED
from hub.cli.session import Session, pass_session
from hub.cli.stopping import when_told_to_stop
from hub.cli.threads import Turns
from hub.cli.workers import Server
from hub.delivery.worker import Worker
from hub.errors import HubError
from hub.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger("hub.cli.serve")

THREADS: Final = "IHALA_THREADS"  # of a worker process that answer requests, told to it
MEMORY: Final = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_ARENA_MAX": "4"}
"""How the C library gives long bodies back at once, instead of keeping room for some in each of many threads. An operator may
say it otherwise; another library does not listen. https://sourceware.org/glibc/manual/latest/html_node/Memory-Allocation-Tunables.html"""
IN_FLIGHT_S: Final = 30  # what a request that is under way may still take when the server stops
KEPT_EVERY_S: Final = 1.0
VOUCHED_EVERY_S: Final = 10.0
PORT_FREED_S: Final = 5.0  # orphans of a killed server notice within a moment


@command("serve", "cli.serve")
@click.option("--workers", metavar="N", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--threads", metavar="N", type=click.IntRange(1, 512), default=None)
@pass_session
def serve(session: Session, workers: int, threads: int | None) -> int | None:
    level = session.log_level or "info"
    lines.configure(level)
    lines.tell_uncaught()
    threads = threads or 2 * (os.cpu_count() or 1) + 1
    os.environ |= MEMORY | os.environ
    os.environ |= {"IHALA_HOME": str(session.home.resolve()), "IHALA_LOG_LEVEL": level, THREADS: str(threads)}
    read = settings.read(session.home.resolve())
    if not _wait_for_port(read.host, read.port):
        session.err.print(session.say("serve.port-taken", host=read.host, port=read.port), style="red", markup=False)
        return FAILED
    with session.deployment() as deployment:
        ready = threading.Event()
        server = _server(read, workers, threads, level, ready)
        return _run(session, deployment, server, ready)


def application() -> "WSGIApplication":
    """What each worker process runs."""
    lines.configure(os.environ.get("IHALA_LOG_LEVEL", "info"))
    lines.tell_uncaught()
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    app = bootstrap.wsgi()
    when_told_to_stop(bootstrap.send_listeners_away)
    return Turns(app, int(os.environ[THREADS]))


def _server(read: Settings, workers: int, threads: int, level: str, ready: threading.Event) -> Server:
    multiprocessing.set_start_method("spawn", force=True)
    return Server(
        "hub.cli.serve:application",
        ready,
        address=read.host,
        port=read.port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=workers,
        blocking_threads=threads + read.streams,
        workers_kill_timeout=IN_FLIGHT_S,
        log_level=LogLevels.warning,
        log_dictconfig=lines.config(level),
    )


def _run(session: Session, deployment: Deployment, server: Server, ready: threading.Event) -> int | None:
    read = deployment.settings
    worker = Worker(deployment.ways, deployment.hub, read.delivery_seconds, deployment.patience)
    if read.delivers:
        worker.start()
    stopped = threading.Event()
    announcer = threading.Thread(target=_announce, args=(session, read, stopped, ready), name="ready", daemon=True)
    announcer.start()
    keeper = threading.Thread(target=_keep_database, args=(read, stopped), name="database", daemon=True)
    keeper.start()
    notary = threading.Thread(target=_keep_checkpoints, args=(deployment, stopped), name="checkpoints", daemon=True)
    notary.start()
    try:
        server.serve()
    except SystemExit:  # granian gives up when its workers keep failing
        session.err.print(session.say("serve.gave-up"), style="red", markup=False)
        return FAILED
    finally:
        stopped.set()
        announcer.join()
        keeper.join()
        notary.join()
        if read.delivers:
            worker.stop()
        log.info("hub.stopped")
    session.tell("serve.stopped")
    return None


def _announce(session: Session, read: Settings, stopped: threading.Event, ready: threading.Event) -> None:
    """One line when the server answers, and not before."""
    while not stopped.wait(0.1):
        if _is_ready(read.host, read.port):
            ready.set()
            log.info("hub.ready", extra={"port": read.port})
            session.tell("serve.ready", url=read.base_url)
            return


def _keep_database(read: Settings, stopped: threading.Event) -> None:
    """A database that was killed (out of memory, by mistake) comes back while the hub goes on answering 503."""
    while not stopped.wait(KEPT_EVERY_S):
        try:
            if bootstrap.revive_database(read):
                log.warning("database.revived")
        except HubError as problem:
            log.error("database.gone", extra={"problem": problem.text})


def _keep_checkpoints(deployment: Deployment, stopped: threading.Event) -> None:
    """Often enough that little of the audit trail is without a signature; the workers only write."""
    while not stopped.wait(VOUCHED_EVERY_S):
        deployment.checkpoint_if_due()


def _is_ready(host: str, port: int) -> bool:
    asked = http.client.HTTPConnection(_reachable(host), port, timeout=5)
    try:
        asked.request("GET", "/readyz")
        return asked.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def _wait_for_port(host: str, port: int) -> bool:
    """granian's sockets share a port with whoever else does; two hubs on one port would each get half of the requests."""
    end = time.monotonic() + PORT_FREED_S
    while not _is_free(host, port):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _end_with_parent() -> None:
    """A server that was killed outright cannot stop its workers: they leave by themselves, finishing what they do. Nor can it end
    one that takes too long."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(IN_FLIGHT_S)
        os.kill(os.getpid(), signal.SIGKILL)
