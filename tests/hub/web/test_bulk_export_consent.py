"""Bulk Data: who may have an export, and for how long; and that consent is asked again when a file is fetched.

https://hl7.org/fhir/uv/bulkdata/export.html#file-requests
"""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.exchange import export
from hub.store import MongoStore
from tests.support.association import ASSOCIATION, COURT, HOSPITAL, hospital
from tests.support.exporting import (
    WOMEN,
    Exporter,
    House,
    limited,
    text_of,
    three_women,
    withdraw_one,
)


@pytest.fixture
def at(store: MongoStore, tmp_path: Path) -> House:
    return three_women(store, tmp_path)


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


def test_a_file_is_void_when_a_key_to_anything_in_it_has_ended_by_itself(at: House) -> None:
    """As that of a consent until a day that came while the export was ready."""
    me = at.exporter(HOSPITAL)
    (output,) = me.manifest("$export?_type=Patient")["output"]
    patients, until = at.scene.store.database.Patient, at.scene.clock.now() + timedelta(minutes=10)
    one = patients.find_one({})
    assert one is not None
    ending = [key | {"u": until} if key["g"].startswith(f"{HOSPITAL}|") else key for key in one["k"]]
    patients.update_one({"_id": one["_id"]}, {"$set": {"k": ending}})
    assert me.fetch(output).status_code == 200
    at.scene.clock.forward(timedelta(minutes=11))
    assert me.fetch(output).status_code == 410


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
