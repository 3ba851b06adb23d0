"""Odd requests that RFC 9110 and FHIR permit, and those that they do not: each has a right answer and says how it is asked rightly.

https://hl7.org/fhir/R4/http.html · https://www.rfc-editor.org/rfc/rfc9110
"""

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from hub.conformance import validate
from hub.exchange import Hub
from hub.fhir import Resource
from hub.ports import Changes, Save
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


@pytest.mark.parametrize(
    ("name", "value"),
    [("If-None-Match", "*"), ("If-None-Match", 'W/"1"'), ("If-Unmodified-Since", "Fri, 01 Jan 2100 00:00:00 GMT")],
)
def test_a_change_that_hangs_on_what_is_not_asked_is_refused_and_not_made(
    amal: Party, address: str, survivor: Resource, name: str, value: str
) -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#section-13.2: a condition that is left out is a change against the client's word."""
    body = {**survivor, "id": address.rpartition("/")[2], "active": False}
    for method, path, sent, media in (
        ("PUT", address, body, "application/fhir+json"),
        ("PUT", "/fhir/Patient?identifier=CAS-0042", survivor | {"active": False}, "application/fhir+json"),
        ("PATCH", address, {"active": False}, "application/json"),
        ("DELETE", "/fhir/Observation?_id=nobody", None, "application/fhir+json"),
    ):
        answer = amal.send(method, path, sent, Content_Type=media, **{name.replace("-", "_"): value})
        assert (answer.status_code, _json(answer)["issue"][0]["expression"]) == (400, [f"http.{name}"])
    if name == "If-None-Match":
        entry = _entry("PUT", address.removeprefix("/fhir/"), body, ifNoneMatch=value)
        whole = amal.send("POST", "/fhir", _batch(entry, kind="transaction"))
        assert (whole.status_code, _json(whole)["issue"][0]["expression"]) == (
            400,
            ["Bundle.entry[0].request.ifNoneMatch"],
        )
        assert _statuses(amal.send("POST", "/fhir", _batch(entry))) == ["400"]
    assert amal.get(address).headers["ETag"] == 'W/"1"'
    both = {"If_Match": 'W/"1"', "If_Unmodified_Since": value}  # where both are said the version decides
    assert name == "If-None-Match" or amal.send("PUT", address, body, **both).status_code == 200


def test_what_is_served_but_not_in_a_transaction_is_told_so(amal: Party) -> None:
    refused = amal.send(
        "POST", "/fhir", _batch(_entry("POST", "Subscription", {"resourceType": "Subscription"}), kind="transaction")
    )
    assert (refused.status_code, _json(refused)["issue"][0]["code"]) == (405, "not-supported")
    unheard = amal.send("POST", "/fhir", _batch(_entry("POST", "Moon", {"resourceType": "Moon"}), kind="transaction"))
    assert unheard.status_code == 404
    assert _statuses(amal.send("POST", "/fhir", _batch(_entry("GET", "Subscription")))) == ["200"]


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


# --- operations and ids ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "Patient/$match", "OPTIONS, POST"),
        ("HEAD", "Patient/$match", "OPTIONS, POST"),
        ("PUT", "Patient/$match", "OPTIONS, POST"),
        ("DELETE", "Patient/$everything", "GET, HEAD, OPTIONS, POST"),
        ("GET", "Patient/1/$meta-add", "OPTIONS, POST"),
        ("GET", "Task/1/$close", "OPTIONS, POST"),
        ("GET", "$import-register", "OPTIONS, POST"),
        ("PUT", "$export", "GET, HEAD, OPTIONS, POST"),
        ("PATCH", "ValueSet/$expand", "GET, HEAD, OPTIONS, POST"),
    ],
)
def test_an_operation_that_is_asked_by_another_method_says_by_which_it_is(
    amal: Party, method: str, path: str, allowed: str
) -> None:
    answer = amal.send(method, f"/fhir/{path}", {} if method in {"PUT", "PATCH"} else None)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
    assert method == "HEAD" or _json(answer)["issue"][0]["code"] == "not-supported"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "path", ["Patient/$nothing", "Patient/1/$nothing", "$nothing", "Task/$match", "Medication/$meta"]
)
def test_an_operation_that_there_is_not_is_told_as_such(amal: Party, method: str, path: str) -> None:
    answer = amal.send(method, f"/fhir/{path}", {"resourceType": "Parameters"} if method in {"POST", "PUT"} else None)
    assert answer.status_code == 404
    assert "Allow" not in answer.headers
    assert _json(answer)["issue"][0]["code"] == "not-supported"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST"])
