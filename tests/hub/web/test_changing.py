"""create, update and patch over HTTP: https://hl7.org/fhir/R4/http.html"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import Conflict
from hub.exchange import Hub
from hub.exchange.change.draft import Draft
from hub.exchange.queue import Queue
from hub.fhir import Resource
from hub.texts import LANGUAGES
from tests.support.parties import BASE, Party

Parties = Callable[..., Party]
PATCH = {"Content_Type": "application/json-patch+json"}
FHIR = "application/fhir+json"


def created(party: Party, resource: Resource) -> Resource:
    answer = party.send("POST", f"/fhir/{resource['resourceType']}", resource)
    assert answer.status_code == 201, answer.text
    read: Resource = answer.json or {}
    return read


def test_a_created_resource_gets_id_version_and_instant_of_the_server(party: Parties, survivor: Resource) -> None:
    sent = {
        **survivor,
        "id": "mine",
        "meta": {**survivor["meta"], "versionId": "77", "lastUpdated": "2001-01-01T00:00:00Z"},
    }
    answer = party("amal").send("POST", "/fhir/Patient", sent)
    assert answer.status == "201 Created"
    assert answer.json is not None
    id_ = answer.json["id"]
    assert id_ != "mine"
    assert answer.json["meta"]["versionId"] == "1"
    assert not answer.json["meta"]["lastUpdated"].startswith("2001")
    assert answer.headers["Location"] == f"{BASE}/Patient/{id_}/_history/1"
    assert answer.headers["ETag"] == 'W/"1"'
    assert "Last-Modified" in answer.headers


@pytest.mark.parametrize(
    ("preference", "kind"), [("minimal", None), ("representation", "Patient"), ("OperationOutcome", "OperationOutcome")]
)
def test_the_body_of_the_answer_is_the_preferred_one(
    party: Parties, survivor: Resource, preference: str, kind: str | None
) -> None:
    answer = party("amal").send("POST", "/fhir/Patient", survivor, Prefer=f"return={preference}")
    assert answer.status_code == 201
    assert answer.headers["Location"]
    assert (answer.json["resourceType"] if answer.data and answer.json else None) == kind


def test_an_update_makes_the_next_version_and_the_same_again_makes_none(party: Parties, survivor: Resource) -> None:
    amal = party("amal")
    stored = created(amal, survivor)
    path, changed = f"/fhir/Patient/{stored['id']}", {**stored, "active": False}
    first = amal.send("PUT", path, changed, If_Match='W/"1"')
    assert (first.status_code, first.headers["ETag"]) == (200, 'W/"2"')
    again = amal.send("PUT", path, changed, If_Match='W/"2"')
    assert (again.status_code, again.headers["ETag"]) == (200, 'W/"2"')
    assert amal.get(path).headers["ETag"] == 'W/"2"'


def test_an_update_of_a_version_that_is_gone_is_refused(party: Parties, survivor: Resource) -> None:
    amal = party("amal")
    stored = created(amal, survivor)
    answer = amal.send("PUT", f"/fhir/Patient/{stored['id']}", {**stored, "active": False}, If_Match='W/"7"')
    assert answer.status == "412 Precondition Failed"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_referral_is_changed_only_by_who_names_the_version(party: Parties, tasks: list[str], method: str) -> None:
    chu = party("chu")
    body: Any = chu.get(f"/fhir/Task/{tasks[0]}").json
    headers: dict[str, str] = {}
    if method == "PATCH":
        body, headers = [{"op": "replace", "path": "/status", "value": "accepted"}], PATCH
    for match in ({}, {"If_Match": "*"}):
        answer = chu.send(method, f"/fhir/Task/{tasks[0]}", body, **headers, **match)
        assert answer.status == "400 Bad Request"
        assert answer.json is not None
        assert answer.json["issue"][0]["code"] == "required"


@pytest.mark.parametrize("change", [{"id": "other"}, {"id": None}, {"resourceType": "Task"}])
def test_an_update_must_name_the_type_and_id_of_its_address(
    party: Parties, survivor: Resource, change: Resource
) -> None:
    amal = party("amal")
    stored = created(amal, survivor)
    body = {name: value for name, value in {**stored, **change}.items() if value is not None}
    assert amal.send("PUT", f"/fhir/Patient/{stored['id']}", body).status_code == 400


def test_what_is_hidden_cannot_be_changed_and_looks_absent(party: Parties, survivor: Resource) -> None:
    stored = created(party("amal"), survivor)
    stranger = party("hopital")
    hidden = stranger.send("PUT", f"/fhir/Patient/{stored['id']}", stored)
    absent = stranger.send("PUT", "/fhir/Patient/absent", {**stored, "id": "absent"})
    assert hidden.status_code == absent.status_code == 404
    assert hidden.data == absent.data == stranger.get("/fhir/Patient/absent").data


def test_a_patch_changes_what_it_names_and_nothing_else(party: Parties, survivor: Resource) -> None:
    amal = party("amal")
    stored = created(amal, survivor)
    answer = amal.send(
        "PATCH",
        f"/fhir/Patient/{stored['id']}",
        json.dumps(
            [{"op": "test", "path": "/active", "value": True}, {"op": "replace", "path": "/active", "value": False}]
        ),
        **PATCH,
        If_Match='W/"1"',
    )
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert {**answer.json, "meta": {}} == {**stored, "active": False, "meta": {}}
    assert answer.headers["ETag"] == 'W/"2"'


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ([{"op": "test", "path": "/active", "value": False}], 422),
        ([{"op": "remove", "path": "/birthDate"}], 422),
        ([{"op": "replace", "path": "/id", "value": "other"}], 400),
        ([{"op": "replace", "path": "/resourceType", "value": "Task"}], 400),
        ([{"op": "merge", "path": "/active", "value": False}], 400),
        ([], 400),
        ({"active": False}, 400),
    ],
)
def test_a_patch_that_does_not_fit_changes_nothing(party: Parties, survivor: Resource, steps: Any, status: int) -> None:
    amal = party("amal")
    stored = created(amal, survivor)
    path = f"/fhir/Patient/{stored['id']}"
    assert amal.send("PATCH", path, json.dumps(steps), **PATCH).status_code == status
    assert amal.get(path).headers["ETag"] == 'W/"1"'


@pytest.mark.parametrize("media", ["application/json", "application/merge-patch+json"])
def test_an_object_is_laid_over_what_is_stored(party: Parties, survivor: Resource, media: str) -> None:
    amal = party("amal")
    stored = created(amal, survivor)
    path = f"/fhir/Patient/{stored['id']}"
    answer = amal.send("PATCH", path, {"active": False, "birthDate": "1999"}, Content_Type=media)
    assert answer.status_code == 200, answer.text
    assert {**(answer.json or {}), "meta": {}} == {**stored, "active": False, "birthDate": "1999", "meta": {}}
    removed = amal.send("PATCH", path, '{"birthDate":null}', Content_Type=media)
    assert removed.status_code == 200, removed.text
    assert "birthDate" not in (removed.json or {})


@pytest.mark.parametrize(
    ("preference", "kind"), [("minimal", None), ("representation", "Patient"), ("OperationOutcome", "OperationOutcome")]
)
def test_a_patch_and_a_deletion_are_answered_as_preferred_too(
    party: Parties, survivor: Resource, preference: str, kind: str | None
) -> None:
    """https://hl7.org/fhir/R4/http.html#ops; where nothing is left to be shown, nothing is."""
    amal, wish = party("amal"), {"Prefer": f"return={preference}"}
    path = f"/fhir/Patient/{created(amal, survivor)['id']}"
    steps = [{"op": "replace", "path": "/active", "value": False}]
    patched = amal.send("PATCH", path, steps, **PATCH, **wish)
    assert (patched.json["resourceType"] if patched.data and patched.json else None) == kind
    assert (patched.status_code, patched.headers["ETag"]) == (200, 'W/"2"')
    assert patched.headers["Location"] == f"{BASE}{path.removeprefix('/fhir')}/_history/2"
    deleted = amal.send("DELETE", "/fhir/Observation?_id=nobody", **wish)
    assert deleted.status_code == (200 if kind == "OperationOutcome" else 204)
    assert (deleted.content_type is None) == (not deleted.data) == (kind != "OperationOutcome")


