"""Newsworthy: what is told of a commit beside its referrals, to whoever subscribed: the topics `service-request` and
`consent-withdrawn` of `profiles/subscription-topics`.

Who keeps a consent is told that it ended; a recipient may not see a consent, and is told of the notice that is its own to read.
Whoever was sent a referral is told that it changed where what it may see of her, or of what is asked for her, is not as it was.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from hub.consent.actors import NONE
from hub.consent.belonging import is_notice
from hub.consent.keys import opened
from hub.exchange.recall import VERB
from hub.exchange.recipients import REFERRAL_PURPOSE
from hub.fhir import Resource
from hub.fhir.masking import redact
from hub.fhir.references import reference, split
from hub.fhir.tasks import party
from hub.ports import Due, Key
from hub.referral.transitions import TERMINAL

CHANGED: Final = "referral.update"
ABOUT: Final = {"ServiceRequest": "focus", "Patient": "for"}
"""What a referral is about, and the element that says so."""


class Edit(NamedTuple):
    """A resource that is written anew, and who may see it from now on."""

    before: Resource
    after: Resource
    keys: Collection[Key]


def news_of(before: Resource | None, after: Resource) -> Iterator[Due]:
    """Of one resource that is written: as it was stored, and as it will be."""
    about = reference(after)
    if after["resourceType"] == "ServiceRequest" and before is not None:
        yield Due("need.update", "", about)
    if after["resourceType"] == "Consent" and _has_ended(before, after):
        yield Due("consent.withdraw", "", about)
    if is_notice(after) and before is None:
        for one in after["recipient"]:
            yield Due(VERB, "", about, recipient=split(one["reference"])[1])


def _has_ended(before: Resource | None, after: Resource) -> bool:
    return before is not None and before.get("status") == "active" != after.get("status")


def changes_of(edits: Iterable[Edit], sent: Collection[Resource], now: datetime) -> Iterator[Due]:
    """Each referral once of which somebody sees something else now. `sent`: her referrals as they stand that were with somebody
    before these edits."""
    told: set[tuple[str, str]] = set()
    for edit in edits:
        for task in _about(edit.after, sent):
            whom = reference(task), split(party(task, "owner"))[1]
            if whom not in told and _sees_change(edit, whom[1], now):
                told.add(whom)
                yield Due(CHANGED, "", whom[0], recipient=whom[1])


def _about(resource: Resource, sent: Collection[Resource]) -> Iterator[Resource]:
    element = ABOUT.get(resource["resourceType"], "")
    for task in sent:
        if task["status"] not in TERMINAL and party(task, "owner") and party(task, element) == reference(resource):
            yield task


def _sees_change(edit: Edit, organization: str, now: datetime) -> bool:
    """By what it may see from now on: of what is closed to it, it is not told that it changed either."""
    classes = opened(edit.keys, organization, REFERRAL_PURPOSE, NONE, now)
    seen = [{**redact(one, classes)[0], "meta": {}} for one in (edit.before, edit.after)]
    return bool(classes) and seen[0] != seen[1]
