"""Bulk Data: kick-off, status, files, cancelling and expiry; and that consent is asked again when a file is fetched.

https://hl7.org/fhir/uv/bulkdata/export.html
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.consent.keys import own
from hub.exchange import export
from hub.oauth import scopes
from hub.ports import Caller, Changes, ExportLimits, Key, Save
from hub.store import MongoStore
from hub.web.app import create_app
from tests.support.association import ASSOCIATION, COURT, HOSPITAL, hospital
from tests.support.exporting import ASYNC, Exporter, House, house, text_of
from tests.support.parties import BASE, Addresses

WOMEN = 3
NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)  # documents are stamped by the database's own clock


@pytest.fixture
def at(store: MongoStore, tmp_path: Path) -> House:
    """Three women whom the association refers to the hospital, which accepted."""
    made = house(store, tmp_path)
    made.scene.clock.at = NOW
    day = NOW.strftime("%d/%m/%Y")
    known = {"consent_date": day, "visit_date": day}
    rows = [
        made.scene.row(n, case_number=n, survivor_code=f"S-{n}", cin=f"AB{n}", full_name=f"Zineb Alaoui {n}", **known)
        for n in map(str, range(1, WOMEN + 1))
    ]
    made.scene.receive(*rows)
    for task in made.scene.all("Task"):
        made.scene.move(task, "accepted", hospital())
    made.scene.clock.forward(timedelta(minutes=5))
    return made


def limited(at: House, **limits: Any) -> House:
    hub = replace(at.scene.hub, exports=ExportLimits(**limits))
    return House(replace(at.scene, hub=hub), create_app(hub, at.registry, Addresses()), at.registry)


def types(manifest: Any) -> set[str]:
    return {one["type"] for one in manifest["output"]}


def withdraw_one(at: House) -> None:
    consent = at.scene.all("Consent")[0]
    body = {"resourceType": "Parameters"}
    association = at.exporter(ASSOCIATION, "system/*.cruds").party
    assert association.send("POST", f"/fhir/Consent/{consent['id']}/$withdraw", body).status_code == 200


# --- what is exported ---------------------------------------------------------------------------------------------------


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


# --- what is refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "_type=Nothing",
        "_type=Task,Nothing",
        "_outputFormat=csv",
        "_since=yesterday",
        "_since=2020&_since=2021",
        "colour=red",
        "_elements=id",
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
    begun = me.begin("$export?_type=Task,Nothing&_elements=id", **lenient)
    assert "_elements, _type" in begun.text.replace("_type, _elements", "_elements, _type")
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


# --- who may have it, and for how long ------------------------------------------------------------------------------------


def every_look(exporter: Exporter, begun: Any, output: Any) -> list[tuple[int, bytes]]:
    here = begun.headers["Content-Location"]
    looks = [exporter.poll(begun), exporter.fetch(output), exporter.party.send("DELETE", exporter.local(here))]
    return [(one.status_code, one.get_data()) for one in looks]


def test_for_another_client_it_never_was_also_for_one_of_the_same_organisation(at: House) -> None:
    me = at.exporter(HOSPITAL)
    begun = me.begin("$export?_type=Patient")
    output = me.finish(begun)["output"][0]
    (never,) = {(answer.status_code, answer.get_data()) for answer in [me.party.get("/fhir/$export/nothing")]}
    assert never[0] == 404
    for other in (at.exporter(COURT), at.exporter(HOSPITAL, client="another-of-chu"), at.exporter(ASSOCIATION)):
        assert every_look(other, begun, output) == [never] * 3
    assert me.fetch(output).status_code == 200, "and nobody has cancelled it"


def test_a_cancelled_export_is_gone_with_its_files(at: House) -> None:
    me = at.exporter(HOSPITAL)
    begun = me.begin("$export?_type=Patient")
    output = me.finish(begun)["output"][0]
    assert me.party.send("DELETE", me.local(begun.headers["Content-Location"])).status_code == 202
    assert {status for status, _ in every_look(me, begun, output)} == {404}
    assert at.scene.store.database.exported.count_documents({}) == 0


def test_one_that_is_cancelled_while_it_is_worked_on_leaves_nothing(at: House) -> None:
    me = at.exporter(HOSPITAL)
    begun = me.begin("$export?_type=Patient")
    store, now = at.scene.store, at.scene.clock.now()
    leased = store.exports.lease(now, now + export.LEASE)
    assert leased is not None
    me.party.send("DELETE", me.local(begun.headers["Content-Location"]))
    done, lines = export._step(leased, leased.caller, at.scene.hub)
    assert lines and not store.exports.save(done, lines, now)
    assert store.database.exports.count_documents({}) == store.database.exported.count_documents({}) == 0


def test_what_is_ready_is_over_after_an_hour(at: House) -> None:
    me = at.exporter(HOSPITAL)
    begun = me.begin("$export?_type=Patient")
    output = me.finish(begun)["output"][0]
    at.scene.clock.forward(timedelta(minutes=59))
    assert me.fetch(output).status_code == 200
    at.scene.clock.forward(timedelta(minutes=1))
    assert {status for status, _ in every_look(me, begun, output)} == {404}
    at.scene.store.exports.forget_old(at.scene.clock.now())
    assert at.scene.store.database.exports.count_documents({}) == 0
    assert at.scene.store.database.exported.count_documents({}) == 0


# --- consent, at generation and again at download -------------------------------------------------------------------------


def test_a_file_is_void_after_a_withdrawal_that_touches_anything_in_it(at: House) -> None:
    me = at.exporter(HOSPITAL)
    manifest = me.manifest("$export?_type=Patient,Organization")
    files = {one["type"]: one for one in manifest["output"]}
    assert me.fetch(files["Patient"]).status_code == 200
    withdraw_one(at)
    void = me.fetch(files["Patient"])
    assert void.status_code == 410
    assert "new export" in (void.json or {})["issue"][0]["diagnostics"]
    assert "Alaoui" not in void.text and "AB1" not in void.text
    anew = me.resources(me.manifest("$export?_type=Patient"))
    assert len(anew["Patient"]) == WOMEN - 1


def test_and_a_file_without_her_is_not(at: House) -> None:
    at = limited(at, lines=1)
    me = at.exporter(HOSPITAL)
    manifest = me.manifest("$export?_type=Patient")
    withdraw_one(at)
    assert sorted(me.fetch(one).status_code for one in manifest["output"]) == [200] * (WOMEN - 1) + [410]


def test_what_is_withdrawn_before_the_work_is_done_is_not_in_it(at: House) -> None:
    me = at.exporter(HOSPITAL)
    begun = me.begin("$export?_type=Patient")
    withdraw_one(at)
    assert [one["count"] for one in me.finish(begun)["output"]] == [WOMEN - 1]


def test_less_of_a_line_than_was_listed_makes_the_file_void_and_more_does_not(at: House) -> None:
    me = at.exporter(HOSPITAL)
    (output,) = me.manifest("$export?_type=Patient")["output"]
    database = at.scene.store.database
    one = database.Patient.find_one({})
    assert one is not None
    core = {**one["k"][-1], "g": f"{HOSPITAL}|COC|health"}
    database.Patient.update_one({"_id": one["_id"]}, {"$push": {"k": core}})
    assert me.fetch(output).status_code == 200
    narrower = [key for key in one["k"] if not key["g"].endswith("|safe-contact")]
    assert len(narrower) < len(one["k"])
    database.Patient.update_one({"_id": one["_id"]}, {"$set": {"k": narrower}})
    assert me.fetch(output).status_code == 410


def test_it_is_fetched_with_the_present_token(at: House) -> None:
    me = at.exporter(HOSPITAL)
    (output,) = me.manifest("$export?_type=Patient")["output"]
    assert at.exporter(HOSPITAL, "system/Task.rs").fetch(output).status_code == 403
    assert at.exporter(HOSPITAL, purpose="HRESCH").fetch(output).status_code == 410
    assert replace(me.party, token="x" * 43).get(me.local(output["url"])).status_code == 401


def test_a_document_that_changed_since_is_given_as_it_is_now(at: House) -> None:
    me = at.exporter(HOSPITAL)
    (output,) = me.manifest("$export?_type=Task")["output"]
    at.scene.move(at.scene.all("Task")[0], "in-progress", hospital())
    lines = text_of(me.fetch(output)).splitlines()
    assert len(lines) == output["count"] == WOMEN
    assert sum('"in-progress"' in line for line in lines) == 1


def test_every_look_is_on_record_once_a_person_when_listed_and_when_fetched(at: House) -> None:
    me = at.exporter(HOSPITAL)

    def looks() -> int:
        return len([one for one in at.scene.audit("disclosure.permit") if "operation" in str(one["subtype"])])

    before = looks()
    (output,) = me.manifest("$export?_type=Patient")["output"]
    assert looks() == before + WOMEN
    me.fetch(output)
    assert looks() == before + 2 * WOMEN
    withdraw_one(at)
    me.fetch(output)
    assert looks() == before + 2 * WOMEN
    assert [one["outcomeDesc"] for one in at.scene.audit("disclosure.deny")][-1].startswith("consent.")


def test_nothing_that_a_record_says_is_kept_with_an_export(at: House) -> None:
    me = at.exporter(HOSPITAL)
    me.manifest("$export?_typeFilter=Patient%3Fname%3DZineb&_type=Patient")
    database = at.scene.store.database
    kept = str([*database.exports.find(), *database.exported.find()])
    known = [one["_id"] for one in database.Patient.find({}, {"_id": 1})]
    assert not any(word in kept for word in ("Zineb", "Alaoui", "typeFilter", *known))


# --- the work -------------------------------------------------------------------------------------------------------------


def test_a_step_that_was_begun_and_left_is_done_by_another_after_a_minute(at: House) -> None:
    at = limited(at, lines=2)
    me = at.exporter(HOSPITAL)
    begun = me.begin("$export?_type=Patient")
    store, clock = at.scene.store, at.scene.clock
    dead = store.exports.lease(clock.now(), clock.now() + export.LEASE)
    assert dead is not None
    assert export.advance(scopes.narrowings, hub=at.scene.hub) is None, "in other hands"
    assert me.poll(begun).status_code == 202
    clock.forward(export.LEASE)
    assert export.advance(scopes.narrowings, hub=at.scene.hub) == 2
    late, lines = export._step(dead, dead.caller, at.scene.hub)
    assert not store.exports.save(late, lines, clock.now()), "whoever comes back from the dead changes nothing"
    manifest = me.finish(begun)
    assert len(me.resources(manifest)["Patient"]) == WOMEN
    assert store.database.exported.count_documents({}) == len(manifest["output"])


def test_one_whose_work_never_ends_well_has_failed(at: House) -> None:
    me = at.exporter(HOSPITAL)
    begun = me.begin()
    for _ in range(6):
        at.scene.store.exports.lease(at.scene.clock.now(), at.scene.clock.now() + export.LEASE)
        at.scene.clock.forward(export.LEASE)
    answer = me.poll(begun)
    assert answer.status_code == 500
    assert "new one" in (answer.json or {})["issue"][0]["diagnostics"]


def test_an_export_comes_back_as_it_was_kept(at: House) -> None:
    caller = Caller(
        "a", HOSPITAL, "COC", frozenset({"user/*.rs"}), practitioner="Practitioner/amal", roles=frozenset({"nurse"})
    )
    asked = export.Wanted(
        "https://x", BASE, ("Task",), at.scene.clock.now(), {"Task": ("status=accepted",)}, True, frozenset({"x"})
    )
    begun = export.begin(asked, caller, hub=at.scene.hub)
    assert export.find(begun.id, caller, hub=at.scene.hub) == begun


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