def test_no_form_of_a_patch_changes_the_id_or_makes_what_does_not_conform(party: Parties, survivor: Resource) -> None:
    amal = party("amal")
    path = f"/fhir/Patient/{created(amal, survivor)['id']}"

    def by_path(path: str, value: Resource) -> Resource:
        how = {"type": {"valueCode": "replace"}, "path": {"valueString": path}, "value": value}
        return parameters(how)

    merge = "application/merge-patch+json"
    for media, body, status, element in (
        (PATCH["Content_Type"], [{"op": "replace", "path": "/id", "value": "other"}], 400, "Patient.id"),
        (merge, {"id": "other"}, 400, "Patient.id"),
        ("application/fhir+json", by_path("Patient.id", {"valueId": "other"}), 400, "Patient.id"),
        (PATCH["Content_Type"], [{"op": "replace", "path": "/gender", "value": "moon"}], 422, "Patient.gender"),
        (merge, {"gender": "moon"}, 422, "Patient.gender"),
        ("application/fhir+json", by_path("Patient.gender", {"valueCode": "moon"}), 422, "Patient.gender"),
    ):
        answer = amal.send("PATCH", path, json.dumps(body), Content_Type=media)
        assert (answer.status_code, (answer.json or {})["issue"][0]["expression"]) == (status, [element])
    assert amal.get(path).headers["ETag"] == 'W/"1"'


