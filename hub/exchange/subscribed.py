"""Subscribed: what a subscriber may be told of what happened, as it may know it at this moment.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/payloads.html
"""

from collections.abc import Container, Sequence

from hub.exchange import Hub, subscribe
from hub.exchange.chains import followed
from hub.exchange.disclose import Asking
from hub.exchange.notify import MayNotKnow, seen
from hub.fhir.references import split
from hub.ports import Caller, Due, Event, Subscription
from hub.subscription.notification import Standing, Told
from hub.subscription.wanted import Wanted, wanted
from hub.texts import say

MOST = 100
"""Events of one answer."""


def concerns(row: Due, asked: Wanted, caller: Caller, *, hub: Hub) -> bool:
    """Whether it is an event of this subscription, and its subscriber may see what it is about. Nothing leaves by this, so
    nothing is recorded."""
    return (
        split(row.reference)[0] in asked.types
        and row.recipient in {"", caller.organization}
        and _finds(row.reference, asked, caller, hub)
    )


def _finds(reference: str, asked: Wanted, caller: Caller, hub: Hub) -> bool:
    asking = Asking(caller, hub.clock.now(), hub)
    ready = followed(asking.numbered(subscribe.query(asked, *split(reference))), asking.ids)
    return bool(asking.ids(ready, 1, None))


def tell(event: Event, content: str, caller: Caller, *, hub: Hub) -> Told:
    """An event in the form that was asked for. Raises MayNotKnow. It is a look like any other, recorded before it leaves."""
    resource = seen(event.reference, caller, hub=hub)
    if content == "empty":
        return Told(event.number, event.at)
    whole = resource if content == "full-resource" else None
    return Told(event.number, event.at, event.reference, event.version == 1, whole)


def missed(
    subscription: Subscription, numbers: range, content: str, types: Container[str], caller: Caller, *, hub: Hub
) -> Sequence[Told]:
    """Those of its events with these numbers that the caller may know of now, and no more than `MOST`. `types`: those that its
    token opens."""
    found = []
    events = hub.store.subscriptions.events(subscription.id, numbers.start, numbers.stop - 1, MOST)
    for event in (one for one in events if split(one.reference)[0] in types):
        try:
            found.append(tell(event, content, caller, hub=hub))
        except MayNotKnow:
            continue
    return found


def asked_of(subscription: Subscription) -> Wanted:
    """What it asks for, which was judged when it was written."""
    return wanted(subscription.resource | {"status": "requested"})


def standing(subscription: Subscription, language: str = "en") -> Standing:
    error = say(subscription.error, language) if subscription.error else ""
    topic = str(subscription.resource["criteria"])
    return Standing(subscription.id, topic, subscription.status, subscription.number, error)
