"""Bulk Data: what an export may be asked with, and what is refused.

https://hl7.org/fhir/uv/bulkdata/export.html#query-parameters
"""

from pathlib import Path
from typing import Any

import pytest

from hub.consent.keys import own
from hub.fhir.masking import SUBSETTED
from hub.ports import Changes, Key, Save
from hub.store import MongoStore
from tests.support.association import COURT, HOSPITAL, hospital
from tests.support.exporting import Exporter, House, as_json, text_of, three_women, types


@pytest.fixture
def at(store: MongoStore, tmp_path: Path) -> House:
    return three_women(store, tmp_path)


@pytest.mark.parametrize(
    "query",
    [
        "_type=Nothing",
        "_type=Task,Nothing",
        "_outputFormat=csv",
        "_since=yesterday",
        "_since=2020&_since=2021",
        "colour=red",
        "_elements=colour",
        "_elements=Task.input.value",
        "_type=Task&_elements=Patient.id",
        "_until=2020",
        "patient=Patient/x",
        "_type=Task&_typeFilter=Patient%3Fgender%3Dfemale",
        "_typeFilter=Task",
        "_typeFilter=Task%3Fcolour%3Dred",
        "_typeFilter=Task%3F_sort%3Dstatus",
        "_typeFilter=Task%3F_include%3DTask:patient",
    ],
)
def test_what_is_not_understood_is_refused(at: House, query: str) -> None:
    answer = at.exporter(HOSPITAL).begin(f"$export?{query}")
    assert answer.status_code == 400, answer.text
    assert (answer.json or {})["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    "body",
    [
        {"resourceType": "Patient"},
        {"resourceType": "Parameters", "parameter": 1},
        {"resourceType": "Parameters", "parameter": [{"valueString": "Task"}]},
        {"resourceType": "Parameters", "parameter": [{"name": "_type", "valueInteger": 1}]},
        {"resourceType": "Parameters", "parameter": [{"name": "_type", "valueString": 1}]},
        {
            "resourceType": "Parameters",
            "parameter": [{"name": "patient", "valueReference": {"reference": "Patient/x"}}],
        },
        [],
    ],
)
def test_so_is_a_body_that_is_not_understood(at: House, body: Any) -> None:
    answer = at.exporter(HOSPITAL).begin("$export", body)
    assert (answer.status_code, (answer.json or {})["resourceType"]) == (400, "OperationOutcome")


def test_or_ignored_and_told_where_the_client_wants_it_so(at: House) -> None:
    lenient = {"Prefer": "respond-async, handling=lenient"}
    me = at.exporter(HOSPITAL)
    begun = me.begin("$export?_type=Task,Nothing&colour=red", **lenient)
    assert "_type, colour" in begun.text.replace("colour, _type", "_type, colour")
    assert types(me.finish(begun)) == {"Task"}
    for narrowing in ("patient=Patient/x", "_typeFilter=Task%3Fcolour%3Dred"):
        assert me.begin(f"$export?{narrowing}", **lenient).status_code == 400


def test_it_must_be_asked_to_respond_later(at: House) -> None:
    answer = at.exporter(HOSPITAL).party.get("/fhir/$export")
    assert answer.status_code == 400
    assert "respond-async" in answer.text


def test_types_beyond_the_scopes_are_left_out_or_refused_by_name(at: House) -> None:
    me = at.exporter(HOSPITAL, "system/Task.rs system/Patient.r")
    assert types(me.manifest("$export")) == {"Task"}
    assert me.begin("$export?_type=Task,Patient").status_code == 403
    assert at.exporter(HOSPITAL, "system/Task.u").begin("$export").status_code == 403
    assert me.begin("Group/any/$export").status_code == 403


def test_a_granular_scope_narrows_an_export_too(at: House) -> None:
    task = at.scene.all("Task")[0]
    at.scene.move(task, "in-progress", hospital())
    me = at.exporter(HOSPITAL, "system/Task.rs?status=in-progress")
    assert [one["id"] for one in me.resources(me.manifest("$export"))["Task"]] == [task["id"]]


def test_a_group_that_is_not_there_is_not_found(at: House) -> None:
    answer = at.exporter(HOSPITAL).begin("Group/any/$export")
    read = at.exporter(HOSPITAL).party.get("/fhir/Patient/any")
    assert (answer.status_code, answer.get_data()) == (404, read.get_data())


def test_too_many_at_a_time_are_refused_until_one_has_ended(at: House) -> None:
    me = at.exporter(HOSPITAL)
    first, _ = me.begin(), me.begin()
    refused = me.begin()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
    assert at.exporter(COURT).begin().status_code == 202, "others have theirs"
    me.finish(first)
    assert me.begin().status_code == 202


def of_patients(*references: str, **more: str) -> dict[str, Any]:
    named = [{"name": "patient", "valueReference": {"reference": one}} for one in references]
    named += [{"name": name, "valueString": value} for name, value in more.items()]
    return {"resourceType": "Parameters", "parameter": named}


