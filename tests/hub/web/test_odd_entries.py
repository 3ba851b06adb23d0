"""Entries of bundles as clients get them wrong, and the rules that every Bundle keeps, whichever way it goes.

https://hl7.org/fhir/R4/http.html#transaction · https://hl7.org/fhir/R4/bundle.html#invs
"""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system
from tests.support.accompanied import Accompanied, accompany, created, incident_of, rules_broken
from tests.support.parties import BASE, Party
from tests.support.written import example

Parties = Callable[..., Party]
CODE = identifier_system("survivor-code")


@pytest.fixture
def amal(party: Parties) -> Party:
    return party("amal")


@pytest.fixture
def hers(party: Parties, survivor: Resource) -> Accompanied:
    return accompany(party, survivor)


def _json(answer: Any) -> Any:
    return answer.get_json(force=True)


def _bundle(*entries: Any, kind: str = "transaction") -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def _entry(method: str, url: str, resource: Resource | None = None, **request: Any) -> Resource:
    about = {} if resource is None else {"resource": resource}
    return {**about, "request": {"method": method, "url": url, **request}}


def _places(outcome: Resource) -> list[str]:
    return [place for issue in outcome["issue"] for place in issue.get("expression", ())]


# --- one entry that is wrong -----------------------------------------------------------------------------------------

READ = _entry("GET", "Patient?_summary=count")
WRONG: list[tuple[Any, str]] = [
    ({"resource": {"resourceType": "Patient"}}, ".request"),
    (_entry("STEAL", "Patient"), ".request.method"),
    (_entry("GET", ""), ".request.url"),
    ({"request": {"method": "GET", "url": 7}}, ".request.url"),
    ({**_entry("POST", "Patient"), "resource": ["Patient"]}, ".resource"),
    (_entry("POST", "Patient"), ".resource"),
    (_entry("GET", "Patient", {"resourceType": "Patient"}), ".resource"),
    ({**READ, "colour": "red"}, ""),
    ("Patient", ""),
    (_entry("GET", "Patient", ifNoneMatch=1), ".request.ifNoneMatch"),
    ({**READ, "fullUrl": f"{BASE}/Patient/1/_history/1"}, ".fullUrl"),  # bdl-8
    ({**READ, "search": {"mode": "match"}}, ""),  # bdl-2
    ({**READ, "response": {"status": "200"}}, ""),  # bdl-4
]


@pytest.mark.parametrize(("wrong", "place"), WRONG)
def test_of_a_batch_one_entry_that_is_wrong_is_refused_alone(
    amal: Party, survivor: Resource, hub: Hub, wrong: Any, place: str
) -> None:
    answer = amal.send("POST", "/fhir", _bundle(_entry("POST", "Patient", survivor), wrong, READ, kind="batch"))
    assert answer.status_code == 200
    made, refused, read = _json(answer)["entry"]
    assert (made["response"]["status"], read["resource"]["total"]) == ("201 Created", 1)
    assert refused["response"]["status"] == "400 Bad Request"
    assert _places(refused["response"]["outcome"]) == [f"Bundle.entry[1]{place}"]
    assert rules_broken(_json(answer)) == []

    whole = amal.send("POST", "/fhir", _bundle(_entry("POST", "Patient", survivor), wrong, READ))
    assert (whole.status_code, _json(whole)) == (400, refused["response"]["outcome"])
    assert hub.store.counts()["Patient"] == 1


@pytest.mark.parametrize(
    "url", ["::", "//elsewhere/x", "Patient/é è", "Patient\n/1", "http://[/Patient", "#", "?", "%"]
)
def test_of_a_batch_an_address_that_is_none_is_refused_alone(amal: Party, url: str) -> None:
    answer = amal.send("POST", "/fhir", _bundle(_entry("GET", url), READ, kind="batch"))
    assert answer.status_code == 200
    odd, read = _json(answer)["entry"]
    assert odd["response"]["status"][:3] in {"400", "404"} or odd["resource"]["type"] == "searchset"
    assert read["resource"]["total"] == 0


