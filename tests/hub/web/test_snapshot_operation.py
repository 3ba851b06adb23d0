"""StructureDefinition/$snapshot over HTTP: https://hl7.org/fhir/R4/structuredefinition-operation-snapshot.html"""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from hub.conformance.snapshot import Snapshots
from hub.conformance.structures import packaged
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from tests.support.parties import Party

Parties = Callable[..., Party]
PATH = "/fhir/StructureDefinition/$snapshot"
R4 = "http://hl7.org/fhir/StructureDefinition"


@pytest.fixture
def caller(party: Parties) -> Party:
    return party("chu", "system/Task.r")


def derived(*elements: Resource, base: str = profile("survivor")) -> Resource:
    """A partner's profile, as it would be handed in."""
    return {
        "resourceType": "StructureDefinition",
        "url": "https://partner.example/StructureDefinition/guest",
        "name": "Guest",
        "status": "draft",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": base,
        "derivation": "constraint",
        "differential": {"element": [{"id": "Patient", "path": "Patient"}, *elements]},
    }


def elements(answer: TestResponse) -> dict[str, Resource]:
    assert answer.status == "200 OK", answer.text
    assert answer.json is not None and answer.json["resourceType"] == "StructureDefinition"
    return {one["id"]: one for one in answer.json["snapshot"]["element"]}


@pytest.mark.parametrize("url", sorted(packaged()))
def test_every_definition_of_ours_is_completed_by_url_and_by_id(caller: Party, url: str) -> None:
    by_url = elements(caller.get(f"{PATH}?url={quote(url)}"))
    by_id = elements(caller.get(f"/fhir/StructureDefinition/{packaged()[url]['id']}/$snapshot"))
    assert by_url == by_id
    assert all({"path", "min", "max", "base"} <= one.keys() for one in by_url.values())


def test_r4s_own_definitions_are_answered_too(caller: Party) -> None:
    for answer in (
        caller.get(f"{PATH}?url={R4}/Account"),
        caller.get(f"{PATH}?url={R4}/Account%7C4.0.1"),
        caller.get("/fhir/StructureDefinition/Account/$snapshot"),
        caller.send(
            "POST", PATH, {"resourceType": "Parameters", "parameter": [{"name": "url", "valueUri": f"{R4}/Account"}]}
        ),
    ):
        assert elements(answer)["Account.status"]["min"] == 1


def test_a_definition_that_is_handed_in_is_completed_over_ours_or_over_r4(caller: Party) -> None:
    stated = {"id": "Patient.birthDate", "path": "Patient.birthDate", "min": 1}
    for base in (profile("survivor"), f"{R4}/Patient"):
        for body in (
            derived(stated, base=base),
            {
                "resourceType": "Parameters",
                "parameter": [{"name": "definition", "resource": derived(stated, base=base)}],
            },
        ):
            found = elements(caller.send("POST", PATH, body))
            assert (found["Patient.birthDate"]["min"], found["Patient.birthDate"]["max"]) == (1, "1")
            assert "Patient.gender" in found


def test_numbers_of_a_definition_that_is_handed_in_stay_as_they_were_written(caller: Party) -> None:
    text = '{"id":"Patient.multipleBirth[x]","path":"Patient.multipleBirth[x]","short":"x","minValueDecimal":1.00}'
    whole = str(derived()).replace("'", '"').replace("False", "false")
    answer = caller.send("POST", PATH, whole.replace('"path": "Patient"}]', f'"path": "Patient"}},{text}]'))
    assert '"minValueDecimal":1.00' in answer.text


@pytest.mark.parametrize(
    ("element", "named"),
    [
        ({"id": "Patient.gender", "path": "Patient.gender", "max": "2"}, "Patient.gender"),
        ({"id": "Patient.moon", "path": "Patient.moon"}, "Patient.moon"),
        ({"id": "Patient.gender", "path": "Patient.gender", "min": 2}, "Patient.gender"),
        ({"id": "Patient.gender", "path": "Patient.gender", "type": [{"code": "Period"}]}, "Patient.gender"),
        ({"id": "Patient.gender", "path": "Patient.gender", "max": 1}, "Patient.gender"),
        ({"short": "of nothing"}, "element[1]"),
        ("Patient.gender", "element[1]"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_a_differential_that_does_not_fit_its_base_is_told_with_the_element(
    caller: Party, element: Any, named: str, language: str
) -> None:
    answer = caller.send("POST", PATH, derived(element), Accept_Language=language)
    assert answer.status == "422 Unprocessable Entity"
    assert answer.json is not None
    assert named in answer.json["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("$snapshot", None, 400),
        (f"$snapshot?url={R4}/Moon", None, 404),
        (f"$snapshot?url={R4}/Account%7C5.0.0", None, 404),
        ("$snapshot?url=survivor", None, 404),
        ("moon/$snapshot", None, 404),
        (f"survivor/$snapshot?url={R4}/Account", None, 400),
        ("survivor/$snapshot", derived(), 400),
        ("$snapshot", {"resourceType": "Patient"}, 400),
        ("$snapshot", derived() | {"differential": []}, 422),
        ("$snapshot", derived() | {"url": 7}, 400),
        ("$snapshot", derived() | {"baseDefinition": "https://partner.example/moon"}, 422),
        ("$snapshot", derived() | {"baseDefinition": derived()["url"]}, 422),
        ("$snapshot", {k: v for k, v in derived().items() if k != "baseDefinition"}, 422),
        ("$snapshot", derived(*[{"id": "Patient.name", "path": "Patient.name"}] * 1500), 422),
    ],
)  # fmt: skip
def test_a_wrong_question_is_told_what_is_wrong(caller: Party, path: str, body: Any, status: int) -> None:
    answer = caller.send("POST", f"/fhir/StructureDefinition/{path}", body)
    assert answer.status_code == status
    assert answer.json is not None and answer.json["resourceType"] == "OperationOutcome"
    assert "{" not in answer.json["issue"][0]["diagnostics"]


def test_many_who_ask_at_once_are_all_answered() -> None:
    """Definitions build on each other: what one thread is making is no cycle to another."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(2):
            made = Snapshots(packaged().values())
            with ThreadPoolExecutor(8) as threads:
                answers = list(threads.map(made.complete, [url for url in sorted(packaged()) for _ in range(8)]))
            assert all(one["snapshot"]["element"] for one in answers)
    finally:
        sys.setswitchinterval(before)


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 10**12)
    | st.sampled_from(["", "*", "1", "Patient", "string", "required"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["code", "path", "url", "strength", "key"]), inner, max_size=3)
    ),
    max_leaves=5,
)
IDS = st.sampled_from(
    ["Patient", "Patient.name", "Patient.name:a", "Patient.name:a.given", "Patient.contact.name.given", "Patient.extension:x.value[x]",
     "Patient.deceased[x]", "Patient.deceased[x].value", "Moon", "", ":", ".", "Patient..x", "Patient.name:"]
)  # fmt: skip
PROPERTIES = st.sampled_from(
    ["path", "min", "max", "type", "slicing", "binding", "constraint", "contentReference", "extension", "sliceName", "base", "patternCoding", "mustSupport"]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(st.tuples(IDS, st.dictionaries(PROPERTIES, ANY, max_size=3)), max_size=4))
def test_whatever_is_handed_in_is_completed_or_refused(caller: Party, stated: list[tuple[str, Resource]]) -> None:
    answer = caller.send("POST", PATH, derived(*({"path": id_, **rest, "id": id_} for id_, rest in stated)))
    assert answer.status_code in {200, 422}, stated
