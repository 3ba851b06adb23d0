"""Her consent at another hub: whom she is referred to may have the classes of what was sent, for as long as she lets it here.

Both hubs keep by the same data classes, so it opens no more there than was told: `hub/fhir/labels.py`. Whether she consents was
asked before anything was sent; what the consent of the sender's says beside that is nobody's to know.
https://hl7.org/fhir/R4/consent.html · https://terminology.hl7.org/CodeSystem-v3-ActReason.html (COC)
"""

import copy
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from adapters.fhir.client import Resource
from adapters.fhir.terms import Terms
from adapters.fhir.writing import url
from hub.fhir.canonicals import code_system, profile
from hub.fhir.data_classes import shareable
from hub.fhir.instants import day_of, span
from hub.fhir.labels import present

NOTICE: Final = "notice"


def consent(number: str, sent: Iterable[Resource], until: str, terms: Terms) -> Resource:
    """As she lets the recipient be told here at this moment, which is asked before anything is sent."""
    patient, today = {"reference": url("Patient", number)}, day_of(datetime.now(UTC)).isoformat()
    found: Resource = {
        "resourceType": "Consent",
        "meta": {"profile": [profile("consent-by-class")]},
        "status": "active",
        "scope": _coded("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [_coded("http://loinc.org", "59284-0")],
        "patient": patient,
        "dateTime": today,
        "performer": [patient],
        "organization": [{"reference": terms.requester}],
        "policyRule": _coded("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN"),
        "verification": [{"verified": True, "verifiedWith": patient, "verificationDate": today}],
        "provision": {"period": {"start": today}, "provision": [_permit(terms)]},
    }
    return opening(found, sent, until)


def _permit(terms: Terms) -> dict[str, Any]:
    role = _coded("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")
    return {
        "type": "permit",
        "actor": [{"role": role, "reference": {"reference": terms.owner}}],
        "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "COC"}],
    }


def opening(consent: Resource, sent: Iterable[Resource], until: str) -> Resource:
    """With the classes of what was sent, and until when."""
    after: Resource = copy.deepcopy(consent)
    root = after["provision"]
    names = {NOTICE, *(name for one in sent for name in present(one) & shareable())}
    root["provision"][0]["class"] = [{"system": code_system("data-class"), "code": name} for name in sorted(names)]
    root["period"] = {"start": root["period"]["start"], **({"end": until} if until else {})}
    return after


def narrowed(consent: Resource, sent: Iterable[Resource], until: str) -> Resource:
    """What it opens and what `opening` would open, and no longer than either."""
    after, mine = opening(consent, sent, until), consent["provision"]
    after["provision"]["provision"][0]["class"] = [
        one for one in after["provision"]["provision"][0]["class"] if one in mine["provision"][0].get("class", ())
    ]
    ends = [end for end in (until, mine["period"].get("end")) if end]
    if ends:
        after["provision"]["period"]["end"] = min(ends, key=lambda end: span(end)[1])
    return after


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}
