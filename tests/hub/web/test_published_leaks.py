"""The ways in which servers that filter by consent are known to have leaked, one test each.

Each asks, as one caller, a world where something is hidden and one where there is nothing: the answers are the same bytes.
What is not served yet (`_has`, chains, includes, history) is refused the same way in both.
"""

import uuid
from collections.abc import Iterator

import pytest

from hub.fhir.canonicals import identifier_system
from hub.fhir.serial import loads
from tests.support.asked import Ask
from tests.support.asking import JSON_PATCH
from tests.support.asking_searches import FORM
from tests.support.walks import Walk
from tests.support.worlds import Answer, Pair, pairs
from tests.support.written import example


@pytest.fixture(scope="module")
def pair(mongodb_uri: str) -> Iterator[Pair]:
    run = uuid.uuid4().hex[:12]
    with pairs(mongodb_uri, (f"leaks_{run}_a", f"leaks_{run}_b")) as builder:
        yield builder.build(0)


TAGGED = {
    "resourceType": "Parameters",
    "parameter": [{"name": "meta", "valueMeta": {"tag": [{"system": "https://chu.example/tags", "code": "a"}]}}],
}


def same(pair: Pair, method: str, path: str, body: object = None, **headers: str) -> Answer:
    """The answer that both worlds give."""
    first, other = (world.ask(method, f"/fhir/{path}", body, tuple(headers.items())) for world in pair)
    assert first == other, path
    return first


def hidden(pair: Pair, type_: str) -> list[str]:
    """Ids of what exists in the full world alone."""
    there, absent = (set(world.things.references.get(type_, ())) for world in pair)
    assert there - absent, f"nothing of {type_} is hidden here"
    return sorted(there - absent)


def found(pair: Pair, query: str) -> list[str]:
    """References of what either world finds, matches and what comes along; asked by GET and by POST."""
    answer = same(pair, "GET", query)
    assert answer.status in {"200 OK", "400 Bad Request"}
    form = same(pair, "POST", f"{query.partition('?')[0]}/_search", query.partition("?")[2], Content_Type=FORM)
    assert form.status == answer.status
    entries = loads(answer.raw).get("entry", ())
    return [f"{one['resource']['resourceType']}/{one['resource']['id']}" for one in entries]


def all_hidden(pair: Pair, *types: str) -> set[str]:
    return {f"{type_}/{id_}" for type_ in types for id_ in hidden(pair, type_)}


@pytest.mark.parametrize("value", ["gbv-incident", "nothing"])
def test_reverse_chaining_does_not_tell_what_may_not_be_read(pair: Pair, value: str) -> None:
    """https://github.com/hapifhir/hapi-fhir/issues/6065"""
    for query in (f"Observation:patient:code={value}", "AuditEvent:entity:action=R", "Consent:patient:status=active"):
        assert all_hidden(pair, "Patient").isdisjoint(found(pair, f"Patient?_has:{query}"))


@pytest.mark.parametrize("value", ["ZZ000000", "nothing"])
def test_a_chain_does_not_tell_whose_a_record_is(pair: Pair, value: str) -> None:
    found(pair, f"Task?patient.identifier={identifier_system('cin')}|{value}")
    found(pair, f"Observation?subject:Patient.birthdate={value}")
    for id_ in hidden(pair, "Patient"):
        assert found(pair, f"Task?patient._id={id_}") == []


@pytest.mark.parametrize(
    "query", ["_include=Task:patient", "_revinclude=AuditEvent:entity", "_include:iterate=Task:focus", "_revinclude=*"]
)
def test_an_include_brings_along_nothing_that_is_hidden(pair: Pair, query: str) -> None:
    for type_ in ("Task", "Patient"):
        assert all_hidden(pair, "Patient", "AuditEvent", "Observation").isdisjoint(found(pair, f"{type_}?{query}"))


@pytest.mark.parametrize("query", ["", "_count=0", "_summary=count", "_total=accurate", "_count=1"])
@pytest.mark.parametrize(
    "type_", ["Patient", "Observation", "ServiceRequest", "Task", "Consent", "AuditEvent", "Endpoint"]
)
def test_a_total_counts_nothing_that_is_hidden(pair: Pair, type_: str, query: str) -> None:
    """https://github.com/hapifhir/hapi-fhir/issues/2012 and 3420"""
    answer = same(pair, "GET", f"{type_}?{query}")
    assert loads(answer.raw)["total"] < len(pair.full.things.references[type_]) or type_ == "AuditEvent"


def test_pages_are_as_full_as_if_nothing_were_hidden(pair: Pair) -> None:
    """https://github.com/hapifhir/hapi-fhir/issues/1507"""
    page = loads(same(pair, "GET", "Observation?_count=2&_sort=-date").raw)
    assert len(page["entry"]) == min(2, page["total"])


