"""From a person's Consents to grants: who may see which data class, for what purpose, from when until when, and why.

Across Consents: nothing is permitted unless a Consent permits it, and a deny overrides every permit
(deny-unless-permit with deny-overrides, https://hl7.org/fhir/R4/consent.html#rules and R6 Permission.combining).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from hub.consent.provisions import NOBODY, Provision, PurposesUnder, in_force, read, verdicts
from hub.fhir import Resource
from hub.fhir.data_classes import shareable

NOTICE = "notice"


@dataclass(frozen=True)
class Grant:
    """`recipient` may see `data_class` for `purpose` in [since, until). `because`: the Consents that permit it."""

    recipient: str
    purpose: str
    data_class: str
    since: datetime
    until: datetime
    because: tuple[str, ...]


@dataclass(frozen=True)
class _Rule:
    reference: str
    provision: Provision


def grants(consents: Iterable[Resource], purposes_under: PurposesUnder) -> tuple[Grant, ...]:
    """All grants of one person's Consents. A recipient with any grant for a purpose also holds the minimal notice for it."""
    rules = [
        _Rule(f"Consent/{consent.get('id', '')}", read(consent.get("provision", {}), purposes_under))
        for consent in consents
        if in_force(consent)
    ]
    if not rules:
        return ()
    recipients, purposes, classes, bounds = _vocabulary(rules)
    found: list[Grant] = []
    for recipient in sorted(recipients):
        for purpose in sorted(purposes):
            opened = _intervals(rules, recipient, purpose, classes, bounds)
            found += opened
            found += _notice(opened)
    return tuple(found)


def _vocabulary(rules: list[_Rule]) -> tuple[set[str], set[str], frozenset[str], list[datetime]]:
    """What the rules speak of. Outside it no question can be permitted, so nothing else needs to be asked."""
    recipients: set[str] = set()
    purposes: set[str] = set()
    classes: set[str] = set()
    bounds: set[datetime] = set()
    pending = [rule.provision for rule in rules]
    while pending:
        provision = pending.pop()
        recipients |= provision.recipients
        purposes |= provision.purposes
        classes |= provision.classes or (shareable() if provision.type == "permit" else frozenset())
        bounds |= {provision.since, provision.until}
        pending += provision.exceptions
    return recipients - {NOBODY}, purposes - {NOBODY}, shareable() & classes, sorted(bounds)


def _intervals(
    rules: list[_Rule], recipient: str, purpose: str, classes: frozenset[str], bounds: list[datetime]
) -> list[Grant]:
    """Between two neighbouring bounds nothing changes, so one question asked at the start of each interval is exact."""
    found: dict[str, list[Grant]] = {data_class: [] for data_class in sorted(classes)}
    for since, until in pairwise(bounds):
        answers = [(rule.reference, *verdicts(rule.provision, recipient, purpose, since, classes)) for rule in rules]
        denied = frozenset[str]().union(*(denies for _, _, denies in answers))
        for data_class in frozenset[str]().union(*(permits for _, permits, _ in answers)) - denied:
            because = tuple(reference for reference, permits, _ in answers if data_class in permits)
            _extend(found[data_class], Grant(recipient, purpose, data_class, since, until, because))
    return [grant for intervals in found.values() for grant in intervals]


def _extend(intervals: list[Grant], grant: Grant) -> None:
    last = intervals[-1] if intervals else None
    if last and last.until == grant.since and last.because == grant.because:
        intervals[-1] = replace(last, until=grant.until)
    else:
        intervals.append(grant)


def _notice(opened: list[Grant]) -> list[Grant]:
    """The notice is open whenever anything is: the union of the intervals of one recipient and purpose."""
    found: list[Grant] = []
    for grant in sorted(opened, key=lambda g: g.since):
        if found and grant.since <= found[-1].until:
            last = found[-1]
            because = tuple(dict.fromkeys(last.because + grant.because))
            found[-1] = Grant(last.recipient, last.purpose, NOTICE, last.since, max(last.until, grant.until), because)
        else:
            found.append(Grant(grant.recipient, grant.purpose, NOTICE, grant.since, grant.until, grant.because))
    return found
