"""Disclosure keys: who may see each document of one person, decided when data, consent or a referral is written.

Every query of a recipient carries the keys that it holds, so that what is hidden is absent: from matches, totals, pages.
Notify and pull: before acceptance a recipient holds the key of the referral's notice alone; acceptance opens the classes
that the consent permits; refusal, cancellation and withdrawal close them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hub.consent.grants import NOTICE, Grant, grants
from hub.consent.policies import Policies, packaged
from hub.consent.provisions import PurposesUnder
from hub.consent.standing import stand
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.references import reference, split
from hub.ports import Key

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


def held(organization: str, purpose: str, classes: Iterable[str]) -> frozenset[str]:
    """The keys with which an organisation asks for data of these classes for this purpose. The key that everyone holds is to
    the directory and to nothing else: what is withheld of an entry is not opened by what is published of it."""
    named = {name: f"{organization}|{purpose}|{name}" for name in classes}
    return frozenset({own(organization), *named.values()} | ({PUBLIC} if DIRECTORY in named else set()))


@dataclass(frozen=True, repr=False)
class Held:
    """A current resource of one person and the organisation that keeps it."""

    resource: Resource
    custodian: str


Granted = Mapping[str, tuple[Grant, ...]]
"""Grants by custodian: what one association's consents permit, or its referrals open, says nothing about another's records."""


def granted(documents: Iterable[Held], under: PurposesUnder, policies: Policies | None = None) -> Granted:
    """The grants of one person's Consents as they stand, by the custodian that recorded them. `policies`: else the packaged."""
    documents = list(documents)
    kept: dict[str, list[Resource]] = {document.custodian: [] for document in documents}
    for document in documents:
        hers = document.resource["resourceType"] == "Patient"  # who she is, she is for every keeper
        for custodian in kept if hers else (document.custodian,):
            kept[custodian].append(document.resource)
    return {custodian: grants(stand(mine, policies or packaged()).consents, under) for custodian, mine in kept.items()}


def keys(
    documents: Iterable[Held], granted: Granted, classes: Callable[[Resource], frozenset[str]]
) -> dict[str, tuple[Key, ...]]:
    """The keys of every document of one person, by reference. `classes`: the data classes that may occur in a resource.

    Pure: computed from the person's present Consents and referrals and nothing else.
    """
    documents = list(documents)
    tasks: dict[str, list[Resource]] = {document.custodian: [] for document in documents}
    for document in documents:
        if is_referral(document.resource):
            tasks[document.custodian].append(document.resource)
    return {
        reference(d.resource): tuple(_keys(d, granted[d.custodian], tasks[d.custodian], classes)) for d in documents
    }


def _keys(
    document: Held, granted: tuple[Grant, ...], tasks: list[Resource], classes: Callable[[Resource], frozenset[str]]
) -> list[Key]:
    resource = document.resource
    type_ = resource["resourceType"]
    found = [Key(own(document.custodian))]
    if is_notice(resource):
        return [*found, *(Key(own(split(one["reference"])[1])) for one in resource["recipient"])]
    if type_ in CLOSED_TO_RECIPIENTS or not granted:
        return found
    recipients = _recipients(resource, tasks)
    wanted = {NOTICE} if type_ == "Task" else classes(resource) - {NOTICE}
    found += [
        Key(f"{grant.recipient}|{grant.purpose}|{grant.data_class}", grant.since, grant.until)
        for grant in granted
        if grant.recipient in recipients and grant.recipient != document.custodian and grant.data_class in wanted
    ]
    return found


def is_referral(resource: Resource) -> bool:
    """A Task that carries a referral, as against one that asks for its cancellation: only the former opens anything.

    http://hl7.org/fhir/CodeSystem/task-code
    """
    return resource["resourceType"] == "Task" and any(
        coding.get("code") == "fulfill" for coding in resource.get("code", {}).get("coding", ())
    )


def is_notice(resource: Resource) -> bool:
    """A notice of withdrawal: it belongs to whom it is addressed to as much as to who sends it, whatever a consent says."""
    return resource["resourceType"] == "Communication" and NOTICE_PROFILE in resource.get("meta", {}).get("profile", ())


def _recipients(resource: Resource, tasks: list[Resource]) -> set[str]:
    """Organisations to which this resource belongs by a referral that is open to them."""
    if resource["resourceType"] == "Task":
        return {_owner(resource)} if resource["status"] in OPENS_THE_NOTICE else set()
    opened = [task for task in tasks if task["status"] in OPENS_THE_PAYLOAD]
    if resource["resourceType"] == "ServiceRequest":
        opened = [task for task in opened if task["focus"]["reference"] == reference(resource)]
    return {_owner(task) for task in opened}


def _owner(task: Resource) -> str:
    return split(task.get("owner", {}).get("reference", ""))[1]
