"""Why a disclosure is permitted or denied: the answer that audit, consent officers and survivors read.

Enforcement itself is in the query (`keys`); this explains it, and agrees with it by construction: both read `grants`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.consent.grants import Grant, grants
from hub.consent.keys import OPENS_THE_NOTICE, OPENS_THE_PAYLOAD
from hub.consent.provisions import PurposesUnder, Question
from hub.fhir import Resource
from hub.fhir.references import split


@dataclass(frozen=True)
class Permit:
    """`because`: the Consents that permit."""

    because: tuple[str, ...]


@dataclass(frozen=True)
class Deny:
    """`because`: a key of the text catalogue."""

    because: str


def decide(
    question: Question, consents: Sequence[Resource], tasks: Sequence[Resource], under: PurposesUnder
) -> Permit | Deny:
    """Permit or Deny, with the reason, from one person's Consents and referrals of one custodian."""
    mine = [task for task in tasks if split(task.get("owner", {}).get("reference", ""))[1] == question.recipient]
    if not mine:
        return Deny("consent.no-referral")
    granted = [g for g in grants(consents, under) if g.recipient == question.recipient]
    matching = [g for g in granted if g.purpose == question.purpose and g.data_class == question.data_class]
    now = [g for g in matching if g.since <= question.at < g.until]
    if not now:
        return Deny(_why_not(question, consents, under, granted, matching))
    if question.data_class == "notice":
        return (
            Permit(now[0].because) if any(t["status"] in OPENS_THE_NOTICE for t in mine) else Deny("consent.not-sent")
        )
    if not any(task["status"] in OPENS_THE_PAYLOAD for task in mine):
        return Deny("consent.not-accepted")
    return Permit(now[0].because)


def _why_not(
    question: Question,
    consents: Sequence[Resource],
    under: PurposesUnder,
    granted: Sequence[Grant],
    matching: Sequence[Grant],
) -> str:
    if matching:
        return "consent.expired" if all(g.until <= question.at for g in matching) else "consent.not-yet"
    if granted:
        return "consent.purpose" if all(g.purpose != question.purpose for g in granted) else "consent.class"
    before = grants([{**c, "status": "active"} for c in consents if c["status"] == "inactive"], under)
    return "consent.withdrawn" if any(g.recipient == question.recipient for g in before) else "consent.none"
