"""From a person's Consents to grants: who may see which data class, for what purpose, from when until when, and why.

Across Consents: nothing is permitted unless a Consent permits it, and a deny overrides every permit
(deny-unless-permit with deny-overrides, https://hl7.org/fhir/R4/consent.html#rules and R6 Permission.combining).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from types import MappingProxyType

from hub.consent.actors import (
    ANYWHERE,
    MOST_DESKS,
    NOBODY,
    NONE,
    Names,
    OrganizationsUnder,
    Profile,
    alone,
    is_person,
    mark_of,
    organization_of,
    parties,
    profiles,
)
from hub.consent.provisions import Provision, PurposesUnderCode, answers, asks, in_force, read, verdicts
from hub.fhir import Resource
from hub.fhir.data_classes import shareable

NOTICE = "notice"


@dataclass(frozen=True)
class Grant:
    """`recipient` may see `data_class` for `purpose` in [since, until). `because`: the Consents that permit it.

    `recipient` ANYWHERE: every organisation of which nothing is said by name. `who`: marks that somebody there must have for
    it, `unless`: marks that close it to her; of a system there are none.
    """

    recipient: str
    purpose: str
    data_class: str
    since: datetime
    until: datetime
    because: tuple[str, ...]
    who: Names = NONE
    unless: Names = NONE

    def is_for(self, marks: Names) -> bool:
        return self.who <= marks and self.unless.isdisjoint(marks)


@dataclass(frozen=True)
class Rule:
    reference: str
    provision: Provision


def rules_of(
    consents: Iterable[Resource],
    purposes_under: PurposesUnderCode,
    below: OrganizationsUnder,
    taken: Mapping[str, Names] = MappingProxyType({}),
) -> tuple[Rule, ...]:
    """The Consents in force, read. Where they tell apart more functions of people than an answer can depend on, these are
    not understood."""
    active = [consent for consent in consents if in_force(consent)]

    def rule(consent: Resource, *, without_desks: bool) -> Rule:
        root = read(consent.get("provision", {}), purposes_under, below, without_desks=without_desks)
        id_ = consent.get("id", "")
        return Rule(f"Consent/{id_}", root.without(taken[id_]) if taken.get(id_) else root)

    read_once = tuple(rule(one, without_desks=False) for one in active)
    marks = {mark_of(party) for rule in read_once for one in rule.provision.levels() for party in one.parties}
    if sum(1 for one in marks if one and not is_person(one)) <= MOST_DESKS:
        return read_once
    return tuple(rule(one, without_desks=True) for one in active)


def grants(
    consents: Iterable[Resource], purposes_under: PurposesUnderCode, below: OrganizationsUnder = alone
) -> tuple[Grant, ...]:
    """What one person's Consents permit of every document, whatever it may be. Whoever holds any grant for a purpose also
    holds the minimal notice for it."""
    rules = rules_of(consents, purposes_under, below)
    unknown = answers(asks(rule.provision for rule in rules), None)
    return granted_by(
        [replace(rule, provision=rule.provision.settled(unknown)) for rule in rules] if unknown else rules
    )


def granted_by(rules: Sequence[Rule]) -> tuple[Grant, ...]:
    """The grants of rules that ask nothing of a document, or are settled for it."""
    if not rules:
        return ()
    named, purposes, classes, bounds = _vocabulary(rules)
    found: list[Grant] = []
    for recipient in sorted({organization_of(one) for one in named}):
        people = profiles(recipient, named)
        for purpose in sorted(purposes):
            opened = _intervals(rules, recipient, people, purpose, classes=classes, bounds=bounds)
            found += opened
            found += notices(opened)
    return tuple(found)


def _vocabulary(rules: Sequence[Rule]) -> tuple[set[str], set[str], Names, list[datetime]]:
    """What the rules speak of. Outside it no question can be permitted, so nothing else needs to be asked."""
    named: set[str] = set()
    purposes: set[str] = set()
    classes: set[str] = set()
    bounds: set[datetime] = set()
    for provision in (level for rule in rules for level in rule.provision.levels()):
        named |= provision.parties
        purposes |= provision.purposes
        classes |= provision.sure if provision.type == "permit" else NONE
        bounds |= {provision.since, provision.until}
    return named - {NOBODY}, purposes - {NOBODY}, shareable() & classes, sorted(bounds)


def _intervals(
    rules: Sequence[Rule],
    recipient: str,
    people: tuple[Profile, ...],
    purpose: str,
    *,
    classes: Names,
    bounds: list[datetime],
) -> list[Grant]:
    """Between two neighbouring bounds nothing changes, so one question asked at the start of each interval is exact."""
    found: dict[tuple[str, Profile], list[Grant]] = {}
    asking = [(one, parties(recipient, one[0])) for one in people]
    for since, until in pairwise(bounds):
        opened = {one: _permitted(rules, named, purpose, since, classes) for one, named in asking}
        for data_class in sorted(NONE.union(*opened.values())):
            for (who, unless), because in _told_apart(opened, data_class):
                grant = Grant(recipient, purpose, data_class, since, until, because, who, unless)
                _extend(found.setdefault((data_class, (who, unless)), []), grant)
    return [grant for _, intervals in sorted(found.items(), key=_order) for grant in intervals]


def _order(item: tuple[tuple[str, Profile], list[Grant]]) -> tuple[str, list[str], list[str]]:
    data_class, (who, unless) = item[0]
    return data_class, sorted(who), sorted(unless)


def _permitted(
    rules: Sequence[Rule], named: Names, purpose: str, at: datetime, classes: Names
) -> dict[str, tuple[str, ...]]:
    """The data classes that are open then, each with the Consents that permit it."""
    answered = [(rule.reference, *verdicts(rule.provision, named, purpose, at, classes)) for rule in rules]
    denied = NONE.union(*(denies for _, _, denies in answered))
    permitted = NONE.union(*(permits for _, permits, _ in answered)) - denied
    return {one: tuple(reference for reference, permits, _ in answered if one in permits) for one in permitted}


def _told_apart(
    opened: dict[Profile, dict[str, tuple[str, ...]]], data_class: str
) -> Iterator[tuple[Profile, tuple[str, ...]]]:
    """Everybody to whom it is open: in one, where it is so for all and for the same reason."""
    reasons = {one: found[data_class] for one, found in opened.items() if data_class in found}
    if len(reasons) == len(opened) and len(set(reasons.values())) == 1:
        yield (NONE, NONE), next(iter(reasons.values()))
    else:
        yield from reasons.items()


def _extend(intervals: list[Grant], grant: Grant) -> None:
    last = intervals[-1] if intervals else None
    if last and last.until == grant.since and last.because == grant.because:
        intervals[-1] = replace(last, until=grant.until)
    else:
        intervals.append(grant)


def notices(opened: Iterable[Grant]) -> list[Grant]:
    """The notice is open whenever anything is: the union of the intervals of everyone for each purpose."""
    found: dict[tuple[str, str, Names, Names], list[Grant]] = {}
    for grant in sorted(opened, key=lambda g: g.since):
        intervals = found.setdefault((grant.recipient, grant.purpose, grant.who, grant.unless), [])
        last = intervals[-1] if intervals else None
        if last and grant.since <= last.until:
            until, because = max(last.until, grant.until), tuple(dict.fromkeys(last.because + grant.because))
            if (until, because) != (last.until, last.because):
                intervals[-1] = replace(last, until=until, because=because)
        else:
            intervals.append(replace(grant, data_class=NOTICE))
    return [grant for intervals in found.values() for grant in intervals]


__all__ = ["ANYWHERE", "NOTICE", "Grant", "Rule", "granted_by", "grants", "notices", "rules_of"]
