"""Disclosure keys: who may see each document of one person, decided when data, consent or a referral is written.

Every query of a recipient carries the keys that it holds, so that what is hidden is absent: from matches, totals, pages.
Notify and pull: before acceptance a recipient holds the key of the referral's notice alone; acceptance opens the classes
that the consent permits; refusal, cancellation and withdrawal close them.

`chu|COC|core` is a key of a system of the organisation and of everybody in it, `chu~Practitioner/amal|COC|core` of her
alone; `Key.unless` closes one to those who carry one of these marks.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from hub.consent import notice
from hub.consent.actors import NONE, Known, Names, OrganizationsUnder, spelled, spellings
from hub.consent.belonging import Belonging, Eligible, is_notice, is_referral, nobody
from hub.consent.compiled import Compiled
from hub.consent.facts import Facts
from hub.consent.grants import NOTICE, Grant
from hub.consent.membership import Membership
from hub.consent.notice import of_any, opening
from hub.consent.provisions import PurposesUnderCode
from hub.consent.rules import Rules
from hub.consent.standing import Standing, stand
from hub.fhir import Resource
from hub.fhir.messages import is_message
from hub.fhir.references import of_version, reference, slots, split
from hub.ports import Key

GENERATION = 2
"""Of what keys say: raised with each change to it, so that a deployment's keys are written anew by the new program."""
DIRECTORY = "directory"
PUBLIC = f"*|*|{DIRECTORY}"
_OF_A_NOTICE = frozenset({NOTICE})
CLOSED_TO_RECIPIENTS = frozenset({"Consent", "Provenance", "AuditEvent"})


def own(organization: str) -> str:
    """The key of an organisation to what it keeps itself: every class, every purpose."""
    return f"{organization}|*|*"


@lru_cache(maxsize=4096)
def own_key(organization: str) -> Key:
    """The same as it stands with each document that it keeps: one for all of them."""
    return Key(own(organization))


def held(organization: str, purpose: str, classes: Iterable[str], marks: Names = NONE) -> frozenset[str]:
    """The keys with which an organisation, or somebody in it, asks for data of these classes for this purpose. The key that
    everyone holds is to the directory and to nothing else: what is withheld of an entry is not opened by what is published
    of it."""
    names = frozenset(classes)
    found = (f"{one}|{purpose}|{name}" for one in spellings(organization, marks) for name in names)
    return frozenset({own(organization), *found} | ({PUBLIC} if DIRECTORY in names else set()))


def opened(keys: Iterable[Key], organization: str, purpose: str, marks: Names, at: datetime) -> frozenset[str]:
    """The data classes that an organisation, or somebody in it, may see by these keys."""
    asking = _asking(organization, purpose, marks)
    open_now = (key for key in keys if key.since <= at < key.until and key.unless.isdisjoint(marks))
    named = (key.grant.rpartition("|") for key in open_now)
    return frozenset(data_class for who, _, data_class in named if who in asking)


def permitted_by(keys: Iterable[Key], organization: str, purpose: str, marks: Names, at: datetime) -> Iterator[str]:
    """The Consents and review Tasks by which these keys open anything to who asks."""
    asking = _asking(organization, purpose, marks)
    for key in keys:
        if key.since <= at < key.until and key.unless.isdisjoint(marks) and key.grant.rpartition("|")[0] in asking:
            yield from key.because


def open_until(keys: Iterable[Key], organization: str, purpose: str, at: datetime) -> datetime:
    """Until when all that these keys open to an organisation now stays open: the first end; `at` where they open nothing."""
    asking = _asking(organization, purpose, NONE)
    found = (one.until for one in keys if one.since <= at < one.until and one.grant.rpartition("|")[0] in asking)
    return min(found, default=at)


@lru_cache(maxsize=4096)
def _asking(organization: str, purpose: str, marks: Names) -> frozenset[str]:
    return frozenset(f"{one}|{purpose}" for one in spellings(organization, marks))


@dataclass(frozen=True, repr=False)
class Held:
    """A current resource of one person and the organisation that keeps it. `stored`: when it was written, if that is known;
    `version`: which one this is, likewise."""

    resource: Resource
    custodian: str
    stored: datetime | None = None
    version: int | None = None


