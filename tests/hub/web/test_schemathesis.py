"""Schemathesis asks what the OpenAPI description allows and what it does not: no answer breaks, none is other than described.

https://schemathesis.readthedocs.io. Through WSGI, with a real token. Half of the requests go to records that are there.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hub.fhir import Resource
from hub.web.negotiation import FHIR_JSON, JSON_PATCH
from tests.support.budget import examples
from tests.support.parties import Party

OF_ALL: Final = [not_a_server_error, status_code_conformance, response_headers_conformance]
CHECKS: Final = [*OF_ALL, content_type_conformance, response_schema_conformance]
EXAMPLES: Final = Path(__file__).parents[3] / "profiles" / "examples"
FEW, MANY = 3, 60
TOKEN_S: Final = 150  # a token is over after five minutes, and a long run is not
MODES: Final = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def kept() -> dict[str, list[Resource]]:
    """Type → resources as a client could send them, right and wrong."""
    found: dict[str, list[Resource]] = {}
    for path in sorted(EXAMPLES.glob("*/*.json")):
        resource = json.loads(path.read_text("utf-8"))
        found.setdefault(resource["resourceType"], []).append(resource)
    return found


SENDABLE: Final = kept()
PATCHES: Final = (
    [{"op": "replace", "path": "/status", "value": "received"}],
    [{"op": "replace", "path": "/status", "value": "no such status"}],
    [{"op": "remove", "path": "/active"}],
    [{"op": "test", "path": "/id", "value": ""}],
)


@pytest.fixture
def association(party: Callable[..., Party], survivor: Resource, tasks: list[str]) -> Party:
    """One that has records: a survivor, and referrals that it sent."""
    amal = party("amal")
    assert tasks
    assert amal.send("POST", "/fhir/Patient", survivor).status_code == 201
    return amal


def there(asker: Party, path: str) -> list[Resource]:
    """Records of the type that this path is about, so that not everything is a 404."""
    type_ = path.removeprefix("/fhir/").split("/")[0]
    answer = asker.get(f"/fhir/{type_}?_count=5") if type_[:1].isupper() else None
    entries = (answer.json or {}).get("entry", ()) if answer else ()
    return [one["resource"] for one in entries if "id" in one["resource"]]


def in_earnest(case: Any, record: Resource, version: str, body: Any) -> Any:
    """Of a record that is there, with a version that it may have, and something to send that could be right."""
    known = {"id": record["id"], "version": version, "type": "Task", "job": "none", "number": 1}
    for name in re.findall(r"\{(\w+)\}", case.path):
        if name in known:
            case.path_parameters[name] = known[name]
    if case.method in {"PUT", "PATCH", "DELETE"}:
        case.headers["If-Match"] = f'W/"{version}"'
    if case.method == "PATCH":
        case.body, case.media_type = body, JSON_PATCH
    elif case.method in {"POST", "PUT"} and not case.path.endswith("_search"):
        case.body, case.media_type = body | dict(case.path_parameters or {}), FHIR_JSON
    return case


def could_be_sent(method: str, record: Resource) -> list[Any]:
    return list(PATCHES) if method == "PATCH" else [record, *SENDABLE.get(record["resourceType"], ())]


@pytest.mark.timeout(examples(300, 10_000))
def test_every_answer_is_one_that_the_description_tells_of(
    app: Flask, association: Party, party: Callable[..., Party]
) -> None:
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    broken: list[str] = []
    seen: Counter[tuple[str, int]] = Counter()
    asker, since = association, time.monotonic()
    for result in schema.get_all_operations():
        operation = result.ok()
        if time.monotonic() - since > TOKEN_S:
            asker, since = party(association.client.removesuffix("-system")), time.monotonic()
        records = there(asker, operation.path)
        for mode in MODES:
            broken += [f"{operation.label}: {one}" for one in try_out(operation, mode, records, asker, seen)]
    assert not broken, f"{len(broken)}:\n" + "\n\n".join(broken[:20])
    assert seen.keys() >= {("GET", 200), ("GET", 404), ("POST", 201), ("PUT", 200), ("PATCH", 200)}


def try_out(
    operation: Any, mode: GenerationMode, records: list[Resource], asker: Party, seen: Counter[tuple[str, int]]
) -> list[str]:
    """What was not as described."""

    bearer = {"Authorization": f"Bearer {asker.token}"}

    def judge(case: Any) -> None:
        answer = case.call(headers=bearer)
        if (
            answer.status_code == 503
        ):  # the database of all tests was busy: a client asks again, and so is asked again here
            answer = case.call(headers=bearer)
        seen[case.method, answer.status_code] += 1
        if is_minimal(case, answer):  # the description says it in words: OpenAPI has no others for it
            case.validate_response(answer, checks=OF_ALL)
            assert "content-type" not in answer.headers, case.operation.label
        else:
            case.validate_response(answer, checks=CHECKS)

    @settings(
        max_examples=examples(FEW, MANY),
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def ask(case: Any, data: st.DataObject) -> None:
        if records and data.draw(st.booleans()):
            record, version = data.draw(st.sampled_from(records)), data.draw(st.sampled_from("12"))
            case = in_earnest(case, record, version, data.draw(st.sampled_from(could_be_sent(case.method, record))))
        judge(case)

    try:
        for record in records[:1] if mode is GenerationMode.POSITIVE else ():
            body = could_be_sent(operation.method.upper(), record)[0]
            judge(in_earnest(operation.Case(path_parameters={}, headers={}), record, record["meta"]["versionId"], body))
        ask()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, operation.label  # it takes nothing that could be wrong
    except BaseExceptionGroup as problems:
        return [str(one)[:1500] for one in problems.exceptions]
    return []


def is_minimal(case: Any, answer: Any) -> bool:
    """Whether a change was made, and nothing was wanted back."""
    wanted = str((case.headers or {}).get("Prefer", ""))
    return "return=minimal" in wanted and answer.status_code in {200, 201} and not answer.content


def test_an_empty_answer_to_who_wants_nothing_back_is_as_described(app: Flask, association: Party) -> None:
    (record,) = there(association, "/fhir/Patient/{id}")
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    case = schema["/fhir/Patient/{id}"]["PUT"].Case(path_parameters={}, headers={"Prefer": "return=minimal"})
    case = in_earnest(case, record, record["meta"]["versionId"], {**record, "active": False})
    answer = case.call(headers={"Authorization": f"Bearer {association.token}"})
    assert (answer.status_code, is_minimal(case, answer)) == (200, True)
    case.validate_response(answer, checks=OF_ALL)


def test_an_answer_of_which_nothing_is_told_is_found(app: Flask, association: Party) -> None:
    with app.test_client() as http:
        described = http.get("/openapi.json").json
    assert described is not None
    del described["paths"]["/fhir/Task/{id}"]["get"]["responses"]["404"]
    operation = schemathesis.openapi.from_dict(described)["/fhir/Task/{id}"]["GET"]
    case = operation.Case(path_parameters={"id": "never"})
    answer = case.call(app=app, headers={"Authorization": f"Bearer {association.token}"})
    with pytest.raises(FailureGroup):
        case.validate_response(answer, checks=CHECKS)
