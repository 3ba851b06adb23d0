"""Notify: what a source is told about a referral that came from it, as its own organisation may see it at this moment.

Consent is asked again when the message is made, not when it was queued: everything passes through `disclose`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.consent.belonging import is_referral
from hub.consent.keys import open_until
from hub.errors import NOT_FOUND, HubError
from hub.exchange import Hub, disclose
from hub.exchange.person import REFERRAL_PURPOSE
from hub.exchange.waiting import waiting
from hub.fhir import Resource
from hub.fhir.messages import referral_of
from hub.fhir.references import split
from hub.fhir.serial import loads
from hub.fhir.tasks import asked_of, kind
from hub.ports import FOREVER, Caller, LedgerEntry, Stored

DEEPEST: Final = 8
"""So far is a request followed to the referral that it belongs to; nobody hands on a case more often."""


class MayNotKnow(Exception):  # noqa: N818 — a refusal, not an error
    """Whom a message was queued for may not see any more what it is about."""


@dataclass(frozen=True, repr=False)
class Origin:
    """The record that a referral came from, and who keeps the referral. `need`: what it asks for; `task`: the referral."""

    entry: LedgerEntry
    custodian: str
    need: str
    task: str


@dataclass(frozen=True, repr=False)
class News:
    """A referral's present state, for the connection whose record it came from. `beside`: how much about it waits."""

    origin: LedgerEntry
    resources: Mapping[str, Resource]  # local name in the mapping → resource
    beside: Mapping[str, int]


def origin(reference: str, *, hub: Hub) -> Origin | None:
    """Of a referral, or of a request or message about one. None where it is none of these, or came from no connection."""
    stored = hub.store.read(*split(reference), None)
    referral = _referral(stored, hub) if stored else None
    if referral is None or referral.custodian is None:
        return None
    need = referral.resource()["focus"]["reference"]
    entry = hub.store.origin(need)
    return Origin(entry, referral.custodian, need, f"Task/{referral.id}") if entry else None


def _referral(stored: Stored, hub: Hub) -> Stored | None:
    resource = stored.resource()
    if is_referral(resource):
        return stored
    about = referral_of(resource) if stored.type == "Communication" else asked_of(resource) if kind(resource) else ""
    found = hub.store.read(*split(about), None) if about else None
    return found if found and is_referral(found.resource()) else None


def thread(reference: str, *, hub: Hub) -> str:
    """The referral that something belongs to, by which its news are kept in order: a request and what is said about a referral
    belong to it, and a referral that was handed on to the one that it follows from."""
    for _ in range(DEEPEST):
        stored = hub.store.read(*split(reference), None)
        above = _above(stored.resource()) if stored else None
        if above is None:
            return reference
        reference = above
    return reference


def _above(resource: Resource) -> str | None:
    names = {"Task": ("partOf", "focus"), "Communication": ("about",)}.get(resource["resourceType"], ())
    found = [
        one for name in names for one in _listed(resource.get(name)) if one.get("reference", "").startswith("Task/")
    ]
    return str(found[0]["reference"]) if found else None


def _listed(value: list[Resource] | Resource | None) -> list[Resource]:
    return value if isinstance(value, list) else [value] if value else []


def source(found: Origin) -> Caller:
    """As whom the connection is told."""
    return Caller(f"connection:{found.entry.connection}", found.custodian, REFERRAL_PURPOSE)


def news(found: Origin, beside: Collection[str] = (), *, hub: Hub) -> News:
    """Raises MayNotKnow."""
    caller = source(found)
    task, need = seen(found.task, caller, hub=hub), seen(found.need, caller, hub=hub)
    local = next(name for name, kept in found.entry.resources.items() if kept == found.need)
    return News(found.entry, {"task": task, local: need}, waiting(beside, found.task, caller, hub=hub))


def seen(reference: str, caller: Caller, *, hub: Hub) -> Resource:
    """What somebody to whom it is sent may see of it now. Raises MayNotKnow."""
    try:
        found: Resource = loads(disclose.read(*split(reference), caller, hub=hub).text)
    except HubError as problem:
        if problem.problem is NOT_FOUND:
            raise MayNotKnow from None
        raise
    return found


def known_until(references: Iterable[str], caller: Caller, *, hub: Hub) -> datetime:
    """Until when somebody may know what it may see of these now, if nothing is withdrawn before; its own always."""
    now, who = hub.clock.now(), caller.organization
    stored = (hub.store.read(*split(one), None) for one in references)
    others = (one.keys for one in stored if one is not None and one.custodian != who)
    return min((open_until(keys, who, caller.purpose, now) for keys in others), default=FOREVER)
