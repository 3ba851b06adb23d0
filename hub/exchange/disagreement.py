"""What a tool says of consents, against what somebody at the hub has said since and against who may give one.

Of two words the most restrictive of the latest that a person recorded stands. What the tool narrows is narrowed. What it would
open again stays as it was changed here, and the receipt tells of it, unless it bears a date certainly after that change: then
she was asked anew.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from hub.consent.policies import Policies
from hub.consent.recording import says_no_more
from hub.consent.rules import purposes_under
from hub.consent.standing import remark
from hub.exchange.person import Person, same_content
from hub.fhir import Resource
from hub.fhir.instants import span
from hub.fhir.issues import Issue
from hub.fhir.references import reference
from hub.ports import LedgerEntry

ISSUE: Final = Issue("warning", "conflict", "receive.consent-conflict", "Consent")
REFUSED: Final = Issue("warning", "conflict", "receive.consent-refused", "ServiceRequest.performer")


def kept_as_changed(consents: Mapping[str, Resource], person: Person, known: LedgerEntry | None) -> set[str]:
    """Of the Consents that a record says, by reference: those that stay as somebody has changed them since it last spoke."""
    if known is None:
        return set()
    return {
        name for name, said in consents.items() if _is_changed(name, person, known) and not _stands(said, name, person)
    }


def _is_changed(name: str, person: Person, known: LedgerEntry) -> bool:
    stored, left = person.get(name), known.consents.get(name)
    if stored is None:
        return False
    return stored["status"] != "active" if left is None else person.version(name) != left


def _stands(said: Resource, name: str, person: Person) -> bool:
    """Whether the tool's word stands against that of the hub."""
    stored, changed_here = person.get(name), person.changed_at(name)
    if stored is None or changed_here is None or same_content(said, stored):
        return True
    if span(said["dateTime"])[0] > changed_here:
        return True
    return bool(stored["status"] == said["status"]) and says_no_more(said, stored, purposes_under())


def unsent(resources: Mapping[str, Resource], own: Collection[str], hers: Iterable[Resource]) -> dict[str, Resource]:
    """Of a record that says no: the needs that a consent said elsewhere would send all the same, to nobody. A consent given after
    the day of the need is a later word; so is any that came after the record had said no already, and its need stays where it is.
    `own`: references that the record stands for; `hers`: what its keeper keeps of her."""
    known = {reference(one): one for one in hers}
    given = {name: one for name, one in known.items() if one["resourceType"] == "Consent" and one["status"] == "active"}
    turns = any(name in own for name in given)
    others = [one for name, one in given.items() if name not in own]
    return {
        local: {name: value for name, value in one.items() if name != "performer"}
        for local, one in resources.items()
        if one["resourceType"] == "ServiceRequest"
        and any(_would_send(consent, one) for consent in others)
        and (turns or known.get(reference(one), {}).get("performer") != one["performer"])
    }


def _would_send(consent: Resource, need: Resource) -> bool:
    to = {one.get("reference") for one in need.get("performer", ())}
    if "authoredOn" in need and span(consent["dateTime"])[0] >= span(need["authoredOn"])[1]:
        return False
    return any(who in to or not who.startswith("Organization/") for who in _actors(consent.get("provision", {})))


def _actors(provision: Resource) -> Iterator[str]:
    """Whom a consent names, and those it names: a group or a function may hold anybody."""
    for actor in provision.get("actor", ()):
        yield str(actor.get("reference", {}).get("reference", ""))
    for inner in provision.get("provision", ()):
        yield from _actors(inner)


def not_counted(
    consents: Iterable[str], person: Person, custodian: str, policies: Policies, now: datetime
) -> Iterator[Issue]:
    """Why Consents that a record says open nothing, by who gave them."""
    for name in consents:
        consent = person.get(name)
        found = remark(consent, person.kept_by(custodian), policies) if consent else None
        if found and found.since <= now:
            yield Issue("warning", "business-rule", found.reason, "Consent.performer")