def test_what_is_sent_as_version_and_instant_of_an_update_is_ignored(party: Parties, survivor: Resource) -> None:
    amal = party("amal")
    stored = created(amal, survivor)
    sent = {**stored, "active": False}
    sent["meta"] = {**stored["meta"], "versionId": "99", "lastUpdated": "2001-01-01T00:00:00Z"}
    answer = amal.send("PUT", f"/fhir/Patient/{stored['id']}", sent)
    assert (answer.json or {})["meta"]["versionId"] == "2"
    assert (answer.json or {})["meta"]["lastUpdated"] > stored["meta"]["lastUpdated"]


def parameters(*operations: dict[str, Any]) -> Resource:
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "operation", "part": [{"name": name, **value} for name, value in one.items()]}
            for one in operations
        ],
    }


def test_a_fhirpath_patch_changes_what_its_paths_name(party: Parties, survivor: Resource) -> None:
    amal = party("amal")
    stored = created(amal, survivor)
    path = f"/fhir/Patient/{stored['id']}"
    steps = parameters(
        {"type": {"valueCode": "replace"}, "path": {"valueString": "Patient.active"}, "value": {"valueBoolean": False}},
        {
            "type": {"valueCode": "add"}, "path": {"valueString": "Patient"}, "name": {"valueString": "birthDate"},
            "value": {"valueDate": "1999"},
        },
    )  # fmt: skip
    answer = amal.send("PATCH", path, steps, Content_Type="application/fhir+json", If_Match='W/"1"')
    assert answer.status_code == 200, answer.text
    assert {**(answer.json or {}), "meta": {}} == {**stored, "active": False, "birthDate": "1999", "meta": {}}
    again = amal.send("PATCH", path, steps, Content_Type="application/fhir+json", If_Match='W/"1"')
    assert again.status == "412 Precondition Failed"
    fits_not = amal.send("PATCH", path, steps, Content_Type="application/fhir+json")
    assert fits_not.status == "422 Unprocessable Entity", "there is a date of birth already"


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/fhir+json", {"active": False}),
        ("application/fhir+json", []),
        ("application/merge-patch+json", []),
        ("application/json-patch+json", {"resourceType": "Parameters"}),
        ("application/json", "3"),
    ],
)
def test_what_is_no_patch_of_its_media_type_is_refused(
    party: Parties, survivor: Resource, media: str, body: Any
) -> None:
    stored = created(party("amal"), survivor)
    answer = party("amal").send("PATCH", f"/fhir/Patient/{stored['id']}", body, Content_Type=media)
    assert answer.status == "400 Bad Request"
    assert "application/merge-patch+json" in answer.text and "RFC 6902" not in answer.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_writes_a_patch_wrongly_is_told_of_the_form_that_was_sent(
    party: Parties, survivor: Resource, language: str
) -> None:
    amal, asks = party("amal"), {"Accept_Language": language}
    path = f"/fhir/Patient/{created(amal, survivor)['id']}"
    unheard = parameters({"type": {"valueCode": "merge"}, "path": {"valueString": "Patient"}})
    by_path = amal.send("PATCH", path, unheard, Content_Type="application/fhir+json", **asks)
    by_steps = amal.send(
        "PATCH", path, [{"op": "merge", "path": "/"}], Content_Type="application/json-patch+json", **asks
    )
    assert by_path.status_code == by_steps.status_code == 400
    assert "FHIRPath Patch" in by_path.text and "JSON Patch" not in by_path.text
    assert "JSON Patch" in by_steps.text and "FHIRPath" not in by_steps.text


