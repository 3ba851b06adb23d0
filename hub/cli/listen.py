"""`hub listen`: take what tools send by themselves, and pull when they have.

Of one connection: what comes waits on the disk for the next `hub pull`; no database is needed. Of all: each connection is pulled
when its tool has told that there is something, and every so often besides.
"""

import signal
import threading
from collections.abc import Callable, Mapping
from functools import partial
from types import FrameType
from typing import Final, NoReturn

import click

from hub import bootstrap, errors, settings
from hub.cli.manual import command
from hub.cli.problems import WrongUse, sentence
from hub.cli.rounds import Rounds
from hub.cli.session import Session, pass_session
from hub.cli.stopping import STOPPING, when_told_to_stop
from hub.cli.watch import watch
from hub.delivery.write_back import Door
from hub.errors import UNAVAILABLE, HubError
from hub.ports import Listening
from hub.settings import Settings

EVERY: Final = 300


@command("listen", "cli.listen")
@click.argument("connection", required=False)
@click.option("--every", type=click.IntRange(min=1), metavar="SECONDS", default=EVERY, show_default=True)
@pass_session
def listen(session: Session, connection: str | None, *, every: int) -> None:
    read = settings.read(session.home)
    if connection is None:
        _listen_to_all(session, {written.id: bootstrap.door(written, read) for written in read.connections}, every)
    door = _door(read, connection)
    if not isinstance(door.adapter, Listening):
        raise WrongUse("listen.only-asked", name=door.connection.adapter)

    def ready(address: str, stop: Callable[[], None]) -> None:
        def stopping(_: int, __: FrameType | None) -> None:
            threading.Thread(target=stop, name="stopping", daemon=True).start()  # who serves cannot wait for itself

        _on_stop(stopping)
        session.tell("listen.ready", name=connection, address=address)

    door.adapter.listen(door.connection, ready)


def _listen_to_all(session: Session, doors: Mapping[str, Door], every: int) -> NoReturn:
    """Tools are heard before the database is open, and while it is away."""
    _on_stop(_leave)
    rounds = Rounds(doors, every)
    for name, door in sorted(doors.items()):
        if isinstance(door.adapter, Listening) and door.connection.settings.get("listen"):
            threading.Thread(
                target=_hear, args=(session, name, door, rounds), name=f"listen {name}", daemon=True
            ).start()
    session.tell("pull.watching", seconds=every)
    away = ""
    while True:
        try:
            with session.deployment() as deployment:
                away = ""
                watch(session, deployment, rounds)
        except HubError as problem:
            if problem.problem is not UNAVAILABLE:
                raise
            if away != (away := sentence(session, problem)):
                _tell(session, away)
            rounds.again()
            rounds.wait()


def _hear(session: Session, name: str, door: Door, rounds: Rounds) -> None:
    """One that cannot be listened to is polled all the same, and keeps no other from being heard."""
    assert isinstance(door.adapter, Listening)

    def ready(address: str, _: Callable[[], None]) -> None:
        session.tell("listen.ready", name=name, address=address)

    try:
        door.adapter.listen(door.connection, ready, partial(rounds.hear, name))
    except Exception as problem:
        _tell(session, f"{name}: {sentence(session, problem)}")


def _tell(session: Session, text: str) -> None:
    session.err.print(f"{session.say('error')} {text}", style="red", markup=False, highlight=False, soft_wrap=True)


def _leave(_: int, __: FrameType | None) -> None:
    """A pull that is under way is given up, as when the machine had stopped: the next begins where its last commit ended."""
    raise SystemExit(0)


def _on_stop(act: Callable[[int, FrameType | None], None]) -> None:
    for number in STOPPING:
        signal.signal(number, act)
    when_told_to_stop()


def _door(read: Settings, connection: str) -> Door:
    """Raises HubError(UNKNOWN_CONNECTION) listing the connections that exist."""
    for written in read.connections:
        if written.id == connection:
            return bootstrap.door(written, read)
    known = ", ".join(one.id for one in read.connections)
    raise HubError(errors.UNKNOWN_CONNECTION, name=connection, known=known or "-")
