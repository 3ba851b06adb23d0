"""Exceptions: how many exceptional disclosures wait for their review."""

from hub.consent.keys import own
from hub.consent.overrides import CODE
from hub.exchange import Hub
from hub.fhir.canonicals import code_system
from hub.fhir.query import Match, Query, Token
from hub.ports import Visible

IS_REVIEW = Match("code", "token", (Token(code_system("task-code"), CODE),))
WAITS = Match("status", "token", (Token(None, "requested"),))


def waiting(hub: Hub) -> int:
    """How many reviews are to be made: a number, of all associations together."""
    visible = Visible(frozenset(map(own, hub.directory.organizations())), hub.clock.now())
    return hub.store.search(Query("Task", (IS_REVIEW, WAITS), count=0), visible).total or 0
