"""A deliverer that is killed in the middle of a request that its receiver never finished: surely, and not by chance."""

from hub.ports import Changes, Due
from hub.store import MongoStore
from tests.support.deliverers import kill, started
from tests.support.patience import until
from tests.support.receivers import Receiver, receiving

LEASE_S = 1.0


def caught(store: MongoStore, uri: str, receiver: Receiver, mistake: str) -> None:
    """The receiver has read, and has not answered, when the sender is killed."""
    store.commit(Changes(outbox=[Due("referral.send", "", "Task/t")]))
    receiver.behaviour = "hang"
    running = started(store, uri, receiver.port, LEASE_S, mistake)
    until(lambda: receiver.got)
    kill(running)
    receiver.behaviour = ""


def test_what_was_being_sent_when_its_sender_was_killed_is_sent_again(store: MongoStore, mongodb_uri: str) -> None:
    with receiving() as receiver:
        caught(store, mongodb_uri, receiver, "none")
        next_one = started(store, mongodb_uri, receiver.port, LEASE_S)
        until(lambda: store.counts()["outbox.waiting"] == 0)
        kill(next_one)
    keys = [headers["webhook-id"] for headers, _ in receiver.got]
    assert len(keys) == 2 and len(set(keys)) == 1, "sent 1, received 1, lost 0, doubled 1 under the same key"


def test_what_is_settled_before_it_is_sent_is_lost_then(store: MongoStore, mongodb_uri: str) -> None:
    """The mistake, made on purpose: without it the test above would say nothing."""
    with receiving() as receiver:
        caught(store, mongodb_uri, receiver, "settled-before-sent")
        assert store.counts()["outbox.waiting"] == 0, "nobody would send it again"
        assert len(receiver.got) == 1
