"""A referral's Task as it is first written: what it carries, and the minimal notice that its recipient decides by.

`profiles/structure-definitions/referral-task.json`
"""

from collections.abc import Iterator
from datetime import datetime

from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system, profile
from hub.fhir.instants import instant
from hub.fhir.references import reference
from hub.fhir.tasks import REFERRAL
from hub.referral.deadlines import deadline
from hub.referral.steps import concept, said


def written(
    need: Resource,
    patient: Resource | None,
    recipient: str,
    *,
    id_: str,
    now: datetime,
    part_of: str = "",
    draft: bool = False,
) -> Resource:
    """The Task of a need for a recipient. `part_of`: of what was passed on. `draft`: it waits for consent."""
    task: Resource = {
        "resourceType": "Task",
        "id": id_,
        "meta": {"profile": [profile("referral-task")]},
        "identifier": [numbered(id_)],
        **({"partOf": [{"reference": part_of}]} if part_of else {}),
        "status": "draft" if draft else "requested",
        "intent": "order",
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": REFERRAL}]},
        **_of_need(need, now),
        "owner": {"reference": recipient},
        "input": list(notice(need, patient)),
    }
    return said(task, "awaiting-consent") if draft else task


def _of_need(need: Resource, now: datetime) -> Resource:
    """What a referral has from the need that it carries, and from the moment at which it is written."""
    priority = need.get("priority", "routine")
    return {
        "priority": priority,
        "focus": {"reference": reference(need)},
        "for": need["subject"],
        "requester": need["requester"],
        "authoredOn": instant(now),
        "lastModified": instant(now),
        "restriction": {"period": {"end": instant(deadline(priority, now))}},
    }


def numbered(id_: str) -> Resource:
    """The reference by which both sides speak of it."""
    return {"system": identifier_system("referral"), "value": id_[:8].upper()}


def notice(need: Resource, patient: Resource | None) -> Iterator[Resource]:
    """The minimal notice: enough to decide on capacity and eligibility, nothing that points to a person."""
    yield {"type": concept("task-input", "service-type"), "valueCodeableConcept": need["code"]}
    if patient is None:
        return
    for address in patient.get("address", ())[:1]:
        if "state" in address:
            yield {"type": concept("task-input", "province"), "valueCode": address["state"]}
    for extension in patient.get("extension", ()):
        if extension["url"] == profile("age-band"):
            yield {"type": concept("task-input", "age-band"), "valueCode": extension["valueCode"]}
    for communication in patient.get("communication", ())[:1]:
        yield {"type": concept("task-input", "language"), "valueCodeableConcept": communication["language"]}
