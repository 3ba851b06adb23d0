"""Right texts with wrong types everywhere: our valid examples, spoilt in a few places, through every way of sending a resource."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from hub.conformance.structures import is_resource_type, packaged
from hub.fhir import Resource
from tests.support.budget import examples
from tests.support.malformed import MARK, mistyped
from tests.support.parties import Party

Parties = Callable[..., Party]
REFUSED = {400, 403, 404, 405, 412, 422}
BUDGET = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    deadline=None,
    max_examples=examples(100, 3000),
)
DEFINITIONS = [one for one in packaged().values() if len(one["differential"]["element"]) < 12]


@pytest.fixture
def amal(party: Parties) -> Party:
    return party("amal")


@pytest.fixture
def kept(amal: Party, survivor: Resource) -> str:
    return str((amal.send("POST", "/fhir/Patient", survivor).json or {})["id"])


def type_of(body: Any) -> str:
    type_ = body.get("resourceType") if isinstance(body, dict) else None
    return type_ if isinstance(type_, str) and is_resource_type(type_) else "Patient"


def sent(caller: Party, method: str, path: str, body: Any, **headers: str) -> tuple[int, Resource]:
    answer = caller.send(method, path, json.dumps(body), **headers)
    assert MARK not in answer.text or answer.status_code < 300
    return answer.status_code, json.loads(answer.text)


@BUDGET
@given(mistyped())
def test_a_resource_of_wrong_types_is_created_or_refused(amal: Party, body: Any) -> None:
    status, told = sent(amal, "POST", f"/fhir/{type_of(body)}", body)
    assert status in REFUSED | {201}, body
    assert status == 201 or told["resourceType"] == "OperationOutcome"


@BUDGET
@given(mistyped())
def test_a_resource_of_wrong_types_replaces_another_or_is_refused(amal: Party, kept: str, body: Any) -> None:
    type_ = type_of(body)
    path = f"/fhir/{type_}/{kept}"
    if isinstance(body, dict):
        body = {"resourceType": type_, **body, "id": kept}
    status, told = sent(amal, "PUT", path, body, If_Match='W/"1"')
    assert status in REFUSED | {200}, body
    assert status == 200 or told["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("meta", [None, "x", 1, [], [{}], {"tag": None}, {"tag": "x"}, {"tag": [None]}])
def test_a_meta_of_a_wrong_type_replaces_nothing(amal: Party, kept: str, survivor: Resource, meta: Any) -> None:
    status, told = sent(amal, "PUT", f"/fhir/Patient/{kept}", {**survivor, "id": kept, "meta": meta}, If_Match='W/"1"')
    assert status == 422
    assert told["resourceType"] == "OperationOutcome"


@BUDGET
@given(mistyped(), mistyped())
def test_a_patch_of_wrong_types_is_applied_or_refused(amal: Party, kept: str, value: Any, other: Any) -> None:
    resource = value if isinstance(value, dict) else {"x": value}
    for steps in (
        [{"op": "add", "path": f"/{name}", "value": one} for name, one in resource.items() if name != "id"],
        [{"op": "replace", "path": "", "value": value}],
        [{"op": "test", "path": "/gender", "value": value}, other],
    ):
        path = f"/fhir/Patient/{kept}"
        status, told = sent(amal, "PATCH", path, steps, Content_Type="application/json-patch+json")
        assert status in REFUSED | {200}, steps
        assert status == 200 or told["resourceType"] == "OperationOutcome"


@BUDGET
@given(mistyped())
def test_a_resource_of_wrong_types_is_examined_all_the_same(amal: Party, kept: str, body: Any) -> None:
    for path in (
        f"{type_of(body)}/$validate",
        f"{type_of(body)}/$validate?mode=create",
        f"Patient/{kept}/$validate?mode=update",
    ):
        status, told = sent(amal, "POST", f"/fhir/{path}", body)
        assert status == 200 or (status, isinstance(body, dict)) == (400, False), body
        assert told["resourceType"] == "OperationOutcome"


@BUDGET
@given(mistyped(DEFINITIONS))
def test_a_definition_of_wrong_types_is_completed_or_refused(amal: Party, body: Any) -> None:
    status, _ = sent(amal, "POST", "/fhir/StructureDefinition/$snapshot", body)
    assert status in {200, 400, 422}


def test_nothing_of_it_is_logged(amal: Party, survivor: Resource, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for path in ("Patient", "Patient/$validate", "Patient/$validate?mode=create"):
        amal.send("POST", f"/fhir/{path}", survivor | {"name": MARK, MARK: MARK, "gender": [MARK]})
    assert any(record.name == "hub.access" for record in caplog.records)
    assert not any(
        MARK in f"{record.getMessage()} {vars(record)}" for record in caplog.records if record.name.startswith("hub")
    )
