"""Exceptions: which exceptional disclosures permit a look, for the record that is made of it, and which wait for their review.

Only purposes for which a policy opens anything are asked about: of all other looks this costs nothing.
"""

from collections.abc import Iterator
from datetime import datetime

from hub.consent.keys import own
from hub.consent.overrides import CODE, Opened, opened_by
from hub.exchange import Hub
from hub.fhir.canonicals import code_system
from hub.fhir.query import Match, Query, Target, Token
from hub.ports import Caller, Stored, Visible

IS_REVIEW = Match("code", "token", (Token(code_system("task-code"), CODE),))
WAITS = Match("status", "token", (Token(None, "requested"),))
MOST = 100


def permitting(
    person: str | None, custodian: str | None, caller: Caller, now: datetime, *, hub: Hub
) -> tuple[str, ...]:
    """References of the review Tasks by which this keeper's records of this person are open to the caller now."""
    exceptional = any(caller.purpose in one.purposes for one in hub.policies.overrides)
    if not exceptional or not person or not custodian or custodian == caller.organization:
        return ()
    return tuple(
        one.task for one in _opened(person, custodian, now, hub) if one.covers(caller.organization, caller.purpose, now)
    )


def waiting(hub: Hub) -> int:
    """How many reviews are to be made: a number, of all associations together."""
    visible = Visible(frozenset(map(own, hub.directory.organizations())), hub.clock.now())
    return hub.store.search(Query("Task", (IS_REVIEW, WAITS), count=0), visible).total


def _opened(person: str, custodian: str, now: datetime, hub: Hub) -> Iterator[Opened]:
    hers = Match("patient", "reference", (Target("Patient", person),))
    page: tuple[Stored, ...] = hub.store.search(
        Query("Task", (hers, IS_REVIEW), count=MOST), Visible(frozenset({own(custodian)}), now)
    ).page
    yield from (opened_by(stored.resource()) for stored in page)