def test_of_an_id_that_is_not_there_and_of_one_that_is_hidden_the_same_is_answered(
    party: Parties, address: str, survivor: Resource, method: str
) -> None:
    """R4 has 405 for an update that would create. Whether it would is what nobody may learn, and 404 is said of both."""
    chu, (_, _, type_, id_), never = party("chu"), address.split("/"), "00000000-0000-4000-8000-00000000dead"
    answers = []
    for one in (id_, never):
        told = {"op": "replace", "path": "/active", "value": False}
        sent: Any = {**survivor, "id": one} if method == "PUT" else [told]
        media = "application/fhir+json" if method == "PUT" else "application/json-patch+json"
        path = f"/fhir/{type_}/{one}" + ("/$meta-add" if method == "POST" else "")
        answers.append(chu.send(method, path, sent, Content_Type=media))
        if method == "PUT":
            sent = _batch(_entry("PUT", f"{type_}/{one}", sent), kind="transaction")
            answers.append(chu.send("POST", "/fhir", sent))
    alike = {(one.status_code, one.data, one.headers.get("Allow")) for one in answers}
    assert len(alike) == 1
    assert method == "POST" or next(iter(alike))[0] == 404


# --- content ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("character", ["\x00", "\x01", "\x08", "\x0b", "\x0c", "\x0e", "\x1f"])
def test_a_control_character_in_a_text_is_refused_with_its_place(
    amal: Party, survivor: Resource, hub: Hub, character: str
) -> None:
    (identifier,) = survivor["identifier"]
    for place, wrong in {
        "Patient.identifier[0].value": {"identifier": [{**identifier, "value": f"CAS{character}0042"}]},
        "Patient.name[0].family": {"name": [{"family": character}]},
        "Patient.meta.tag[0].code": {
            "meta": {**survivor["meta"], "tag": [{"system": "urn:x", "code": f"a{character}"}]}
        },
        "Patient.telecom[0].value": {"telecom": [{"system": "phone", "value": f"{character}0612345678"}]},
    }.items():
        answer = amal.send("POST", "/fhir/Patient", {**survivor, **wrong})
        assert answer.status_code == 422, place
        assert [one["expression"] for one in _json(answer)["issue"]] == [[place]]
        assert character not in answer.text
    assert hub.store.counts().get("Patient", 0) == 0


@pytest.mark.parametrize("way", ["PUT", "PATCH"])
def test_what_was_kept_with_a_control_character_is_shown_and_changed_once_it_is_taken_out(
    amal: Party, address: str, survivor: Resource, hub: Hub, way: str
) -> None:
    """From before they were refused. Until then every other change says where it stands."""
    _, _, type_, id_ = address.split("/")
    stored = hub.store.read(type_, id_, None)
    assert stored is not None
    before = {**stored.resource(), "name": [{"use": "official", "text": "Fatima\x01Z."}]}
    revision = hub.store.compartments([id_])[id_].revision
    kept = Save(before, id_, "amal", stored.keys, replaces=1)
    hub.store.commit(Changes(saves=[kept], persons={id_: revision}))
    seen = _json(amal.get(address))
    assert seen["name"] == before["name"]

    def changed(name: str) -> Any:
        steps = [
            {"op": "replace", "path": "/name/0/text", "value": name},
            {"op": "replace", "path": "/active", "value": False},
        ]
        if way == "PATCH":
            return amal.send("PATCH", address, steps, Content_Type="application/json-patch+json", If_Match='W/"2"')
        body = {**seen, "active": False, "name": [{"use": "official", "text": name}]}
        return amal.send("PUT", address, body, If_Match='W/"2"')

    refused = changed("Fatima\x01Z.")
    (issue,) = _json(refused)["issue"]
    assert (refused.status_code, issue["expression"]) == (422, ["Patient.name[0].text"])
    assert "control character" in issue["diagnostics"] and "Fatima" not in refused.text
    assert changed("Fatima Z.").status_code == 200
    assert _json(amal.get(address))["name"] == [{"use": "official", "text": "Fatima Z."}]
    assert hub.store.read(type_, id_, None).version == 3  # type: ignore[union-attr]


