"""Prepares exports, a few steps at a time so that deliveries do not wait for them; and forgets those that are over.

A step is one file of an export (`hub.exchange.export`). It is leased, and bears to be begun again by somebody else.
"""

from typing import Final

from hub.exchange import Hub
from hub.exchange.export import advance
from hub.oauth.scopes import narrowings

AT_ONCE: Final = 3


def prepare(*, hub: Hub) -> int:
    """How many steps were done; fewer than `AT_ONCE` when there is no more to do."""
    hub.store.exports.forget_old(hub.clock.now())
    for done in range(AT_ONCE):
        if advance(narrowings, hub=hub) is None:
            return done
    return AT_ONCE
