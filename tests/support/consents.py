"""Consents as tests write them: short to say, whole as FHIR."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from hub.consent.actors import alone
from hub.consent.conditions import DATA_CLASS
from hub.consent.policies import packaged
from hub.consent.rules import purposes_under
from hub.exchange.ruling import Ruling
from hub.fhir import Resource
from hub.fhir.instants import instant

REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"


def provision(
    type_: str | None = None,
    *,
    to: Iterable[str] = (),
    purposes: Iterable[str] = (),
    classes: Iterable[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    exceptions: Iterable[Resource] = (),
) -> Resource:
    """`until` is the first instant that is not covered any more."""
    period = {"start": instant(since)} if since else {}
    if until:
        period["end"] = instant(until)
    role = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]}
    written: dict[str, Any] = {
        "type": type_,
        "period": period,
        "actor": [{"role": role, "reference": {"reference": f"Organization/{id_}"}} for id_ in to],
        "purpose": [{"system": REASON, "code": code} for code in purposes],
        "class": [{"system": DATA_CLASS, "code": code} for code in classes],
        "provision": list(exceptions),
    }
    return {name: value for name, value in written.items() if value}


def permit(to: str, classes: Iterable[str] = (), **more: Any) -> Resource:
    return provision("permit", to=[to], purposes=more.pop("purposes", ["COC"]), classes=classes, **more)


def consent(root: Resource, id_: str = "c1", status: str = "active", person: str = "p1") -> Resource:
    return {
        "resourceType": "Consent",
        "id": id_,
        "status": status,
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "patient": {"reference": f"Patient/{person}"},
        "dateTime": "2026-01-01",
        "performer": [{"reference": f"Patient/{person}"}],
        "provision": root,
    }


def agreed(
    to: str, classes: Iterable[str] = ("core", "needs-and-services"), id_: str = "c1", person: str = "p1", **more: Any
) -> Resource:
    """A consent as associations record them: one permit below a silent root."""
    return consent(provision(exceptions=[permit(to, classes, **more)]), id_, person=person)


def referral(id_: str, to: str, status: str, need: str = "n1", person: str = "p1", by: str = "yasmine") -> Resource:
    return {
        "resourceType": "Task",
        "id": id_,
        "status": status,
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
        "focus": {"reference": f"ServiceRequest/{need}"},
        "for": {"reference": f"Patient/{person}"},
        "requester": {"reference": f"Organization/{by}"},
        "owner": {"reference": f"Organization/{to}"},
    }


def asked(consent: Resource, on: str = "2026-05-01") -> Resource:
    """With the note that she was asked: without evidence a consent is not recorded."""
    return {**consent, "verification": [{"verified": True, "verifiedWith": consent["patient"], "verificationDate": on}]}


def as_packaged() -> Ruling:
    """The rules as they come with the hub, where no organisation is a part of another."""
    return Ruling(packaged(), purposes_under(), alone)
