"""What is sent because of a commit: to whom, by whom it is carried there, and what became of it.

A row of the outbox (`Due`) becomes one `Dispatch` for each `Destination` that it concerns. Of a destination, one worker at a time
sends what is due, which is its `Lane`; of a referral, nothing is sent before what came first.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol

from hub.ports.records import Due
from hub.ports.surroundings import LONG_AGO

DispatchState = Literal["waiting", "dead", "void"]

WIDE: Final = 1000
"""More than any carrier takes at once."""


@dataclass(frozen=True)
class Destination:
    """Where news goes: `kind` says who carries it there, `id` which of theirs it is. Neither identifies a survivor.

    `organization`: whose eyes read there; what waits for it is void when it may not know any more.
    """

    kind: str
    id: str
    organization: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}"


@dataclass(frozen=True)
class Route:
    """Where a row goes. `thread`: the referral in whose order."""

    row: Due
    thread: str
    destinations: tuple[Destination, ...]


@dataclass(frozen=True)
class Dispatch:
    """One row for one destination. `id` follows from both, is the same at every attempt, and says nothing: whoever is sent a
    dispatch twice knows it by it.

    `at`: when it began to wait; `waited`: how long it has been put off after failing, in all.
    """

    id: str
    destination: Destination
    action: str  # noun.verb, as `referral.complete`
    reference: str
    thread: str
    at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False)
    attempts: int = 0
    waited: timedelta = timedelta()
    next_try: datetime = LONG_AGO
    state: DispatchState = "waiting"
    error: str = ""  # a key of the text catalogue


@dataclass(frozen=True)
class Lane:
    """The right to send to a destination, until `until`. `turn`: of those who had it before, each had a lower number, and can
    settle nothing any more. `failures`: in a row; `size`: how many dispatches the next attempt is made with, so that one that
    cannot be taken does not keep the others back for good."""

    destination: Destination
    turn: int
    until: datetime
    failures: int = 0
    waited: timedelta = timedelta()
    size: int = WIDE
    next_try: datetime = LONG_AGO
    error: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a dispatch: sent where nothing else is said; `void`: not to be sent; `error`: it failed, and is tried again
    at `next_try`, or never where there is none."""

    dispatch: Dispatch
    void: str = ""
    error: str = ""
    next_try: datetime | None = None
    pause: timedelta = timedelta()


@dataclass(frozen=True, repr=False)
class Parcel:
    """A dispatch with what is told because of it, made at this moment."""

    dispatch: Dispatch
    content: Any


class Destinations(Protocol):
    """Whom a commit concerns, of one kind of destinations."""

    def of(self, row: Due) -> Sequence[Destination]: ...


class Carrier(Protocol):
    """Carries parcels to destinations of one kind. Several threads share it."""

    @property
    def at_once(self) -> int:
        """The most parcels that one `send` takes. Of each referral there is one among them."""

    def pack(self, dispatch: Dispatch) -> Any:
        """What is to be told now, as the destination may know it now; None when there is nothing to tell any more:
        that is recorded, and it is not sent later either.

        Raises `hub.exchange.notify.MayNotKnow` where it may not know: then nothing is sent, now or later.
        """

    def send(self, destination: Destination, parcels: Sequence[Parcel]) -> None:
        """Returns when the other side has taken all of them, and no sooner. Raises Retriable or Fatal; all are tried again."""


@dataclass(frozen=True)
class Way:
    """One kind of destinations: who knows them, and who goes there. `overwrites`: what arrives takes the place of what was
    there, so that what arrives too late has to be told anew."""

    kind: str
    destinations: Destinations
    carrier: Carrier
    overwrites: bool = False


@dataclass(frozen=True)
class Waiting:
    """How a destination stands, in numbers: `failures` in a row, and the problem of the last."""

    destination: Destination
    waiting: int
    dead: int
    failures: int = 0
    next_try: datetime = LONG_AGO
    error: str = ""


class Deliveries(Protocol):
    """What waits to be sent. It was written by the commit that it tells of, and goes when it has arrived."""

    def rows(self, now: datetime, limit: int) -> list[Due]:
        """The oldest rows of the outbox, none past an earlier one of its reference that waits."""

    def fan_out(self, routes: Sequence[Route], now: datetime) -> None:
        """Each row becomes its dispatches, in one transaction. One that has become them already stays as it is."""

    def put_off(self, row: Due, next_try: datetime, error: str) -> None: ...

    def destinations(self, now: datetime) -> list[Destination]:
        """Where something waits, and which are neither paused nor in somebody's hands."""

    def take(self, destination: Destination, worker: str, now: datetime, until: datetime) -> Lane | None:
        """None where it is paused, or somebody else's."""

    def renew(self, worker: str, taken_since: datetime, until: datetime) -> None:
        """All lanes that this worker took since then stay its own."""

    def heads(self, destination: Destination, now: datetime, limit: int) -> list[Dispatch]:
        """Of each referral the oldest dispatch, where it is due."""

    def hold(self, lane: Lane, dispatches: Sequence[Dispatch]) -> bool:
        """From now on nobody who had the lane before can settle them. False where somebody has it who came later."""

    def settle(self, lane: Lane, outcomes: Sequence[Outcome]) -> int:
        """How many were still this lane's; the others are left as they are."""

    def keep(self, lane: Lane, until: datetime) -> bool:
        """It stays the holder's until then. False where it is somebody else's."""

    def leave(self, lane: Lane, now: datetime) -> None:
        """It is free, and stands as it says."""

    def again(self, lane: Lane, dispatches: Sequence[Dispatch], now: datetime) -> None:
        """What these are about is told once more, after all that waits: by whoever has the lane now, as it stands then."""

    def give_up(self, destination: Destination, older: datetime, error: str) -> int:
        """All that has waited there since before `older` is a dead letter now; how many."""

    def forget_void(self, older: datetime) -> None:
        """What was not sent, and for which reason, is known for so long."""

    def commits(self) -> AbstractContextManager[Callable[[], bool]]:
        """What is given back waits for a moment, and says whether something came into the outbox meanwhile."""

    # --- for people --------------------------------------------------------------------------------------------------

    def standing(self) -> list[Waiting]: ...

    def find(
        self, states: Collection[DispatchState], destination: Destination | None, limit: int, begin: str = ""
    ) -> list[Dispatch]:
        """In their order; `begin`: those whose id begins so."""

    def replay(self, ids: Collection[str]) -> int:
        """Dead letters that wait again, in their old place; how many."""

    def drop(self, ids: Collection[str]) -> int:
        """Dead letters that are forgotten; how many."""