def test_what_is_wrong_with_a_batch_as_a_whole_refuses_it(amal: Party) -> None:
    twice = {**READ, "fullUrl": "urn:uuid:1f0c3c1e-0000-4000-8000-000000000001"}
    for wrong, place in (
        (_bundle(twice, twice, kind="batch"), "Bundle.entry[1].fullUrl"),  # bdl-7
        ({**_bundle(kind="batch"), "entry": {}}, "Bundle.entry"),
        ({**_bundle(READ, kind="batch"), "total": 1}, "Bundle"),  # bdl-1
    ):
        answer = amal.send("POST", "/fhir", wrong)
        assert (answer.status_code, _places(_json(answer))) == (400, [place])


# --- a patch that is wrong -------------------------------------------------------------------------------------------


def _of_json(steps: bytes) -> Resource:
    return {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": b64encode(steps).decode()}


def _fhirpath(*operations: Resource) -> Resource:
    return {"resourceType": "Parameters", "parameter": list(operations)}


@pytest.mark.parametrize(
    ("patch", "status", "place"),
    [
        (_of_json(b'[{"op": "steal", "path": "/active"}]'), 400, ".resource"),
        (_of_json(b"[]"), 400, ".resource"),
        (_of_json(b'[{"op": "test", "path": "/active", "value": 7}]'), 422, ".resource"),
        (_of_json(b"{}"), 400, ".resource.data"),
        (_fhirpath({"name": "operation", "part": []}), 400, ".resource.parameter[0]"),
        ({"resourceType": "Parameters", "parameter": []}, 400, ".resource.parameter"),
        ({"resourceType": "Patient"}, 400, ".resource"),
    ],
)
def test_a_patch_that_is_wrong_is_told_at_its_entry(
    amal: Party, survivor: Resource, patch: Resource, status: int, place: str
) -> None:
    kept = _json(amal.send("POST", "/fhir/Patient", survivor))
    sent = _bundle(_entry("POST", "Patient", survivor), _entry("PATCH", f"Patient/{kept['id']}", patch))
    answer = amal.send("POST", "/fhir", sent)
    assert (answer.status_code, _places(_json(answer))) == (status, [f"Bundle.entry[1]{place}"])
    assert _json(amal.get("/fhir/Patient?_summary=count"))["total"] == 1


def test_a_patch_that_is_wrong_is_told_as_such_also_alone(amal: Party, survivor: Resource) -> None:
    path = f"/fhir/Patient/{_json(amal.send('POST', '/fhir/Patient', survivor))['id']}"
    second = _fhirpath(
        {"name": "operation", "part": [{"name": "type", "valueCode": "delete"}, {"name": "path", "valueString": "Patient.gender"}]},
        {"name": "operation", "part": [{"name": "type", "valueCode": "steal"}]},
    )  # fmt: skip
    answer = amal.send("PATCH", path, second)
    assert (answer.status_code, _places(_json(answer))) == (400, ["Parameters.parameter[1]"])
    assert "FHIRPath" in _json(answer)["issue"][0]["diagnostics"]
    assert _json(amal.get(path))["gender"] == "female"


# --- one condition in two spellings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"identifier={CODE}|CAS-0042&gender=female", f"gender=female&identifier={CODE}|CAS-0042"),
        (f"identifier={CODE}|CAS-0042", f"identifier={CODE.replace(':', '%3A')}%7CCAS%2D0042"),
        (f"identifier={CODE}|CAS-0042", f"identifier={CODE}|CAS-0042&identifier={CODE}|CAS-0042"),
        (f"identifier={CODE}|CAS-0042", f"Patient?identifier={CODE}|CAS-0042"),
        (f"identifier={CODE}|CAS-0042", f"identifier={CODE}|CAS-0042,{CODE}|CAS-0042&_format=json"),
        (f"identifier={CODE}|A,{CODE}|B", f"identifier={CODE}|B,{CODE}|A"),
        (f"identifier={CODE}|A&gender=female", f"identifier={CODE}|A&gender=http://hl7.org/fhir/administrative-gender|female"),
        ("organization=Organization/amal", f"organization={BASE}/Organization/amal"),
    ],
)  # fmt: skip
def test_one_condition_in_two_spellings_creates_no_two_resources(
    amal: Party, survivor: Resource, hub: Hub, one: str, other: str
) -> None:
    sent = [_entry("POST", "Patient", survivor, ifNoneExist=condition) for condition in (one, other)]
    answer = amal.send("POST", "/fhir", _bundle(*sent))
    assert (answer.status_code, _places(_json(answer))) == (400, ["Bundle.entry[1].request.ifNoneExist"])
    assert hub.store.counts().get("Patient", 0) == 0


