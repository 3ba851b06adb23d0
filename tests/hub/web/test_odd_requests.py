"""Odd requests that RFC 9110 and FHIR permit, and those that they do not: each has a right answer and says how it is asked rightly.

https://hl7.org/fhir/R4/http.html · https://www.rfc-editor.org/rfc/rfc9110
"""

from collections.abc import Callable
from typing import Any

import pytest

from hub.exchange import Hub
from hub.fhir import Resource
from tests.support.parties import BASE, Party

Parties = Callable[..., Party]


@pytest.fixture
def amal(party: Parties) -> Party:
    return party("amal")


@pytest.fixture
def address(amal: Party, survivor: Resource) -> str:
    return f"/fhir/Patient/{_json(amal.send('POST', '/fhir/Patient', survivor))['id']}"


def _json(answer: Any) -> Any:
    return answer.get_json(force=True)


def _batch(*entries: Resource, kind: str = "batch") -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def _entry(method: str, url: str, resource: Resource | None = None, **request: str) -> Resource:
    about = {} if resource is None else {"resource": resource}
    return {**about, "request": {"method": method, "url": url, **request}}


def _statuses(answer: Any) -> list[str]:
    return [one["response"]["status"][:3] for one in _json(answer)["entry"]]


# --- headers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["{}", "{}/_history/1"])
def test_a_read_of_another_version_than_that_of_if_match_is_refused_and_shows_nothing(
    amal: Party, address: str, path: str
) -> None:
    asked = path.format(address)
    assert [amal.get(asked, If_Match=tag).status_code for tag in ('W/"1"', '"1"', "*")] == [200, 200, 200]
    stale = amal.get(asked, If_Match='W/"2"')
    assert (stale.status_code, _json(stale)["resourceType"]) == (412, "OperationOutcome")
    assert amal.get(asked, If_Match="garbage").status_code == 400
    assert amal.get(asked, If_Match='W/"1"', If_None_Match='W/"1"').status_code == 304


@pytest.mark.parametrize(
    ("method", "path", "body", "allowed"),
    [
        ("DELETE", "Patient/1", None, "GET, HEAD, OPTIONS, PATCH, PUT"),
        ("PUT", "AuditEvent/1", {"resourceType": "AuditEvent", "id": "1"}, "GET, HEAD, OPTIONS"),
        ("POST", "AuditEvent", {"resourceType": "AuditEvent"}, "GET, HEAD, OPTIONS"),
        ("POST", "Patient/1/_history", None, "GET, HEAD, OPTIONS"),
    ],
)
def test_who_is_refused_a_method_is_told_which_there_are(
    amal: Party, method: str, path: str, body: Resource | None, allowed: str
) -> None:
    answer = amal.send(method, f"/fhir/{path}", body)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("accept", ["", ",", " , "])
def test_an_accept_that_says_nothing_asks_for_nothing(amal: Party, address: str, accept: str) -> None:
    assert amal.get(address, Accept=accept).status_code == 200


def test_a_patch_release_of_r4_is_r4(amal: Party, address: str, survivor: Resource) -> None:
    assert amal.get(address, Accept="application/fhir+json; fhirVersion=4.0.1").status_code == 200
    assert amal.get(address, Accept="application/fhir+json; fhirVersion=4.3").status_code == 406
    sent = amal.send("POST", "/fhir/Patient", survivor, Content_Type="application/fhir+json; fhirVersion=4.0.1")
    assert sent.status_code == 201


@pytest.mark.parametrize("prefer", ["Return=minimal", "return=minimal, return=representation", "foo, RETURN = minimal"])
def test_a_preference_is_read_as_http_writes_it(amal: Party, survivor: Resource, prefer: str) -> None:
    answer = amal.send("POST", "/fhir/Patient", survivor, Prefer=prefer)
    assert (answer.status_code, answer.data) == (201, b"")


def test_a_transaction_reads_its_preference_as_a_create_does(amal: Party, survivor: Resource) -> None:
    sent = _batch(_entry("POST", "Patient", survivor), kind="transaction")
    spelled = _json(amal.send("POST", "/fhir", sent, Prefer='return = "representation"'))["entry"][0]
    assert spelled["resource"]["resourceType"] == "Patient"
    assert "resource" not in _json(amal.send("POST", "/fhir", sent, Prefer="return=nothing"))["entry"][0]


# --- conditions ------------------------------------------------------------------------------------------------------


def test_a_condition_on_another_type_is_refused(amal: Party, survivor: Resource, hub: Hub) -> None:
    for condition in ("Organization?identifier=CAS-0042", f"{BASE}/Organization?identifier=CAS-0042"):
        assert amal.send("POST", "/fhir/Patient", survivor, If_None_Exist=condition).status_code == 400
        sent = _batch(_entry("POST", "Patient", survivor, ifNoneExist=condition), kind="transaction")
        refused = amal.send("POST", "/fhir", sent)
        assert refused.status_code == 400
        assert _json(refused)["issue"][0]["expression"] == ["Bundle.entry[0].request"]
    assert hub.store.counts().get("Patient", 0) == 0
    for condition in ("Patient?identifier=CAS-0042", "?identifier=CAS-0042", f"{BASE}/Patient?identifier=CAS-0042"):
        assert amal.send("POST", "/fhir/Patient", survivor, If_None_Exist=condition).status_code in {200, 201}
    assert hub.store.counts()["Patient"] == 1