def errors(me: Exporter, manifest: Any, **headers: str) -> list[Any]:
    """The issues of the error files, each of an OperationOutcome of its own."""
    found: list[Any] = []
    for one in manifest["error"]:
        lines = [as_json(line) for line in text_of(me.fetch(one, **headers)).splitlines()]
        assert [line["resourceType"] for line in lines] == [one["type"]] * one["count"]
        found += [issue for line in lines for issue in line["issue"]]
    return found


def test_patients_who_are_named_are_exported_alone(at: House) -> None:
    me, known = at.exporter(HOSPITAL), sorted(one["id"] for one in at.scene.all("Patient"))
    manifest = me.manifest(
        "Patient/$export", of_patients(*(f"Patient/{id_}" for id_ in known[:2]), _type="Patient,Task")
    )
    found = me.resources(manifest)
    assert sorted(one["id"] for one in found["Patient"]) == known[:2]
    assert sorted(one["for"]["reference"] for one in found["Task"]) == [f"Patient/{id_}" for id_ in known[:2]]
    assert manifest["error"] == []


def test_whom_the_client_does_not_see_is_not_found_whether_hidden_or_never_there(at: House) -> None:
    known = sorted(one["id"] for one in at.scene.all("Patient"))
    told = []
    for someone in (known[0], "00000000-0000-4000-8000-00000000dead"):
        stranger = at.exporter(COURT)
        manifest = stranger.manifest("Patient/$export", of_patients(f"Patient/{someone}"))
        assert manifest["output"] == []
        told.append(errors(stranger, manifest))
    assert told[0] == told[1]
    (issue,) = told[0]
    assert (issue["severity"], issue["code"]) == ("error", "not-found")
    assert issue["expression"] == ["Parameters.parameter.where(name='patient')[0]"]


def test_of_a_group_who_is_named_and_no_member_is_not_found(at: House) -> None:
    known = sorted(one["id"] for one in at.scene.all("Patient"))
    member = [{"entity": {"reference": f"Patient/{known[0]}"}}]
    group = {"resourceType": "Group", "id": "ours", "type": "person", "actual": True, "member": member}
    at.scene.hub.store.commit(Changes(saves=[Save(group, None, HOSPITAL, (Key(own(HOSPITAL)),))]))
    me = at.exporter(HOSPITAL)
    manifest = me.manifest("Group/ours/$export", of_patients(*(f"Patient/{id_}" for id_ in known[:2])))
    assert {one["id"] for one in me.resources(manifest)["Patient"]} == {known[0]}
    assert [one["expression"] for one in errors(me, manifest)] == [["Parameters.parameter.where(name='patient')[1]"]]


def test_an_export_of_a_patient_with_all_else_hidden_is_told_in_the_language_that_is_read(at: House) -> None:
    me = at.exporter(COURT)
    manifest = me.manifest("Patient/$export", of_patients("Patient/nobody"))
    said = {errors(me, manifest, Accept_Language=language)[0]["diagnostics"] for language in ("ar", "fr", "en")}
    assert len(said) == 3


@pytest.mark.parametrize("reference", ["Task/1", "Patient/", "Patient?identifier=1", "urn:uuid:1", 7, None])
def test_a_patient_is_named_by_her_reference(at: House, reference: Any) -> None:
    assert at.exporter(HOSPITAL).begin("Patient/$export", of_patients(reference)).status_code == 400


def test_patients_are_named_in_a_body_alone_and_where_patients_are_exported(at: House) -> None:
    me, lenient = at.exporter(HOSPITAL), {"Prefer": "respond-async, handling=lenient"}
    for headers in ({}, lenient):
        assert me.begin("Patient/$export?patient=Patient/x", **headers).status_code == 400
        assert me.begin("$export", of_patients("Patient/x"), **headers).status_code == 400


def test_to_name_patients_takes_the_scope_to_find_them(at: House) -> None:
    me = at.exporter(HOSPITAL, "system/Task.rs")
    assert me.begin("Patient/$export", of_patients("Patient/x")).status_code == 403


def test_elements_alone_are_exported_with_what_is_mandatory_and_the_rest_is_marked_as_a_part(at: House) -> None:
    me = at.exporter(HOSPITAL)
    found = me.resources(me.manifest("$export?_type=Patient,Task&_elements=id,Task.owner,Task.for"))
    for task in found["Task"]:
        assert {"owner", "for", "status", "intent"} <= task.keys() and "focus" not in task
        assert SUBSETTED in task["meta"]["tag"]
    for patient in found["Patient"]:
        assert not {"gender", "identifier", "birthDate"} & patient.keys()
    whole = me.resources(me.manifest("$export?_type=Task"))["Task"]
    assert all("focus" in task and SUBSETTED not in task["meta"].get("tag", ()) for task in whole)


def test_what_was_asked_and_ignored_is_told_in_an_error_file_too(at: House) -> None:
    me = at.exporter(HOSPITAL)
    manifest = me.manifest("$export?_type=Task,Nothing&colour=red", Prefer="respond-async, handling=lenient")
    assert types(manifest) == {"Task"}
    (issue,) = errors(me, manifest)
    assert (issue["severity"], issue["code"]) == ("warning", "not-supported")
    assert "colour" in issue["diagnostics"] and "_type" in issue["diagnostics"]
    assert me.fetch({"url": f"{manifest['error'][0]['url']}0"}).status_code == 404
