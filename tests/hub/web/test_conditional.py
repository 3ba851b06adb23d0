"""Conditional create, update, patch and delete over HTTP: https://hl7.org/fhir/R4/http.html#ccreate"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system
from hub.store import MongoStore
from hub.texts import LANGUAGES, say
from tests.support.parties import Party
from tests.support.shared_case import PATCH, SharedCase, as_new, share, stored, to

Parties = Callable[..., Party]
SYSTEM = identifier_system("survivor-code")
BY_CODE = f"identifier={SYSTEM}|CAS-0042"
MERGE = {"Content_Type": "application/merge-patch+json"}


@pytest.fixture
def amal(party: Parties) -> Party:
    return party("amal")


@pytest.fixture
def case(party: Parties, survivor: Resource) -> SharedCase:
    return share(party, survivor)


def create(party: Party, resource: Resource, condition: str = BY_CODE, **headers: str) -> Any:
    return party.send("POST", f"/fhir/{resource['resourceType']}", resource, If_None_Exist=condition, **headers)


# --- create ----------------------------------------------------------------------------------------------------------


def test_what_is_there_already_is_not_created_again(amal: Party, survivor: Resource) -> None:
    first, again = create(amal, survivor), create(amal, {**survivor, "active": False}, f"Patient?{BY_CODE}")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json
    assert (again.headers["ETag"], again.headers["Location"]) == ('W/"1"', first.headers["Location"])
    assert create(amal, survivor, Prefer="return=minimal").data == b""
    assert (amal.get(f"/fhir/Patient?{BY_CODE}").json or {})["total"] == 1


def test_a_condition_that_several_meet_is_refused(amal: Party, survivor: Resource) -> None:
    for _ in range(2):
        amal.send("POST", "/fhir/Patient", survivor)
    answer = create(amal, survivor)
    assert answer.status == "412 Precondition Failed"
    assert (answer.json or {})["issue"][0]["code"] == "multiple-matches"


def test_what_another_keeps_and_the_caller_does_not_see_is_no_match(party: Parties, survivor: Resource) -> None:
    create(party("amal"), survivor)
    hers = {**survivor, "managingOrganization": {"reference": "Organization/nour"}}
    assert create(party("nour"), hers).status_code == 201


@pytest.mark.parametrize("condition", ["", "_sort=identifier", "colour=red", "identifier=", "_count=1"])
def test_what_is_no_condition_is_refused(amal: Party, survivor: Resource, condition: str) -> None:
    assert create(amal, survivor, condition).status == "400 Bad Request"
    assert (amal.get(f"/fhir/Patient?{BY_CODE}").json or {})["total"] == 0


def test_a_condition_needs_the_scope_of_searching(party: Parties, survivor: Resource) -> None:
    assert create(party("amal", "system/Patient.c"), survivor).status == "403 Forbidden"


@pytest.mark.parametrize("other", [BY_CODE, "identifier=CAS-0042"])
def test_of_many_who_create_one_identity_at_once_one_wins(amal: Party, survivor: Resource, other: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        conditions = [BY_CODE, other] * 3
        answers = list(pool.map(lambda condition: create(amal, survivor, condition), conditions))
    statuses = sorted(one.status_code for one in answers)
    assert statuses.count(201) == 1, statuses
    assert set(statuses) <= {200, 201, 409}
    assert (amal.get(f"/fhir/Patient?{BY_CODE}").json or {})["total"] == 1


# --- update ----------------------------------------------------------------------------------------------------------


def test_what_is_found_is_updated_and_what_is_not_is_created(amal: Party, survivor: Resource) -> None:
    path = f"/fhir/Patient?{BY_CODE}"
    made = amal.send("PUT", path, survivor)
    assert made.status_code == 201, made.text
    changed = amal.send("PUT", path, {**survivor, "active": False})
    assert (changed.status_code, changed.headers["ETag"]) == (200, 'W/"2"')
    id_ = (made.json or {})["id"]
    assert (changed.json or {})["id"] == id_
    assert amal.send("PUT", path, {**survivor, "id": id_}).status_code == 200
    assert amal.send("PUT", path, {**survivor, "id": "other"}).status == "400 Bad Request"
    assert amal.send("PUT", path, survivor, If_Match='W/"1"').status == "412 Precondition Failed"


def test_ids_are_given_by_the_hub_alone(amal: Party, survivor: Resource) -> None:
    refused = amal.send("PUT", f"/fhir/Patient?{BY_CODE}", {**survivor, "id": "mine"})
    assert refused.status == "405 Method Not Allowed"


def test_an_update_of_what_several_are_is_refused(amal: Party, survivor: Resource) -> None:
    for _ in range(2):
        amal.send("POST", "/fhir/Patient", survivor)
    assert amal.send("PUT", f"/fhir/Patient?{BY_CODE}", survivor).status == "412 Precondition Failed"
    assert (
        amal.send("PATCH", f"/fhir/Patient?{BY_CODE}", {"active": False}, **MERGE).status == "412 Precondition Failed"
    )


# --- patch and delete ------------------------------------------------------------------------------------------------


def test_what_is_found_is_patched(case: SharedCase) -> None:
    path = f"/fhir/Observation?patient={case.patient}"
    steps = [{"op": "replace", "path": "/status", "value": "amended"}]
    assert case.keeper.send("PATCH", path, steps, **PATCH).status_code == 200
    nothing = case.stranger.send("PATCH", path, steps, **PATCH)
    assert (nothing.status_code, nothing.data) == (404, case.stranger.get(f"/fhir/{case.incident}").data)
    assert case.reader.send("PATCH", path, steps, **PATCH).status == "403 Forbidden"


def test_what_is_found_is_deleted_and_of_nothing_it_is_the_same(case: SharedCase, store: MongoStore) -> None:
    path = f"/fhir/Observation?patient={case.patient}"
    assert case.stranger.send("DELETE", path).status_code == 204
    assert case.keeper.get(f"/fhir/{case.incident}").status_code == 200
    assert case.keeper.send("DELETE", path).status_code == 204
    assert case.keeper.get(f"/fhir/{case.incident}").status_code == 410
    assert case.keeper.send("DELETE", path).status_code == 204
    assert case.keeper.send("DELETE", "/fhir/Observation").status == "400 Bad Request"
    assert "hub erase" in case.keeper.send("DELETE", f"/fhir/Patient?{BY_CODE}").text


def test_a_deletion_of_what_several_are_is_refused_and_a_patch_of_nothing_is_not_found(case: SharedCase) -> None:
    again = stored(case.keeper, as_new("incident", subject=to(case.patient), performer=[to("Organization/amal")]))
    both = f"/fhir/Observation?patient={case.patient}"
    refused = case.keeper.send("DELETE", both)
    assert (refused.status_code, (refused.json or {})["issue"][0]["code"]) == (412, "multiple-matches")
    steps = [{"op": "replace", "path": "/status", "value": "amended"}]
    assert case.keeper.send("PATCH", both, steps, **PATCH).status_code == 412
    none = case.keeper.send("PATCH", "/fhir/Observation?_id=nobody", steps, **PATCH)
    assert (none.status_code, (none.json or {})["issue"][0]["code"]) == (404, "not-found")
    for one in (case.incident, f"Observation/{again['id']}"):
        assert case.keeper.get(f"/fhir/{one}").headers["ETag"] == 'W/"1"'


@pytest.mark.parametrize("query", ["identifier=&status=final", "status=final&code=", "identifier="])
def test_a_value_that_is_not_there_is_not_left_out_of_a_condition(case: SharedCase, query: str) -> None:
    """Without it, another one would be meant: the only one that there is."""
    path, steps = f"/fhir/Observation?{query}", [{"op": "replace", "path": "/status", "value": "amended"}]
    new = as_new("incident", subject=to(case.patient), performer=[to("Organization/amal")])
    answers = [
        case.keeper.send("PATCH", path, steps, **PATCH),
        case.keeper.send("PUT", path, new),
        case.keeper.send("DELETE", path),
        create(case.keeper, new, query),
    ]
    assert {(one.status_code, (one.json or {})["issue"][0]["code"]) for one in answers} == {(400, "required")}
    entry = {"resource": new, "request": {"method": "POST", "url": "Observation", "ifNoneExist": query}}
    whole = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    assert case.keeper.send("POST", "/fhir", whole).status_code == 400
    found = case.keeper.get("/fhir/Observation").json or {}
    assert [one["resource"]["meta"]["versionId"] for one in found["entry"]] == ["1"]


def test_a_version_of_what_is_not_there_is_none_and_nothing_is_created(amal: Party, survivor: Resource) -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1"""
    path = f"Patient?{BY_CODE}"
    assert amal.send("PUT", f"/fhir/{path}", survivor, If_Match='W/"1"').status == "412 Precondition Failed"
    entry = {"resource": survivor, "request": {"method": "PUT", "url": path, "ifMatch": 'W/"1"'}}
    for kind, status in (("transaction", 412), ("batch", 200)):
        answer = amal.send("POST", "/fhir", {"resourceType": "Bundle", "type": kind, "entry": [entry]})
        assert answer.status_code == status
        assert kind == "transaction" or (answer.json or {})["entry"][0]["response"]["status"].startswith("412")
    assert (amal.get(f"/fhir/{path}").json or {})["total"] == 0
    assert amal.send("PUT", f"/fhir/{path}", survivor).status_code == 201


