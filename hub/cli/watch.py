"""Pulling again and again: what `hub pull --watch` and `hub listen` share."""

from typing import NoReturn

from hub.bootstrap import Deployment
from hub.cli.pulling import Pulled, pull_door, show
from hub.cli.rounds import Rounds
from hub.cli.session import Session
from hub.exchange.receipt import Receipt


def watch(session: Session, deployment: Deployment, rounds: Rounds) -> NoReturn:
    """Until interrupted; what brought nothing is not told, nor is a failure that was told before."""
    failed: dict[str, str] = {}
    while True:
        pulls = [_pulled(session, deployment, connection, rounds) for connection in rounds.take()]
        deployment.checkpoint_if_due()
        told = [one for one in pulls if one.receipt != Receipt() or one.failure != failed.get(one.connection, "")]
        failed |= {one.connection: one.failure for one in pulls}
        if told:
            show(session, told)


def _pulled(session: Session, deployment: Deployment, connection: str, rounds: Rounds) -> Pulled:
    pulled = pull_door(session, deployment, deployment.door(connection))
    rounds.done(connection, pulled.after)
    return pulled
