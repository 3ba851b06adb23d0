"""Deletions in a bulk export: told to who kept what is deleted, and to nobody else, neither when it is prepared nor when fetched.

https://hl7.org/fhir/uv/bulkdata/export.html#deletions
"""

from collections.abc import Callable
from typing import Any

import pytest

from hub.exchange import Hub
from hub.exchange.erase import erase
from hub.fhir import Resource
from hub.ports import ExportLimits
from hub.store import MongoStore
from tests.support.exporting import Exporter, as_json, text_of
from tests.support.parties import Party
from tests.support.shared_case import SharedCase, as_new, share, stored, to

Parties = Callable[..., Party]
SINCE = "2020-01-01T00:00:00Z"


@pytest.fixture
def case(party: Parties, survivor: Resource) -> SharedCase:
    return share(party, survivor)


def deleted(me: Exporter, manifest: Any) -> list[str]:
    """What the manifest's deletions name; each is one transaction of DELETE entries."""
    found: list[str] = []
    for one in manifest["deleted"]:
        assert (one["type"], one["count"]) == ("Bundle", 1)
        bundle = as_json(text_of(me.fetch(one)))
        assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "transaction")
        assert {entry["request"]["method"] for entry in bundle.get("entry", ())} <= {"DELETE"}
        found += [entry["request"]["url"] for entry in bundle.get("entry", ())]
    return found


def test_what_its_keeper_deleted_since_is_told_to_the_keeper_alone(case: SharedCase) -> None:
    keeper, reader, stranger = Exporter(case.keeper), Exporter(case.reader), Exporter(case.stranger)
    assert case.keeper.send("DELETE", f"/fhir/{case.incident}").status_code == 204
    for level in ("$export", "Patient/$export"):
        manifest = keeper.manifest(f"{level}?_type=Observation&_since={SINCE}")
        assert deleted(keeper, manifest) == [case.incident]
        assert manifest["output"] == []
    for other in (reader, stranger):
        assert other.manifest(f"$export?_since={SINCE}")["deleted"] == []


def test_nothing_of_it_is_told_without_since_or_of_what_was_deleted_before(case: SharedCase) -> None:
    keeper = Exporter(case.keeper)
    case.keeper.send("DELETE", f"/fhir/{case.incident}")
    assert keeper.manifest("$export?_type=Observation")["deleted"] == []
    assert keeper.manifest("$export?_type=Observation&_since=2099-01-01T00:00:00Z")["deleted"] == []
    assert keeper.manifest(f"$export?_type=Task&_since={SINCE}")["deleted"] == []


def test_what_was_brought_back_is_not_told_as_deleted(case: SharedCase) -> None:
    keeper = Exporter(case.keeper)
    written = case.keeper.get(f"/fhir/{case.incident}").json or {}
    case.keeper.send("DELETE", f"/fhir/{case.incident}")
    ready = keeper.manifest(f"$export?_type=Observation&_since={SINCE}")
    assert case.keeper.send("PUT", f"/fhir/{case.incident}", written).status_code == 201
    assert deleted(keeper, ready) == [], "also where it was brought back since the export was made"
    manifest = keeper.manifest(f"$export?_type=Observation&_since={SINCE}")
    assert manifest["deleted"] == []
    assert [one["id"] for one in keeper.resources(manifest)["Observation"]] == [case.incident.partition("/")[2]]


def test_many_deletions_are_split_into_several_files(case: SharedCase, hub: Hub) -> None:
    object.__setattr__(hub, "exports", ExportLimits(lines=2))
    keeper, observed = Exporter(case.keeper), []
    for _ in range(3):
        one = as_new("incident", subject=to(case.patient), performer=[to("Organization/amal")])
        observed.append(f"Observation/{stored(case.keeper, one)['id']}")
        case.keeper.send("DELETE", f"/fhir/{observed[-1]}")
    manifest = keeper.manifest(f"$export?_type=Observation&_since={SINCE}")
    assert len(manifest["deleted"]) == 2
    assert sorted(deleted(keeper, manifest)) == sorted(observed)


def test_of_one_patient_only_hers_are_told(case: SharedCase, survivor: Resource) -> None:
    other = stored(case.keeper, survivor | {"identifier": [{**survivor["identifier"][0], "value": "CAS-0043"}]})["id"]
    hers = stored(case.keeper, as_new("incident", subject=to(f"Patient/{other}"), performer=[to("Organization/amal")]))[
        "id"
    ]
    for one in (case.incident, f"Observation/{hers}"):
        assert case.keeper.send("DELETE", f"/fhir/{one}").status_code == 204
    named = {"name": "patient", "valueReference": {"reference": f"Patient/{other}"}}
    body = {"resourceType": "Parameters", "parameter": [named]}
    keeper = Exporter(case.keeper)
    manifest = keeper.manifest(f"Patient/$export?_type=Observation&_since={SINCE}", body)
    assert deleted(keeper, manifest) == [f"Observation/{hers}"]


def test_a_token_that_is_narrowed_by_content_is_told_of_none(case: SharedCase, party: Parties) -> None:
    case.keeper.send("DELETE", f"/fhir/{case.incident}")
    narrowed = Exporter(party("amal", "system/Observation.rs?status=final"))
    assert narrowed.manifest(f"$export?_since={SINCE}")["deleted"] == []


def test_a_file_of_deletions_needs_the_scope_of_its_type(case: SharedCase, party: Parties) -> None:
    case.keeper.send("DELETE", f"/fhir/{case.incident}")
    manifest = Exporter(case.keeper).manifest(f"$export?_type=Observation&_since={SINCE}")
    lesser = Exporter(party("amal", "system/Task.rs"))
    assert lesser.fetch(manifest["deleted"][0]).status_code == 403


def test_of_who_was_erased_nothing_is_told(case: SharedCase, hub: Hub) -> None:
    case.keeper.send("DELETE", f"/fhir/{case.incident}")
    keeper = Exporter(case.keeper)
    ready = keeper.manifest(f"$export?_type=Observation&_since={SINCE}")
    erase(case.patient.partition("/")[2], "asked", hub=hub)
    assert deleted(keeper, ready) == []
    assert keeper.manifest(f"$export?_since={SINCE}")["deleted"] == []


def test_that_it_was_told_is_on_record(case: SharedCase, store: MongoStore) -> None:
    case.keeper.send("DELETE", f"/fhir/{case.incident}")
    keeper = Exporter(case.keeper)
    looks = {"json": {"$regex": case.incident}, "person": case.patient.partition("/")[2]}
    before = store.database.AuditEvent.count_documents(looks)
    manifest = keeper.manifest(f"$export?_type=Observation&_since={SINCE}")
    assert store.database.AuditEvent.count_documents(looks) == before + 1
    deleted(keeper, manifest)
    assert store.database.AuditEvent.count_documents(looks) == before + 2


def test_deletions_are_found_by_an_index(case: SharedCase, store: MongoStore) -> None:
    case.keeper.send("DELETE", f"/fhir/{case.incident}")
    plan = store.database.Observation.find({"gone": True, "custodian": "amal"}).sort("_id").limit(5).explain()
    assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])
