"""What R4 says of every search, asked over HTTP of a referral that is under way, and as the guides that build on R4 ask.

https://hl7.org/fhir/R4/search.html · https://hl7.org/fhir/us/sdoh-clinicalcare/ · https://profiles.ihe.net/ITI/PCF/
"""

from collections.abc import Callable
from typing import Any

import pytest

from hub.consent.keys import PUBLIC
from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, identifier_system, profile
from hub.ports import Changes, Key, Save
from tests.support.accompanied import Accompanied, accompany, body, created, found, incident_of
from tests.support.parties import BASE, Party
from tests.support.written import example

Parties = Callable[..., Party]
CONFIDENTIALITY = f"{TERMINOLOGY}/v3-Confidentiality"
TASK_STATUS = "http://hl7.org/fhir/ValueSet/task-status"
TAG = {"system": "https://amal.example/tags", "code": "follow-up"}


@pytest.fixture
def her(party: Parties, survivor: Resource) -> Accompanied:
    return accompany(party, survivor)


def bundle(party: Party, path: str, **headers: str) -> dict[str, Any]:
    return body(party.get(f"/fhir/{path}", **headers))


def modes(found_: Resource) -> list[tuple[str, str]]:
    return [(one["search"]["mode"], one["resource"]["resourceType"]) for one in found_.get("entry", ())]


# --- as the guides ask ------------------------------------------------------------------------------------------------


def test_the_searches_of_the_guides_find_what_they_mean(her: Accompanied, party: Parties) -> None:
    code = f"{identifier_system('survivor-code')}|CAS-0042"
    (since,) = [body(her.amal.get(f"/fhir/{her.task}"))["meta"]["lastUpdated"].replace("+", "%2B")]
    for query, result in {
        "Task?status:not=draft": [her.task],
        "Task?status:not=accepted": [],
        "Task?owner:missing=true&status=requested": [],
        "Task?owner:missing=false&status=accepted": [her.task],
        f"Task?owner=Organization/chu&_lastUpdated=ge{since}": [her.task],
        f"Task?owner=Organization/chu&_lastUpdated=gt{since}": [],
        "Task?requester=Organization/amal": [her.task],
        f"Task?focus={her.need}&code=fulfill": [her.task],
        f"Task?patient:Patient.identifier={code}": [her.task],
        f"Consent?status=active&patient.identifier={code}": [her.consent],
        f"Consent?status=inactive&patient.identifier={code}": [],
        f"Consent?patient={her.patient}&actor=Organization/chu": [her.consent],
        f"Patient?_has:Task:patient:owner=Organization/chu&identifier={code}": [her.patient],
        f"ServiceRequest?_has:Task:focus:status=accepted&subject={her.patient}": [her.need],
        f"Task?_id={her.task.partition('/')[2]}&_include=Task:focus": [her.task, her.need],
    }.items():
        assert found(her.amal, query) == result, query
    assert found(her.chu, f"Consent?status=active&patient.identifier={code}") == []


# --- what every resource is found by ----------------------------------------------------------------------------------


def test_every_resource_is_found_by_its_id_profile_tag_label_and_source(her: Accompanied) -> None:
    meta = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [TAG]}}]}
    assert her.amal.send("POST", f"/fhir/{her.patient}/$meta-add", meta).status_code == 200
    id_, own = her.id, profile("survivor")
    for query, is_found in {
        f"_id={id_}": True,
        f"_id=nobody,{id_}": True,
        f"_id={id_.upper()}": id_.upper() == id_,  # exact, and case sensitive
        f"_id={id_[:8]}": False,
        f"_profile={own}": True,
        f"_profile={own.upper()}": False,
        f"_profile={profile('survivor-named')}": False,
        f"_profile:below={own.rpartition('/')[0]}": True,
        f"_profile:above={own}/more": True,
        f"_profile:below={own[:-1]}": False,
        "_tag=follow-up": True,
        f"_tag={TAG['system']}|follow-up": True,
        f"_tag={TAG['system']}|": True,
        "_tag=|follow-up": False,
        "_tag:not=follow-up": False,
        "_tag=other": False,
        f"_security={CONFIDENTIALITY}|R": True,
        f"_security={CONFIDENTIALITY}|N": False,
        "_source=https://elsewhere.example": False,
        "_lastUpdated=ge2020&_lastUpdated=lt2120": True,
        "_lastUpdated=lt2020": False,
    }.items():
        assert found(her.amal, f"Patient?{query}") == ([her.patient] if is_found else []), query
        assert found(her.amal, f"?_type=Patient&{query}") == ([her.patient] if is_found else []), query


def test_a_profile_that_is_named_with_its_version_is_found_without_it_too(her: Accompanied, hub: Hub) -> None:
    named = {
        "resourceType": "Organization",
        "id": "named",
        "name": "x",
        "meta": {"profile": ["https://a.example/p|1.2"]},
    }
    hub.store.commit(Changes(saves=[Save(named, None, "amal", (Key(PUBLIC),))]))
    for asked, result in {"p": ["Organization/named"], "p|1.2": ["Organization/named"], "p|1.3": [], "p2": []}.items():
        assert found(her.amal, f"Organization?_profile=https://a.example/{asked}") == result, asked