@pytest.mark.parametrize(
    "type_", ["Patient", "Observation", "ServiceRequest", "Task", "Consent", "AuditEvent", "Endpoint"]
)
def test_what_is_hidden_is_as_absent_as_what_never_was(pair: Pair, type_: str) -> None:
    never = same(pair, "GET", f"{type_}/00000000-0000-4000-8000-000000000000")
    for id_ in hidden(pair, type_):
        answer = same(pair, "GET", f"{type_}/{id_}")
        assert (answer.status, answer.body, answer.headers) == (never.status, never.body, never.headers)
        assert loads(same(pair, "GET", f"{type_}?_id={id_}").raw)["total"] == 0


@pytest.mark.parametrize("condition", ["_id={id}", "identifier=ZZ000000"])
def test_a_conditional_reference_or_create_does_not_tell_whether_there_is_one(pair: Pair, condition: str) -> None:
    """https://github.com/hapifhir/hapi-fhir/issues/3047"""
    condition = condition.format(id=hidden(pair, "Patient")[0])
    incident = example("incident") | {"performer": [{"reference": "Organization/chu"}]}
    incident["subject"] = {"reference": f"Patient?{condition}"}
    assert same(pair, "POST", "Observation", incident).status == "422 Unprocessable Entity"
    for method, body in (("PUT", example("survivor")), ("PATCH", []), ("DELETE", None)):
        answer = same(pair, method, f"Patient?{condition}", body)
        never = same(pair, method, "Patient?_id=nobody", body)
        assert condition.startswith("identifier") or (answer.status, answer.body) == (never.status, never.body)


def test_nothing_is_created_for_a_person_who_is_hidden_and_the_refusal_does_not_tell(pair: Pair) -> None:
    incident = example("incident") | {"performer": [{"reference": "Organization/chu"}]}
    said = []
    for id_ in (*hidden(pair, "Patient"), "00000000-0000-4000-8000-000000000000"):
        answer = same(pair, "POST", "Observation", incident | {"subject": {"reference": f"Patient/{id_}"}})
        assert answer.status == "422 Unprocessable Entity"
        said.append(answer.body)
    assert len(set(said)) == 1


@pytest.mark.parametrize("type_", ["Patient", "Observation", "ServiceRequest", "Task", "Consent"])
def test_no_update_patch_or_validation_tells_that_something_is_there(pair: Pair, type_: str) -> None:
    steps = [{"op": "test", "path": "/status", "value": "active"}]
    for id_ in hidden(pair, type_):
        written = {"resourceType": type_, "id": id_}
        for answer in (
            same(pair, "PUT", f"{type_}/{id_}", written, If_Match='W/"1"'),
            same(pair, "PATCH", f"{type_}/{id_}", steps, Content_Type=JSON_PATCH, If_Match='W/"7"'),
            same(pair, "GET", f"{type_}/{id_}/$validate"),
            same(pair, "POST", f"{type_}/{id_}/$validate?mode=update", written),
            same(pair, "GET", f"{type_}/{id_}/$meta"),
            same(pair, "POST", f"{type_}/{id_}/$meta-add", TAGGED),
            same(pair, "POST", f"{type_}/{id_}/$meta-delete", TAGGED),
        ):
            assert answer.status == "404 Not Found"


@pytest.mark.parametrize(
    "path", ["{id}/$everything", "{id}/$everything?_type=Observation", "{id}/$everything?_count=1&start=2026"]
)
def test_everything_of_somebody_hidden_is_what_it_is_of_nobody(pair: Pair, path: str) -> None:
    """https://github.com/hapifhir/hapi-fhir/issues/6065"""
    never = same(pair, "GET", f"Patient/{path.format(id='00000000-0000-4000-8000-000000000000')}")
    assert never.status == "404 Not Found"
    for id_ in hidden(pair, "Patient"):
        answer = same(pair, "GET", f"Patient/{path.format(id=id_)}")
        assert (answer.status, answer.body, answer.headers) == (never.status, never.body, never.headers)


def test_a_document_brings_nothing_along_that_is_hidden(pair: Pair) -> None:
    """A composition of the caller's own refers to one that it may not see: the document is as if that were not there."""
    there, absent = (set(world.things.references["Composition"]) for world in pair)
    assert there - absent, "no composition is hidden here"
    for id_ in sorted(absent):
        entries = loads(same(pair, "GET", f"Composition/{id_}/$document").raw)["entry"]
        assert not {entry["resource"]["id"] for entry in entries} & (there - absent)
    for id_ in sorted(there - absent):
        assert same(pair, "GET", f"Composition/{id_}/$document").status == "404 Not Found"


def test_everything_of_all_whom_one_sees_is_the_same_whoever_else_there_is(pair: Pair) -> None:
    answer = same(pair, "GET", "Patient/$everything?_count=500")
    assert {entry["resource"]["resourceType"] for entry in loads(answer.raw)["entry"]} >= {
        "Patient",
        "Observation",
        "Task",
    }
    for id_ in pair.full.things.mine:
        everything = loads(same(pair, "GET", f"Patient/{id_}/$everything?_count=500").raw)
        assert everything["total"] == len(everything["entry"])