@dataclass(frozen=True, repr=False)
class Granted:
    """What one custodian's Consents permit of her documents there. `notice`: who may be told of a referral; `standing`: why
    some of them do not count, or not all of what they say."""

    compiled: Compiled
    notice: tuple[Grant, ...]
    standing: Standing = field(default_factory=lambda: Standing((), {}, {}))
    documents: Mapping[str, Facts] = field(default_factory=dict)
    alike: dict[Any, tuple[Key, ...]] = field(default_factory=dict, compare=False)
    """Keys that were made of these grants, where nothing is asked of a document: by whom they are for, and to what."""
    _to: dict[str, tuple[Key, ...]] = field(default_factory=dict, compare=False)

    def of(self, resource: Resource) -> tuple[Grant, ...]:
        """The grants to one of her documents; of a referral, those to its notice."""
        document = self.documents.get(reference(resource))
        if resource["resourceType"] == "Task":
            return self.notice if document is None else opening(self.notice, self.compiled, document)
        return self.compiled.grants(document)

    def lasting(self, resource: Resource) -> tuple[Grant, ...]:
        """The grants to every version of it, old ones too, of which nobody asked what they say."""
        document = self.documents.get(reference(resource))
        if document is None:
            return self.of(resource)
        if resource["resourceType"] == "Task":
            return notice.lasting(self.notice, self.compiled, document)
        return self.compiled.lasting(document)

    def to_one(self, recipient: str, resource: Resource) -> Iterator[Key]:
        """The keys that an organisation, or somebody in it, could have to one of her documents."""
        return map(_key, self.compiled.to(recipient, self.of(resource)))

    def to(self, recipient: str) -> tuple[Key, ...]:
        """The keys that an organisation, or somebody in it, could have to any document."""
        if recipient not in self._to:
            of_each = (self.compiled.grants(one) for one in self.documents.values() or (None,))
            found = dict.fromkeys(grant for grants in (self.notice, *of_each) for grant in grants)
            self._to[recipient] = tuple(map(_key, self.compiled.to(recipient, found)))
        return self._to[recipient]


WorkedOut = tuple[Granted, PurposesUnderCode, OrganizationsUnder]
"""What Consents permit that stood so, by what they were read."""


def granted(documents: Iterable[Held], rules: Rules, before: dict[str, WorkedOut] | None = None) -> dict[str, Granted]:
    """The grants of one person's Consents as they stand, by the custodian that recorded them: what one association's consents
    permit, or its referrals open, says nothing about another's records.

    `before`: what was worked out of hers, which is not done again where it stands as it did; it is kept up to date.
    """
    before = {} if before is None else before
    documents = list(documents)
    mine: dict[str, list[Held]] = {}
    for document in documents:
        mine.setdefault(document.custodian, []).append(document)
    persons = [
        one for one in documents if one.resource["resourceType"] == "Patient"
    ]  # who she is, she is for every keeper
    return {
        custodian: _granted(held, [one for one in persons if one.custodian != custodian], rules, before)
        for custodian, held in mine.items()
    }


def _granted(held: list[Held], persons: list[Held], rules: Rules, before: dict[str, WorkedOut]) -> Granted:
    standing = stand([one.resource for one in (*held, *persons)], rules.policies)
    known, under, below = before.get(held[0].custodian, (None, None, None))
    if known is not None and known.standing == standing and under == rules.under and below == rules.below:
        return known
    asked: list[str] = []
    found = by_standing(standing, held, rules, asked)
    if not found.compiled.asks_documents and not asked:
        before[held[0].custodian] = found, rules.under, rules.below
    return found


def by_standing(standing: Standing, held: Iterable[Held], rules: Rules, asked: list[str] | None = None) -> Granted:
    """What Consents permit that stand so. `held`: all that one organisation keeps of her. `asked`: takes up the groups, teams and
    posts that were asked for their members."""
    held = list(held)
    known = _known(held, rules, [] if asked is None else asked)
    compiled = Compiled(standing.consents, rules.under, known, standing.taken)
    if not compiled.asks_documents:
        return Granted(compiled, tuple(one for one in compiled.grants() if one.data_class == NOTICE), standing)
    facts = facts_of(held)
    sharable = (one for one in facts.values() if one.type not in CLOSED_TO_RECIPIENTS)
    return Granted(compiled, of_any(compiled, sharable), standing, facts)


def _known(held: list[Held], rules: Rules, asked: list[str]) -> Known:
    """Her care teams are of her own compartment, so a change of them is a change of hers."""
    teams = {reference(one.resource): one.resource for one in held if one.resource["resourceType"] == "CareTeam"}
    custodian = held[0].custodian if held else ""
    membership = Membership(rules.below, custodian, rules.entry, teams)

    def members(reference_: str) -> Names:
        asked.append(reference_)
        return membership.members(reference_)

    return Known(rules.below, members)


