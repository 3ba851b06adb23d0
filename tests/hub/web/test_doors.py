"""Every type of the profiles has its door: what an organisation may write of a survivor whom it keeps, and of itself."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from hub.conformance import validate
from hub.exchange import Hub
from hub.exchange.change import CHANGED, CREATED, PERSON_ELEMENT
from hub.exchange.publish import publish
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.definitions import load
from tests.support.parties import Party
from tests.support.written import example

Parties = Callable[..., Party]
HERS = "0b9d1d2e-8b1e-4f57-9a0a-6d1f0c2b7e31"  # not known here
PATCH = {"Content_Type": "application/json-patch+json"}

OF_A_SURVIVOR = (
    "caregiver", "intake", "encounter", "follow-up", "medical-service", "psychosocial-service", "legal-service", "service-record",
    "condition", "risk-assessment", "safety-flag", "safety-plan", "care-team", "document", "summary", "questionnaire-response",
    "list--of-one-survivor", "protective-measure",
)  # fmt: skip
OF_AN_ORGANISATION = ("endpoint", "staff-role", "group", "list", "aggregate-report")
FOR_EVERYBODY = ("practitioner", "practitioner-role", "questionnaire", "service", "location", "shelter-location")
CHANGES = {"condition": {"recordedDate": "2026-03-20"}, "practitioner": {"active": False}, "group": {"name": "Autre nom"},
           "service": {"active": False}, "list": {"title": "Autre titre"}}  # fmt: skip


def written(name: str, keeper: str, person: str = HERS) -> Resource:
    """An example as this organisation would send it."""
    found: Resource = json.loads(re.sub(r"Organization/[a-z-]+", f"Organization/{keeper}", json.dumps(example(name))))
    element = PERSON_ELEMENT.get(found["resourceType"])
    return {**found, element: {"reference": f"Patient/{person}"}} if element in found else found


@pytest.fixture
def hers(party: Parties, survivor: Resource) -> str:
    """A survivor whom amal keeps."""
    return str(created(party("amal"), survivor)["id"])


def created(party: Party, resource: Resource) -> Resource:
    answer = party.send("POST", f"/fhir/{resource['resourceType']}", resource)
    assert answer.status_code == 201, answer.text
    read: Resource = answer.json or {}
    return read


def statuses(party: Party, one: Resource) -> Iterator[int]:
    path = f"/fhir/{one['resourceType']}/{one['id']}"
    yield party.get(path).status_code
    yield party.send("PUT", path, one).status_code
    yield party.send("PATCH", path, [{"op": "test", "path": "/id", "value": one["id"]}], **PATCH).status_code


def test_every_type_of_the_profiles_can_be_written_but_what_the_hub_alone_writes() -> None:
    types = {one.type for one in load().profiles()}
    assert types - CREATED == {"Organization", "AuditEvent", "Provenance"}
    assert {"Organization"} == CHANGED - CREATED


@pytest.mark.parametrize("name", OF_A_SURVIVOR)
def test_who_keeps_a_survivor_writes_of_her_and_nobody_else_sees_it(party: Parties, hers: str, name: str) -> None:
    amal, nour = party("amal"), party("nour")
    kept = created(amal, written(name, "amal", hers))
    path = f"/fhir/{kept['resourceType']}/{kept['id']}"
    assert list(statuses(amal, kept)) == [200, 200, 200]
    assert amal.get(path).headers["ETag"] == 'W/"1"'
    assert list(statuses(nour, kept)) == [404, 404, 404]
    found = amal.get(f"/fhir/{kept['resourceType']}?_id={kept['id']}").json or {}
    assert found["total"] == 1
    assert (nour.get(f"/fhir/{kept['resourceType']}?_id={kept['id']}").json or {})["total"] == 0


@pytest.mark.parametrize("name", OF_A_SURVIVOR)
def test_of_a_survivor_whom_another_keeps_nothing_is_written_and_she_looks_absent(
    party: Parties, hers: str, name: str
) -> None:
    nour = party("nour")
    type_ = example(name)["resourceType"]
    hidden = nour.send("POST", f"/fhir/{type_}", written(name, "nour", hers))
    absent = nour.send("POST", f"/fhir/{type_}", written(name, "nour", "00000000-0000-4000-8000-00000000abcd"))
    assert hidden.status_code == 422
    assert (hidden.status_code, hidden.text) == (absent.status_code, absent.text)


@pytest.mark.parametrize(
    "name",
    [n for n in (*OF_A_SURVIVOR, *OF_AN_ORGANISATION, *FOR_EVERYBODY)
     if n not in {"list", "list--of-one-survivor", "practitioner", "questionnaire"}],
)  # fmt: skip
def test_nobody_writes_in_the_name_of_another(party: Parties, hers: str, name: str) -> None:
    sent = written(name, "nour", hers)
    answer = party("amal").send("POST", f"/fhir/{sent['resourceType']}", sent)
    assert answer.status_code == 403, answer.text


@pytest.mark.parametrize("name", OF_AN_ORGANISATION)
def test_what_an_organisation_keeps_for_itself_it_alone_sees(party: Parties, name: str) -> None:
    amal, nour = party("amal"), party("nour")
    kept = created(amal, written(name, "amal"))
    assert list(statuses(amal, kept)) == [200, 200, 200]
    assert list(statuses(nour, kept)) == [404, 404, 404]


@pytest.mark.parametrize("name", FOR_EVERYBODY)
def test_what_is_of_the_directory_everybody_reads_and_its_organisation_changes(party: Parties, name: str) -> None:
    amal, nour = party("amal"), party("nour")
    kept = created(amal, written(name, "amal"))
    assert list(statuses(amal, kept)) == [200, 200, 200]
    assert list(statuses(nour, kept)) == [200, 403, 403]


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_makes_the_next_version_and_the_version_is_asked_for(party: Parties, hers: str, name: str) -> None:
    amal = party("amal")
    kept = created(amal, written(name, "amal", hers))
    path = f"/fhir/{kept['resourceType']}/{kept['id']}"
    changed = amal.send("PUT", path, {**kept, **CHANGES[name]}, If_Match='W/"1"')
    assert (changed.status_code, changed.headers["ETag"]) == (200, 'W/"2"')
    assert amal.send("PUT", path, kept, If_Match='W/"1"').status_code == 412
    ((element, value),) = CHANGES[name].items()
    back = [{"op": "remove", "path": f"/{element}"}] if value == "2026-03-20" else [
        {"op": "replace", "path": f"/{element}", "value": kept[element]}]  # fmt: skip
    assert amal.send("PATCH", path, back, **PATCH).headers["ETag"] == 'W/"3"'


def test_a_worker_s_own_number_is_for_her_organisation_alone(party: Parties) -> None:
    kept = created(party("amal"), written("practitioner", "amal"))
    assert kept["identifier"]
    seen = party("nour").get(f"/fhir/Practitioner/{kept['id']}").json or {}
    assert seen["name"] == kept["name"]
    assert "identifier" not in seen


def test_a_list_stays_with_whom_it_is_about(party: Parties, hers: str) -> None:
    amal = party("amal")
    about = created(amal, written("list--of-one-survivor", "amal", hers))
    nobody = created(amal, written("list", "amal"))
    without = {name: value for name, value in about.items() if name != "subject"}
    given = {**nobody, "subject": about["subject"]}
    for one in (without, given):
        assert amal.send("PUT", f"/fhir/List/{one['id']}", one).status_code == 422


def test_what_is_written_and_changed_is_in_the_trail_of_its_keeper(party: Parties) -> None:
    amal = party("amal")
    kept = created(amal, written("group", "amal"))
    amal.send("PUT", f"/fhir/Group/{kept['id']}", {**kept, "name": "Autre nom"})
    verbs = [coding["code"] for event in trail(amal) for coding in event["subtype"]]
    assert (verbs.count("entry.create"), verbs.count("entry.update")) == (1, 1)
    assert all(validate(event) == () for event in trail(amal))
    assert not any(f"Group/{kept['id']}" in json.dumps(event) for event in trail(party("nour")))


def trail(party: Party) -> list[Resource]:
    found = party.get("/fhir/AuditEvent?_count=50").json or {}
    return [entry["resource"] for entry in found.get("entry", ())]


# --- an organisation's own entry -------------------------------------------------------------------------------------


@pytest.fixture
def listed(hub: Hub) -> list[Resource]:
    """The entries of amal and nour, as the deployment publishes them."""
    found = [{**example("organization"), "id": id_} for id_ in ("amal", "nour")]
    for one in found:
        one["identifier"] = [{**one["identifier"][0], "value": one["id"]}]
        one.pop("partOf", None)
        one.pop("endpoint", None)
    publish(found, hub=hub)
    return found


def test_an_organisation_changes_its_own_entry_and_no_other(party: Parties, listed: list[Resource]) -> None:
    amal = party("amal")
    mine, other = (amal.get(f"/fhir/Organization/{id_}").json or {} for id_ in ("amal", "nour"))
    assert amal.send("PUT", "/fhir/Organization/amal", {**mine, "alias": ["Amal !"]}).status_code == 200
    assert amal.send("PUT", "/fhir/Organization/nour", {**other, "alias": ["Amal !"]}).status_code == 403


@pytest.mark.parametrize(
    "change", [{"active": False}, {"identifier": [{"value": "nour"}]}, {"partOf": {"reference": "Organization/nour"}}]
)
def test_who_it_is_and_below_whom_it_stands_the_deployment_says(
    party: Parties, listed: list[Resource], change: dict[str, Any]
) -> None:
    amal = party("amal")
    mine = amal.get("/fhir/Organization/amal").json or {}
    assert amal.send("PUT", "/fhir/Organization/amal", {**mine, **change}).status_code == 422


def test_what_an_organisation_said_of_itself_outlives_the_next_start(
    app: Flask, hub: Hub, party: Parties, listed: list[Resource]
) -> None:
    amal = party("amal")
    mine = amal.get("/fhir/Organization/amal").json or {}
    amal.send("PUT", "/fhir/Organization/amal", {**mine, "alias": ["Amal !"]})
    assert publish(listed, hub=hub) == 0
    assert (amal.get("/fhir/Organization/amal").json or {})["alias"] == ["Amal !"]
    moved = {**listed[0], "partOf": {"reference": "Organization/nour"}}
    assert publish([moved], hub=hub) == 1
    now = amal.get("/fhir/Organization/amal").json or {}
    assert (now["alias"], now["partOf"]) == (["Amal !"], {"reference": "Organization/nour"})
    assert amal.send("PUT", "/fhir/Organization/amal", {**now, "alias": ["Amal"]}).status_code == 200
    assert profile("organization") in now["meta"]["profile"]
