"""Receivers that misbehave: what was sent, received, lost and doubled; and none that holds another up."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.delivery.pauses import Patience
from hub.delivery.signing import is_signed, secret
from hub.ports import Registry
from hub.subscription import extensions as named
from hub.web.app import create_app
from tests.support.association import HOSPITAL, Scene
from tests.support.parties import Addresses, Party, register
from tests.support.patience import until
from tests.support.receivers import Receiver, receiving
from tests.support.subscribing import Sending, numbers, subscription, told, written


@pytest.fixture
def sending(at: Scene, registry: Registry) -> Sending:
    return Sending(at.hub, registry)


@pytest.fixture
def theirs(at: Scene, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Party:
    """The hospital's system, whose token is as good as the clock of the scene says."""
    at.clock.at = today()
    app = create_app(at.hub, registry, Addresses(), allows=lambda _: True)
    return register(app, registry, HOSPITAL, now=at.clock.now())


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def today() -> datetime:
    """The database forgets by its own clock what ends by that of the scene."""
    return datetime.now(UTC).replace(microsecond=0)


def begin(theirs: Party, sending: Sending, receiver: Receiver, **channel: Any) -> str:
    id_ = written(theirs, subscription(receiver.url, **channel))["id"]
    sending.run(receiver)
    receiver.got.clear()
    return str(id_)


def status(theirs: Party, id_: str) -> str:
    return str(theirs.get(f"/fhir/Subscription/{id_}").json["status"])  # type: ignore[index]


def again(party: Party, at: Scene, sending: Sending) -> Party:
    """With another token, as the first has ended meanwhile."""
    return register(party.app, sending.registry, HOSPITAL, now=at.clock.now())


def happen(at: Scene, rows: int, first: int = 1) -> None:
    """So many referrals to the hospital."""
    for number in range(first, first + rows):
        at.receive(at.row(str(number), survivor_code=f"S-{number}", case_number=str(number), cin=f"AB{number}"))


@pytest.mark.parametrize("failing", [500, 429, 503, 404, 302])
def test_a_receiver_that_refuses_for_a_while_gets_everything_once_in_effect(
    at: Scene, theirs: Party, sending: Sending, receiver: Receiver, failing: int
) -> None:
    begin(theirs, sending, receiver)
    receiver.status = failing
    happen(at, 4)
    sending.run(receiver)
    attempts = len(receiver.got)
    assert attempts == 1, "one attempt, and then a pause"
    receiver.got.clear()
    receiver.status = 200
    at.clock.forward(timedelta(hours=1))
    sending.run(receiver)
    assert sorted(numbers(receiver)) == [1, 2, 3, 4], "none lost, none doubled"


def test_what_was_read_and_then_cut_comes_again_under_the_same_number_and_id(
    at: Scene, theirs: Party, sending: Sending, receiver: Receiver
) -> None:
    key = secret(b"k" * 32)
    begin(theirs, sending, receiver, header=[f"webhook-secret: {key}"])
    receiver.behaviour = "cut"
    happen(at, 1)
    sending.run(receiver)
    receiver.behaviour = ""
    at.clock.forward(timedelta(hours=1))
    sending.run(receiver)
    assert numbers(receiver) == [1, 1]
    ids = {headers["webhook-id"] for headers, _ in receiver.got}
    assert len(ids) == 1
    headers, body = receiver.got[-1]
    assert is_signed(headers, body, [key], at.clock.now())
    assert "webhook-secret" not in headers


def test_the_signature_is_what_standard_webhooks_say(
    at: Scene, theirs: Party, sending: Sending, receiver: Receiver
) -> None:
    begin(theirs, sending, receiver, header=[f"webhook-secret: {secret(b'k' * 32)}"])
    happen(at, 1)
    sending.run(receiver)
    ((headers, body),) = receiver.got
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"k" * 32, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_a_receiver_that_hangs_holds_no_other_up(
    at: Scene, theirs: Party, sending: Sending, receiver: Receiver
) -> None:
    with receiving() as slow:
        waits = [{"url": named.TIMEOUT, "valueUnsignedInt": 1}]
        written(theirs, subscription(slow.url, extension=waits))
        sending.run(slow)
        slow.behaviour = "hang"
        other = begin(theirs, sending, receiver)
        assert status(theirs, other) == "active"
        happen(at, 2)
        sending.run(slow)
        until(lambda: slow.held_s)
        assert slow.held_s < 9, "one second, and not ten"
        at.clock.forward(timedelta(hours=1))
        sending.run(receiver)
    assert sorted(numbers(receiver)) == [1, 2]