def test_what_one_condition_tells_apart_is_not_created_twice_in_a_transaction(
    amal: Party, survivor: Resource, hub: Hub
) -> None:
    once = _entry("POST", "Patient", survivor, ifNoneExist="identifier=CAS-0042")
    refused = amal.send("POST", "/fhir", _batch(once, once, kind="transaction"))
    assert refused.status_code == 400
    assert _json(refused)["issue"][0]["expression"] == ["Bundle.entry[1].request.ifNoneExist"]
    assert hub.store.counts().get("Patient", 0) == 0
    assert amal.send("POST", "/fhir", _batch(once, kind="transaction")).status_code == 200


# --- entries of a bundle ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ifMatch", "ifNoneMatch", "ifModifiedSince", "ifNoneExist"])
def test_a_line_break_in_what_stands_for_a_header_is_refused_with_its_place(
    amal: Party, survivor: Resource, name: str
) -> None:
    sent = _entry("PUT", "Patient/1", {**survivor, "id": "1"}, **{name: 'W/"1"\r\nX-Other: y'})
    refused = amal.send("POST", "/fhir", _batch(sent, kind="transaction"))
    assert refused.status_code == 400
    assert _json(refused)["issue"][0]["expression"] == [f"Bundle.entry[0].request.{name}"]
    (alone,) = _json(amal.send("POST", "/fhir", _batch(sent)))["entry"]
    assert alone["response"]["outcome"] == _json(refused)


def test_an_entry_may_name_the_base_itself(amal: Party, address: str) -> None:
    answer = amal.send("POST", "/fhir", _batch(_entry("GET", f"{BASE}?_type=Patient"), _entry("GET", "?_type=Patient")))
    assert [one["resource"]["total"] for one in _json(answer)["entry"]] == [1, 1]
    elsewhere = amal.send("POST", "/fhir", _batch(_entry("GET", f"{BASE}2/Patient")))
    assert _statuses(elsewhere) == ["404"]


def test_a_search_and_an_operation_are_asked_by_post_in_a_batch(amal: Party, survivor: Resource, address: str) -> None:
    sent = _batch(
        _entry("POST", "Patient/_search?gender=female"),
        _entry("POST", "Patient/$match", survivor),
        _entry("POST", "Patient/$match", {"resourceType": "Parameters"}),
        _entry("POST", f"{address.removeprefix('/fhir/')}/$meta"),
    )
    answer = amal.send("POST", "/fhir", sent)
    assert _statuses(answer) == ["200", "200", "400", "200"]
    assert [_json(answer)["entry"][n]["resource"]["total"] for n in (0, 1)] == [1, 1]
    (refused,) = _json(amal.send("POST", "/fhir", _batch(_entry("POST", "Patient/_search", survivor))))["entry"]
    assert refused["response"]["outcome"]["issue"][0]["expression"] == ["Bundle.entry[0].resource"]


# --- searches --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked", ["_sort:asc=status", "_include:recurse=Task:patient", "_count:exact=1", "_total:not=none"]
)
def test_a_modifier_of_what_shapes_the_answer_is_refused_if_it_is_none(amal: Party, asked: str) -> None:
    answer = amal.get(f"/fhir/Task?{asked}")
    assert answer.status_code == 400
    assert _json(answer)["issue"][0]["expression"] == [f"http.{asked.partition('=')[0]}"]


@pytest.mark.parametrize("name", ["_id", "_lastUpdated"])
def test_what_every_resource_has_is_missing_in_none(amal: Party, address: str, name: str) -> None:
    of_one_type = [_json(amal.get(f"/fhir/Patient?{name}:missing={said}"))["total"] for said in ("true", "false")]
    of_all = [_json(amal.get(f"/fhir?_type=Patient&{name}:missing={said}"))["total"] for said in ("true", "false")]
    assert of_one_type == of_all == [0, 1]


def test_a_code_is_found_in_the_system_of_its_element_and_in_no_other(amal: Party, address: str) -> None:
    gender = "http://hl7.org/fhir/administrative-gender"
    for path, found in {
        f"Patient?gender={gender}|female": 1,
        f"Patient?gender={gender}|": 1,
        f"Patient?gender={gender}|male": 0,
        "Patient?gender=urn:other|female": 0,
        f"Patient?gender:not={gender}|female": 0,
        "Patient?gender:not=urn:other|female": 1,
        f"Patient?gender={gender}|male,female": 1,
    }.items():
        assert _json(amal.get(f"/fhir/{path}"))["total"] == found, path


def test_a_type_among_the_parameters_of_one_type_is_told_to_be_ignored(amal: Party) -> None:
    answer = _json(amal.get("/fhir/Patient?_type=Task"))
    assert [link["url"] for link in answer["link"] if link["relation"] == "self"] == [f"{BASE}/Patient"]
    assert [one["search"]["mode"] for one in answer["entry"]] == ["outcome"]
    assert amal.get("/fhir/Patient?_type=Task", Prefer="handling=strict").status_code == 400


@pytest.mark.parametrize(
    ("asked", "way"),
    [
        ("owner.nothing=x", "owner.parameter"),
        ("status.x=y", "owner.parameter"),
        ("_has:Task:nothing:status=x", "_has:Type:reference:parameter"),
    ],
)
def test_who_writes_a_chain_wrongly_is_told_how_it_is_written(amal: Party, asked: str, way: str) -> None:
    answer = amal.get(f"/fhir/Task?{asked}")
    assert answer.status_code == 400
    assert way in _json(answer)["issue"][0]["diagnostics"]