def test_two_conditions_are_two(amal: Party, survivor: Resource, hub: Hub) -> None:
    asked = [f"identifier={CODE}|A", f"identifier={CODE}|B", "identifier=|A", f"identifier={CODE}|A&gender=male"]
    sent = [_entry("POST", "Patient", survivor, ifNoneExist=condition) for condition in asked]
    assert amal.send("POST", "/fhir", _bundle(*sent)).status_code == 200
    assert hub.store.counts()["Patient"] == len(asked)


def _numbered(survivor: Resource, number: str) -> Resource:
    return survivor | {"identifier": [{**survivor["identifier"][0], "value": number}]}


@pytest.mark.parametrize(
    ("first", "second", "place"),
    [
        (("POST", f"identifier={CODE}|N"), ("POST", "identifier=N&gender=female"), 1),
        (("POST", f"identifier={CODE}|N"), ("POST", "_profile=https://ihala.example/fhir/StructureDefinition/survivor"), 1),
        (("POST", f"identifier={CODE}|N"), ("POST", ""), 0),
        (("POST", ""), ("POST", "gender=female&organization=Organization/amal"), 1),
        (("PUT", f"identifier={CODE}|N"), ("PUT", "identifier=N"), 1),
        (("POST", ""), ("PUT", "identifier=N"), 1),
        (("POST", f"identifier={CODE}|N"), ("PUT", "identifier=|N"), 0),
    ],
)  # fmt: skip
def test_what_would_find_another_entry_if_that_had_come_first_is_refused(
    amal: Party, survivor: Resource, hub: Hub, first: tuple[str, str], second: tuple[str, str], place: int
) -> None:
    """https://hl7.org/fhir/R4/http.html#trules: what comes of a transaction does not depend on the order of its entries."""

    def entry(method: str, condition: str) -> Resource:
        if method == "PUT":
            return _entry("PUT", f"Patient?{condition}", _numbered(survivor, "N"))
        return _entry("POST", "Patient", _numbered(survivor, "N"), **({"ifNoneExist": condition} if condition else {}))

    there, back = [entry(*first), entry(*second)], [entry(*second), entry(*first)]
    for sent, wrong in ((there, place), (back, 1 - place)):
        answer = amal.send("POST", "/fhir", _bundle(*sent))
        both = first[1] and second[1] and first[0] == second[0]
        assert (answer.status_code, _places(_json(answer))) == (400, [f"Bundle.entry[{1 if both else wrong}].request"])
    assert hub.store.counts().get("Patient", 0) == 0


