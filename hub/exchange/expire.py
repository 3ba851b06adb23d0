"""Expire: what follows by time alone, without anybody's act: a consent begins or ends by its dates, a referral is late.

Keys open and close by themselves (`Key.since`, `Key.until`), to the instant. What follows is done here, soon after: referrals
are sent, held or stopped, recipients are told, what is queued for them is void. Settling twice changes nothing, so a sweep
that is killed is taken up by the next one.
"""

import logging
from datetime import timedelta

from hub.audit import events
from hub.consent.keys import own
from hub.errors import Conflict
from hub.exchange import Hub, overdue
from hub.exchange.aftermath import told
from hub.exchange.person import Person
from hub.fhir.references import reference
from hub.ports import Key, Save

log = logging.getLogger("hub.exchange")

TURN = "consent.expire"
TURN_LASTS = timedelta(seconds=60)
AT_ONCE = 100


def sweep(*, hub: Hub) -> int:
    """Settle everyone who is due, if it is this process's turn; how many were."""
    holder, settled = hub.ids.new(), 0
    if _my_turn(holder, hub):
        hub.store.follow_directory()
    while _my_turn(holder, hub) and (done := _settle_due(hub)):
        settled += done
    hub.store.end_turn(TURN, holder)
    return settled


def _settle_due(hub: Hub) -> int:
    return sum(_settle(person, hub) for person in hub.store.due_persons(hub.clock.now(), AT_ONCE))


def _my_turn(holder: str, hub: Hub) -> bool:
    now = hub.clock.now()
    return hub.store.take_turn(TURN, holder, now, now + TURN_LASTS)


def _settle(id_: str, hub: Hub) -> bool:
    """False when an act on this person came in between: it has settled her."""
    compartment = hub.store.compartments([id_]).get(id_)
    if compartment is None:
        return False
    now = hub.clock.now()
    person = Person.of(compartment, hub.rules)
    taken = overdue.take(person, compartment.documents, now, hub=hub)
    settled = person.settle(now, hub.ids.new, taken.look)
    audits = [_audit(person, step.action, reference(step.task), hub) for step in settled.steps]
    also = [*taken.audits, *audits, *told(person, settled, now, hub=hub)]
    changes = settled.changes(person, also, taken.outbox)
    try:
        hub.store.commit(changes)
    except Conflict:
        return False
    if taken.operator:
        log.warning("deadline.escalated", extra={"count": taken.operator})
    return True


def _audit(person: Person, verb: str, about: str, hub: Hub) -> Save:
    """`consent.expire`, and what followed of it."""
    keeper = person.custodian(about) or ""
    event = events.event(
        hub.ids.new(), "consent.expire", hub.clock.now(), interaction="update", caller=None, person=person.id,
        entities=[about], followed=[verb],
    )  # fmt: skip
    return Save(event, person.id, keeper, (Key(own(keeper)),))
