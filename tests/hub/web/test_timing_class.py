"""What is hidden takes the work of what never was: the same commands to the database, for every interaction and type.

Commands are counted, not time: time is what `make bench` compares (`benchmarks/timing.py`).
"""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from hub.exchange import denial
from hub.store import MongoStore, tokens
from tests.support.commands import LISTENER
from tests.support.worlds import Pair, pairs

NOBODY = "00000000-0000-4000-8000-000000000000"
CHANGED = ("Patient", "EpisodeOfCare", "Observation", "ServiceRequest", "Consent", "Task")
PATCH = (("Content_Type", "application/json-patch+json"), ("If_Match", 'W/"1"'))


@pytest.fixture(scope="module")
def pair(mongodb_uri: str) -> Iterator[Pair]:
    run = uuid.uuid4().hex[:12]
    with pairs(mongodb_uri, (f"timing_{run}_a", f"timing_{run}_b")) as builder:
        yield builder.build(0)


@pytest.fixture(autouse=True)
def _each_request_looks_its_token_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which does, is a matter of when it comes, and of nothing else (docs/adr/0081)."""
    monkeypatch.setattr(tokens, "LEASE_S", 0.0)


def hidden(pair: Pair, type_: str) -> list[str]:
    there, absent = (set(world.things.references.get(type_, ())) for world in pair)
    return sorted(there - absent)


def asked(pair: Pair, method: str, path: str, body: Any = None, headers: Any = ()) -> tuple[str, list[str]]:
    with LISTENER.noted() as heard:
        status = pair.full.ask(method, path, body, headers).status
    return status, list(heard)


def same_work(pair: Pair, method: str, path: str, body: Any = None, headers: Any = (), type_: str = "Patient") -> int:
    """Asserts it for some of the hidden ones; how many commands it took. `{id}` stands for an id."""

    def spelled(id_: str) -> tuple[str, str, Any, Any]:
        return method, path.format(id=id_), body | {"id": id_} if isinstance(body, dict) else body, headers

    asked(pair, *spelled(NOBODY))  # the end of a chain of audit events is looked up once
    absent = asked(pair, *spelled(NOBODY))
    for id_ in hidden(pair, type_)[:6]:
        assert asked(pair, *spelled(id_)) == absent
    return len(absent[1])


@pytest.mark.parametrize("type_", [*CHANGED, "Endpoint", "Location", "MeasureReport", "Provenance", "AuditEvent"])
def test_a_read_of_what_is_hidden_asks_the_database_what_one_of_nothing_asks(pair: Pair, type_: str) -> None:
    assert hidden(pair, type_) or type_ == "Location"
    assert same_work(pair, "GET", f"/fhir/{type_}/{{id}}", type_=type_) > 5


@pytest.mark.parametrize("type_", CHANGED)
def test_so_does_a_change(pair: Pair, type_: str) -> None:
    body = {"resourceType": type_, "status": "active"}
    match = (("If_Match", 'W/"1"'),)
    assert same_work(pair, "PUT", f"/fhir/{type_}/{{id}}", body, match, type_)
    assert same_work(pair, "PATCH", f"/fhir/{type_}/{{id}}", [{"op": "add", "path": "/x", "value": 1}], PATCH, type_)
    assert same_work(pair, "DELETE", f"/fhir/{type_}/{{id}}", None, (), type_)
    assert same_work(pair, "GET", f"/fhir/{type_}/{{id}}/$validate?mode=update", None, (), type_)


@pytest.mark.parametrize(
    "query",
    ["Patient?_id={id}", "Task?patient=Patient/{id}", "Observation?subject=Patient/{id}", "Task?patient:missing=false&_id={id}",
     "Provenance?target=Patient/{id}", "AuditEvent?patient=Patient/{id}&_sort=-date", "Consent?patient={id}&_count=0"],
)  # fmt: skip
def test_so_does_a_search_that_would_match_what_is_hidden(pair: Pair, query: str) -> None:
    assert same_work(pair, "GET", f"/fhir/{query}")


def test_so_does_everything_of_her_and_what_is_tagged_of_her(pair: Pair) -> None:
    meta = {"name": "meta", "valueMeta": {"tag": [{"code": "a"}]}}
    assert same_work(pair, "GET", "/fhir/Patient/{id}/$everything")
    assert same_work(pair, "GET", "/fhir/Patient/{id}/$meta")
    for name in ("meta-add", "meta-delete"):
        tagged = {"resourceType": "Parameters", "parameter": [meta]}
        assert same_work(pair, "POST", f"/fhir/Patient/{{id}}/${name}", tagged)
    assert same_work(pair, "GET", "/fhir/Composition/{id}/$document", type_="Composition")


def test_so_does_a_match_of_whom_the_caller_has_nothing_to_do_with(pair: Pair) -> None:
    """Her very name and number cost what those of nobody cost."""
    hidden_ids = hidden(pair, "Patient")
    theirs = [pair.full.store.read("Patient", id_, None) for id_ in hidden_ids]
    there = {one["text"] for stored in theirs if stored for one in stored.resource().get("name", ()) if "text" in one}
    names = ["Souad Nulle Part", "Nadia Personne", *sorted(there)[:6]]
    assert len(names) > 2
    told = [
        asked(pair, "POST", "/fhir/Patient/$match", {"resourceType": "Patient", "name": [{"text": n}]}) for n in names
    ]
    assert all(one == told[1] for one in told[1:])


def test_so_does_a_record_that_is_created_of_her(pair: Pair) -> None:
    body = {
        "resourceType": "EpisodeOfCare",
        "status": "active",
        "managingOrganization": {"reference": "Organization/chu"},
    }
    for _ in range(2):
        told = [
            asked(pair, "POST", "/fhir/EpisodeOfCare", body | {"patient": {"reference": f"Patient/{id_}"}})
            for id_ in (NOBODY, *hidden(pair, "Patient")[:4])
        ]
        assert all(one == told[0] for one in told)


def test_work_that_depends_on_what_is_hidden_is_noticed(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def only_where_there_is_something(store: MongoStore, person: str | None) -> tuple[Any, ...]:
        return grounds(store, person) if person else ()

    grounds = MongoStore.grounds
    monkeypatch.setattr(MongoStore, "grounds", only_where_there_is_something)
    assert denial.ABSENT
    with pytest.raises(AssertionError):
        same_work(pair, "GET", "/fhir/Patient/{id}")
