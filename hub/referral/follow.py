"""What must follow for a person's referrals when her needs, consents or referrals have changed: opened, sent, stopped.

One rule for every act (import, consent, withdrawal, answer), so that no door can forget a step:
a need with a recipient has a Task; the Task is sent once consent covers it and stopped when consent no longer does; a need
that was revoked, given to somebody else, or not referred after all, stops its Task. What follows from requests about a referral,
and for one that was passed on, stands in `answered.py` and `passed_on.py`. Steps are taken until none is left.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hub.fhir import Resource
from hub.fhir.instants import instant
from hub.fhir.needs import no_referral_reason
from hub.fhir.references import reference, split
from hub.fhir.tasks import REFERRAL, is_open_to_claim, is_unclaimed, kind, party, passed_on_from
from hub.referral import answered, passed_on
from hub.referral.deadlines import deadline
from hub.referral.steps import Step, moved
from hub.referral.transitions import TERMINAL, business_status
from hub.referral.writing import written

__all__ = ["NOT_BEGUN", "Step", "follow"]

STARTED: Final = frozenset({"accepted", "in-progress"})
WAITING: Final = frozenset({"requested", "received"})
NOT_BEGUN: Final = frozenset({"draft", "requested", "received", "accepted"})
SEEN: Final = frozenset({"requested", "received", "accepted", "in-progress", "on-hold"})
"""Where she refuses one of several referrals to the same organisation, being held would leave open what it opened."""
NO_MORE: Final = frozenset({"revoked", "entered-in-error"})
_WITHDRAWN: Final = "consent-withdrawn"
_ROUNDS: Final = 16
"""More than any chain of consequences is long: what does not come to rest by then is a mistake of these rules."""


def nobody(_: Resource) -> Iterable[str]:
    return ()


def not_refused(_need: str, _organization: str) -> bool:
    return True


def follow(
    needs: Sequence[Resource],
    tasks: Sequence[Resource],
    patient: Resource | None,
    permitted: Callable[[str], bool],
    *,
    now: datetime,
    new_id: Callable[[], str],
    eligible: Callable[[Resource], Iterable[str]] = nobody,
    agreed: Callable[[str, str], bool] = not_refused,
) -> Iterator[Step]:
    """Steps that follow from one person's present state. `permitted(organization)`: may it receive the notice now?
    `eligible(task)`: who gives the service that is open to claim. `agreed(need, organization)`: has she not refused that this
    need be told to it, or agreed since? Each is asked again and again."""
    by_name = {reference(task): task for task in tasks}
    state = _State(needs, by_name, patient, permitted, now, new_id, eligible, agreed)
    for _ in range(_ROUNDS):
        steps = list(state.round())
        if not steps:
            return
        yield from steps
    raise RuntimeError("what follows does not come to rest")


@dataclass
class _State:
    needs: Sequence[Resource]
    tasks: dict[str, Resource]
    patient: Resource | None
    permitted: Callable[[str], bool]
    now: datetime
    new_id: Callable[[], str]
    eligible: Callable[[Resource], Iterable[str]]
    agreed: Callable[[str, str], bool]
    _by_need: dict[str, Resource] = field(init=False)
    _sent_to: list[tuple[str, Resource, str]] = field(init=False)  # needs that are for somebody, and whom
    _referrals: list[Resource] = field(init=False)

    def __post_init__(self) -> None:
        self._by_need = {reference(need): need for need in self.needs}
        open_ = (one for one in self._by_need.items() if one[1]["status"] == "active")
        active = [(name, need) for name, need in open_ if not no_referral_reason(need)]
        self._sent_to = [(name, need, recipient) for name, need in active if (recipient := _recipient(need))]
        self._referrals = self._told_apart()

    def round(self) -> Iterator[Step]:
        for rule in (self._of_needs, self._of_requests, self._of_passed_on, self._opened):
            steps = list(rule())
            self.tasks |= {reference(step.task): step.task for step in steps}
            if steps:
                self._referrals = self._told_apart()
            yield from steps

    def referrals(self) -> list[Resource]:
        return self._referrals

    def _told_apart(self) -> list[Resource]:
        return [task for task in self.tasks.values() if kind(task) == REFERRAL]

    def may(self, task: Resource) -> bool:
        """May it be told of this referral whoever is to carry it: of an open one, any of those who could?"""
        need = task["focus"]["reference"]
        if is_unclaimed(task):
            return any(self.may_be_sent(need, one) for one in self.eligible(task))
        return self.may_be_sent(need, split(party(task, "owner"))[1])

    def may_be_sent(self, need: str, organization: str) -> bool:
        return self.permitted(organization) and self.agreed(need, organization)

    def refused(self, task: Resource) -> bool:
        """She does not agree to this referral, though what else she agreed to lets its owner be told of her."""
        recipient = split(party(task, "owner"))[1]
        return self.permitted(recipient) and not self.agreed(task["focus"]["reference"], recipient)

    def _is_unseen_part(self, task: Resource) -> bool:
        """A part of which neither who passed it on nor who has it sees anything any more is stopped: nobody else could."""
        passed_on_by = split(party(task, "requester"))[1] if passed_on_from(task) else ""
        return bool(passed_on_by) and not self.may(task) and not self.permitted(passed_on_by)

    def _of_needs(self) -> Iterator[Step]:
        for task in self.referrals():
            need = None if task["status"] in TERMINAL else self._by_need.get(task["focus"]["reference"])
            if need is None:
                continue
            if self._is_unseen_part(task) or (task["status"] in SEEN and self.refused(task)):
                yield Step(
                    moved(task, "cancelled", self.now, reason=_WITHDRAWN, business=_WITHDRAWN), "referral.cancel"
                )
            else:
                yield from _advance(task, need, self.may(task), self.now)

    def _of_requests(self) -> Iterator[Step]:
        tasks = list(self.tasks.values())
        return answered.follow(tasks, self.now) if len(tasks) > len(self._referrals) else iter(())

    def _of_passed_on(self) -> Iterator[Step]:
        return passed_on.follow(self.referrals(), self.now)

    def _opened(self) -> Iterator[Step]:
        """What is opened is taken in afterwards, so that the referrals of each need are told apart once for all of them."""
        referrals, of_need = self.referrals(), defaultdict[str, list[Resource]](list)
        for task in referrals:
            of_need[task["focus"]["reference"]].append(task)
        for name, need, recipient in self._sent_to:
            if any(party(task, "owner") == recipient and not self._over(task) for task in of_need[name]):
                continue
            part_of = passed_on.parent_of(need, referrals)
            if part_of is None:
                continue
            may = self.may_be_sent(name, split(recipient)[1])
            task = written(
                need, self.patient, recipient, id_=self.new_id(), now=self.now, part_of=part_of, draft=not may
            )
            yield Step(task, "referral.send" if may else "referral.draft")

    def _over(self, task: Resource) -> bool:
        """Stopped by the hub, for a reason that is gone. A stopped Task never re-opens: a new one takes its place."""
        if task["status"] != "cancelled":
            return False
        stopped_for = business_status(task)
        return stopped_for == "re-routing" or (stopped_for == _WITHDRAWN and self.may(task))


def _recipient(need: Resource) -> str:
    return str(need.get("performer", [{}])[0].get("reference", ""))


def _elsewhere(task: Resource, need: Resource) -> bool:
    """The need is for somebody else now, or for nobody; what is open to claim is for nobody by name."""
    if no_referral_reason(need):
        return True
    recipient = _recipient(need)
    return party(task, "owner") != recipient if recipient else not is_open_to_claim(task)


def _advance(task: Resource, need: Resource, permitted: bool, now: datetime) -> Iterator[Step]:
    status = task["status"]
    if need["status"] in NO_MORE or _elsewhere(task, need):
        if status in NOT_BEGUN or not permitted:  # unseen by its owner, nobody else could end it
            yield Step(_stopped(task, need, permitted, now), "referral.cancel")
    elif (
        status == "draft" and permitted and business_status(task) == "awaiting-consent"
    ):  # others, who wrote them sends
        due = {"restriction": {"period": {"end": instant(deadline(task["priority"], now))}}}
        yield Step(moved(task, "requested", now) | due, "referral.send")
    elif status in WAITING and not permitted:
        task = moved(task, "cancelled", now, reason=_WITHDRAWN, business=_WITHDRAWN)
        yield Step(task, "referral.cancel")
    elif not permitted and (status in STARTED or (status == "on-hold" and business_status(task) != _WITHDRAWN)):
        task = moved(task, "on-hold", now, reason=_WITHDRAWN, business=_WITHDRAWN)  # whatever it was held for before
        yield Step(task, "referral.hold")


def _stopped(task: Resource, need: Resource, permitted: bool, now: datetime) -> Resource:
    """Cancelled, for the reason that says most: her will, then the recipient's change, then the need's end."""
    if task["status"] != "draft" and not permitted:
        return moved(task, "cancelled", now, reason=_WITHDRAWN, business=_WITHDRAWN)
    if need["status"] not in NO_MORE:
        return moved(task, "cancelled", now, reason="not-selected", business="re-routing")
    return moved(task, "cancelled", now, reason="entered-in-error")
