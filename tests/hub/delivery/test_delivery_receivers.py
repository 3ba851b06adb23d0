"""Each way in which a receiver fails, with its numbers: events sent, received, lost and doubled."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

import pytest

from hub.ports import Registry
from hub.subscription.extensions import TIMEOUT
from hub.web.app import create_app
from tests.support.association import HOSPITAL, Scene
from tests.support.parties import Addresses, register
from tests.support.receivers import Receiver, receiving
from tests.support.subscribing import Sending, numbers, subscription, written

EVENTS = 3
ASKED = timedelta(minutes=10)


def busy_for_seconds(at: Scene, receiver: Receiver) -> None:
    receiver.status, receiver.headers = 429, {"Retry-After": str(int(ASKED.total_seconds()))}


def busy_until_a_date(at: Scene, receiver: Receiver) -> None:
    receiver.status, receiver.headers = 429, {"Retry-After": format_datetime(at.clock.now() + ASKED, usegmt=True)}


def fails(_: Scene, receiver: Receiver) -> None:
    receiver.status = 500


def hangs(_: Scene, receiver: Receiver) -> None:
    receiver.behaviour = "hang"


def cuts(_: Scene, receiver: Receiver) -> None:
    receiver.behaviour = "cut"


def well(receiver: Receiver) -> None:
    receiver.status, receiver.headers, receiver.behaviour = 200, {}, ""


@pytest.mark.parametrize(
    ("fault", "waits", "read"),
    [
        (busy_for_seconds, ASKED, False), (busy_until_a_date, ASKED, False), (fails, timedelta(), False),
        (hangs, timedelta(), True), (cuts, timedelta(), True),
    ],
)  # fmt: skip
def test_nothing_is_lost_and_what_comes_twice_was_read_before(
    at: Scene, registry: Registry, fault: Callable[[Scene, Receiver], None], waits: timedelta, read: bool
) -> None:
    """`waits`: not asked before; `read`: it has read what it did not say that it took."""
    with receiving() as receiver:
        sending = Sending(at.hub, registry)
        app = create_app(at.hub, registry, Addresses(), allows=lambda _: True)
        brief = [{"url": TIMEOUT, "valueUnsignedInt": 1}]
        written(register(app, registry, HOSPITAL, now=at.clock.now()), subscription(receiver.url, extension=brief))
        sending.run(receiver)
        receiver.got.clear()
        fault(at, receiver)
        for number in map(str, range(1, EVENTS + 1)):
            at.receive(at.row(number, survivor_code=f"S-{number}", case_number=number, cin=f"AB{number}"))
        sending.run(receiver)
        first = len(numbers(receiver))
        assert first == EVENTS, "one attempt, with all of them"
        at.clock.forward(waits * 0.99)
        sending.run(receiver)
        assert not waits or len(numbers(receiver)) == first, "not before its time"
        before = receiver.got[:] if read else []
        well(receiver)
        receiver.got[:] = before
        at.clock.forward(timedelta(hours=1))
        sending.run(receiver)
        came = Counter(numbers(receiver))
        assert set(came) == {1, 2, 3}, "sent 3, received 3, lost 0"
        assert sum(came.values()) - len(came) == (len(before) and EVENTS), "doubled: what it had read"
        assert at.store.counts()["outbox.waiting"] == 0
