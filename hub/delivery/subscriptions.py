"""To other systems that subscribed: each event by its number, in a Bundle that is signed, to an address that is allowed.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html. Whom an event concerns is asked when it happens, which
gives it its number; whether they may know of it is asked again when it is sent. A handshake is sent once: who does not answer it
is in error, and asks again.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from hub.delivery.mailing import Mailing
from hub.delivery.pauses import problem_of
from hub.delivery.signing import signed
from hub.delivery.subscribers import Subscribers
from hub.errors import AdapterError, Fatal
from hub.exchange import Hub
from hub.exchange.notify import MayNotKnow
from hub.exchange.subscribe import HANDSHAKE, HEARTBEAT, TYPE
from hub.exchange.subscribed import asked_of, concerns, tell
from hub.fhir.serial import dumps
from hub.ports import Destination, Dispatch, Due, Parcel, Subscription, Way
from hub.subscription.channels import EMAIL
from hub.subscription.headers import secret_of, sent
from hub.subscription.notification import Kind, Standing, Told, notification
from hub.subscription.wanted import MOST_AT_ONCE

log = logging.getLogger("ihala.delivery")

SUBSCRIPTION: Final = "subscription"
GONE: Final = "outbound.gone"
_OWN: Final[dict[str, Kind]] = {HANDSHAKE: "handshake", HEARTBEAT: "heartbeat"}

Post = Callable[[str, bytes, dict[str, str], int], None]
"""URL, body, headers and seconds: it returns when it was taken, and raises Retriable or Fatal."""


@dataclass(frozen=True)
class _Packed:
    """`id`: of the event."""

    id: str
    told: Told


@dataclass(frozen=True)
class Subscribed:
    """Knows the destinations, and carries what is for them. `base`: the FHIR base as they see it."""

    hub: Hub
    subscribers: Subscribers
    post: Post
    mailing: Mailing
    base: str
    at_once: int = MOST_AT_ONCE

    def of(self, row: Due) -> Sequence[Destination]:
        if row.reference.startswith(f"{TYPE}/"):
            found = self.hub.store.subscriptions.find(row.reference.partition("/")[2])
            return [_destination(found)] if found else []
        listening = self.hub.store.subscriptions.listening(self.hub.clock.now())
        return [_destination(one) for one in listening if self._concerns(row, one)]

    def _concerns(self, row: Due, one: Subscription) -> bool:
        caller = self.subscribers.caller(one, row.reference)
        return caller is not None and concerns(row, asked_of(one), caller, hub=self.hub)

    def pack(self, dispatch: Dispatch) -> _Packed | Kind | str | None:
        """None where its subscription is not sent anything for now: it can ask for the event by its number."""
        one = self.hub.store.subscriptions.find(dispatch.destination.id)
        if one is None:
            return None
        if asked_of(one).channel == EMAIL:
            return self.mailing.pack(dispatch, one)
        return _OWN.get(dispatch.action) or self._event(dispatch, one)

    def _event(self, dispatch: Dispatch, one: Subscription) -> _Packed | None:
        event = self.hub.store.subscriptions.event(dispatch.id)
        if event is None or event.arrived or one.status not in {"requested", "active"}:
            return None
        caller = self.subscribers.caller(one, event.reference)
        if caller is None:
            raise MayNotKnow
        return _Packed(event.id, tell(event, asked_of(one).content, caller, hub=self.hub))

    def send(self, destination: Destination, parcels: Sequence[Parcel]) -> None:
        one = self.hub.store.subscriptions.find(destination.id)
        if one is None:
            return
        if asked_of(one).channel == EMAIL:
            self.mailing.send(one, parcels)
            return
        if one.status == "requested":  # whatever is due first: what is told before the handshake would be lost
            one = self._shaken(one)
        if one is not None and one.status == "active":
            self._send(one, parcels)

    def _shaken(self, one: Subscription) -> Subscription | None:
        """As it stands after a handshake; None where somebody changed it meanwhile."""
        try:
            self._post(one, "handshake", ())
        except AdapterError as problem:
            self._in_error(one, problem)
            return None
        self.hub.store.subscriptions.stand(one, "active")
        found = self.hub.store.subscriptions.find(one.id)
        return found if found and found.version == one.version else None

    def _send(self, one: Subscription, parcels: Sequence[Parcel]) -> None:
        events = sorted((p.content for p in parcels if isinstance(p.content, _Packed)), key=lambda it: it.told.number)
        try:
            self._send_events(one, events)
            if not events and any(parcel.content == "heartbeat" for parcel in parcels):
                self._post(one, "heartbeat", ())
        except Fatal as problem:
            if problem.text != GONE:
                raise
            self._in_error(one, problem)

    def _send_events(self, one: Subscription, events: Sequence[_Packed]) -> None:
        """What was taken is not sent again with what was not: a notification comes twice under its own id, or not at all."""
        batches = list(_batches(events, asked_of(one).most))
        for some in batches:
            self._post(one, "event-notification", [packed.told for packed in some])
            if some is not batches[-1]:
                self.hub.store.subscriptions.arrived([packed.id for packed in some])

    def _post(self, one: Subscription, kind: Kind, events: Sequence[Told]) -> None:
        asked, now, new = asked_of(one), self.hub.clock.now(), self.hub.ids.new
        stands = Standing(one.id, asked.topic.url, one.status, _so_far(one, events))
        bundle = notification(new(), kind, stands, events, base=self.base, at=now, status_id=new())
        body, secret = dumps(bundle).encode(), secret_of(one.headers)
        said = sent(one.headers) | {"Content-Type": f"{asked.media}; charset=utf-8"}
        said |= signed(_message(one, kind, events, new), now, body, [secret]) if secret else {}
        self.post(asked.endpoint, body, said, asked.timeout)
        self.hub.store.subscriptions.heard(one.id, now)

    def _in_error(self, one: Subscription, problem: AdapterError) -> None:
        log.warning(
            "subscription.error", extra={"destination": f"{SUBSCRIPTION}/{one.id}", "problem": problem_of(problem)}
        )
        self.hub.store.subscriptions.stand(one, "error", problem_of(problem))


def _destination(one: Subscription) -> Destination:
    return Destination(SUBSCRIPTION, one.id, one.caller.organization)


def _so_far(one: Subscription, events: Sequence[Told]) -> int:
    """A notification counts up to its own last event: of what comes after it, the next one tells."""
    return events[-1].number if events else one.number


def _batches(events: Sequence[_Packed], most: int) -> Iterable[Sequence[_Packed]]:
    return (events[place : place + most] for place in range(0, len(events), most))


def _message(one: Subscription, kind: Kind, events: Sequence[Told], new: Callable[[], str]) -> str:
    """The same for the same events, by which a receiver knows what it had before."""
    if not events:
        return f"{kind}-{new()}"
    numbers = ",".join(str(told.number) for told in events)
    return hashlib.sha256(f"{one.id}\x1f{numbers}".encode()).hexdigest()[:32]


def subscribed(subscribers: Subscribers, post: Post, mailing: Mailing, base: str, *, hub: Hub) -> Way:
    carrier = Subscribed(hub, subscribers, post, mailing, base)
    return Way(SUBSCRIPTION, carrier, carrier)
