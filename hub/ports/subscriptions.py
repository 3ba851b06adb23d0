"""Subscriptions of other systems, and the events that were numbered for them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from hub.fhir import Resource
from hub.ports.clients import Caller
from hub.ports.records import Changes
from hub.ports.surroundings import LONG_AGO

SubscriptionStatus = Literal["requested", "active", "error", "off"]


@dataclass(frozen=True, repr=False)
class Subscription:
    """`resource`: as it was asked, without its headers; `caller`: as whom it sees what it is told, less what follows from its
    scopes. `number`: of the last event. `error`: a key of the text catalogue. `code`: what somebody who reads there has to say
    before anything else is sent; "" where nobody has to. `mailed`: when a mail last went out."""

    id: str
    caller: Caller
    resource: Resource
    headers: tuple[tuple[str, str], ...]
    status: SubscriptionStatus
    at: datetime
    version: int = 1
    number: int = 0
    error: str = ""
    heartbeat: int = 0  # seconds
    until: datetime | None = None
    code: str = ""
    mailed: datetime = LONG_AGO


@dataclass(frozen=True)
class Event:
    """`id`: of the dispatch that carries it. `version`: of what it is about, which the commit wrote; None: it wrote none.
    `arrived`: it was taken, and others that were sent with it were not."""

    id: str
    number: int
    at: datetime
    action: str
    reference: str
    version: int | None
    arrived: bool = False


@dataclass(frozen=True)
class Standings:
    """How many stand how; `oldest`: since when the oldest news of theirs waits, None where nothing does."""

    requested: int = 0
    active: int = 0
    error: int = 0
    off: int = 0
    oldest: datetime | None = None


class Subscriptions(Protocol):
    """All of a deployment. Who may ask for one is not decided here."""

    def add(self, subscription: Subscription, told: Changes) -> None:
        """With what tells of it, in one transaction; so are all changes."""

    def replace(self, subscription: Subscription, told: Changes) -> None:
        """By its next version. Raises Conflict where it is not the one before any more. Its destination is as if nothing had ever
        failed there."""

    def remove(self, subscription: Subscription, told: Changes) -> None:
        """With its events and what waits to be sent for it. Raises Conflict as `replace`."""

    def find(self, id_: str) -> Subscription | None: ...

    def of(self, organization: str) -> Sequence[Subscription]: ...

    def listening(self, now: datetime) -> Sequence[Subscription]:
        """All whose events are numbered: also those that receive none for the moment."""

    def stand(self, subscription: Subscription, status: SubscriptionStatus, error: str = "") -> bool:
        """It stands so from now on, where nobody has changed it meanwhile."""

    def beat(self, now: datetime) -> Sequence[str]:
        """Those whose heartbeat is due, each told to one who asks."""

    def heard(self, id_: str, now: datetime) -> None:
        """Something was sent there: its next heartbeat is due a period later."""

    def mailed(self, id_: str, now: datetime) -> None:
        """A mail of it went out."""

    def arrived(self, dispatches: Collection[str]) -> None:
        """These of its events were taken, and need not be sent again."""

    def event(self, dispatch: str) -> Event | None: ...

    def standings(self) -> Standings: ...

    def events(self, id_: str, since: int, until: int, limit: int) -> Sequence[Event]:
        """Those with these numbers, in their order."""