def test_tabs_and_line_breaks_are_text(amal: Party, survivor: Resource) -> None:
    written = {**survivor, "name": [{"use": "official", "text": "Fatima\tZ.\r\nA.\n"}]}
    made = _json(amal.send("POST", "/fhir/Patient", written))
    assert made["name"] == written["name"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("element", ["Patient", "Patient.contact[0]", "Patient.communication[0]"])
def test_an_unknown_modifier_extension_is_refused_wherever_it_stands(
    amal: Party, address: str, survivor: Resource, method: str, element: str
) -> None:
    """It could turn what is said into its opposite. https://hl7.org/fhir/R4/extensibility.html#modifierExtension"""
    negated = {"modifierExtension": [{"url": "http://example.org/not", "valueBoolean": True}]}
    name = element.removeprefix("Patient").strip(".").removesuffix("[0]")
    said: Resource = {name: [negated]} if name else negated
    body: Any = {**survivor, **said, "id": address.rpartition("/")[2]}
    if method == "PATCH":
        answer = amal.send("PATCH", address, said, Content_Type="application/merge-patch+json")
    else:
        answer = amal.send(method, address if method == "PUT" else "/fhir/Patient", body)
    assert answer.status_code == 422
    assert all(one["expression"][0].startswith(element.removesuffix("[0]")) for one in _json(answer)["issue"])
    assert _json(amal.get(address))["meta"]["versionId"] == "1"


def test_no_type_that_is_stored_takes_a_modifier_extension() -> None:
    """Of each: at its root and wherever an object stands in it."""
    for path in sorted(Path(str(files("profiles"))).glob("examples/valid/*.json")):
        example = json.loads(path.read_text("utf-8"))
        assert validate(example) == (), path.name
        for node in _objects(example):
            node["modifierExtension"] = [{"url": "http://example.org/not", "valueBoolean": True}]
            assert validate(example), (path.name, sorted(node))
            del node["modifierExtension"]


def test_no_type_that_is_stored_takes_a_narrative() -> None:
    """So none can be out of date: what a person reads is written where it is read. https://hl7.org/fhir/R4/narrative.html"""
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}
    for path in sorted(Path(str(files("profiles"))).glob("examples/valid/*.json")):
        example = json.loads(path.read_text("utf-8"))
        said = [issue for issue in validate({**example, "text": text}) if issue.blocks]
        assert [issue.path for issue in said] == [f"{example['resourceType']}.text"], path.name


def _objects(node: Any) -> list[Resource]:
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [*([node] if isinstance(node, dict) else []), *(one for child in inner for one in _objects(child))]


# --- what shapes a search --------------------------------------------------------------------------------------------


def test_nothing_contained_is_searched_and_to_ask_for_it_is_refused(amal: Party, address: str) -> None:
    """https://hl7.org/fhir/R4/search.html#contained; nothing that is stored contains anything."""
    unsaid, said = (_json(amal.get(f"/fhir/Patient{query}")) for query in ("", "?_contained=false"))
    assert said["entry"] == unsaid["entry"]
    assert said["link"][0]["url"] == f"{BASE}/Patient?_contained=false"
    for asked in ("_contained=true", "_contained=both", "_contained:not=false"):
        answer = amal.get(f"/fhir/Patient?{asked}")
        assert (answer.status_code, _json(answer)["issue"][0]["expression"]) == (
            400,
            [f"http.{asked.partition('=')[0]}"],
        )
    assert amal.get("/fhir/Patient?_containedType=container", Prefer="handling=strict").status_code == 400


