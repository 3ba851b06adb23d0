"""A process that delivers for a deployment until it is killed, to the tools and to whoever subscribed:

    python -m tests.support.hooked deliver MISTAKE     delivers
    python -m tests.support.hooked expect              says what the tools should have been told

IHALA_HOME names the deployment. Its clock is as far ahead as the file `ahead` in its folder says, in seconds.
"""

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from hub import bootstrap
from hub.bootstrap import Deployment, SystemClock
from hub.cli import logging as lines
from hub.delivery.mailing import Mailing
from hub.delivery.subscribers import Subscribers
from hub.delivery.subscriptions import subscribed
from hub.delivery.worker import Worker
from hub.delivery.write_back import write_back
from hub.exchange import Hub
from hub.outbound.mail import Mailer
from hub.outbound.post import Posting
from hub.ports import Dispatch, Due, Way
from tests.support.mistakes import LEASES, make

LEASE: Final = timedelta(seconds=2)
AHEAD: Final = "ahead"
READY: Final = "ready"


class Ahead(SystemClock):
    def __init__(self, folder: Path) -> None:
        self._file = folder / AHEAD

    def now(self) -> datetime:
        told = self._file.read_text("ascii") if self._file.exists() else ""
        return super().now() + timedelta(seconds=float(told or 0))


SITE: Final = "https://hub.example/"


@contextmanager
def deployment() -> Iterator[tuple[Deployment, Hub]]:
    folder = Path(os.environ["IHALA_HOME"])
    with bootstrap.opened(folder) as opened:
        yield opened, replace(opened.hub, clock=Ahead(folder))


def one_at_a_time(way: Way) -> Way:
    """So that of what comes twice it can be said how much was under way."""
    carrier = replace(way.carrier, at_once=1)  # type: ignore[type-var]
    return replace(way, destinations=carrier, carrier=carrier)


def deliver(mistake: str) -> None:
    lines.configure("info")
    make(mistake)
    with deployment() as (opened, hub):
        posting = Posting(opened.settings.subscription_hosts, hub.clock.now)
        subscribers = Subscribers(opened.registry)
        mailing = Mailing(hub, subscribers, Mailer(opened.settings.mail, hub.clock.now).send, SITE, "fr")
        to_systems = subscribed(subscribers, posting.post, mailing, opened.settings.base_url, hub=hub)
        ways = [write_back(opened.doors, hub=hub), one_at_a_time(to_systems)]
        Worker(ways, hub, 0.2, opened.patience, LEASES.get(mistake, LEASE)).start()
        sys.stdout.write(f"{READY}\n")
        sys.stdout.flush()
        threading.Event().wait()


def expect() -> None:
    """Of each referral that came from a tool, by its connection: which record it is of, and what that should say now."""
    with deployment() as (opened, hub):
        carrier = write_back(opened.doors, hub=hub).carrier
        found: dict[str, dict[str, dict[str, dict[str, str]]]] = {}
        for one in opened.hub.store.database["Task"].find({}, {"_id": 1}):  # type: ignore[attr-defined]
            due = Due("", "", f"Task/{one['_id']}")
            for to in carrier.of(due):  # type: ignore[attr-defined]
                packed = carrier.pack(Dispatch("", to, "", due.reference, "", hub.clock.now()))
                told = {"handle": dict(packed.handle), "values": dict(packed.values)}
                found.setdefault(to.id, {})[one["_id"]] = told
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    {"deliver": deliver, "expect": expect}[sys.argv[1]](*sys.argv[2:])
