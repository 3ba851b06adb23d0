"""What a tool says of consents, against what somebody at the hub has said since and against who may give one.

Of two words the most restrictive of the latest that a person recorded stands. What the tool narrows is narrowed. What it would
open again stays as it was changed here, and the receipt tells of it, unless it bears a date certainly after that change: then
she was asked anew.
"""

from collections.abc import Iterable, Iterator, Mapping
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
from hub.ports import LedgerEntry

ISSUE: Final = Issue("warning", "conflict", "receive.consent-conflict", "Consent")


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


def not_counted(
    consents: Iterable[str], person: Person, custodian: str, policies: Policies, now: datetime
) -> Iterator[Issue]:
    """Why Consents that a record says open nothing, by who gave them."""
    for name in consents:
        consent = person.get(name)
        found = remark(consent, person.kept_by(custodian), policies) if consent else None
        if found and found.since <= now:
            yield Issue("warning", "business-rule", found.reason, "Consent.performer")
