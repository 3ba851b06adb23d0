"""An AuditEvent is made by the hub alone, and stays: over HTTP it is read and searched, and nothing else."""

from collections.abc import Callable

import pytest

from hub.fhir import Resource
from tests.support.parties import Party

PATCH = [{"op": "replace", "path": "/outcome", "value": "4"}]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
def test_nobody_changes_removes_or_adds_an_event(party: Callable[..., Party], survivor: Resource, method: str) -> None:
    amal = party("amal")
    assert amal.send("POST", "/fhir/Patient", survivor).status_code == 201
    found = (amal.send("GET", "/fhir/AuditEvent").json or {})["entry"][0]["resource"]
    path = "/fhir/AuditEvent" if method == "POST" else f"/fhir/AuditEvent/{found['id']}"
    media = {"Content_Type": "application/json-patch+json"} if method == "PATCH" else {}
    changed = PATCH if method == "PATCH" else {**found, "outcome": "4"}
    answer = amal.send(method, path, changed, If_Match='W/"1"', **media)
    assert answer.status == "405 Method Not Allowed"
    assert (amal.send("GET", f"/fhir/AuditEvent/{found['id']}").json or {}) == found


def test_nobody_learns_from_the_refusal_whether_an_event_exists(party: Callable[..., Party]) -> None:
    answer = party("chu").send("PUT", "/fhir/AuditEvent/nothing", {"resourceType": "AuditEvent", "id": "nothing"})
    assert answer.status_code == 405
