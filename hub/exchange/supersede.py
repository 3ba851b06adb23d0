"""Supersede: a consent that takes the place of another, by her word and in one act. Nothing ends because it is older.

The new Consent names the old ones (`profiles/structure-definitions/supersedes.json`); recording it sets them inactive and writes
the Provenance of it (`wasRevisionOf`). IHE PCF's other ways stand beside: a new version in place (update), and a new Consent with
a withdrawal as two acts (https://profiles.ihe.net/ITI/PCF).
"""

from collections.abc import Iterator
from datetime import datetime

from hub import errors
from hub.audit import events
from hub.errors import HubError
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.references import reference
from hub.ports import Caller

PATH = "Consent.extension"


def superseded(consent: Resource) -> list[str]:
    """References to the Consents in whose place this one stands."""
    url = profile("supersedes")
    return [one["valueReference"]["reference"] for one in consent.get("extension", ()) if one.get("url") == url]


def end_superseded(consent: Resource, person: Person, custodian: str) -> None:
    """Sets inactive what a new consent supersedes. Raises HubError for what is not hers, not kept here or not in force."""
    named = superseded(consent)
    if named and consent["status"] != "active":
        raise HubError(errors.ILLEGAL_REPLACEMENT, path=PATH)
    for old in named:
        found = person.get(old)
        if found is None or found["resourceType"] != "Consent" or person.custodian(old) != custodian:
            raise HubError(errors.UNKNOWN_REFERENCE, path=PATH)
        if found["status"] != "active":
            raise HubError(errors.ILLEGAL_REPLACEMENT, path=PATH)
        person.put({**found, "status": "inactive"}, custodian)


def require_same(after: Resource, before: Resource) -> None:
    """What a consent superseded is said once, in the act that recorded it."""
    if after["resourceType"] == "Consent" and superseded(after) != superseded(before):
        raise HubError(errors.IMMUTABLE, path=PATH, element="extension")


def replacement(consent: Resource, now: datetime, id_: str, caller: Caller) -> Iterator[Resource]:
    """The Provenance of a new consent that superseded others; none where it did not."""
    if named := superseded(consent):
        yield events.replacement(id_, now, new=reference(consent), old=named, organization=caller.organization)
