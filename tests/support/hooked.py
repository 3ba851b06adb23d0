"""A process that delivers for a deployment until it is killed, to the tools and to subscribers besides:

    python -m tests.support.hooked deliver MISTAKE NAME=ORGANIZATION=PORT …    delivers
    python -m tests.support.hooked expect                                      says what the tools should have been told

IHALA_HOME names the deployment. Its clock is as far ahead as the file `ahead` in its folder says, in seconds.
"""

import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from hub import bootstrap
from hub.bootstrap import Deployment, SystemClock
from hub.cli import logging as lines
from hub.delivery.worker import Worker
from hub.delivery.write_back import write_back
from hub.exchange import Hub
from hub.exchange.notify import seen
from hub.exchange.person import REFERRAL_PURPOSE
from hub.outbound.allowed import Allowed
from hub.outbound.post import Poster
from hub.ports import Caller, Destination, Dispatch, Due, Parcel, Way
from tests.support.mistakes import LEASES, make

LEASE: Final = timedelta(seconds=2)
PATIENCE_S: Final = 2.0
HOOK: Final = "hook"
AHEAD: Final = "ahead"
READY: Final = "ready"


class Ahead(SystemClock):
    def __init__(self, folder: Path) -> None:
        self._file = folder / AHEAD

    def now(self) -> datetime:
        told = self._file.read_text("ascii") if self._file.exists() else ""
        return super().now() + timedelta(seconds=float(told or 0))


@dataclass(frozen=True)
class Hooks:
    """All that happens to referrals goes to each subscriber whose organisation may know it. `ports`: by name, with whose eyes read there."""

    ports: dict[str, tuple[str, int]]
    poster: Poster
    hub: Hub
    at_once: int = 1

    def of(self, row: Due) -> Sequence[Destination]:
        return [
            Destination(HOOK, name, organization)
            for name, (organization, _) in self.ports.items()
            if row.recipient in {"", organization} and row.reference.startswith("Task/")
        ]

    def pack(self, dispatch: Dispatch) -> Any:
        organization, _ = self.ports[dispatch.destination.id]
        seen(
            dispatch.reference, Caller(f"hook:{dispatch.destination.id}", organization, REFERRAL_PURPOSE), hub=self.hub
        )
        return json.dumps([dispatch.reference, dispatch.action]).encode()

    def send(self, destination: Destination, parcels: Sequence[Parcel]) -> None:
        _, port = self.ports[destination.id]
        for parcel in parcels:
            headers = {"webhook-id": parcel.dispatch.id}
            self.poster.post(f"http://127.0.0.1:{port}/hook", parcel.content, headers, self.hub.clock.now())


@contextmanager
def deployment() -> Iterator[tuple[Deployment, Hub]]:
    folder = Path(os.environ["IHALA_HOME"])
    with bootstrap.opened(folder) as opened:
        yield opened, replace(opened.hub, clock=Ahead(folder))


def deliver(mistake: str, *subscribers: str) -> None:
    lines.configure("info")
    make(mistake)
    ports = {name: (organization, int(port)) for name, organization, port in (one.split("=") for one in subscribers)}
    allowed = [Allowed.read(f"http://127.0.0.1:{port}") for _, port in ports.values()]
    with deployment() as (opened, hub):
        hooks = Hooks(ports, Poster(allowed, patience=PATIENCE_S), hub)
        ways = [write_back(opened.doors, hub=hub), Way(HOOK, hooks, hooks)]
        Worker(ways, hub, 0.2, opened.patience, LEASES.get(mistake, LEASE)).start()
        sys.stdout.write(f"{READY}\n")
        sys.stdout.flush()
        threading.Event().wait()


def expect() -> None:
    """Of each referral that came from a tool: what its row should say now."""
    with deployment() as (opened, hub):
        carrier = write_back(opened.doors, hub=hub).carrier
        found = {}
        for one in opened.hub.store.database["Task"].find({}, {"_id": 1}):  # type: ignore[attr-defined]
            due = Due("", "", f"Task/{one['_id']}")
            for to in carrier.of(due):  # type: ignore[attr-defined]
                packed = carrier.pack(Dispatch("", to, "", due.reference, "", hub.clock.now()))
                found[one["_id"]] = dict(packed.values)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    {"deliver": deliver, "expect": expect}[sys.argv[1]](*sys.argv[2:])
