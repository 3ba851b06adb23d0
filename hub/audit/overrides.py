"""AuditEvents of exceptional disclosures, flagged so that none is read over: an emergency that was declared, one that was
refused, a disclosure by a duty, a review.

https://hl7.org/fhir/R4/auditevent-example-breakglass-start.html: a broken glass is a security alert of DICOM, `Emergency Override
Started`. A disclosure by a duty is shaped after BALP's disclosure at source. Reasons are in the review Task alone.
"""

from datetime import datetime

from hub.audit.events import ALERT, DESTINATION, DICOM, SOURCE, dicom, event
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, code_system, profile
from hub.ports import Caller

EMERGENCY_OVERRIDE, EXPORT = "110127", "110106"


def opened(id_: str, at: datetime, *, caller: Caller, person: str, task: str) -> Resource:
    """A glass was broken: the recipient is the caller."""
    return _alert(
        event(id_, "override.open", at, interaction="operation", caller=caller, person=person, entities=[task])
    )


def refused(id_: str, at: datetime, *, caller: Caller, because: str, person: str | None = None) -> Resource:
    """A glass that did not break. `because`: a key of the text catalogue."""
    return _alert(
        event(
            id_,
            "override.refuse",
            at,
            interaction="operation",
            caller=caller,
            person=person,
            because=because,
            denied=True,
        )
    )


def disclosed(id_: str, at: datetime, *, caller: Caller, person: str, task: str, recipient: str) -> Resource:
    """Whoever keeps the data disclosed it."""
    written = event(
        id_, "override.disclose", at, interaction="operation", caller=caller, person=person, entities=[task]
    )
    source, _ = written["agent"]
    to = {"type": dicom(DESTINATION), "who": {"reference": f"Organization/{recipient}"}, "requestor": False}
    return {
        **written,
        "meta": {"profile": [profile("audit-disclosure")]},
        "type": {"system": DICOM, "code": EXPORT},
        "subtype": [
            {"system": f"{TERMINOLOGY}/iso-21089-lifecycle", "code": "disclose"},
            {"system": code_system("audit-action"), "code": "override.disclose"},
        ],
        "action": "R",
        "agent": [{**source, "type": dicom(SOURCE)}, to],
    }


def reviewed(id_: str, at: datetime, *, caller: Caller, person: str, task: str) -> Resource:
    return event(id_, "override.review", at, interaction="operation", caller=caller, person=person, entities=[task])


def _alert(written: Resource) -> Resource:
    subtype = [{"system": DICOM, "code": EMERGENCY_OVERRIDE}, *written["subtype"][1:]]
    return {**written, "type": {"system": DICOM, "code": ALERT}, "subtype": subtype}
