"""A process that delivers until it is killed: `python -m tests.support.deliverer DATABASE PORT LEASE_SECONDS [MISTAKE]`, with the
database's URI on standard input. MISTAKE: see `mistakes`.

It posts each dispatch to `/hook` of that port on this machine: its id as `webhook-id`, and what it is about as the body.
"""

import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hub.bootstrap import SystemClock
from hub.delivery.worker import Worker
from hub.directory.organizations import Names
from hub.exchange import Hub
from hub.outbound.allowed import Allowed
from hub.outbound.post import Poster
from hub.ports import Destination, Dispatch, Due, Parcel, Way
from hub.store import MongoStore
from tests.support.association import RandomIds
from tests.support.mistakes import make


@dataclass(frozen=True)
class Hook:
    """Everything goes to one receiver."""

    poster: Poster
    url: str
    hub: Hub
    at_once: int = 1

    def of(self, row: Due) -> Sequence[Destination]:
        return [Destination("hook", "one")]

    def pack(self, dispatch: Dispatch) -> Any:
        return f"{dispatch.reference} {dispatch.action}"

    def send(self, destination: Destination, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            headers = {"webhook-id": parcel.dispatch.id}
            self.poster.post(self.url, parcel.content.encode(), headers, self.hub.clock.now())


def hook(hub: Hub, port: int) -> Way:
    base = f"http://127.0.0.1:{port}"
    made = Hook(Poster([Allowed.read(base)]), f"{base}/hook", hub)
    return Way("hook", made, made)


if __name__ == "__main__":
    make(sys.argv[4] if len(sys.argv) > 4 else "none")
    with MongoStore.open(sys.stdin.readline().strip(), sys.argv[1]) as store:
        hub = Hub(store, SystemClock(), RandomIds(), Names([]), b"a pepper that only this test knows")
        lease = timedelta(seconds=float(sys.argv[3]))
        Worker([hook(hub, int(sys.argv[2]))], hub, 0.5, lease=lease).start()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        threading.Event().wait()
