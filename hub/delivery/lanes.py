"""Sends what waits for one destination: one worker at a time, and of each referral the oldest first.

    take the lane → heads → pack (consent is asked again) → send → settle → … → leave the lane

A destination that fails is left for a growing pause, and no other waits for it. It is then tried with a single dispatch: one
that cannot be taken goes on waiting alone, and the others pass it.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from hub.delivery.pauses import Patience, asked_by, pause, problem_of, spread
from hub.errors import AdapterError
from hub.exchange import Hub
from hub.exchange.notify import MayNotKnow
from hub.exchange.person import VOIDED
from hub.ports import Destination, Dispatch, Lane, Outcome, Parcel, Way
from hub.ports.delivery import WIDE

log = logging.getLogger("ihala.delivery")

LEASE: Final = timedelta(seconds=30)
NOTHING: Final = "delivery.nothing-to-tell"
WIDER: Final = 4
"""By so much grows what is sent at once, after it was narrowed to one."""


@dataclass(frozen=True)
class Sender:
    """One worker's way with destinations. `worker`: by which its lanes can be renewed while it sends; `lease`: so long are they
    its own when it is not heard of; `goes_on`: no longer when what is under way is to be the last."""

    hub: Hub
    patience: Patience = field(default_factory=Patience)
    worker: str = ""
    lease: timedelta = LEASE
    goes_on: Callable[[], bool] = lambda: True

    def serve(self, destination: Destination, way: Way) -> int:
        """Send until nothing is due there, or it fails; how many were sent."""
        now, deliveries = self.hub.clock.now(), self.hub.store.deliveries
        if not deliveries.heads(destination, now, 1):
            return 0
        lane, sent = deliveries.take(destination, self.worker, now, now + self.lease), 0
        while lane is not None:
            done = _Round(lane, way, self)
            lane = done.run()
            sent += done.sent
        return sent


class _Round:
    """One attempt, with as many dispatches as the lane bears."""

    def __init__(self, lane: Lane, way: Way, sender: Sender) -> None:
        self._lane, self._carrier, self._overwrites = lane, way.carrier, way.overwrites
        self._hub, self._patience, self._lease = sender.hub, sender.patience, sender.lease
        self._deliveries, self._goes_on = sender.hub.store.deliveries, sender.goes_on
        self.sent = 0

    def run(self) -> Lane | None:
        """The lane as it stands after it; None where it was left, or is somebody else's."""
        now = self._hub.clock.now()
        due = self._deliveries.heads(self._lane.destination, now, min(self._lane.size, self._carrier.at_once))
        if not (due and self._goes_on()):
            self._deliveries.leave(self._lane, now)
            return None
        if not self._deliveries.hold(self._lane, due):
            return None
        parcels = self._packed(due)
        if not self._keep():
            return None
        problem = self._send(parcels)
        late = self._was_late(parcels)
        if problem is None:
            lane = self._arrived(parcels)
            return None if late else lane
        self._failed(parcels, problem)
        return None

    def _keep(self) -> bool:
        """Whoever packs or sends for long says in between that it is still there. It is asked at the last moment: what was
        packed by who has lost the lane since may be older than what somebody else has sent."""
        until = self._hub.clock.now() + self._lease
        if until - self._lane.until < self._lease / 4:
            return True
        kept = self._deliveries.keep(self._lane, until)
        self._lane = replace(self._lane, until=until) if kept else self._lane
        return kept

    def _was_late(self, parcels: list[Parcel]) -> bool:
        """Whoever lost the lane while it was sending may have put what is old over what is new: that is told once more."""
        now = self._hub.clock.now()
        if not parcels or now < self._lane.until or self._keep():
            return False
        if self._overwrites:
            self._deliveries.again(self._lane, [one.dispatch for one in parcels], now)
            log.warning(
                "delivery.told-again", extra={"destination": str(self._lane.destination), "count": len(parcels)}
            )
        return True

    def _packed(self, due: Sequence[Dispatch]) -> list[Parcel]:
        """Those that have something to tell, and may; the others are settled."""
        parcels, others = [], []
        for one in due:
            packed = self._pack(one)
            parcels.append(packed) if isinstance(packed, Parcel) else others.append(packed)
        self._deliveries.settle(self._lane, others)
        return parcels

    def _pack(self, one: Dispatch) -> Parcel | Outcome:
        try:
            content = self._carrier.pack(one)
        except MayNotKnow:
            return Outcome(one, void=VOIDED)
        except Exception as failure:
            self._log(failure)
            return self._put_off(one, failure, spread())
        return Outcome(one, void=NOTHING) if content is None else Parcel(one, content)

    def _send(self, parcels: list[Parcel]) -> Exception | None:
        """Whatever goes wrong: a carrier may be a partner's, and its mistake is not the others'."""
        if not parcels:
            return None
        try:
            self._carrier.send(self._lane.destination, parcels)
        except Exception as failure:
            return failure
        return None

    def _arrived(self, parcels: list[Parcel]) -> Lane:
        self.sent = self._deliveries.settle(self._lane, [Outcome(one.dispatch) for one in parcels])
        if parcels:
            size = min(self._lane.size * WIDER, WIDE)
            self._lane = replace(self._lane, failures=0, waited=timedelta(), size=size, error="")
        return self._lane

    def _failed(self, parcels: list[Parcel], failure: Exception) -> None:
        """All wait for the destination; one that was sent alone has itself to wait, too."""
        self._log(failure)
        now, lane, alike = self._hub.clock.now(), self._lane, spread()
        for_so_long, problem = pause(lane.failures, asked_by(failure), alike), problem_of(failure)
        if len(parcels) == 1:
            outcomes = [self._put_off(parcels[0].dispatch, failure, alike)]
        else:
            outcomes = [Outcome(one.dispatch, error=problem, next_try=now) for one in parcels]
        self._deliveries.settle(lane, outcomes)
        waited, failures = lane.waited + for_so_long, lane.failures + 1
        away = replace(lane, failures=failures, waited=waited, size=1, next_try=now + for_so_long, error=problem)
        if lane.waited >= self._patience.tries_for:
            self._give_up(away)
        self._deliveries.leave(away, now)

    def _put_off(self, one: Dispatch, failure: Exception, alike: float) -> Outcome:
        for_so_long = pause(one.attempts, asked_by(failure), alike)
        if one.waited >= self._patience.tries_for:
            log.error("delivery.dead", extra={"destination": str(one.destination), "problem": problem_of(failure)})
            return Outcome(one, error=problem_of(failure), pause=for_so_long)
        return Outcome(one, error=problem_of(failure), next_try=self._hub.clock.now() + for_so_long, pause=for_so_long)

    def _give_up(self, away: Lane) -> None:
        older = self._hub.clock.now() - self._patience.tries_for
        if count := self._deliveries.give_up(away.destination, older, away.error):
            log.error(
                "delivery.dead",
                extra={"destination": str(away.destination), "problem": away.error, "count": count},
            )

    def _log(self, failure: Exception) -> None:
        expected = isinstance(failure, AdapterError)
        log.warning(
            "delivery.failed",
            extra={"destination": str(self._lane.destination), "problem": problem_of(failure)},
            exc_info=None if expected else failure,
        )