def test_a_match_finds_nobody_who_is_hidden_by_name_number_or_date_of_birth(pair: Pair) -> None:
    """https://github.com/hapifhir/hapi-fhir/issues/6065: whoever asks well learns nothing of whom it has nothing to do with."""
    there, absent = (set(world.things.values["Patient"].get(name, ())) for name in ("name",) for world in pair)
    told = [{"name": [{"text": text}], "birthDate": "2003"} for text in sorted(map(str, there - absent))]
    told += [
        {"identifier": [{"system": identifier_system(name), "value": "ZZ000000"}]} for name in ("cin", "survivor-code")
    ]
    for said in told:
        answer = loads(same(pair, "POST", "Patient/$match", {"resourceType": "Patient", **said}).raw)
        matched = {entry["resource"]["id"] for entry in answer.get("entry", ())}
        assert not matched & set(hidden(pair, "Patient"))


@pytest.mark.parametrize("level", ["", "Patient/"])
def test_no_export_goes_around_the_disclosure(pair: Pair, level: str) -> None:
    """https://github.com/hapifhir/hapi-fhir/pull/6854"""
    wanted = f"_type=Patient&_typeFilter=Patient%3F_id%3D{','.join(hidden(pair, 'Patient')[:2])}"
    ask = Ask("GET", f"/fhir/{level}$export?{wanted}", headers=(("Prefer", "respond-async"),))
    walked = Walk(pair).go([ask], 9)
    assert (walked.difference, walked.asked, walked.fetched) == ("", 2, 0)


@pytest.mark.parametrize("path", ["Patient/{id}/_history", "Patient/{id}/_history/1"])
def test_no_version_of_what_is_hidden_is_shown(pair: Pair, path: str) -> None:
    for id_ in hidden(pair, "Patient"):
        assert same(pair, "GET", path.format(id=id_)).status == "404 Not Found"
    assert same(pair, "GET", path.format(id=pair.full.things.mine[0])).status == "200 OK"


@pytest.mark.parametrize("path", ["Patient/_history?_count=500", "_history?_count=500"])
def test_no_history_shows_what_was_visible_once(pair: Pair, path: str) -> None:
    told = same(pair, "GET", path)
    assert told.status == "200 OK"
    assert not [
        id_ for id_ in hidden(pair, "Patient") if f'"fullUrl":"https://hub.example/fhir/Patient/{id_}"' in told.raw
    ]


def test_no_subscription_is_taken_that_would_ask_with_the_rights_of_the_system(pair: Pair) -> None:
    """https://github.com/medplum/medplum/pull/9520 and https://github.com/hapifhir/hapi-fhir/pull/8246"""
    wanted = {"resourceType": "Subscription", "criteria": "Patient?", "status": "requested"}
    assert same(pair, "POST", "Subscription", wanted).status == "422 Unprocessable Entity"


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_no_batch_or_transaction_goes_around_the_disclosure(pair: Pair, kind: str) -> None:
    entry = {"request": {"method": "GET", "url": f"Patient/{hidden(pair, 'Patient')[0]}"}}
    answer = loads(same(pair, "POST", "", {"resourceType": "Bundle", "type": kind, "entry": [entry]}).raw)
    (response,) = (one["response"] for one in answer["entry"])
    assert response["status"] == "404 Not Found"


@pytest.mark.parametrize("parameter", ["patient", "entity", "agent"])
def test_audit_events_of_others_do_not_tell_who_looked_at_whom(pair: Pair, parameter: str) -> None:
    for id_ in hidden(pair, "Patient"):
        assert loads(same(pair, "GET", f"AuditEvent?{parameter}=Patient/{id_}").raw)["total"] == 0
    for id_ in hidden(pair, "AuditEvent"):
        assert same(pair, "GET", f"AuditEvent/{id_}").status == "404 Not Found"


@pytest.mark.parametrize("type_", ["Patient", "EpisodeOfCare"])
def test_nobody_is_found_or_put_in_order_by_what_may_not_be_seen(pair: Pair, type_: str) -> None:
    cin = f"identifier={identifier_system('cin')}|"
    for query in (cin, "identifier:missing=true", "identifier:missing=false", "_sort=identifier", "_sort=-identifier"):
        same(pair, "GET", f"{type_}?{query}")
    for query in ("birthdate=2003", "birthdate:missing=true", "_sort=birthdate"):
        same(pair, "GET", f"Patient?{query}")


def test_a_client_cannot_grant_itself_a_consent(pair: Pair) -> None:
    """https://github.com/icanbwell/fhir-server/pull/2493: also not for a person of whom it knows nothing but the id."""
    for id_ in hidden(pair, "Patient"):
        consent = example("consent-by-class") | {
            "patient": {"reference": f"Patient/{id_}"},
            "performer": [{"reference": f"Patient/{id_}"}],
            "organization": [{"reference": "Organization/chu"}],
        }
        assert same(pair, "POST", "Consent", consent).status == "422 Unprocessable Entity"
        assert same(pair, "GET", f"Patient/{id_}").status == "404 Not Found"