def test_what_is_no_patch_at_all_is_not_taken(party: Parties, survivor: Resource) -> None:
    stored = created(party("amal"), survivor)
    answer = party("amal").send(
        "PATCH", f"/fhir/Patient/{stored['id']}", "<diff/>", Content_Type="application/xml-patch+xml"
    )
    assert answer.status == "415 Unsupported Media Type"
    assert "application/json-patch+json" in answer.text


@pytest.mark.parametrize(
    "body", ["{", "[]", '{"resourceType":"Patient","active":true,"active":false}', '{"resourceType":"Task"}']
)
def test_a_body_that_is_not_the_resource_is_refused(party: Parties, body: str) -> None:
    assert party("amal").send("POST", "/fhir/Patient", body).status_code == 400


def test_a_resource_that_does_not_conform_is_refused_with_every_finding(party: Parties, survivor: Resource) -> None:
    wrong = {**survivor, "gender": "unheard-of", "identifier": []}
    answer = party("amal").send("POST", "/fhir/Patient", wrong, Accept_Language="fr")
    assert answer.status_code == 422
    assert answer.json is not None
    assert any("gender" in path for issue in answer.json["issue"] for path in issue.get("expression", []))


def test_what_the_hub_makes_itself_is_not_created_by_others(party: Parties) -> None:
    amal = party("amal")
    assert amal.send("POST", "/fhir/Organization", {"resourceType": "Organization"}).status_code == 405
    assert amal.send("POST", "/fhir/AuditEvent", {"resourceType": "AuditEvent"}).status_code == 405


def test_who_is_overtaken_again_and_again_is_told_to_ask_once_more(
    party: Parties, survivor: Resource, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    amal = party("amal")
    stored = created(amal, survivor)

    def overtaken(*_: object, **__: object) -> None:
        raise Conflict

    object.__setattr__(hub, "queue", Queue(lambda _: None))  # which waits for nothing
    monkeypatch.setattr(Draft, "commit", overtaken)
    for method, path, body in (
        ("POST", "/fhir/Patient", survivor),
        ("PUT", f"/fhir/Patient/{stored['id']}", {**stored, "active": False}),
        ("PATCH", f"/fhir/Patient/{stored['id']}", {"active": False}),
    ):
        answer = amal.send(method, path, body, Content_Type="application/json" if method == "PATCH" else FHIR)
        assert (answer.status, (answer.json or {})["issue"][0]["code"]) == ("409 Conflict", "conflict")
    assert amal.get(f"/fhir/Patient/{stored['id']}").headers["ETag"] == 'W/"1"'


def test_five_megabytes_are_the_limit(party: Parties) -> None:
    answer = party("amal").send("POST", "/fhir/Patient", b" " * (5 * 1024 * 1024 + 1))
    assert answer.status_code == 413
    assert answer.json is not None
    assert answer.json["issue"][0]["code"] == "too-long"


def test_changing_needs_the_scope_of_changing(party: Parties, survivor: Resource) -> None:
    reader = party("amal", "system/*.rs")
    assert reader.send("POST", "/fhir/Patient", survivor).status_code == 403
    assert reader.send("PUT", "/fhir/Patient/x", survivor).status_code == 403
