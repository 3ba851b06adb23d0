"""To whom a referral may go: to an organisation that a consent lets be told of it; where it is open to claim, to any of those
that the directory knows to give the service there."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache

from hub.consent.keys import Granted, Held, granted
from hub.consent.refusals import refusals, said_after
from hub.consent.rules import Rules
from hub.exchange.ruling import Ruling
from hub.fhir import Resource
from hub.fhir.needs import DECLINED, no_referral_reason
from hub.fhir.references import reference, split
from hub.fhir.tasks import is_unclaimed, notice_of, party
from hub.referral.stages import ESCALATED
from hub.referral.transitions import TERMINAL, business_status

REFERRAL_PURPOSE = "COC"
"""A referral is coordination of care, http://terminology.hl7.org/CodeSystem/v3-ActReason: other purposes send none."""


def told_by(permitted: Granted, now: datetime) -> Callable[[str], bool]:
    """May this organisation be told of a referral now? As an organisation: what is for one person in it alone sends none."""
    open_now = [
        grant
        for grant in permitted.notice
        if grant.is_for(frozenset()) and grant.purpose == REFERRAL_PURPOSE and grant.since <= now < grant.until
    ]
    return cache(lambda organization: bool(permitted.compiled.to(organization, open_now)))


def agreed_by(held: Sequence[Held], custodian: str, rules: Rules, now: datetime) -> Callable[[str, str], bool]:
    """Of a need that she refused, by its reference: does a consent from certainly after that let an organisation be told of it?
    Of one for which she declines any referral: no. Of any other: yes. `held`: all that is kept of her."""
    mine = [one.resource for one in held if one.custodian == custodian]
    said, declined = refusals(mine), {reference(one) for one in mine if no_referral_reason(one) == DECLINED}

    @cache
    def since(day: str) -> Callable[[str], bool]:
        found = granted(said_after(held, custodian, day), rules).get(custodian)
        return told_by(found, now) if found else lambda _: False

    def agreed(need: str, organization: str) -> bool:
        return need not in declined and (need not in said or since(said[need])(organization))

    return agreed


def eligible_by(rules: Rules) -> Callable[[Resource], frozenset[str]]:
    """Who gives the service that a referral asks for, in her province where the notice names one."""

    def eligible(task: Resource) -> frozenset[str]:
        said = notice_of(task)
        return rules.offering(said.get("service-type", ""), said.get("province", ""))

    return eligible


def overseeing_by(rules: Ruling) -> Callable[[Resource], frozenset[str]]:
    """The coordinating organisation, of a referral that was escalated and is not over."""
    coordinator = rules.timing.deadlines.coordinator

    def overseeing(task: Resource) -> frozenset[str]:
        late = business_status(task) == ESCALATED and task["status"] not in TERMINAL
        return frozenset({coordinator} - {""}) if late else frozenset()

    return overseeing


def meant(task: Resource, rules: Rules) -> frozenset[str]:
    """Those whom a referral could be for, whatever a consent says."""
    return eligible_by(rules)(task) if is_unclaimed(task) else frozenset({split(party(task, "owner"))[1]})
