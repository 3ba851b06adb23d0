"""A referral into the partner's server: patient, request and Task in one transaction, each made only where it is not there yet.

All three carry the referral's number, by which what changes later, and the partner's answer, find them. What stands in them is
what the recipient may know, as the hub gave it: without a name the patient says that it is masked. Another hub has a shape of
its own: `filing.py`.
https://hl7.org/fhir/R4/http.html#ccreate · https://hl7.org/fhir/R4/http.html#transaction
"""

import copy
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from adapters.fhir import filing
from adapters.fhir.client import Resource, Server, opened
from adapters.fhir.paths import Path
from adapters.fhir.writing import Said, is_over, made, replaced, said, url, written
from hub.ports import Connection, FollowUp

ORDER: Final = ("Patient", "ServiceRequest", "Task")
MASKED: Final = {
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]
}
REDACTED: Final = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "REDACTED"}
FULFILL: Final = {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]}


def refer(connection: Connection, referrals: Sequence[FollowUp]) -> frozenset[str]:
    """Which of those that are new wait at another hub, where nobody is told of them yet."""
    waiting = set()
    with opened(connection) as server:
        for one in referrals:
            told = said(one, connection.layout)
            if server.terms.hub:
                filing.refer(one, told, server, connection.layout)
                waiting |= filing.waiting(one, server)
            else:
                _refer(one, told, server)
    return frozenset(waiting)


def _refer(one: FollowUp, told: Said, server: Server) -> None:
    number = one.handle["referral"]
    if one.handle["event"] == "new":
        server.transact([_made(type_, number, told, server) for type_ in ORDER])
    elif one.handle["event"] == "changed":
        _change(number, told, server)
    else:
        _take_back(number, server)


def _made(type_: str, number: str, told: Said, server: Server) -> Resource:
    """An entry of the transaction."""
    resource = _written(_begun(type_, number, server), told.get(type_, {}))
    return made(resource, number, f"identifier={server.terms.system}|{number}")


def _begun(type_: str, number: str, server: Server) -> Resource:
    """What every one of them says, with what R4 and its profiles ask for."""
    patient, request = {"reference": url("Patient", number)}, {"reference": url("ServiceRequest", number)}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    own: dict[str, dict[str, Any]] = {
        "Patient": {"active": True},
        "ServiceRequest": {"status": "active", "intent": "order", "subject": patient, "authoredOn": now},
        "Task": {
            "status": "requested", "intent": "order", "code": FULFILL, "focus": request, "for": patient,
            "authoredOn": now, **_parties(server),
        },
    }  # fmt: skip
    identifier = [{"system": server.terms.system, "value": number}]
    return {"resourceType": type_, "identifier": identifier, **own[type_]}


def _parties(server: Server) -> dict[str, Any]:
    told = {"owner": server.terms.owner, "requester": server.terms.requester}
    return {element: {"reference": reference} for element, reference in told.items() if reference}


def _written(resource: Resource, told: Mapping[Path, str]) -> Resource:
    written(resource, told)
    return _masked(resource) if resource["resourceType"] == "Patient" else resource


def _masked(patient: Resource) -> Resource:
    """https://hl7.org/fhir/R4/extension-data-absent-reason.html · http://terminology.hl7.org/CodeSystem/v3-ObservationValue"""
    if patient.get("name") not in (None, [MASKED]):
        bare = {name: value for name, value in patient.items() if name != "meta"}
        return bare | ({"meta": kept} if (kept := _unmarked(patient.get("meta"))) else {})
    return {**patient, "name": [MASKED], "meta": {**patient.get("meta", {}), "security": [REDACTED]}}


def _unmarked(meta: Any) -> dict[str, Any]:
    kept = dict(meta) if isinstance(meta, dict) else {}
    kept.pop("security", None)
    return kept


def _change(number: str, told: Said, server: Server) -> None:
    """What was sent before and may be known now; nothing where it never came there, and nothing of one that is over."""
    found = {type_: server.identified(type_, number) for type_ in ORDER}
    if is_over(found["Task"]):
        return
    entries: list[Resource] = []
    for type_, before in found.items():
        if before is None:
            continue
        after = copy.deepcopy(before)
        if type_ == "Patient" and after.get("name") == [MASKED]:
            del after["name"]
        after = _written(after, told.get(type_, {}))
        if after != before:
            entries.append(replaced(after))
    if entries:
        server.transact(entries)


def _take_back(number: str, server: Server) -> None:
    task, request = server.identified("Task", number), server.identified("ServiceRequest", number)
    if task is None or is_over(task):
        return
    entries = [replaced({**task, "status": "cancelled", "statusReason": {"text": "cancelled by the requester"}})]
    if request is not None:
        entries.append(replaced({**request, "status": "revoked"}))
    server.transact(entries)