@pytest.mark.parametrize(
    ("asked", "applied"),
    [
        ("_count=1&_count=2", "_count=2"),
        ("_summary=count&_summary=true&_count=", "_summary=true"),
        ("_summary=true&_lastUpdated=ge2020&_summary=count", "_lastUpdated=ge2020&_summary=count"),
        ("_summary=count&_count=5", "_summary=count&_count=5"),
        ("_total=none&_total=accurate", "_total=accurate"),
        ("_elements=gender&_elements=active", "_elements=gender&_elements=active"),  # both
        ("_lastUpdated=ge2020&_lastUpdated=ge2021", "_lastUpdated=ge2020&_lastUpdated=ge2021"),  # and
    ],
)
@pytest.mark.parametrize("path", ["/fhir/Patient?", "/fhir?_type=Patient&"])
def test_what_stands_twice_stands_once_in_what_was_applied(
    amal: Party, address: str, path: str, asked: str, applied: str
) -> None:
    """https://hl7.org/fhir/R4/search.html#conformance"""
    answer, same = _json(amal.get(f"{path}{asked}")), _json(amal.get(f"{path}{applied}"))
    own = [link["url"].partition("?")[2] for link in answer["link"] if link["relation"] == "self"]
    assert [sorted(one.split("&")) for one in own] == [
        sorted(f"{path.partition('?')[2]}{applied}".strip("&").split("&"))
    ]
    assert (answer["total"], answer.get("entry")) == (same["total"], same.get("entry"))
    assert ("entry" in answer) == ("_summary=count" not in applied)


@pytest.mark.parametrize("asked", ["_count=x&_count=2", "_summary=x&_summary=true", "_total=x&_total=none"])
def test_what_is_taken_back_must_be_understood_too(amal: Party, asked: str) -> None:
    assert amal.get(f"/fhir/Patient?{asked}").status_code == 400


def test_a_reference_of_too_many_parts_is_no_reference(amal: Party, address: str) -> None:
    for wrong in ("Organization/a/b", f"{BASE}/Organization/a/b", "a/b", "Organization/", "organization/amal", "/amal"):
        answer = amal.get(f"/fhir/Patient?organization={wrong}")
        assert (answer.status_code, _json(answer)["issue"][0]["expression"]) == (400, ["http.organization"]), wrong
    for right, found in {
        "amal": 1,
        "Organization/amal": 1,
        f"{BASE}/Organization/amal": 1,
        "Organization/amal/_history/1": 1,
        "Practitioner/amal": 0,
        "https://other.example/fhir/Organization/amal": 0,
    }.items():
        assert _json(amal.get(f"/fhir/Patient?organization={right}"))["total"] == found, right


def test_everything_of_nothing_is_how_much_there_is(amal: Party, address: str) -> None:
    whole, counted = (_json(amal.get(f"{address}/$everything{query}")) for query in ("", "?_count=0"))
    assert (counted["total"], "entry" in counted) == (whole["total"], False)
    assert counted["total"] == len(whole["entry"])
    assert [link["relation"] for link in counted["link"]] == ["self"]
    assert amal.get("/fhir/Patient/$everything?_count=0").status_code == 400  # how much it is of all is not counted


@pytest.mark.parametrize(
    ("type_", "name", "is_answered"),
    [
        ("Organization", "identifier", True),
        ("Task", "identifier", True),
        ("Patient", "identifier", False),  # encrypted
        ("Patient", "gender", False),
        ("Task", "status", False),
        ("Task", "_id", False),
    ],
)
def test_of_each_parameter_the_description_lists_the_modifiers_that_are_answered(
    app: Any, amal: Party, type_: str, name: str, is_answered: bool
) -> None:
    described = app.test_client().get("/openapi.json").get_json(force=True)
    listed = {one.get("name"): one for one in described["paths"][f"/fhir/{type_}"]["get"]["parameters"]}
    schema = described["components"]["schemas"][listed[name]["schema"]["$ref"].rpartition("/")[2]]
    assert (":of-type" in schema["description"]) == is_answered
    assert (amal.get(f"/fhir/{type_}?{name}:of-type=a|b|c").status_code == 200) == is_answered
