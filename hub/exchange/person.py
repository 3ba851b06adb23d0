"""One person's compartment while an act changes it: put resources in, then settle what follows.

Settling is the same for every act: referrals are opened, sent or stopped, and every document gets the disclosure keys of
the new state. The result is committed with the act, so the next request of any process sees all of it or nothing.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from hub.consent import aftermath
from hub.consent.aftermath import Lost
from hub.consent.belonging import is_referral
from hub.consent.keys import Granted, Held, granted, keys, own
from hub.consent.membership import Consulted
from hub.consent.overrides import excepted, with_overrides
from hub.consent.statistics import may_be_counted_when, speaks_of_it
from hub.exchange.copies import Copies, Document, content, same_content
from hub.exchange.newsworthy import Edit, changes_of, news_of
from hub.exchange.recipients import REFERRAL_PURPOSE, agreed_by, eligible_by, meant, overseeing_by, told_by
from hub.exchange.rest import Rest, are_ordinary, rest
from hub.exchange.ruling import Ruling
from hub.exchange.settled import Settled
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.labels import labelled
from hub.fhir.needs import no_referral_reason
from hub.fhir.references import reference, slots, split
from hub.fhir.tasks import REFERRAL, kind
from hub.ports import Compartment, Counted, Documents, Due, Key, Rekey, Save, Stored, Void
from hub.referral.follow import follow
from hub.referral.steps import Step
from hub.referral.violence import main_type

__all__ = ["REFERRAL_PURPOSE", "Person", "Settled", "classes", "content", "same_content"]

VOIDED = "delivery.void"
NEEDS = frozenset({"need", "referral"})
OF_THE_HUB = frozenset({"Task", "Communication"})
ENDED = frozenset({"inactive", "revoked", "entered-in-error"})


def classes(resource: Resource) -> frozenset[str]:
    """The data classes that may occur in a resource, by its profile."""
    profile = load().profile_of(resource)
    return profile.classes if profile else frozenset()


@dataclass(frozen=True)
class _Gone:
    """What is deleted: `stored` says so, or, where this act deletes it (`changed`), is what it deletes."""

    custodian: str
    stored: Stored
    changed: bool = False


@dataclass
class Person:
    """A working copy. `revision` 0: not stored yet."""

    id: str
    rules: Ruling
    revision: int = 0
    compartment: Compartment | None = field(default=None, repr=False)
    _copies: Copies = field(init=False, repr=False)
    _gone: dict[str, _Gone] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._copies = Copies(self.compartment.documents if self.compartment else Documents({}))

    @classmethod
    def of(cls, compartment: Compartment, rules: Ruling) -> "Person":
        person = cls(compartment.person, rules, compartment.revision, compartment)
        for stored in compartment.gone:
            person._gone[f"{stored.type}/{stored.id}"] = _Gone(stored.custodian or "", stored)
        return person

    @property
    def _documents(self) -> dict[str, Document]:
        return self._copies.all()

    def get(self, reference_: str) -> Resource | None:
        found = self._copies.get(reference_)
        return found.resource if found else None

    def custodian(self, reference_: str) -> str | None:
        """Who keeps it, or kept it until it was deleted."""
        found = self._copies.get(reference_) or self._gone.get(reference_)
        return found.custodian if found else None

    def stored(self, reference_: str) -> Stored | None:
        """As it was stored before this act."""
        found = self._copies.get(reference_)
        return found.stored if found else None

    def version(self, reference_: str) -> int:
        """The stored version; 0 for a resource that is not stored yet."""
        found = self._copies.get(reference_)
        return found.stored.version if found and found.stored else 0

    def changed_at(self, reference_: str) -> datetime | None:
        """When its stored version was written; None for a resource that is not stored yet."""
        found = self._copies.get(reference_)
        return found.stored.at if found and found.stored else None

    def kept_by(self, custodian: str) -> list[Resource]:
        """All that this keeper keeps of her, and she herself, whoever keeps her record."""
        hers = f"Patient/{self.id}"
        return [one.resource for key, one in self._documents.items() if one.custodian == custodian or key == hers]

    def tasks(self) -> list[Resource]:
        """Her referrals, and the requests about them."""
        return _tasks(one.resource for one in self._documents.values())

    def referrals_of(self, need: str) -> list[Resource]:
        """The referrals that carry this need."""
        mine = (task for task in self.tasks() if kind(task) == REFERRAL)
        return [task for task in mine if task["focus"]["reference"] == need]

    def put(self, resource: Resource, custodian: str) -> bool:
        """Take in a resource, labelled by rule; False when it says nothing new."""
        key = reference(resource)
        known = self._copies.get(key)
        resource = labelled(resource, known.resource if known else None)
        if known is None:
            gone = self._gone.pop(key, None)
            keeper, stored = (gone.custodian, gone.stored) if gone else (custodian, None)
            self._copies.put(key, Document(resource, keeper, stored, changed=True))
            return True
        if same_content(known.resource, resource):
            return False
        known.resource, known.changed = resource, True
        return True

    def remove(self, reference_: str) -> None:
        """Take a resource of hers away: what follows is settled without it, and what it said stays in the history."""
        document = self._copies.pop(reference_)
        if document.stored:
            self._gone[reference_] = _Gone(document.custodian, document.stored, changed=True)

    def had(self, reference_: str, now: datetime) -> list[str]:
        """The recipients who could see, until this act, what it removes."""
        gone = self._gone.get(reference_)
        if gone is None or not gone.changed:
            return []
        opened = {aftermath.recipient_of(key) for key in gone.stored.keys if key.since <= now < key.until}
        return sorted(opened - {gone.custodian})

    def gone_version(self, reference_: str) -> int | None:
        """The version that says that it is deleted, where it is."""
        gone = self._gone.get(reference_)
        return gone.stored.version + gone.changed if gone else None

    def referring_to(self, reference_: str, keeper: str | None) -> list[str]:
        """References of what points to it, of all that its keeper keeps of her: what others keep is not the keeper's to know."""
        return [
            key
            for key, document in self._documents.items()
            if key != reference_
            and document.custodian == keeper
            and any("/".join(split(slot["reference"])) == reference_ for slot in slots(document.resource))
        ]

    def comes_only_from(self, references: Container[str]) -> bool:
        """Whether all that is said of this person, and has not ended, is among these; referrals and notices are the hub's own."""
        return all(
            key in references
            or document.resource["resourceType"] in OF_THE_HUB
            or document.resource.get("status") in ENDED
            for key, document in self._documents.items()
        )

    def may_be_referred_to(self, organization: str, custodian: str, now: datetime) -> bool:
        """Whether a consent that `custodian` recorded lets this organisation have a referral's notice now."""
        return self.telling(custodian, now)(organization)

    def telling(self, custodian: str, now: datetime, *needs: str) -> Callable[[str], bool]:
        """The same, to be asked of many organisations; of these needs, where she has not refused them since. Of one that says
        why it is not referred, nobody."""
        held = self._held(now)
        permitted = granted(held, self.rules).get(custodian)
        if permitted is None or any(no_referral_reason(one) for need in needs if (one := self.get(need))):
            return lambda _: False
        may, agreed = told_by(permitted, now), agreed_by(held, custodian, self.rules, now)
        return lambda organization: may(organization) and all(agreed(need, organization) for need in needs)

    def may_be_told(self, task: Resource, custodian: str, now: datetime) -> frozenset[str]:
        """Of those whom a referral could be for, those whom a consent that `custodian` recorded lets be told of it now."""
        return frozenset(filter(self.telling(custodian, now, task["focus"]["reference"]), meant(task, self.rules)))

    def shows(self, reference_: str, organization: str, now: datetime) -> bool:
        """Whether a resource of hers, as this act leaves it, is open to an organisation now: by a consent, or as its own."""
        held = self._held(now)
        eligible, overseeing = eligible_by(self.rules), overseeing_by(self.rules)
        opened = keys(held, granted(held, self.rules), classes, eligible, overseeing).get(reference_, ())
        profile = load().profile_of(self._documents[reference_].resource) if opened else None
        grants = {
            key.grant for key in opened if key.since <= now < key.until and aftermath.recipient_of(key) == organization
        }
        own_class = f"|{profile.base_class}" if profile else ""
        return own(organization) in grants or any(own_class and grant.endswith(own_class) for grant in grants)

    def settle(self, now: datetime, new_id: Callable[[], str], look: datetime | None = None) -> Settled:
        """Let everything follow from the present state, and say what is to be written. `look`: when the next step of
        the referrals that she had is due, where that is known."""
        if look is None and (at_rest := self._at_rest(now)):
            return self._settle_new_needs(at_rest, now, new_id)
        consulted = Consulted(self.rules.entry)
        rules = replace(self.rules, entry=consulted)
        known = self.compartment.worked_out if self.compartment else None
        permitted = granted(held := self._held(now), rules, known)
        steps = self._take_steps(permitted, now, new_id)
        self._time(now)
        if steps:
            held = self._held(now)
        if steps and any(found.compiled.asks_documents for found in permitted.values()):
            permitted = granted(held, rules, known)  # of the referrals that followed, too
        notices = self._tell_lost(permitted, held, now, new_id)
        held = self._held(now) if notices else held
        permitted_keys = keys(held, permitted, classes, eligible_by(rules), overseeing_by(rules))
        opened = with_overrides(permitted_keys, held, classes, rules, now)
        counted = list(self._counted())
        return Settled(
            saves=list(self._saves(opened)),
            rekeys=list(self._rekeys(opened)),
            outbox=[*_moved(steps), *self._news(opened, now)],
            steps=steps,
            notices=notices,
            voids=list(self._voids(opened, now)),
            due=min(aftermath.next_change(permitted, now), self._next_look(now, look)),
            follows=consulted.versions,
            counted=counted,
            rest=None if consulted.found else rest(self._documents, permitted, known, self.rules, counted, now=now),
        )

    def _at_rest(self, now: datetime) -> Rest | None:
        """What was known of her at rest, where this act does nothing but add needs, and nothing was due meanwhile."""
        found: Rest | None = self.compartment.rest if self.compartment else None
        if found is None or now >= self._due(now) or self._removed() or not found.holds(self.rules):
            return None
        added = self._copies.changed()
        return found if added and found.is_unmoved_by(added) else None

    def _due(self, unknown: datetime) -> datetime:
        """When something of hers, as it was stored, opens, closes or is to be looked at by itself."""
        return (self.compartment.due if self.compartment else None) or unknown

    def _settle_new_needs(self, at_rest: Rest, now: datetime, new_id: Callable[[], str]) -> Settled:
        """The same as settling all, of needs that were added to a person at rest."""
        permitted, patient = at_rest.permitted, self.get(f"Patient/{self.id}")
        added = self._copies.changed()
        steps: list[Step] = []
        needs = [(one.custodian, one.resource) for _, one in added if _is_need(one.resource)]
        for custodian in dict.fromkeys(custodian for custodian, _ in needs):
            mine = [need for keeper, need in needs if keeper == custodian]
            may, eligible = told_by(permitted[custodian], now), eligible_by(self.rules)
            for step in list(follow(mine, [], patient, may, now=now, new_id=new_id, eligible=eligible)):
                self.put(step.task, custodian)
                steps.append(step)
        self._time(now)
        written = [one for _, one in self._copies.changed()]
        held = [one.held(now) for one in (*written, *self._copies.of_type("Consent"))]  # Consents are named as reasons
        opened = keys(held, permitted, classes, eligible_by(self.rules), overseeing_by(self.rules))
        tasks = [one for one in written if one.resource["resourceType"] == "Task"]
        look = self.rules.timing.next_look(((None, one.resource) for one in tasks), None, now)
        known = {reference(one.resource) for one in written}
        stays = are_ordinary([one.resource for one in tasks], known)
        return Settled(
            saves=list(self._saves(opened)),
            rekeys=[],
            outbox=[*_moved(steps), *self._news(opened, now)],
            steps=steps,
            notices=[],
            voids=[],
            due=min(aftermath.next_change(permitted, now), look, self._due(now)),
            counted=at_rest.counted,
            rest=at_rest if stays else None,
        )

    def _counted(self) -> Iterator[Counted]:
        """By what each keeper of a consent to it keeps of her."""
        said = (one for one in self._documents.values() if one.resource["resourceType"] == "Consent")
        for keeper in sorted({one.custodian for one in said if speaks_of_it(one.resource)}):
            hers = self.kept_by(keeper)
            for since, until in may_be_counted_when(hers, self.rules.policies):
                yield Counted(keeper, since, until, main_type(hers))

    def _take_steps(self, permitted: Mapping[str, Granted], now: datetime, new_id: Callable[[], str]) -> list[Step]:
        """What follows for her referrals, keeper by keeper."""
        steps: list[Step] = []
        for custodian, found in permitted.items():
            for step in list(self._follow(custodian, told_by(found, now), now, new_id)):
                self.put(step.task, custodian)
                steps.append(step)
        return steps

    def _tell_lost(
        self, permitted: Mapping[str, Granted], held: list[Held], now: datetime, new_id: Callable[[], str]
    ) -> list[Resource]:
        """Notices for whom a consent covers no longer."""
        lost = self._lost(permitted, held, now)
        notices = [aftermath.notice(one, new_id(), now) for one in lost]
        for one, notice in zip(lost, notices, strict=True):
            self.put(notice, one.custodian)
        return notices

    def _news(self, opened: Mapping[str, tuple[Key, ...]], now: datetime) -> Iterator[Due]:
        written = self._new_versions()
        for _, one in written:
            yield from news_of(one.stored.content if one.stored else None, one.resource)
        edits = [Edit(one.stored.content, one.resource, opened[key]) for key, one in written if one.stored]
        tasks = [one for one in self._documents.values() if is_referral(one.resource)] if edits else []
        sent = [one.resource for one in tasks if (one.before() or {}).get("status", "draft") != "draft"]
        yield from changes_of(edits, sent, now)

    def _held(self, now: datetime) -> list[Held]:
        return [one.held(now) for one in self._documents.values()]

    def _follow(
        self, custodian: str, may: Callable[[str], bool], now: datetime, new_id: Callable[[], str]
    ) -> Iterator[Step]:
        mine = self.kept_by(custodian)
        held = self._held(now)
        return follow(
            [r for r in mine if r["resourceType"] == "ServiceRequest" and _is_need(r)],
            _tasks(mine),
            self.get(f"Patient/{self.id}"),
            may,
            now=now,
            new_id=new_id,
            eligible=eligible_by(self.rules),
            agreed=agreed_by(held, custodian, self.rules, now),
        )

    def _time(self, now: datetime) -> None:
        """Deadlines of what is sent by this act, or moved: whichever door it came through."""
        for _, one in self._new_versions():
            if one.resource["resourceType"] == "Task":
                one.resource = self.rules.timing.timed(one.before(), one.resource, now)

    def _next_look(self, now: datetime, known: datetime | None) -> datetime:
        """When somebody may have to be told of a referral that waits."""
        tasks = (one for one in self._documents.values() if one.resource["resourceType"] == "Task")
        pairs = ((one.before(), one.resource) for one in tasks)
        return self.rules.timing.next_look(pairs, known or (self.compartment.due if self.compartment else None), now)

    def _lost(self, permitted: Mapping[str, Granted], held: list[Held], now: datetime) -> list[Lost]:
        if self.compartment is None:  # nobody could see anything yet
            return []
        since = aftermath.just_before(self.compartment.due, now)
        return list(aftermath.lost(self._stored(), permitted, excepted(held), since, now))

    def _stored(self) -> list[Stored]:
        return [document.stored for document in self._documents.values() if document.stored]

    def _removed(self) -> list[Stored]:
        return [gone.stored for gone in self._gone.values() if gone.changed]

    def _voids(self, opened: Mapping[str, tuple[Key, ...]], now: datetime) -> Iterator[Void]:
        closed: dict[tuple[int, int], list[str]] = {}  # many documents have the very same keys
        for stored in (*self._stored(), *self._removed()):
            name = f"{stored.type}/{stored.id}"
            keys = opened.get(name, ())
            alike = id(stored.keys), id(keys)
            if alike not in closed:
                closed[alike] = sorted(aftermath.closed(stored, keys, now))
            for recipient in closed[alike]:
                yield Void(name, recipient, VOIDED)

    def _new_versions(self) -> list[tuple[str, Document]]:
        return [(key, one) for key, one in self._copies.changed() if one.is_new_version]

    def _saves(self, opened: Mapping[str, tuple[Key, ...]]) -> Iterator[Save]:
        for key, document in self._new_versions():
            replaces = document.stored.version if document.stored else None
            yield Save(document.resource, self.id, document.custodian, opened[key], replaces)
        for gone in self._gone.values():
            if gone.changed:
                left = {"resourceType": gone.stored.type, "id": gone.stored.id}
                yield Save(left, self.id, gone.custodian, (), gone.stored.version, gone=True)

    def _rekeys(self, opened: Mapping[str, tuple[Key, ...]]) -> Iterator[Rekey]:
        fresh = {key for key, _ in self._new_versions()}
        for key, document in self._documents.items():
            if document.stored and key not in fresh and _differ(document.stored.keys, opened[key]):
                yield Rekey(document.stored.type, document.stored.id, opened[key])


def _moved(steps: Iterable[Step]) -> Iterator[Due]:
    return (Due(step.action, "", reference(step.task)) for step in steps if step.action != "referral.draft")


def _differ(before: tuple[Key, ...], now: tuple[Key, ...]) -> bool:
    return before is not now and _told(before) != _told(now)


def _told(keys: Iterable[Key]) -> set[tuple[Key, tuple[str, ...]]]:
    """Keys with what they follow from: another consent that says the same is another reason."""
    return {(key, key.because) for key in keys}


def _tasks(resources: Iterable[Resource]) -> list[Resource]:
    return [one for one in resources if one["resourceType"] == "Task" and kind(one)]


def _is_need(resource: Resource) -> bool:
    """A ServiceRequest for which a referral is opened; a protective measure, say, is carried out by nobody whom the hub tells."""
    profile = load().profile_of(resource)
    return profile is not None and profile.name in NEEDS
