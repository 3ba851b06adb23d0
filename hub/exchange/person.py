"""One person's compartment while an act changes it: put resources in, then settle what follows.

Settling is the same for every act: referrals are opened, sent or stopped, and every document gets the disclosure keys of
the new state. The result is committed with the act, so the next request of any process sees all of it or nothing.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from hub.consent.grants import NOTICE, Grant
from hub.consent.keys import Held, granted, is_referral, keys
from hub.consent.provisions import PurposesUnder
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.labels import labelled
from hub.fhir.references import reference
from hub.fhir.serial import written_alike
from hub.ports import Compartment, Due, Key, Rekey, Save, Stored
from hub.referral.follow import Step, follow

SET_BY_THE_STORE = ("versionId", "lastUpdated")
REFERRAL_PURPOSE = "COC"
"""A referral is coordination of care, http://terminology.hl7.org/CodeSystem/v3-ActReason: other purposes send none."""

NEEDS = frozenset({"need", "referral"})
ENDED = frozenset({"inactive", "revoked", "entered-in-error"})


def classes(resource: Resource) -> frozenset[str]:
    """The data classes that may occur in a resource, by its profile."""
    profile = load().profile_of(resource)
    return profile.classes if profile else frozenset()


@cache
def purposes_under() -> PurposesUnder:
    """Subsumption of purposes of use, from the packaged code system."""
    system = load().code_system("http://terminology.hl7.org/CodeSystem/v3-ActReason")
    return PurposesUnder(
        {code: frozenset(other for other in system.codes if system.subsumes(code, other)) for code in system.codes}
    )


def content(resource: Resource) -> Resource:
    """The resource without what the store sets: two resources of equal content are the same version."""
    meta = {key: value for key, value in resource.get("meta", {}).items() if key not in SET_BY_THE_STORE}
    return {**resource, "meta": meta} if meta else {key: value for key, value in resource.items() if key != "meta"}


def same_content(one: Resource, other: Resource) -> bool:
    return written_alike(content(one), content(other))


@dataclass
class _Document:
    resource: Resource
    custodian: str
    stored: Stored | None
    changed: bool = False

    @property
    def is_new_version(self) -> bool:
        """Changed, and not changed back."""
        return self.changed and not (self.stored and same_content(self.stored.resource(), self.resource))


@dataclass(frozen=True)
class Settled:
    """What one person's part of a commit writes. `steps`: what followed, for the audit."""

    saves: list[Save]
    rekeys: list[Rekey]
    outbox: list[Due]
    steps: list[Step]


@dataclass
class Person:
    """A working copy. `revision` 0: not stored yet."""

    id: str
    revision: int = 0
    _documents: dict[str, _Document] = field(default_factory=dict)

    @classmethod
    def of(cls, compartment: Compartment) -> "Person":
        person = cls(compartment.person, compartment.revision)
        for stored in compartment.documents:
            person._documents[f"{stored.type}/{stored.id}"] = _Document(
                stored.resource(), stored.custodian or "", stored
            )
        return person

    def get(self, reference_: str) -> Resource | None:
        found = self._documents.get(reference_)
        return found.resource if found else None

    def custodian(self, reference_: str) -> str | None:
        found = self._documents.get(reference_)
        return found.custodian if found else None

    def version(self, reference_: str) -> int:
        """The stored version; 0 for a resource that is not stored yet."""
        found = self._documents.get(reference_)
        return found.stored.version if found and found.stored else 0

    def put(self, resource: Resource, custodian: str) -> bool:
        """Take in a resource, labelled by rule; False when it says nothing new."""
        key = reference(resource)
        known = self._documents.get(key)
        resource = labelled(resource, known.resource if known else None)
        if known is None:
            self._documents[key] = _Document(resource, custodian, None, changed=True)
            return True
        if same_content(known.resource, resource):
            return False
        known.resource, known.changed = resource, True
        return True

    def comes_only_from(self, references: Container[str]) -> bool:
        """Whether all that is said of this person, and has not ended, is among these; referrals are the hub's own."""
        return all(
            key in references or document.resource["resourceType"] == "Task" or document.resource.get("status") in ENDED
            for key, document in self._documents.items()
        )

    def may_be_referred_to(self, organization: str, custodian: str, now: datetime) -> bool:
        """Whether a consent that `custodian` recorded lets this organisation have a referral's notice now."""
        return organization in _may_receive(granted(self._held(), purposes_under()).get(custodian, ()), now)

    def settle(self, now: datetime, new_id: Callable[[], str]) -> Settled:
        """Let everything follow from the present state, and say what is to be written."""
        permitted = granted(self._held(), purposes_under())
        steps: list[Step] = []
        for custodian, grants in permitted.items():
            for step in list(self._follow(custodian, _may_receive(grants, now), now, new_id)):
                self.put(step.task, custodian)
                steps.append(step)
        opened = keys(self._held(), permitted, classes)
        return Settled(
            saves=list(self._saves(opened)),
            rekeys=list(self._rekeys(opened)),
            outbox=[Due(step.action, "", reference(step.task)) for step in steps if step.action != "referral.draft"],
            steps=steps,
        )

    def _held(self) -> list[Held]:
        return [Held(document.resource, document.custodian) for document in self._documents.values()]

    def _follow(self, custodian: str, may: set[str], now: datetime, new_id: Callable[[], str]) -> Iterator[Step]:
        mine = [d.resource for d in self._documents.values() if d.custodian == custodian]
        return follow(
            [r for r in mine if r["resourceType"] == "ServiceRequest" and _is_need(r)],
            [r for r in mine if is_referral(r)],
            self.get(f"Patient/{self.id}"),
            may.__contains__,
            now=now,
            new_id=new_id,
        )

    def _saves(self, opened: Mapping[str, tuple[Key, ...]]) -> Iterator[Save]:
        for key, document in self._documents.items():
            if document.is_new_version:
                replaces = document.stored.version if document.stored else None
                yield Save(document.resource, self.id, document.custodian, opened[key], replaces)

    def _rekeys(self, opened: Mapping[str, tuple[Key, ...]]) -> Iterator[Rekey]:
        for key, document in self._documents.items():
            if not document.is_new_version and document.stored and set(document.stored.keys) != set(opened[key]):
                yield Rekey(document.stored.type, document.stored.id, opened[key])


def _is_need(resource: Resource) -> bool:
    """A ServiceRequest for which a referral is opened; a protective measure, say, is carried out by nobody whom the hub tells."""
    profile = load().profile_of(resource)
    return profile is not None and profile.name in NEEDS


def _may_receive(grants: Iterable[Grant], now: datetime) -> set[str]:
    return {
        grant.recipient
        for grant in grants
        if grant.data_class == NOTICE and grant.purpose == REFERRAL_PURPOSE and grant.since <= now < grant.until
    }
