"""A referral into the partner's server: patient, request and Task in one transaction, each made only where it is not there yet.

All three carry the referral's number, by which what changes later, and the partner's answer, find them. What stands in them is
what the recipient may know, as the hub gave it: without a name the patient says that it is masked.
https://hl7.org/fhir/R4/http.html#ccreate · https://hl7.org/fhir/R4/http.html#transaction
"""

import copy
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from adapters.fhir.client import Resource, Server, opened, version, version_tag
from adapters.fhir.paths import Path, paths, write
from adapters.fhir.steps import OVER, RANK
from hub.ports import Connection, FollowUp, Layout

ORDER: Final = ("Patient", "ServiceRequest", "Task")
MASKED: Final = {
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]
}
REDACTED: Final = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "REDACTED"}
FULFILL: Final = {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]}
SPACE: Final = uuid.UUID("6f1f3f0e-0d53-4c0e-9a51-5b7f0f8c2f55")

Said = Mapping[str, Mapping[Path, str]]


def refer(connection: Connection, referrals: Sequence[FollowUp]) -> None:
    with opened(connection) as server:
        for one in referrals:
            number, said = one.handle["referral"], _said(one, connection.layout)
            if one.handle["event"] == "new":
                server.transact([_made(type_, number, said, server) for type_ in ORDER])
            elif one.handle["event"] == "changed":
                _change(number, said, server)
            else:
                _take_back(number, server)


def _said(referral: FollowUp, layout: Layout) -> dict[str, dict[Path, str]]:
    """By resource."""
    out = paths(layout.columns)
    said: dict[str, dict[Path, str]] = {}
    for name, text in referral.values.items():
        if text and name in out:
            said.setdefault(out[name][0].type, {})[out[name][0]] = text
    return said


def _made(type_: str, number: str, said: Said, server: Server) -> Resource:
    """An entry of the transaction."""
    return {
        "fullUrl": _url(type_, number),
        "resource": _written(_begun(type_, number, server), said.get(type_, {})),
        "request": {"method": "POST", "url": type_, "ifNoneExist": f"identifier={server.terms.system}|{number}"},
    }


def _begun(type_: str, number: str, server: Server) -> Resource:
    """What every one of them says, with what R4 and its profiles ask for."""
    patient, request = {"reference": _url("Patient", number)}, {"reference": _url("ServiceRequest", number)}
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


def _written(resource: Resource, said: Mapping[Path, str]) -> Resource:
    for way, text in said.items():
        if _is_ours(way):
            write(resource, way, text)
    if resource["resourceType"] == "Patient":
        return _masked(resource)
    return resource


OURS: Final = frozenset({"priority"})
"""Of a Task: what the requester says. Who its parties are is in the connection, how it stands is the partner's word."""


def _is_ours(way: Path) -> bool:
    """Her code at the association is not told to others, nor is any number put in place of the referral's."""
    first = way.steps[0]
    if way.type == "Task":
        return first.element in OURS
    return first.element != "id" and (first.element != "identifier" or bool(first.chosen))


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


def _change(number: str, said: Said, server: Server) -> None:
    """What was sent before and may be known now; nothing where it never came there, and nothing of one that is over."""
    found = {type_: server.identified(type_, number) for type_ in ORDER}
    if _is_over(found["Task"]):
        return
    entries: list[Resource] = []
    for type_, before in found.items():
        if before is None:
            continue
        after = copy.deepcopy(before)
        if type_ == "Patient" and after.get("name") == [MASKED]:
            del after["name"]
        after = _written(after, said.get(type_, {}))
        if after != before:
            entries.append(_replaced(after))
    if entries:
        server.transact(entries)


def _take_back(number: str, server: Server) -> None:
    task, request = server.identified("Task", number), server.identified("ServiceRequest", number)
    if task is None or _is_over(task):
        return
    entries = [_replaced({**task, "status": "cancelled", "statusReason": {"text": "cancelled by the requester"}})]
    if request is not None:
        entries.append(_replaced({**request, "status": "revoked"}))
    server.transact(entries)


def _is_over(task: Resource | None) -> bool:
    return task is None or RANK.get(str(task.get("status")), 0) >= OVER


def _replaced(resource: Resource) -> Resource:
    request = {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}
    return {
        "resource": resource,
        "request": request | ({"ifMatch": version_tag(resource)} if version(resource) else {}),
    }


def _url(type_: str, number: str) -> str:
    return f"urn:uuid:{uuid.uuid5(SPACE, f'{type_} {number}')}"
