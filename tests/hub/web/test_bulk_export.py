"""Bulk Data: what an export holds, and what its manifest and status say.

https://hl7.org/fhir/uv/bulkdata/export.html
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.consent.keys import own
from hub.exchange import export
from hub.ports import Changes, Key, Save
from hub.store import MongoStore
from tests.support.association import ASSOCIATION, COURT, HOSPITAL, hospital
from tests.support.exporting import ASYNC, WOMEN, House, limited, text_of, three_women, types
from tests.support.parties import BASE


@pytest.fixture
def at(store: MongoStore, tmp_path: Path) -> House:
    return three_women(store, tmp_path)


def test_an_export_holds_what_its_client_may_see_and_no_more(at: House) -> None:
    me = at.exporter(HOSPITAL)
    manifest = me.manifest("$export")
    exported = me.resources(manifest)
    searched = {type_: me.party.get(f"/fhir/{type_}?_count=500").json for type_ in exported}
    for type_, bundle in searched.items():
        entries = [one["resource"] for one in (bundle or {})["entry"]]
        if type_ != "AuditEvent":
            assert sorted(exported[type_], key=str) == sorted(entries, key=str), type_
    assert {"Patient", "Task", "ServiceRequest"} <= set(exported)
    assert len(exported["Patient"]) == WOMEN
    assert "Consent" not in exported, "consents are closed to recipients"


def test_the_manifest_says_when_what_and_that_a_token_is_needed(at: House) -> None:
    me = at.exporter(HOSPITAL)
    manifest = me.manifest("Patient/$export?_type=Patient,Task&_outputFormat=ndjson")
    assert manifest["request"] == f"{BASE}/Patient/$export?_type=Patient,Task&_outputFormat=ndjson"
    assert manifest["transactionTime"] == (at.scene.clock.now() - export.SETTLES).isoformat(timespec="milliseconds")
    assert manifest["requiresAccessToken"] is True
    assert (manifest["deleted"], manifest["error"]) == ([], [])
    assert [(one["type"], one["count"]) for one in manifest["output"]] == [("Patient", WOMEN), ("Task", WOMEN)]
    assert "Expires" in me.polls[-1].headers


def test_while_it_is_under_way_its_status_says_how_far_it_is_and_when_to_ask_again(at: House) -> None:
    me = limited(at, lines=1).exporter(HOSPITAL)
    me.manifest("Patient/$export?_type=Patient,Task")
    under_way = me.polls[:-1]
    assert [one.headers["X-Progress"] for one in under_way][:2] == ["0/2", "0/2"]
    assert all(one.headers["Retry-After"] == "1" and one.get_data() == b"" for one in under_way)


def test_a_type_of_many_resources_is_split_into_several_files(at: House) -> None:
    me = limited(at, lines=2).exporter(HOSPITAL)
    manifest = me.manifest("$export?_type=Patient")
    assert [one["count"] for one in manifest["output"]] == [2, 1]
    assert len({one["id"] for one in me.resources(manifest)["Patient"]}) == WOMEN


def test_an_export_of_patients_has_nothing_that_is_nobodys(at: House) -> None:
    association = at.exporter(ASSOCIATION)
    assert "Provenance" in types(association.manifest("Patient/$export"))
    at.scene.clock.forward(timedelta(seconds=1))
    everything = association.resources(association.manifest("$export?_type=Patient,Organization"))
    of_people = association.resources(association.manifest("Patient/$export?_type=Patient,Organization"))
    assert of_people == {"Patient": everything["Patient"]}


def test_since_and_filters_narrow_it_and_two_filters_of_a_type_are_alternatives(at: House) -> None:
    me = at.exporter(HOSPITAL)
    task = at.scene.all("Task")[0]
    at.scene.move(task, "in-progress", hospital())
    at.scene.clock.forward(timedelta(minutes=1))

    def ids(query: str) -> set[str]:
        found = me.resources(me.manifest(f"$export?_type=Task&{query}"))
        return {one["id"] for one in found.get("Task", ())}

    assert len(ids("_since=2020-01-01T00:00:00Z")) == WOMEN
    assert ids("_since=2090-01-01T00:00:00%2B01:00") == set()
    assert ids("_typeFilter=Task%3Fstatus%3Din-progress") == {task["id"]}
    assert len(ids("_typeFilter=Task%3Fstatus%3Daccepted")) == WOMEN - 1
    assert len(ids("_typeFilter=Task%3Fstatus%3Daccepted,Task%3Fstatus%3Din-progress")) == WOMEN
    assert len(ids("_typeFilter=Task%3Fstatus%3Daccepted&_typeFilter=Task%3Fstatus%3Din-progress")) == WOMEN


def test_it_may_be_asked_by_post_with_parameters(at: House) -> None:
    me = at.exporter(HOSPITAL)
    given = [
        {"name": "_type", "valueString": "Task"},
        {"name": "_since", "valueInstant": "2020-01-01T00:00:00Z"},
        {"name": "_typeFilter", "valueString": "Task?status=accepted"},
        {"name": "_outputFormat", "valueString": "application/fhir+ndjson"},
    ]
    manifest = me.manifest("Patient/$export", {"resourceType": "Parameters", "parameter": given})
    assert manifest["request"] == f"{BASE}/Patient/$export"
    assert len(me.resources(manifest)["Task"]) == WOMEN


def test_what_was_made_after_the_kick_off_is_left_out(at: House) -> None:
    at.scene.clock.at = datetime.now(UTC)  # as the database tells when something was written
    me = limited(at, lines=2).exporter(ASSOCIATION)
    begun = me.begin("$export?_type=AuditEvent")
    manifest = me.finish(begun, between=lambda: at.scene.clock.forward(timedelta(seconds=1)))
    assert len(me.polls) < 40, "looks at the record of looks do not go on for ever"
    assert types(manifest) == {"AuditEvent"}


def test_files_are_lines_of_json_and_packed_where_that_is_asked_for(at: House) -> None:
    me = at.exporter(HOSPITAL)
    (output,) = me.manifest("$export?_type=Patient")["output"]
    plain, packed = me.fetch(output), me.fetch(output, Accept_Encoding="gzip", Accept="application/fhir+ndjson")
    assert plain.headers["Content-Type"] == packed.headers["Content-Type"] == "application/fhir+ndjson"
    assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
    assert text_of(plain) == text_of(packed) and plain.text.endswith("\n")


def test_an_export_of_a_group_holds_what_its_client_may_see_of_its_members(at: House) -> None:
    known = sorted(one["id"] for one in at.scene.all("Patient"))
    member = [{"entity": {"reference": f"Patient/{id_}"}} for id_ in (*known[:1], "nobody")]
    member += [{"entity": {"reference": f"Patient/{known[1]}"}, "inactive": True}, {"entity": {"display": "x"}}]
    group = {"resourceType": "Group", "id": "ours", "type": "person", "actual": True, "member": member}
    keys = (Key(own(HOSPITAL)),)
    at.scene.hub.store.commit(Changes(saves=[Save(group, None, HOSPITAL, keys)]))
    me = at.exporter(HOSPITAL)
    found = me.resources(me.manifest("Group/ours/$export?_type=Patient,Task,Organization"))
    assert [one["id"] for one in found["Patient"]] == known[:1]
    assert {one["for"]["reference"] for one in found["Task"]} == {f"Patient/{known[0]}"}
    assert found.keys() == {"Patient", "Task"}
    assert at.exporter(COURT).begin("Group/ours/$export").status_code == 404


def test_the_statement_declares_it(at: House) -> None:
    statement: Any = at.exporter(HOSPITAL).party.get("/fhir/metadata").json
    assert statement["instantiates"] == ["http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data"]
    (rest,) = statement["rest"]
    canonical = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition"
    assert {"name": "export", "definition": f"{canonical}/export"} in rest["operation"]
    of = {one["type"]: one.get("operation", []) for one in rest["resource"]}
    assert {"name": "export", "definition": f"{canonical}/patient-export"} in of["Patient"]
    assert {"name": "export", "definition": f"{canonical}/group-export"} in of["Group"]
    assert not any(
        "bulkdata" in str(operations) for type_, operations in of.items() if type_ not in {"Patient", "Group"}
    )


def test_nothing_is_begun_without_a_token(at: House) -> None:
    with at.app.test_client() as http:
        assert http.get("/fhir/$export", headers=ASYNC).status_code == 401
        assert http.get("/fhir/$export/x").status_code == 401
