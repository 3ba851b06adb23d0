"""A granular scope reaches exactly what its search finds: the rest is as absent, for reading, searching and changing.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#finer-grained-resource-constraints-using-search-parameters
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from hub.exchange import Hub, disclose
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.query import Match, Query, Token
from hub.fhir.serial import loads
from hub.ports import Caller, Changes, Key, Save, Within
from hub.store import MongoStore
from tests.support.budget import examples
from tests.support.parties import Party
from tests.support.token_requests import ask, ask_token, proven

Parties = Callable[..., Party]
PERSON = "7f0c3c1e-0000-4000-8000-000000000001"
NOBODY = "00000000-0000-4000-8000-00000000aaaa"
PATCH = {"Content_Type": "application/json-patch+json"}


@pytest.fixture
def chu(party: Parties, tasks: list[str]) -> Party:
    """A hospital with seven referrals, whose system is registered for all that can be done with them."""
    return party("chu", "system/Task.cruds system/Patient.rs system/EpisodeOfCare.rs")


def narrowed(party: Party, scope: str) -> Party:
    """The same system, with a token for this scope."""
    answer = ask_token(party.app, party.client, scope)
    assert answer.status_code == 200, answer.text
    return Party(party.app, party.client, (answer.json or {})["access_token"])


def found(party: Party, path: str = "/fhir/Task") -> set[str]:
    """All ids, page by page; every page tells the exact total."""
    walked = list(pages(party, path))
    ids = [entry["resource"]["id"] for page in walked for entry in page.get("entry", ())]
    assert {page["total"] for page in walked} == {len(ids)}
    assert len(ids) == len(set(ids))
    return set(ids)


def pages(party: Party, path: str) -> Iterator[dict[str, Any]]:
    following: str | None = path
    while following:
        answer = party.get(following.removeprefix("https://hub.example"))
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json or {}
        yield page
        following = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)


def same_as_absent(party: Party, method: str, id_: str, body: Any = None, **headers: str) -> bool:
    """Whether the answer for this task is that for one which never was, but for the id that the caller itself wrote."""
    hidden, absent = (
        party.send(method, f"/fhir/Task/{one}", body(one) if callable(body) else body, **headers)
        for one in (id_, NOBODY)
    )
    return absent.status_code == 404 and _told(hidden) == _told(absent)


def _told(answer: TestResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [(name, value) for name, value in answer.headers if name != "X-Request-Id"]
    return answer.status_code, answer.data, headers


# --- search ----------------------------------------------------------------------------------------------------------

ONE, TWO = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
WHERE = [
    "status=requested",
    "status=received",
    "status=requested,received",
    "status=draft",
    "status=requested&priority=urgent",
    "owner=Organization/chu",
    "owner=chu&status=received",
    "owner=Organization/amal",
    f"_id={ONE}",
    f"_id={ONE},{TWO}&status=received",
    f"patient=Patient/{PERSON}&status=requested",
    "authored-on=ge2026-01-01",
    "authored-on=lt2026-01-01",
    f"focus=ServiceRequest/{TWO}",
    "code=http://hl7.org/fhir/CodeSystem/task-code|fulfill&status=received",
]


@pytest.mark.parametrize("where", WHERE)
def test_what_is_found_is_what_the_same_search_finds_with_the_whole_scope(chu: Party, where: str) -> None:
    expected = found(chu, f"/fhir/Task?{where}")
    granular = narrowed(chu, f"system/Task.s?{where}")
    assert found(granular) == expected
    assert found(granular, "/fhir/Task?_count=2") == expected  # full pages, exact totals
    assert found(granular, f"/fhir/Task?{where}&_sort=status") == expected
    total = granular.get("/fhir/Task?_summary=count").json or {}
    assert total["total"] == len(expected)


@given(
    st.lists(st.sampled_from(WHERE), min_size=1, max_size=3, unique=True),
    st.sampled_from(["", *WHERE, "status:not=received"]),
)
@settings(max_examples=examples(15, 100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_several_scopes_find_their_union_and_a_search_its_part_of_it(chu: Party, scopes: list[str], asked: str) -> None:
    reached = set().union(*(found(chu, f"/fhir/Task?{where}") for where in scopes))
    granular = narrowed(chu, " ".join(f"system/Task.rs?{where}" for where in scopes))
    assert found(granular, f"/fhir/Task?{asked}") == reached & found(chu, f"/fhir/Task?{asked}")


def test_a_scope_that_is_not_granular_beside_it_opens_the_whole_type(chu: Party, tasks: list[str]) -> None:
    assert found(narrowed(chu, "system/Task.rs?status=draft system/Task.read")) == set(tasks)


def test_a_letter_is_narrowed_by_the_scopes_that_have_it_alone(chu: Party, tasks: list[str]) -> None:
    granular = narrowed(chu, "system/Task.s system/Task.r?status=requested")
    assert found(granular) == set(tasks)
    assert granular.get(f"/fhir/Task/{ONE}").status_code == 404


def test_other_types_are_not_narrowed_by_it_and_not_opened(chu: Party) -> None:
    granular = narrowed(chu, "system/Task.rs?status=requested system/Patient.rs")
    assert granular.get("/fhir/Patient").status_code == 200
    assert granular.get("/fhir/EpisodeOfCare").status_code == 403


def test_consent_still_decides_what_is_seen(party: Parties, tasks: list[str]) -> None:
    stranger = party("hopital", "system/Task.rs?status=requested")
    assert found(stranger) == set()
    assert stranger.get(f"/fhir/Task/{TWO}").status_code == 404


def test_nobody_is_found_by_a_scope_that_reads_what_the_caller_may_not_see(chu: Party, hub: Hub) -> None:
    """The identifier of a case belongs to its custodian alone: a scope cannot be a way to try numbers."""
    case = {
        "resourceType": "EpisodeOfCare",
        "id": ONE,
        "meta": {"profile": [profile("case")]},
        "identifier": [{"value": "D-17"}],
        "status": "active",
        "patient": {"reference": f"Patient/{PERSON}"},
    }
    keys = (Key("amal|*|*"), Key("chu|COC|needs-and-services"))
    hub.store.commit(Changes(saves=[Save(case, PERSON, "amal", keys)], persons={PERSON: 7}))
    assert found(chu, "/fhir/EpisodeOfCare") == {ONE}
    assert found(chu, "/fhir/EpisodeOfCare?identifier=D-17") == set()
    number = (Match("identifier", "token", (Token(None, "D-17"),)),)
    for organization, total in (("chu", 0), ("amal", 1)):
        within = tuple(Within("EpisodeOfCare", one, (number,)) for one in ("read", "search"))
        caller = Caller("a-system", organization, "COC", within=within)
        assert disclose.search(Query("EpisodeOfCare"), caller, hub=hub).total == total
    refused = ask_token(chu.app, chu.client, "system/EpisodeOfCare.rs?identifier=D-17")  # and it is not even asked for
    assert (refused.json or {})["error"] == "invalid_scope"
    assert found(narrowed(chu, "system/EpisodeOfCare.rs?status=active"), "/fhir/EpisodeOfCare") == {ONE}


# --- read, update, patch, $validate ----------------------------------------------------------------------------------


def test_what_does_not_match_is_read_as_what_never_was(chu: Party) -> None:
    granular = narrowed(chu, "system/Task.rs?status=requested")
    assert granular.get(f"/fhir/Task/{TWO}").status_code == 200
    assert same_as_absent(granular, "GET", ONE)
    assert same_as_absent(granular, "GET", ONE, If_None_Match='W/"1"')


def test_what_does_not_match_is_changed_as_what_never_was(chu: Party) -> None:
    whole = chu.get(f"/fhir/Task/{ONE}").json or {}
    granular = narrowed(chu, "system/Task.rs system/Task.u?status=requested")
    assert granular.get(f"/fhir/Task/{ONE}").status_code == 200
    steps = [{"op": "replace", "path": "/status", "value": "accepted"}]
    for version in ('W/"1"', 'W/"7"'):
        assert same_as_absent(granular, "PATCH", ONE, steps, If_Match=version, **PATCH)
        assert same_as_absent(granular, "PUT", ONE, lambda id_: {**whole, "id": id_}, If_Match=version)
    assert (chu.get(f"/fhir/Task/{ONE}").json or {})["status"] == whole["status"]


def test_what_matches_is_changed_until_it_matches_no_more(party: Parties, survivor: Resource) -> None:
    amal = party("amal")
    id_ = (amal.send("POST", "/fhir/Patient", survivor).json or {})["id"]
    granular = narrowed(amal, "system/Patient.u?active=true")
    steps = [{"op": "replace", "path": "/active", "value": False}]
    answers = [granular.send("PATCH", f"/fhir/Patient/{id_}", steps, **PATCH).status_code for _ in range(2)]
    assert answers == [200, 404]
    assert amal.get(f"/fhir/Patient/{id_}").status_code == 200


@pytest.mark.parametrize("query", ["", "?mode=update"])
def test_what_does_not_match_is_validated_as_what_never_was(chu: Party, query: str) -> None:
    granular = narrowed(chu, "system/Task.rus?status=requested")
    hidden, absent = (granular.get(f"/fhir/Task/{id_}/$validate{query}") for id_ in (ONE, NOBODY))
    assert _told(hidden) == _told(absent)
    assert (chu.get(f"/fhir/Task/{ONE}/$validate").status_code, granular.get(f"/fhir/Task/{ONE}").status_code) == (
        200,
        404,
    )


def test_the_trace_tells_that_it_was_the_scope(chu: Party, store: MongoStore) -> None:
    narrowed(chu, "system/Task.r?status=requested").get(f"/fhir/Task/{ONE}")
    traces = [loads(event["json"]) for event in store.database.AuditEvent.find()]
    told = [trace["subtype"][0]["code"] for trace in traces if trace.get("outcomeDesc") == "consent.scope"]
    assert sorted(told) == ["AuthZ-Role", "read"], "the decision, which no consent made, and the look"


# --- the token endpoint ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scope",
    [
        "system/Task.rs?colour=red",
        "system/Task.rs?status:not=draft",
        "system/Task.rs?owner:missing=true",
        "system/Task.rs?patient.identifier=x",
        "system/Task.rs?_count=1",
        "system/Task.rs?status",
        "system/Task.cruds?status=draft",
        "system/Patient.rs?birthdate=1990-01-01",
        "system/Organization.rs?name=x",
    ],
)
def test_what_a_scope_cannot_be_narrowed_by_is_refused_and_not_ignored(chu: Party, scope: str) -> None:
    refused = ask_token(chu.app, chu.client, scope)
    assert (refused.status_code, (refused.json or {})["error"]) == (400, "invalid_scope")


def test_a_system_gets_no_more_than_it_is_registered_for(party: Parties, tasks: list[str]) -> None:
    chu = party("chu", "system/Task.rs?status=requested")
    assert found(chu) == {tasks[n] for n in (1, 3, 5)}
    for wider in ("system/Task.rs", "system/Task.rs?status=received", "system/Task.rus?status=requested"):
        assert ask_token(chu.app, chu.client, wider).status_code == 400
    assert found(narrowed(chu, f"system/Task.rs?status=requested&_id={TWO}")) == {TWO}


def test_a_granular_scope_is_told_by_introspection(chu: Party) -> None:
    token = narrowed(chu, "system/Task.read?status=requested").token
    told = ask(chu.app, "/oauth/introspect", proven(chu.client, token=token)).json or {}
    assert told["scope"] == "system/Task.rs?status=requested"
