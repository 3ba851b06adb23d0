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
from functools import cached_property, lru_cache
from types import MappingProxyType

from hub.consent import notice
from hub.consent.actors import NONE, Known, Names, spelled, spellings
from hub.consent.compiled import Compiled
from hub.consent.facts import Facts
from hub.consent.grants import NOTICE, Grant
from hub.consent.membership import Membership
from hub.consent.notice import of_any, opening
from hub.consent.rules import Rules
from hub.consent.standing import Standing, stand
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.messages import is_message, recipients, referral_of, sender
from hub.fhir.references import of_version, reference, slots, split
from hub.fhir.tasks import REFERRAL, REQUESTS, asked_of, is_unclaimed, kind, party, passed_on_from
from hub.ports import Key

GENERATION = 2
"""Of what keys say: raised with each change to it, so that a deployment's keys are written anew by the new program."""
DIRECTORY = "directory"
PUBLIC = f"*|*|{DIRECTORY}"
OPENS_THE_NOTICE = frozenset(
    {"requested", "received", "accepted", "in-progress", "on-hold", "completed", "failed", "rejected", "cancelled"}
)
OPENS_THE_PAYLOAD = frozenset({"accepted", "in-progress", "on-hold", "completed"})
NOTICE_PROFILE = profile("withdrawal-notice")
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

    def to(self, recipient: str) -> Iterator[Key]:
        """The keys that an organisation, or somebody in it, could have to any document."""
        of_each = (self.compiled.grants(one) for one in self.documents.values() or (None,))
        found = dict.fromkeys(grant for grants in (self.notice, *of_each) for grant in grants)
        return map(_key, self.compiled.to(recipient, found))


def granted(documents: Iterable[Held], rules: Rules) -> dict[str, Granted]:
    """The grants of one person's Consents as they stand, by the custodian that recorded them: what one association's consents
    permit, or its referrals open, says nothing about another's records."""
    documents = list(documents)
    mine: dict[str, list[Held]] = {}
    for document in documents:
        mine.setdefault(document.custodian, []).append(document)
    persons = [
        one for one in documents if one.resource["resourceType"] == "Patient"
    ]  # who she is, she is for every keeper
    return {
        custodian: _granted(held, [one for one in persons if one.custodian != custodian], rules)
        for custodian, held in mine.items()
    }


def _granted(held: list[Held], persons: list[Held], rules: Rules) -> Granted:
    return by_standing(stand([one.resource for one in (*held, *persons)], rules.policies), held, rules)


def by_standing(standing: Standing, held: Iterable[Held], rules: Rules) -> Granted:
    """What Consents permit that stand so. `held`: all that one organisation keeps of her."""
    held = list(held)
    compiled = Compiled(standing.consents, rules.under, _known(held, rules), standing.taken)
    if not compiled.asks_documents:
        return Granted(compiled, tuple(one for one in compiled.grants() if one.data_class == NOTICE), standing)
    facts = facts_of(held)
    sharable = (one for one in facts.values() if one.type not in CLOSED_TO_RECIPIENTS)
    return Granted(compiled, of_any(compiled, sharable), standing, facts)


def _known(held: list[Held], rules: Rules) -> Known:
    """Her care teams are of her own compartment, so a change of them is a change of hers."""
    teams = {reference(one.resource): one.resource for one in held if one.resource["resourceType"] == "CareTeam"}
    custodian = held[0].custodian if held else ""
    return Known(rules.below, Membership(rules.below, custodian, rules.entry, teams).members)


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


Eligible = Callable[[Resource], frozenset[str]]
"""The organisations that give the service for which a referral is open to claim."""


def nobody(_: Resource) -> frozenset[str]:
    return frozenset()


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
        if is_referral(document.resource):
            tasks[document.custodian].append(document.resource)
    told = {custodian: _Told(mine, eligible, overseeing) for custodian, mine in tasks.items()}
    named = _named(documents)
    return {
        reference(d.resource): tuple(_keys(d, granted[d.custodian], told[d.custodian], classes, named))
        for d in documents
    }


def _named(documents: Iterable[Held]) -> Mapping[str, str]:
    """What Consents are called as reasons: by their versions, where these are known."""
    consents = (one for one in documents if one.version and one.resource["resourceType"] == "Consent")
    return {name: of_version(name, one.version or 0) for one in consents for name in (reference(one.resource),)}


def _keys(
    document: Held,
    granted: Granted,
    told: "_Told",
    classes: Callable[[Resource], frozenset[str]],
    named: Mapping[str, str],
) -> list[Key]:
    resource = document.resource
    type_ = resource["resourceType"]
    found = [own_key(document.custodian)]
    if is_notice(resource):
        return [*found, *(Key(own(split(one["reference"])[1])) for one in resource["recipient"])]
    if is_message(resource):
        found += map(own_key, told.wrote(resource) - {document.custodian})
    if type_ in CLOSED_TO_RECIPIENTS or not granted.notice:
        return found
    recipients = told.of(resource) - {document.custodian, ""}
    if not recipients:
        return found
    wanted = {NOTICE} if type_ == "Task" else classes(resource) - {NOTICE}
    lasting = [grant for grant in granted.lasting(resource) if grant.data_class in wanted]
    passing = [grant for grant in granted.of(resource) if grant.data_class in wanted and grant not in lasting]
    for recipient in sorted(recipients):
        found += [_key(grant, named) for grant in granted.compiled.to(recipient, lasting)]
        found += [replace(_key(grant, named), passing=True) for grant in granted.compiled.to(recipient, passing)]
    return list(dict.fromkeys(found))


def _key(grant: Grant, named: Mapping[str, str] = MappingProxyType({})) -> Key:
    recipient = spelled(grant.recipient, grant.who)
    because = tuple(named.get(one, one) for one in grant.because)
    return Key(f"{recipient}|{grant.purpose}|{grant.data_class}", grant.since, grant.until, grant.unless, because)


def is_referral(resource: Resource) -> bool:
    """A Task that carries a referral, as against one that asks for its cancellation: only the former opens anything.

    http://hl7.org/fhir/CodeSystem/task-code
    """
    return kind(resource) == REFERRAL


def is_notice(resource: Resource) -> bool:
    """A notice of withdrawal: it belongs to whom it is addressed to as much as to who sends it, whatever a consent says."""
    return resource["resourceType"] == "Communication" and NOTICE_PROFILE in resource.get("meta", {}).get("profile", ())


@dataclass(frozen=True)
class _Told:
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
            return self._owners.get(reference(resource), set()) | _author(resource)
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
