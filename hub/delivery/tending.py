"""What subscriptions need besides events: heartbeats when nothing else is sent, and an end to the patience with who is away.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/errors.html
"""

import logging
from typing import Final

from hub.delivery.subscriptions import SUBSCRIPTION
from hub.exchange import Hub
from hub.exchange.subscribe import HEARTBEAT, TYPE
from hub.ports import Changes, Due

log = logging.getLogger("ihala.delivery")

NO_ANSWER: Final = "subscriptions.no-answer"


def tend(*, hub: Hub) -> None:
    """Some seconds' work, to be done again every some seconds."""
    now, subscriptions = hub.clock.now(), hub.store.subscriptions
    beats = [Due(HEARTBEAT, "", f"{TYPE}/{id_}") for id_ in subscriptions.beat(now)]
    if beats:
        hub.store.commit(Changes(outbox=beats))
    for one in hub.store.deliveries.standing():
        if one.destination.kind == SUBSCRIPTION and one.dead:
            _give_up(one.destination.id, one.error, hub)


def _give_up(id_: str, error: str, hub: Hub) -> None:
    found = hub.store.subscriptions.find(id_)
    if found and found.status in {"requested", "active"}:
        log.error("subscription.error", extra={"destination": f"{SUBSCRIPTION}/{id_}", "problem": error})
        hub.store.subscriptions.stand(found, "error", error or NO_ANSWER)
