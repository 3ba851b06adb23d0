"""Whether a partner's Consent lets the Task's owner be told. What says less than that, or says it otherwise, is no yes.

The hub's own Consent, which the mapping makes of a yes, speaks of fixed classes of data for care. So one that is narrowed by
data, codes, labels or exceptions is not taken for it: the referral then waits until somebody has recorded her answer.
https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from adapters.fhir.client import Resource
from hub.fhir.instants import span

NARROWING: Final = ("data", "code", "class", "securityLabel", "dataPeriod", "action", "purpose")


def permits(consent: Resource, task: Resource) -> bool:
    root = consent.get("provision")
    owner = task.get("owner")
    reference = owner.get("reference") if isinstance(owner, dict) else None
    if consent.get("resourceType") != "Consent" or consent.get("status") != "active" or not isinstance(root, dict):
        return False
    if not reference or not _same(consent.get("patient"), task.get("for")):
        return False
    below = root.get("provision") or []
    if not isinstance(below, list) or any(not isinstance(one, dict) or one.get("type") != "permit" for one in below):
        return False
    return any(_opens(one, str(reference)) for one in [root, *below]) and _holds(root)


def _opens(provision: dict[str, Any], owner: str) -> bool:
    named = provision.get("type") == "permit" and owner in set(_actors(provision))
    return named and _holds(provision) and not any(provision.get(name) for name in NARROWING)


def _actors(provision: dict[str, Any]) -> Iterator[str]:
    told = provision.get("actor")
    for one in told if isinstance(told, list) else ():
        reference = one.get("reference") if isinstance(one, dict) else None
        if isinstance(reference, dict):
            yield str(reference.get("reference") or "")


def _holds(provision: dict[str, Any]) -> bool:
    """Not over, where it has an end."""
    period = provision.get("period")
    end = period.get("end") if isinstance(period, dict) else None
    try:
        return end is None or span(str(end))[1] > datetime.now(UTC)
    except ValueError:  # an end that nobody understands
        return False


def _same(one: object, other: object) -> bool:
    """The same woman."""
    told = [said.get("reference") if isinstance(said, dict) else None for said in (one, other)]
    return bool(told[0]) and told[0] == told[1]