def test_several_events_go_together_as_many_as_the_receiver_takes(
    at: Scene, theirs: Party, sending: Sending, receiver: Receiver
) -> None:
    begin(theirs, sending, receiver, extension=[{"url": named.MOST, "valuePositiveInt": 2}])
    happen(at, 5)
    sending.run(receiver)
    assert [len(one["events"]) for one in told(receiver)] == [2, 2, 1]
    assert numbers(receiver) == [1, 2, 3, 4, 5]
    assert [one["events-since-subscription-start"] for one in told(receiver)] == ["2", "4", "5"]


def test_of_several_notifications_those_that_were_taken_do_not_come_again(
    at: Scene, theirs: Party, sending: Sending, receiver: Receiver
) -> None:
    begin(
        theirs, sending, receiver,
        header=[f"webhook-secret: {secret(b'k' * 32)}"], extension=[{"url": named.MOST, "valuePositiveInt": 2}],
    )  # fmt: skip
    happen(at, 6)
    receiver.statuses = [200, 500]
    sending.run(receiver)
    assert [len(one["events"]) for one in told(receiver)] == [2, 2], "the third waits"
    at.clock.forward(timedelta(hours=1))
    sending.run(receiver)
    taken = numbers(receiver)[:2] + numbers(receiver)[4:]
    assert sorted(taken) == [1, 2, 3, 4, 5, 6], "each once; what was refused comes again"
    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    contents = {(id_, tuple(one["events"])) for id_, one in zip(ids, told(receiver), strict=True)}
    assert len(set(ids)) == len(contents), "one id for one content, and the same at every attempt"


def test_after_the_patience_it_is_in_error_and_what_comes_is_numbered_all_the_same(
    at: Scene, theirs: Party, sending: Sending, receiver: Receiver
) -> None:
    id_ = begin(theirs, sending, receiver)
    impatient = replace(sending, patience=Patience(timedelta(minutes=30)))
    receiver.status = 500
    happen(at, 1)
    for _ in range(14):
        impatient.run(receiver)
        at.clock.forward(timedelta(hours=1))
    theirs = again(theirs, at, sending)
    assert status(theirs, id_) == "error"
    receiver.got.clear()
    receiver.status = 200
    happen(at, 1, first=2)
    impatient.run(receiver)
    assert receiver.got == []
    known = theirs.get(f"/fhir/Subscription/{id_}").json or {}
    assert theirs.send("PUT", f"/fhir/Subscription/{id_}", known | {"status": "requested"}).status_code == 200
    impatient.run(receiver)
    assert status(theirs, id_) == "active" and [one["type"] for one in told(receiver, "handshake")] == ["handshake"]
    happen(at, 1, first=3)
    impatient.run(receiver)
    assert numbers(receiver) == [3], "the gap says what to ask for"


def test_who_says_that_it_is_gone_is_in_error_at_once(
    at: Scene, theirs: Party, sending: Sending, receiver: Receiver
) -> None:
    id_ = begin(theirs, sending, receiver)
    receiver.status = 410
    happen(at, 1)
    sending.run(receiver)
    assert status(theirs, id_) == "error"


def test_a_heartbeat_comes_when_nothing_else_does(
    at: Scene, theirs: Party, sending: Sending, receiver: Receiver
) -> None:
    begin(theirs, sending, receiver, extension=[{"url": named.HEARTBEAT, "valueUnsignedInt": 60}])
    at.clock.forward(timedelta(seconds=59))
    sending.run(receiver)
    assert told(receiver, "heartbeat") == []
    at.clock.forward(timedelta(seconds=2))
    sending.run(receiver)
    (beat,) = told(receiver, "heartbeat")
    assert (beat["events-since-subscription-start"], beat["events"], beat["status"]) == ("0", {}, "active")