def test_what_finds_no_other_entry_is_carried_out(amal: Party, survivor: Resource, hub: Hub) -> None:
    kept = _json(amal.send("POST", "/fhir/Patient", _numbered(survivor, "old")))
    sent = [_entry("POST", "Patient", _numbered(survivor, n), ifNoneExist=f"identifier={n}") for n in ("A", "B", "old")]
    sent.append(_entry("PUT", "Patient?identifier=C", _numbered(survivor, "C")))
    answer = amal.send("POST", "/fhir", _bundle(*sent))
    told = [one["response"] for one in _json(answer)["entry"]]
    assert [one["status"][:3] for one in told] == ["201", "201", "200", "201"]
    assert kept["id"] in told[2]["location"]
    changed = _entry("PUT", f"Patient/{kept['id']}", {**_numbered(survivor, "D"), "id": kept["id"]})
    met = amal.send("POST", "/fhir", _bundle(changed, _entry("POST", "Patient", survivor, ifNoneExist="identifier=D")))
    assert (met.status_code, _places(_json(met))) == (400, ["Bundle.entry[1].request"])
    assert hub.store.counts()["Patient"] == 4


# --- a batch is many requests ----------------------------------------------------------------------------------------


def test_the_entries_of_a_batch_are_done_and_answered_in_order_and_know_nothing_of_each_other(
    amal: Party, survivor: Resource
) -> None:
    """https://hl7.org/fhir/R4/http.html#brules"""
    urn = "urn:uuid:11111111-0000-4000-8000-000000000001"
    performer = [{"reference": "Organization/amal"}]
    observed = [
        example("incident") | {"subject": {"reference": to}, "performer": performer}
        for to in (urn, "Patient?identifier=CAS-0042")
    ]
    sent = [
        {"fullUrl": urn, **_entry("POST", "Patient", survivor)},
        READ,
        *(_entry("POST", "Observation", one) for one in observed),
        READ,
    ]
    first, counted, by_urn, by_condition, again = _json(amal.send("POST", "/fhir", _bundle(*sent, kind="batch")))[
        "entry"
    ]
    assert (first["response"]["status"], counted["resource"]["total"], again["resource"]["total"]) == (
        "201 Created",
        1,
        1,
    )
    for refused in (by_urn, by_condition):
        assert refused["response"]["status"] == "422 Unprocessable Entity"
        assert _places(refused["response"]["outcome"]) == ["Observation.subject.reference"]


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_a_head_in_a_bundle_tells_the_version_and_shows_nothing(amal: Party, survivor: Resource, kind: str) -> None:
    path = f"Patient/{_json(amal.send('POST', '/fhir/Patient', survivor))['id']}"
    sent = [_entry("HEAD", path), _entry("HEAD", "Patient/no-such"), _entry("GET", path, ifNoneMatch='W/"1"')]
    there, absent, known = _json(amal.send("POST", "/fhir", _bundle(*sent, kind=kind)))["entry"]
    assert there.keys() == absent.keys() == known.keys() == {"response"}
    assert (there["response"]["status"], there["response"]["etag"]) == ("200 OK", 'W/"1"')
    assert (absent["response"], known["response"]["status"]) == ({"status": "404 Not Found"}, "304 Not Modified")


# --- the order of a transaction --------------------------------------------------------------------------------------


def test_what_is_deleted_goes_first_and_what_is_read_comes_last_wherever_it_stands(hers: Accompanied) -> None:
    """https://hl7.org/fhir/R4/http.html#trules: DELETE, POST, PUT and PATCH, then GET and HEAD."""
    incident = incident_of(hers.patient)
    old, kept = (f"Observation/{created(hers.amal, incident)}" for _ in range(2))
    changed = {**_json(hers.amal.get(f"/fhir/{kept}")), "status": "amended"}
    sent = [
        _entry("GET", old),
        _entry("GET", f"Observation?patient={hers.patient}&_summary=count"),
        _entry("GET", kept),
        _entry("PUT", kept, changed),
        _entry("POST", "Observation", {**incident, "id": "mine", "meta": {**incident["meta"], "versionId": "7"}}),
        _entry("DELETE", old),
    ]
    answer = hers.amal.send("POST", "/fhir", _bundle(*sent))
    gone, count, read, updated, made, deleted = _json(answer)["entry"]
    assert [one["response"]["status"][:3] for one in (gone, count, read, updated, made, deleted)] == [
        "410", "200", "200", "200", "201", "204",
    ]  # fmt: skip
    assert (count["resource"]["total"], read["resource"]["status"]) == (2, "amended")
    assert read["response"]["etag"] == updated["response"]["etag"] == 'W/"2"'
    assert made["response"]["location"].endswith("/_history/1") and "/mine/" not in made["response"]["location"]