@pytest.mark.parametrize("name", ["_text", "_content", "_filter", "_list", "_contained:x", "colour"])
def test_what_is_not_answered_is_told_as_ignored_or_refused(her: Accompanied, name: str) -> None:
    strict = her.amal.get(f"/fhir/Task?{name}=x", Prefer="handling=strict")
    assert (strict.status_code, (strict.json or {})["issue"][0]["expression"]) == (400, [f"http.{name}"])
    lenient = her.amal.get(f"/fhir/Task?{name}=x&_count=5")
    if ":" in name:  # a modifier is never ignored
        assert lenient.status_code == 400
        return
    answer = body(lenient)
    assert answer["link"][0]["url"] == f"{BASE}/Task?_count=5"
    assert modes(answer) == [("match", "Task"), ("outcome", "OperationOutcome")]
    assert name in answer["entry"][-1]["resource"]["issue"][0]["diagnostics"]
    assert her.amal.get("/fhir/Task?_query=named").status_code == 400


# --- references -------------------------------------------------------------------------------------------------------


def test_a_reference_is_found_in_each_way_in_which_it_can_be_written(her: Accompanied) -> None:
    for query, is_found in {
        f"patient={her.id}": True,
        f"patient={her.patient}": True,
        f"patient={BASE}/{her.patient}": True,
        f"patient={her.patient}/_history/7": True,
        f"patient:Patient={her.id}": True,
        f"subject:Patient={her.id}": True,
        f"subject=Patient/{her.id[:-1]}": False,
        f"patient=https://elsewhere.example/fhir/{her.patient}": False,
        "owner:identifier=x": False,
        "owner:missing=false": True,
    }.items():
        assert found(her.amal, f"Task?{query}") == ([her.task] if is_found else []), query
    for wrong in ("owner:identifier.name=x", "owner:Patient=x", "patient:missing.name=x", "owner:exact=x"):
        assert her.amal.get(f"/fhir/Task?{wrong}").status_code == 400, wrong


def test_a_reference_that_is_kept_with_its_version_is_found_without(her: Accompanied, hub: Hub) -> None:
    """https://hl7.org/fhir/R4/search.html#versions"""
    target = [{"reference": f"{her.task}/_history/1"}]
    written = {"resourceType": "Provenance", "id": "of-one", "target": target, "recorded": "2026-03-01T10:00:00Z"}
    revision = hub.store.compartments([her.id])[her.id].revision
    kept = Save(written, her.id, "amal", (Key("amal|*|*"),))
    hub.store.commit(Changes(saves=[kept], persons={her.id: revision}))
    for asked in (her.task, f"{her.task}/_history/1", f"{her.task}/_history/9", f"{BASE}/{her.task}"):
        assert found(her.amal, f"Provenance?target={asked}") == ["Provenance/of-one"], asked
    assert found(her.amal, "Task?_has:Provenance:target:recorded=ge2020") == [her.task]
    assert found(her.amal, "Task?_revinclude=Provenance:target") == [her.task, "Provenance/of-one"]


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_codes_are_found_by_value_sets_and_by_what_is_above_and_below(her: Accompanied) -> None:
    reason = f"{TERMINOLOGY}/v3-ActReason"
    for query, is_found in {
        f"Task?status:in={TASK_STATUS}": True,
        f"Task?status:not-in={TASK_STATUS}": False,
        "Task?intent:not-in=http://hl7.org/fhir/ValueSet/administrative-gender": True,
        "Task?status:below=http://hl7.org/fhir/task-status|accepted": True,
        "Task?status:above=http://hl7.org/fhir/task-status|accepted": True,
        "Task?status:below=http://hl7.org/fhir/task-status|rejected": False,
        f"Consent?purpose:below={reason}|PurposeOfUse": True,
        f"Consent?purpose={reason}|PurposeOfUse": False,
        f"Consent?purpose:above={reason}|COC": True,
        f"Consent?purpose:below={reason}|HRESCH": False,
    }.items():
        assert bool(found(her.amal, query)) == is_found, query
    for wrong in ("status:in=http://nowhere.example/x", "status:below=accepted", "code:below=urn:none|fulfill"):
        assert her.amal.get(f"/fhir/Task?{wrong}").status_code == 400, wrong


# --- places ---------------------------------------------------------------------------------------------------------


