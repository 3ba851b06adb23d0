"""To whom a document of a survivor belongs by her referrals, whatever a consent says of it.

Notify and pull: a referral that was sent shows itself to its recipient, one that was accepted its payload, too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.messages import recipients, referral_of, sender
from hub.fhir.needs import no_referral_reason
from hub.fhir.references import reference, split
from hub.fhir.tasks import REFERRAL, REQUESTS, asked_of, is_unclaimed, kind, party, passed_on_from

OPENS_THE_NOTICE = frozenset(
    {"requested", "received", "accepted", "in-progress", "on-hold", "completed", "failed", "rejected", "cancelled"}
)
OPENS_THE_PAYLOAD = frozenset({"accepted", "in-progress", "on-hold", "completed"})
NOTICE_PROFILE = profile("withdrawal-notice")

Eligible = Callable[[Resource], frozenset[str]]
"""The organisations that give the service for which a referral is open to claim."""


def nobody(_: Resource) -> frozenset[str]:
    return frozenset()


def is_referral(resource: Resource) -> bool:
    """A Task that carries a referral, as against one that asks for its cancellation: only the former opens anything.

    http://hl7.org/fhir/CodeSystem/task-code
    """
    return kind(resource) == REFERRAL


def is_notice(resource: Resource) -> bool:
    """A notice of withdrawal: it belongs to whom it is addressed to as much as to who sends it, whatever a consent says."""
    return resource["resourceType"] == "Communication" and NOTICE_PROFILE in resource.get("meta", {}).get("profile", ())


@dataclass(frozen=True)
class Belonging:
    """Organisations to which something belongs by one of these referrals, all of one person and one keeper."""

    tasks: list[Resource]
    eligible: Eligible
    overseeing: Eligible = nobody

    def of(self, resource: Resource) -> set[str]:
        if resource["resourceType"] == "Task":
            return self._of_task(resource)
        if resource["resourceType"] == "Communication":
            return self._of_message(resource)
        if resource["resourceType"] == "ServiceRequest":
            return set() if no_referral_reason(resource) else self._of_need(resource)
        return self._all_owners

    def _of_need(self, need: Resource) -> set[str]:
        return self._owners.get(reference(need), set()) | _author(need)

    @cached_property
    def _all_owners(self) -> set[str]:
        return set[str]().union(*self._owners.values())

    @cached_property
    def _owners(self) -> Mapping[str, set[str]]:
        """By the need, to whom the payload of its referrals is open."""
        found: dict[str, set[str]] = {}
        for task in self.tasks:
            if task["status"] in OPENS_THE_PAYLOAD:
                found.setdefault(task["focus"]["reference"], set()).add(owner(task))
        return found

    def wrote(self, message: Resource) -> set[str]:
        """Who sent it, a party of the referral that it is about: what an organisation wrote stays its own to read."""
        about = self._about(message)
        return {sender(message)} & {
            split(party(task, side))[1] for task in about for side in ("requester", "owner")
        } - {""}

    def _of_message(self, message: Resource) -> set[str]:
        """Whom it is addressed to, once the referral's payload is open to it: to its owner, and to who passed it on."""
        about = self._about(message)
        above = {passed_on_from(task) for task in about}
        open_ = (task for task in self.tasks if task in about or reference(task) in above)
        return set(recipients(message)) & {owner(task) for task in open_ if task["status"] in OPENS_THE_PAYLOAD}

    def _about(self, message: Resource) -> list[Resource]:
        return [task for task in self.tasks if reference(task) == referral_of(message)]

    def _of_task(self, task: Resource) -> set[str]:
        """A request about a referral is for those whom the referral is for."""
        if kind(task) in REQUESTS:
            about = (one for one in self.tasks if reference(one) == asked_of(task))
            return set[str]().union(*map(self._of_task, about))
        over = set(self.overseeing(task))
        if is_unclaimed(task):
            return over | (set(self.eligible(task)) if task["status"] == "requested" else set())
        found = over | {owner(task)} if task["status"] in OPENS_THE_NOTICE else set()
        return found | ({split(party(task, "requester"))[1]} if passed_on_from(task) else set())


def _author(need: Resource) -> set[str]:
    """Whoever passes on a referral sees by which request, though the survivor's record is another's."""
    return {split(party(need, "requester"))[1]} if need.get("intent") == "filler-order" else set()


def owner(task: Resource) -> str:
    return split(task.get("owner", {}).get("reference", ""))[1]
