"""What a Consent must say of itself before it may open anything: who gave it, and by what that is known.

IHE PCF asks for performer and source (https://profiles.ihe.net/ITI/PCF). Evidence is the signed paper (`source`) or the note
that she, or her caregiver, was asked (`verification`); of what a tool of the association's says, it is the tool's own record,
which its Provenance names. To refuse, to say less and to withdraw needs none of this.
"""

from collections.abc import Iterator
from typing import Any

from hub.consent.grants import Grant, grants
from hub.consent.narrowing import denies
from hub.consent.provisions import PurposesUnderCode, asks, read
from hub.fhir import Resource
from hub.fhir.issues import Issue
from hub.fhir.references import split

SOURCES = ("sourceAttachment", "sourceReference")
WHO_AND_WHEN = ("patient", "performer", "dateTime", "scope", "policy")
"""Where one of these changes, it is another consent."""


def shortcomings(consent: Resource, *, from_a_tool: bool = False) -> Iterator[Issue]:
    """Why this Consent cannot be recorded as being in force. `from_a_tool`: the tool's record is the evidence."""
    if consent["status"] != "active" or not opens(consent["provision"]):
        return
    if not consent.get("performer"):
        yield Issue("error", "required", "consent.record-performer", "Consent.performer")
    if not from_a_tool and not has_evidence(consent):
        yield Issue("error", "required", "consent.record-evidence", "Consent.verification")


def has_evidence(consent: Resource) -> bool:
    """Whether a signed paper stands for it, or the note that she, or her caregiver, was asked."""
    asked = (one for one in consent.get("verification", ()) if one.get("verified") and "verificationDate" in one)
    return any(source in consent for source in SOURCES) or any(asked)


def opens(provision: dict[str, Any]) -> bool:
    """Whether anything in it is permitted to anyone."""
    return provision.get("type") == "permit" or any(map(opens, provision.get("provision", ())))


def authorises(provision: dict[str, Any], organization: str) -> bool:
    """Whether a permit, or a level above one, names this organisation."""
    actors = (split(actor.get("reference", {}).get("reference", "")) for actor in provision.get("actor", ()))
    if ("Organization", organization) in actors and opens(provision):
        return True
    return any(authorises(child, organization) for child in provision.get("provision", ()))


def says_no_more(after: Resource, before: Resource, under: PurposesUnderCode) -> bool:
    """Whether a new version opens nothing that the one before does not, and denies as much: her same word, or less of it."""
    if any(after.get(name) != before.get(name) for name in WHO_AND_WHEN):
        return False
    if after["provision"] != before["provision"] and any(_asks_documents(one, under) for one in (after, before)):
        return False  # what it opens then depends on records that are not looked at here
    denied = denies(before["provision"])
    return denied in (None, denies(after["provision"])) and all(
        _is_covered(grant, _grants(before, under)) for grant in _grants(after, under)
    )


def _asks_documents(consent: Resource, under: PurposesUnderCode) -> bool:
    return bool(asks((read(consent["provision"], under),)))


def _grants(consent: Resource, under: PurposesUnderCode) -> tuple[Grant, ...]:
    return grants([{**consent, "status": "active"}], under)


def _is_covered(grant: Grant, before: tuple[Grant, ...]) -> bool:
    """By one of the grants before; they are as long as they can be (`grants`)."""
    what = (grant.recipient, grant.purpose, grant.data_class)
    return any(
        (one.recipient, one.purpose, one.data_class) == what
        and one.since <= grant.since
        and grant.until <= one.until
        and one.who <= grant.who
        and one.unless <= grant.unless
        for one in before
    )
