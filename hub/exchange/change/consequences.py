"""What a party's step with a referral does to the need that it carries, in the same act.

HL7 Clinical Order Workflows: who cancels what it sent revokes the request as well
(https://build.fhir.org/ig/HL7/fhir-cow-ig/cancelling-and-modifying-requests.html). A request is changed by its author alone, so
nothing here follows from what a recipient does: a refused need stays active, to be referred anew.
"""

from typing import Final

from hub.exchange.change.draft import Draft
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.fhir.references import reference
from hub.fhir.tasks import REFERRAL, is_unclaimed, kind, party
from hub.referral.machine import Actor
from hub.referral.transitions import TERMINAL

REFERRED_ANEW: Final = frozenset({"not-selected", "alternative-proposed"})
"""Reasons for which a referral is cancelled while the need goes on, to somebody else."""
_RESTING: Final = frozenset({"draft", "on-hold"})


def carry(task: Resource, need: Resource) -> Resource:
    """The need as its author says it by referring it: to this recipient, or to whoever takes it on; active once it is sent."""
    rest = {name: value for name, value in need.items() if name != "performer"}
    named = {"performer": [{"reference": party(task, "owner")}]} if not is_unclaimed(task) else {}
    sent = task["status"] == "requested" and need["status"] in _RESTING
    return {**rest, **named, **({"status": "active"} if sent else {})}


def follow_step(before: Resource, after: Resource, actor: Actor | None, person: Person, draft: Draft) -> None:
    """Change the need as the step of its author says."""
    need = person.get(after.get("focus", {}).get("reference", ""))
    if actor != "requester" or kind(after) != REFERRAL or need is None or before["status"] == after["status"]:
        return
    if after["status"] == "requested" and need["status"] in _RESTING:
        draft.put(person, {**need, "status": "active"}, "need.update", "update")
    if after["status"] == "cancelled" and need["status"] not in {"revoked", "completed", "entered-in-error"}:
        reason = after["statusReason"]["coding"][0]["code"]
        if reason not in REFERRED_ANEW and not _is_carried_elsewhere(need, after, person):
            draft.put(person, {**need, "status": "revoked"}, "need.update", "update")


def _is_carried_elsewhere(need: Resource, task: Resource, person: Person) -> bool:
    others = (one for one in person.referrals_of(reference(need)) if one["id"] != task["id"])
    return any(one["status"] not in TERMINAL for one in others)
