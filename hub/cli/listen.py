"""`hub listen`: take what a tool sends by itself. It waits on the disk for the next `hub pull`; no database is needed."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

import click

from hub import bootstrap, errors, settings
from hub.cli.manual import command
from hub.cli.problems import WrongUse
from hub.cli.session import Session, pass_session
from hub.delivery.write_back import Door
from hub.errors import HubError
from hub.ports import Listening

STOPPING: Final = (signal.SIGTERM, signal.SIGINT)


@command("listen", "cli.listen")
@click.argument("connection")
@pass_session
def listen(session: Session, connection: str) -> None:
    door = _door(session, connection)
    if not isinstance(door.adapter, Listening):
        raise WrongUse("listen.only-asked", name=door.connection.adapter)

    def ready(address: str, stop: Callable[[], None]) -> None:
        def stopping(_: int, __: FrameType | None) -> None:
            threading.Thread(target=stop, name="stopping", daemon=True).start()  # who serves cannot wait for itself

        for number in STOPPING:
            signal.signal(number, stopping)
        session.tell("listen.ready", name=connection, address=address)

    door.adapter.listen(door.connection, ready)


def _door(session: Session, connection: str) -> Door:
    """Raises HubError(UNKNOWN_CONNECTION) listing the connections that exist."""
    read = settings.read(session.home)
    for written in read.connections:
        if written.id == connection:
            return bootstrap.door(written, read)
    known = ", ".join(one.id for one in read.connections)
    raise HubError(errors.UNKNOWN_CONNECTION, name=connection, known=known or "-")