def test_what_is_near_is_found_by_every_caller_and_a_shelter_by_none(party: Parties) -> None:
    """https://hl7.org/fhir/R4/location.html#positional: also by its keeper, over types, through a chain and after a move."""
    amal, nour = party("amal"), party("nour")
    here, there = {"longitude": -6.84, "latitude": 34.02}, {"longitude": -5.0, "latitude": 34.03}
    door = created(amal, _place("location", here))
    _ = created(amal, _place("shelter-location", here))
    for party_ in (amal, nour):
        for query, result in {
            "near=34|-7|50|km": [f"Location/{door}"],
            "near=34|-7|50000|m": [f"Location/{door}"],
            "near=34|-7|1|km": [],
            "near=34|-7": [f"Location/{door}"],  # as far as it looks where nothing is said
            "near=34.03|-5|10|km": [],
            "near=34|-7|50|km&near=34.03|-5|10|km": [],
            "near=34|-7|50|km,34.03|-5|10|km": [f"Location/{door}"],
            "near:missing=false": [f"Location/{door}"],
        }.items():
            assert found(party_, f"Location?{query}") == result, query
            assert found(party_, f"?_type=Location&{query}") == result, query
    moved = body(amal.get(f"/fhir/Location/{door}")) | {"position": there}
    assert amal.send("PUT", f"/fhir/Location/{door}", moved).status_code == 200
    assert found(nour, "Location?near=34|-7|50|km") == []
    assert found(nour, "Location?near=34.03|-5|10|km") == [f"Location/{door}"]
    for wrong in ("near=x", "near=34", "near=34|-7|x|km", "near=34|-7|5|parsec", "near:exact=34|-7"):
        assert amal.get(f"/fhir/Location?{wrong}").status_code == 400, wrong


def _place(name: str, position: Resource) -> Resource:
    return {
        **{k: v for k, v in example(name).items() if k not in {"id", "partOf"}},
        "managingOrganization": {"reference": "Organization/amal"},
        "position": position,
    }


# --- how much, and what comes along -----------------------------------------------------------------------------------


def test_a_page_holds_as_many_matches_as_were_asked_for_and_what_belongs_to_them(her: Accompanied) -> None:
    """https://hl7.org/fhir/R4/search.html#count: what is sent along is not counted, neither on a page nor in the total."""
    for day in ("2026-01-10", "2026-05-10", "2026-06-10"):
        created(her.amal, incident_of(her.patient, day))
    path, seen, number = "/fhir/Observation?_include=Observation:patient&_count=2", [], 0
    while path:
        page = body(her.amal.get(path))
        number += 1
        assert page["total"] == 3
        assert modes(page) == [("match", "Observation")] * (2 if number == 1 else 1) + [("include", "Patient")]
        seen += [one["resource"]["id"] for one in page["entry"] if one["search"]["mode"] == "match"]
        path = {one["relation"]: one["url"] for one in page["link"]}.get("next", "").removeprefix("https://hub.example")
    assert (number, len(set(seen))) == (2, 3)


@pytest.mark.parametrize(("total", "is_told"), [("none", False), ("estimate", True), ("accurate", True)])
def test_a_total_is_told_as_it_is_wanted_and_is_exact_where_it_is(her: Accompanied, total: str, is_told: bool) -> None:
    answer = bundle(her.amal, f"Task?_total={total}&_include=Task:patient&_revinclude=AuditEvent:entity")
    assert answer.get("total") == (1 if is_told else None)
    assert her.amal.get("/fhir/Task?_total=roughly").status_code == 400


def test_includes_of_any_parameter_go_further_only_where_it_is_asked(her: Accompanied) -> None:
    def included(query: str) -> set[str]:
        return {kind for mode, kind in modes(bundle(her.amal, query)) if mode == "include"}

    assert included("Task?_include=*") == {"Patient", "ServiceRequest"}
    assert included("ServiceRequest?_revinclude=Task:focus") == {"Task"}
    assert included("ServiceRequest?_revinclude=Task:focus&_include=Task:patient") == {"Task"}
    assert included("ServiceRequest?_revinclude=Task:focus&_include:iterate=Task:patient") == {"Task", "Patient"}
    assert "Consent" in included("Task?_include=Task:patient&_revinclude:iterate=Consent:patient")
    without = "Task?_include=Task:patient&_revinclude=Consent:patient"  # which leads from no referral
    assert her.amal.get(f"/fhir/{without}").status_code == 400
    assert included("?_type=Task&_include=Task:patient") == {"Patient"}
    assert included(f"{her.patient}/Task?_include=Task:focus") == {"ServiceRequest"}


def test_what_no_key_orders_by_is_told_and_the_last_order_holds(her: Accompanied) -> None:
    for day in ("2026-01-10", "2026-05-10", "2026-03-10"):
        created(her.amal, incident_of(her.patient, day))

    def days(sort: str) -> list[str]:
        return [one["resource"]["effectiveDateTime"] for one in bundle(her.amal, f"Observation?_sort={sort}")["entry"]]

    assert days("date") == ["2026-01-10", "2026-03-10", "2026-05-10"]
    assert days("-date") == days("status,-date") == ["2026-05-10", "2026-03-10", "2026-01-10"]
    ignored = bundle(her.amal, "Observation?_sort=colour")
    assert ignored["link"][0]["url"] == f"{BASE}/Observation" and modes(ignored)[-1][0] == "outcome"
    assert her.amal.get("/fhir/Observation?_sort=colour", Prefer="handling=strict").status_code == 400
