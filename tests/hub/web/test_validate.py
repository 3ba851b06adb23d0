"""$validate over HTTP: https://hl7.org/fhir/R4/resource-operation-validate.html"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.texts import say
from tests.support.parties import Party

Parties = Callable[..., Party]
EXAMPLES = Path(__file__).parents[3] / "profiles" / "examples"
NOBODY = "00000000-0000-4000-8000-00000000aaaa"


def example(name: str) -> Resource:
    read: Resource = json.loads((EXAMPLES / "valid" / f"{name}.json").read_text("utf-8"))
    return read


def wrapped(*entries: Resource) -> Resource:
    return {"resourceType": "Parameters", "parameter": list(entries)}


def issues(answer: TestResponse) -> list[tuple[str, str, str]]:
    """(severity, code of the problem, element) of a $validate that ran; what is only advice left out."""
    assert answer.status == "200 OK", answer.text
    assert answer.content_type == "application/fhir+json; charset=utf-8"
    return [one for one in told(answer) if one[0] != "warning"]


def told(answer: TestResponse) -> list[tuple[str, str, str]]:
    assert answer.json is not None and answer.json["resourceType"] == "OperationOutcome"
    return [
        (one["severity"], one["details"]["coding"][0]["code"], one.get("expression", [""])[0])
        for one in answer.json["issue"]
    ]


ALL_WELL = [("information", "web.valid", "")]


@pytest.fixture
def reader(party: Parties) -> Party:
    """A caller whose token allows nothing but reading referrals."""
    return party("chu", "system/Task.r")


# --- at the level of a type -------------------------------------------------------------------------------------------


def test_a_valid_resource_is_told_so_in_every_form_of_asking(reader: Party, survivor: Resource) -> None:
    canonical = profile("survivor")
    entry = {"name": "resource", "resource": survivor}
    for path, body in [
        ("Patient/$validate", survivor),
        ("Patient/$validate", wrapped(entry)),
        ("Patient/$validate", wrapped(entry, {"name": "profile", "valueUri": canonical})),
        (
            "Patient/$validate",
            wrapped({"name": "mode", "valueCode": "profile"}, {"name": "profile", "valueCanonical": canonical}, entry),
        ),
        (f"Patient/$validate?profile={quote(canonical)}", survivor),
        (f"Patient/$validate?mode=profile&profile={quote(canonical)}", survivor),
        (f"Patient/$validate?profile={quote(canonical)}%7C1.0.0", wrapped(entry)),
    ]:
        assert issues(reader.send("POST", f"/fhir/{path}", body)) == ALL_WELL


@pytest.mark.parametrize("path", sorted((EXAMPLES / "valid").glob("*.json")), ids=lambda path: path.stem)
def test_all_our_valid_examples_are_valid(reader: Party, path: Path) -> None:
    text = path.read_text("utf-8")
    answer = reader.send("POST", f"/fhir/{json.loads(text)['resourceType']}/$validate", text)
    assert [one for one in issues(answer) if one[0] in {"error", "fatal"}] == []


def test_what_is_wrong_is_told_with_200_and_its_element(reader: Party, survivor: Resource) -> None:
    wrong = issues(reader.send("POST", "/fhir/Patient/$validate", survivor | {"gender": "moon", "birthDate": 7}))
    assert {("error", "Patient.gender"), ("error", "Patient.birthDate")} <= {(one[0], one[2]) for one in wrong}
    other = reader.send("POST", "/fhir/Task/$validate", survivor)
    assert issues(other) == [("error", "conformance.resource-type", "Task")]
    assert issues(reader.send("POST", "/fhir/Task/$validate", {"status": "draft"}))[0][0] == "error"


def test_a_profile_that_is_named_in_the_request_is_the_one_that_counts(reader: Party) -> None:
    need = example("need")
    other = f"ServiceRequest/$validate?profile={quote(profile('survivor'))}"
    assert issues(reader.send("POST", "/fhir/ServiceRequest/$validate", need)) == ALL_WELL
    assert issues(reader.send("POST", f"/fhir/{other}", need))[0][0] == "error"


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_sentences_are_in_the_callers_language(reader: Party, survivor: Resource, language: str) -> None:
    answer = reader.send("POST", "/fhir/Patient/$validate", survivor, Accept_Language=language)
    assert answer.json is not None
    assert answer.json["issue"][-1]["diagnostics"] == say("web.valid", language)


def test_advice_does_not_make_a_resource_invalid(reader: Party, survivor: Resource) -> None:
    """A language that the list does not have: an extensible binding advises, and no more."""
    rare = {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "nl"}]}}
    found = told(reader.send("POST", "/fhir/Patient/$validate", survivor | {"communication": [rare]}))
    assert [severity for severity, _, _ in found] == ["warning", "information"]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("Patient/$validate?profile=https://example.org/moon", {"resourceType": "Patient"}, 404, "unknown-canonical"),
        (f"Patient/$validate?profile={profile('survivor')}%7C9", {"resourceType": "Patient"}, 404, "unknown-canonical"),
        ("Patient/$validate?profile=survivor", {"resourceType": "Patient"}, 404, "unknown-canonical"),
        ("Patient/$validate?mode=moon", {"resourceType": "Patient"}, 400, "bad-parameter"),
        ("Patient/$validate?mode=profile", {"resourceType": "Patient"}, 400, "one-of-required"),
        ("Patient/$validate?mode=create&mode=update", {"resourceType": "Patient"}, 400, "bad-parameter"),
        ("Patient/$validate?resource=x", None, 400, "bad-parameter"),
        ("Patient/$validate?colour=red", {"resourceType": "Patient"}, 400, "unknown-parameter"),
        ("Patient/$validate", None, 400, "one-of-required"),
        ("Patient/$validate", wrapped(), 400, "one-of-required"),
        ("Patient/$validate", wrapped({"name": "resource", "valueString": "x"}), 400, "bad-parameter"),
        ("Patient/$validate", wrapped({"name": "resource", "resource": []}), 400, "bad-parameter"),
        ("Patient/$validate", [], 400, "bad-parameter"),
        ("Moon/$validate", {"resourceType": "Moon"}, 404, "unknown-type"),
        ("HumanName/$validate", {"resourceType": "HumanName"}, 404, "unknown-type"),
        ("DomainResource/$validate", {"resourceType": "DomainResource"}, 404, "unknown-type"),
        ("Moon/1/$validate", {"resourceType": "Moon"}, 404, "unknown-type"),
    ],
)  # fmt: skip
def test_a_wrong_question_is_told_what_is_wrong(reader: Party, path: str, body: Any, status: int, code: str) -> None:
    answer = reader.send("POST", f"/fhir/{path}", body)
    assert (answer.status_code, told(answer)[0][1].removeprefix("problems.")) == (status, code)


def test_any_type_of_r4_can_be_validated_though_it_is_not_stored(reader: Party) -> None:
    for type_ in ("Account", "Basic", "ValueSet", "Bundle", "Observation"):
        answer = reader.send("POST", f"/fhir/{type_}/$validate", {"resourceType": type_})
        assert issues(answer)


def test_without_a_token_nothing_is_validated(party: Parties, survivor: Resource) -> None:
    for path in ("Patient/$validate", f"Patient/{NOBODY}/$validate"):
        assert party("chu").send("POST", f"/fhir/{path}", survivor, Authorization="").status_code == 401


# --- modes ------------------------------------------------------------------------------------------------------------


def test_create_is_foreseen_with_what_would_speak_against_it(party: Parties, survivor: Resource) -> None:
    path = "/fhir/Patient/$validate?mode=create"
    assert issues(party("amal").send("POST", path, survivor)) == ALL_WELL
    assert issues(party("chu").send("POST", path, survivor)) == [
        ("error", "problems.not-yours", "Patient.managingOrganization")
    ]
    partial = survivor | {"meta": survivor["meta"] | {"tag": [{"system": "x", "code": "SUBSETTED"}]}}
    found = issues(party("amal").send("POST", path, partial))
    assert found[-1][0] == "error"
    organization = party("amal").send("POST", "/fhir/Organization/$validate?mode=create", example("organization"))
    assert ("error", "problems.not-supported", "") in issues(organization)


def test_create_of_what_is_invalid_tells_what_is_invalid_and_no_more(party: Parties, survivor: Resource) -> None:
    found = issues(party("chu").send("POST", "/fhir/Patient/$validate?mode=create", survivor | {"gender": "moon"}))
    assert [element for _, _, element in found] == ["Patient.gender"]


def test_update_needs_an_id(party: Parties, survivor: Resource) -> None:
    path = "/fhir/Patient/$validate?mode=update"
    assert issues(party("amal").send("POST", path, survivor)) == [("error", "conformance.required", "Patient.id")]
    assert issues(party("amal").send("POST", path, survivor | {"id": NOBODY})) == ALL_WELL


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_deletion_is_told_to_be_impossible_without_a_resource(party: Parties, tasks: list[str], method: str) -> None:
    chu = party("chu")
    assert issues(chu.send(method, "/fhir/Task/$validate?mode=delete")) == [("error", "web.not-deletable", "Task")]
    one = chu.send(method, f"/fhir/Task/{tasks[0]}/$validate?mode=delete")
    assert issues(one) == [("error", "web.not-deletable", "Task")]
    assert chu.send(method, f"/fhir/Task/{NOBODY}/$validate?mode=delete").status_code == 404


# --- at the level of an instance --------------------------------------------------------------------------------------


def stored(amal: Party, survivor: Resource) -> Resource:
    made: Resource = amal.send("POST", "/fhir/Patient", survivor).json or {}
    return made


def test_the_stored_resource_is_validated_as_its_reader_sees_it(party: Parties, survivor: Resource) -> None:
    amal = party("amal")
    path = f"/fhir/Patient/{stored(amal, survivor)['id']}/$validate"
    for answer in (amal.get(path), amal.send("POST", path), amal.get(f"{path}?profile={profile('survivor')}")):
        assert issues(answer) == ALL_WELL


def test_hidden_is_absent_byte_for_byte(party: Parties, survivor: Resource) -> None:
    chu = party("chu")
    hidden = stored(party("amal"), survivor)["id"]
    bodies = [None, survivor, survivor | {"id": hidden}, survivor | {"id": NOBODY}]
    for query in ("", "?mode=update", "?mode=create", "?mode=delete"):
        for body in bodies:
            answers = [chu.send("POST", f"/fhir/Patient/{id_}/$validate{query}", body) for id_ in (hidden, NOBODY)]
            assert {answer.status_code for answer in answers} == {404}
            assert answers[0].data == answers[1].data == chu.get(f"/fhir/Patient/{NOBODY}").data


def test_an_instance_needs_the_scope_that_reads_it(party: Parties, tasks: list[str]) -> None:
    answer = party("chu", "system/Patient.r").get(f"/fhir/Task/{tasks[0]}/$validate")
    assert answer.status == "403 Forbidden"
    body = party("chu", "system/Task.r").get(f"/fhir/Task/{tasks[0]}").json or {}
    answer = party("chu", "system/Task.r").send("POST", f"/fhir/Task/{tasks[0]}/$validate?mode=update", body)
    assert answer.status == "403 Forbidden"


def events(hub: Hub) -> int:
    return hub.store.counts().get("AuditEvent", 0)


def test_validating_an_instance_leaves_the_trace_of_a_read_and_a_type_none(
    party: Parties, hub: Hub, survivor: Resource
) -> None:
    amal = party("amal")
    id_ = stored(amal, survivor)["id"]
    before = events(hub)
    amal.send("POST", "/fhir/Patient/$validate?mode=create", survivor)
    assert events(hub) == before
    for path, body, leaves in (
        (f"Patient/{id_}/$validate", None, 1),
        (f"Patient/{id_}/$validate", survivor, 1),
        (f"Patient/{id_}/$validate?mode=update", survivor | {"id": id_}, 1),
        (f"Patient/{NOBODY}/$validate", None, 2),  # a denial is a decision too
    ):
        before = events(hub)
        amal.send("POST", f"/fhir/{path}", body)
        assert events(hub) == before + leaves


def test_an_update_is_foreseen_against_what_is_stored_and_nothing_is_stored(
    party: Parties, hub: Hub, survivor: Resource, tasks: list[str]
) -> None:
    amal = party("amal")
    kept = stored(amal, survivor)
    path = f"/fhir/Patient/{kept['id']}/$validate?mode=update"
    assert issues(amal.send("POST", path, kept | {"active": False})) == ALL_WELL
    assert issues(amal.send("POST", path, kept | {"id": NOBODY})) == [("error", "problems.wrong-id", "Patient.id")]
    assert ("error", "Patient.gender") in {
        (s, e) for s, _, e in issues(amal.send("POST", path, kept | {"gender": "x"}))
    }
    foreign = kept | {"managingOrganization": {"reference": "Organization/nour"}}
    assert issues(amal.send("POST", path, foreign)) == [("error", "problems.not-yours", "Patient.managingOrganization")]
    assert amal.get(f"/fhir/Patient/{kept['id']}").headers["ETag"] == 'W/"1"'

    chu = party("chu")
    task = chu.get(f"/fhir/Task/{tasks[0]}").json or {}
    found = issues(chu.send("POST", f"/fhir/Task/{tasks[0]}/$validate?mode=update", task | {"status": "draft"}))
    assert any(code in {"problems.illegal-transition", "conformance.slice-required"} for _, code, _ in found)


def test_a_directory_entry_is_never_changed_here(party: Parties, hub: Hub) -> None:
    """What is public can be looked at; the update that is foreseen is refused as the update itself is."""
    answer = party("amal").send(
        "POST", "/fhir/Organization/amal/$validate?mode=update", example("organization") | {"id": "amal"}
    )
    assert answer.status_code == 404 or ("error", "problems.not-supported", "") in issues(answer)