def test_one_resource_under_two_addresses_is_one_resource(hers: Accompanied) -> None:
    """https://hl7.org/fhir/R4/http.html#trules: nor may what a condition finds be what another entry names."""
    one = f"Observation/{created(hers.amal, incident_of(hers.patient))}"
    found, body = f"Observation?_id={one.partition('/')[2]}", _json(hers.amal.get(f"/fhir/{one}"))
    by_id = [_entry("PUT", one, body | {"status": "amended"}), _entry("DELETE", one)]
    by_condition = [_entry("DELETE", found), _entry("PATCH", found, _of_json(b'[{"op":"remove","path":"/status"}]'))]
    by_condition += [_entry("POST", "Observation", incident_of(hers.patient), ifNoneExist=found.partition("?")[2])]
    for first in by_id:
        for second in by_condition:
            answer = hers.amal.send("POST", "/fhir", _bundle(first, second))
            assert (answer.status_code, _places(_json(answer))) == (400, ["Bundle.entry[1].request.url"])
    assert hers.amal.get(f"/fhir/{one}").headers["ETag"] == 'W/"1"'


def test_a_deletion_of_what_several_are_undoes_the_whole(hers: Accompanied) -> None:
    for _ in range(2):
        created(hers.amal, incident_of(hers.patient))
    deletion = _entry("DELETE", f"Observation?patient={hers.patient}")
    answer = hers.amal.send(
        "POST", "/fhir", _bundle(_entry("POST", "Observation", incident_of(hers.patient)), deletion)
    )
    assert (answer.status_code, _json(answer)["issue"][0]["code"]) == (412, "multiple-matches")
    assert _json(hers.amal.get(f"/fhir/Observation?patient={hers.patient}"))["total"] == 2


# --- the rules of every Bundle ---------------------------------------------------------------------------------------


def test_every_bundle_that_goes_out_keeps_the_rules_of_bundles(hers: Accompanied) -> None:
    """https://hl7.org/fhir/R4/bundle.html#invs: bdl-1 to bdl-5 and bdl-7 to bdl-12, as the general validator judges them."""
    steps = [_entry("GET", hers.patient), _entry("GET", "Patient/no-such"), _entry("GET", "Task?_include=Task:patient")]
    sent = {
        "Task?_include=Task:patient&_revinclude=Provenance:target": "searchset",
        "Task?_count=1&nothing=x": "searchset",
        "Task?_summary=count": "searchset",
        "?_type=Patient,Task": "searchset",
        f"{hers.patient}/*": "searchset",
        f"{hers.patient}/$everything": "searchset",
        f"{hers.patient}/_history": "history",
        "Task/_history": "history",
        "_history": "history",
    }
    out = {path: _json(hers.amal.get(f"/fhir{path if path[0] == '?' else f'/{path}'}")) for path in sent}
    for kind in ("batch", "transaction"):
        changes = [_entry("PUT", hers.patient, _json(hers.amal.get(f"/fhir/{hers.patient}")))]
        out[kind] = _json(hers.amal.send("POST", "/fhir", _bundle(*changes, *steps, kind=kind)))
        sent[kind] = f"{kind}-response"
    assert {path: bundle.get("type") for path, bundle in out.items()} == sent
    assert {path: rules_broken(bundle) for path, bundle in out.items() if rules_broken(bundle)} == {}
    assert all(one["entry"] for path, one in out.items() if path != "Task?_summary=count")