def facts_of(held: Iterable[Held]) -> dict[str, Facts]:
    """What can be asked of each of these documents of one person and one custodian, by reference."""
    documents = {reference(one.resource): one for one in held}
    known = frozenset(documents)
    pointing: dict[str, set[str]] = {name: set() for name in documents}
    for name, one in documents.items():
        for slot in slots(one.resource):
            pointing.get("/".join(split(slot["reference"])), set()).add(name)
    return {
        name: Facts(one.resource, one.custodian, one.stored, frozenset(pointing[name]), known)
        for name, one in documents.items()
    }


def keys(
    documents: Iterable[Held],
    granted: Mapping[str, Granted],
    classes: Callable[[Resource], frozenset[str]],
    eligible: Eligible = nobody,
    overseeing: Eligible = nobody,
) -> dict[str, tuple[Key, ...]]:
    """The keys of every document of one person, by reference. `classes`: the data classes that may occur in a resource.
    `overseeing`: who is told of a referral beside its parties, by its notice.

    Pure: computed from the person's present Consents and referrals and nothing else.
    """
    documents = list(documents)
    tasks: dict[str, list[Resource]] = {document.custodian: [] for document in documents}
    for document in documents:
        if document.resource["resourceType"] == "Task" and is_referral(document.resource):
            tasks[document.custodian].append(document.resource)
    told = {custodian: Belonging(mine, eligible, overseeing) for custodian, mine in tasks.items()}
    named = _named(documents)
    versions = frozenset(named.items())
    keepers = {name: _Keeper(granted[name], one, classes, named, versions) for name, one in told.items()}
    return {reference(d.resource): keepers[d.custodian].keys(d) for d in documents}


def _named(documents: Iterable[Held]) -> Mapping[str, str]:
    """What Consents are called as reasons: by their versions, where these are known."""
    consents = (one for one in documents if one.version and one.resource["resourceType"] == "Consent")
    return {name: of_version(name, one.version or 0) for one in consents for name in (reference(one.resource),)}


@dataclass(frozen=True, repr=False)
class _Keeper:
    """What the keys of all documents follow from that one organisation keeps of her."""

    granted: Granted
    told: Belonging
    classes: Callable[[Resource], frozenset[str]]
    named: Mapping[str, str]
    versions: frozenset[tuple[str, str]]  # the same as `named`, to be told apart by

    def keys(self, document: Held) -> tuple[Key, ...]:
        resource, type_ = document.resource, document.resource["resourceType"]
        mine = _mine(document.custodian)
        if type_ == "Communication" and is_notice(resource):
            return (*mine, *(Key(own(split(one["reference"])[1])) for one in resource["recipient"]))
        if type_ == "Communication" and is_message(resource):
            mine = (*mine, *map(own_key, self.told.wrote(resource) - {document.custodian}))
        if type_ in CLOSED_TO_RECIPIENTS or not self.granted.notice:
            return mine
        recipients = frozenset(self.told.of(resource) - {document.custodian, ""})
        if not recipients:
            return mine
        if len(mine) > 1 or self.granted.compiled.asks_documents:
            return tuple(dict.fromkeys([*mine, *self._of_recipients(resource, recipients)]))
        return self._as_others(resource, recipients, mine)

    def _as_others(self, resource: Resource, recipients: frozenset[str], mine: tuple[Key, ...]) -> tuple[Key, ...]:
        """Nothing is asked of a document: all that belong to the same recipients, and may hold the same, have the same keys."""
        found = self.granted.alike
        alike = recipients, self._wanted(resource), self.versions
        if alike not in found:
            found[alike] = tuple(dict.fromkeys([*mine, *self._of_recipients(resource, recipients)]))
        return found[alike]

    def _wanted(self, resource: Resource) -> frozenset[str]:
        return _OF_A_NOTICE if resource["resourceType"] == "Task" else self.classes(resource) - _OF_A_NOTICE

    def _of_recipients(self, resource: Resource, recipients: Iterable[str]) -> Iterator[Key]:
        wanted = self._wanted(resource)
        lasting = [grant for grant in self.granted.lasting(resource) if grant.data_class in wanted]
        passing = [grant for grant in self.granted.of(resource) if grant.data_class in wanted and grant not in lasting]
        for recipient in sorted(recipients):
            yield from (_key(grant, self.named) for grant in self.granted.compiled.to(recipient, lasting))
            for grant in self.granted.compiled.to(recipient, passing):
                yield replace(_key(grant, self.named), passing=True)


@lru_cache(maxsize=4096)
def _mine(organization: str) -> tuple[Key, ...]:
    return (own_key(organization),)


def _key(grant: Grant, named: Mapping[str, str] = MappingProxyType({})) -> Key:
    recipient = spelled(grant.recipient, grant.who)
    because = tuple(named.get(one, one) for one in grant.because)
    return Key(f"{recipient}|{grant.purpose}|{grant.data_class}", grant.since, grant.until, grant.unless, because)
