"""Workers that are killed in the middle: nothing is lost, what comes twice has the same key, and the order is kept."""

from collections import defaultdict

from hub.ports import Changes, Due
from hub.store import MongoStore
from tests.support.deliverers import kill, started
from tests.support.patience import until
from tests.support.receivers import Receiver, receiving

REFERRALS, STEPS, KILLS, LEASE_S = 6, 30, 3, 2.0


def arrived(receiver: Receiver, count: int) -> None:
    """So many different dispatches."""
    until(lambda: len({headers["webhook-id"] for headers, _ in list(receiver.got)}) >= count)


def test_whoever_is_killed_loses_nothing_and_nothing_overtakes(store: MongoStore, mongodb_uri: str) -> None:
    total = REFERRALS * STEPS
    with receiving() as receiver:
        for step in range(STEPS):
            rows = [Due(f"referral.step-{step}", "", f"Task/{n}") for n in range(REFERRALS)]
            store.commit(Changes(outbox=rows))
        for kills in range(KILLS):
            running = started(store, mongodb_uri, receiver.port, LEASE_S)
            arrived(receiver, (kills + 1) * total // (KILLS + 2))
            kill(running)
        assert len(receiver.got) < total, "killed before it was through, or it shows nothing"
        pair = [started(store, mongodb_uri, receiver.port, LEASE_S) for _ in range(2)]
        arrived(receiver, total)
        for one in pair:
            kill(one)
        came = [(headers["webhook-id"], body.decode()) for headers, body in receiver.got]
    assert len(dict(came)) == total
    assert len(set(came)) == total, "what comes again has the key that it had"
    steps = defaultdict(list)
    for id_, body in dict.fromkeys(came):
        assert id_
        reference, action = body.split()
        steps[reference].append(action)
    assert set(map(tuple, steps.values())) == {tuple(f"referral.step-{step}" for step in range(STEPS))}
    assert len(came) <= total + KILLS * 2, "no more than what was under way"