def test_a_condition_and_a_version_must_both_hold(case: SharedCase) -> None:
    path, stale, right = f"/fhir/Observation?patient={case.patient}", {"If_Match": 'W/"7"'}, {"If_Match": 'W/"1"'}
    steps = [{"op": "replace", "path": "/status", "value": "amended"}]
    body = {**(case.keeper.get(f"/fhir/{case.incident}").json or {}), "status": "amended"}
    for answer in (
        case.keeper.send("PATCH", path, steps, **PATCH, **stale),
        case.keeper.send("PUT", path, body, **stale),
        case.keeper.send("DELETE", path, **stale),
    ):
        assert answer.status == "412 Precondition Failed"
    assert case.keeper.get(f"/fhir/{case.incident}").headers["ETag"] == 'W/"1"'
    assert case.keeper.send("PATCH", path, steps, **PATCH, **right).headers["ETag"] == 'W/"2"'
    assert case.keeper.send("DELETE", path, If_Match='W/"2"').status_code == 204


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_there_already_is_not_called_saved(amal: Party, survivor: Resource, language: str) -> None:
    wish = {"Prefer": "return=OperationOutcome", "Accept_Language": language}
    made, found = (create(amal, survivor, **wish) for _ in range(2))
    assert (made.status_code, found.status_code) == (201, 200)
    for answer, key in ((made, "web.saved"), (found, "web.there-already")):
        (issue,) = (answer.json or {})["issue"]
        assert (issue["severity"], issue["diagnostics"]) == ("information", say(key, language))
        assert answer.headers["Location"].endswith("/_history/1") and answer.headers["ETag"] == 'W/"1"'
    request = {"method": "POST", "url": "Patient", "ifNoneExist": BY_CODE}
    sent = {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": survivor, "request": request}]}
    (entry,) = (amal.send("POST", "/fhir", sent, **wish).json or {})["entry"]
    assert entry["response"]["outcome"]["issue"][0]["diagnostics"] == say("web.there-already", language)


def test_the_statement_says_so(amal: Party) -> None:
    resources = {one["type"]: one for one in (amal.get("/fhir/metadata").json or {})["rest"][0]["resource"]}
    observation, patient = resources["Observation"], resources["Patient"]
    assert (observation["conditionalCreate"], observation["conditionalUpdate"]) == (True, True)
    assert (observation["conditionalDelete"], patient["conditionalDelete"]) == ("single", "not-supported")
    assert (observation["readHistory"], observation["updateCreate"]) == (True, False)
