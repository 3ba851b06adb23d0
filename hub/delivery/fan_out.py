"""From what was committed to whom it concerns: each row of the outbox becomes one dispatch for each destination.

https://microservices.io/patterns/data/transactional-outbox.html
"""

import logging
from collections.abc import Sequence
from typing import Final

from hub.delivery.pauses import pause, problem_of, spread
from hub.errors import UNAVAILABLE, HubError
from hub.exchange import Hub
from hub.exchange.notify import thread
from hub.ports import Due, Route, Way

log = logging.getLogger("ihala.delivery")

AT_ONCE: Final = 100
TOLD_HERE: Final = frozenset({"override.open", "override.disclose"})
"""What no tool is told: it stands in the log of those who run the hub at once, and in `hub status` until it is reviewed."""


def fan_out(ways: Sequence[Way], *, hub: Hub) -> int:
    """The oldest rows go to where they concern somebody; how many there were. Those of which that cannot be said now wait, and
    hold up only what follows them."""
    rows = hub.store.deliveries.rows(hub.clock.now(), AT_ONCE)
    routes = list(filter(None, (_route(row, ways, hub) for row in rows)))
    if routes:
        hub.store.deliveries.fan_out(routes, hub.clock.now())
    for route in routes:
        if route.row.kind in TOLD_HERE:
            log.warning("override.to-be-reviewed")
    return len(rows)


def _route(row: Due, ways: Sequence[Way], hub: Hub) -> Route | None:
    try:
        found = tuple(one for way in ways for one in way.destinations.of(row))
        return Route(row, thread(row.reference, hub=hub) if found else row.reference, found)
    except Exception as failure:
        if isinstance(failure, HubError) and failure.problem is UNAVAILABLE:
            raise
        problem = problem_of(failure)
        log.error("delivery.no-destination", extra={"problem": problem}, exc_info=failure)
        hub.store.deliveries.put_off(row, hub.clock.now() + pause(row.attempts, None, spread()), problem)
        return None
