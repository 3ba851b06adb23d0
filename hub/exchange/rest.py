"""Rest: what is known of a person of whom an act has just let everything follow, and of whose referrals none waits for another.

To such a person a new need can be added as if she had nothing else: what follows of it depends on what is permitted, which
stands as it did, and on none of her other documents; and nothing else follows, until something is due. So an act that only
adds needs reads nothing of what is there, however much it is.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hub.consent.actors import OrganizationsUnder
from hub.consent.keys import Granted, WorkedOut
from hub.consent.overrides import is_review
from hub.consent.policies import Policies
from hub.consent.provisions import PurposesUnderCode
from hub.consent.refusals import refused_on
from hub.consent.rules import Rules
from hub.exchange.copies import Document
from hub.fhir import Resource
from hub.fhir.tasks import REFERRAL, is_open_to_claim, kind, party, passed_on_from
from hub.ports import Counted
from hub.referral.passed_on import is_passed_on


@dataclass(frozen=True, repr=False)
class Rest:
    """`permitted`: what her Consents permit, by who recorded them; it is asked of no document, group or team. `policies`,
    `under`, `below`: by which they were read. `counted`: as in `Settled`."""

    permitted: Mapping[str, Granted]
    counted: tuple[Counted, ...]
    policies: Policies
    under: PurposesUnderCode
    below: OrganizationsUnder

    def holds(self, rules: Rules) -> bool:
        return self.policies is rules.policies and self.under == rules.under and self.below == rules.below

    def is_unmoved_by(self, added: Iterable[tuple[str, Document]]) -> bool:
        """Whether these are nothing but new needs, of which nothing follows for what is there."""
        return all(
            one.stored is None
            and one.resource["resourceType"] == "ServiceRequest"
            and one.custodian in self.permitted
            and not is_passed_on(one.resource)
            and not refused_on(one.resource)
            and self.permitted[one.custodian].standing.stays_with(one.resource)
            for _, one in added
        )


def rest(
    documents: Mapping[str, Document],
    permitted: Mapping[str, Granted],
    known: Mapping[str, WorkedOut] | None,
    rules: Rules,
    counted: Iterable[Counted],
    *,
    now: datetime,
) -> Rest | None:
    """None where one of her documents could be moved by another, or by what the directory says. `known`: what was worked out
    and asks nothing but how her Consents stand."""
    if known is None or any(name not in known or known[name][0] is not one for name, one in permitted.items()):
        return None
    if not all(grant.since <= now < grant.until for one in permitted.values() for grant in one.compiled.grants()):
        return None  # what is queued for those to whom nothing is open at present is made void with every act
    tasks = [one.resource for one in documents.values() if one.resource["resourceType"] == "Task"]
    if not are_ordinary(tasks, documents):
        return None
    return Rest(permitted, tuple(counted), rules.policies, rules.under, rules.below)


def are_ordinary(tasks: Iterable[Resource], documents: Collection[str]) -> bool:
    """Each carries a need that is there to somebody by name, and is no part of another."""
    return all(
        kind(task) == REFERRAL
        and party(task, "focus") in documents
        and not is_open_to_claim(task)
        and not passed_on_from(task)
        and not is_review(task)
        for task in tasks
    )
