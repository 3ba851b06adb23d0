"""search-type over HTTP: https://hl7.org/fhir/R4/http.html#search"""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from fhir.resources.R4B.bundle import Bundle

from tests.hub.web.conftest import PERSON
from tests.support.parties import BASE, Party

Parties = Callable[..., Party]


def bundle(party: Party, path: str, **headers: str) -> dict[str, Any]:
    answer = party.get(path, **headers)
    assert answer.status_code == 200, answer.text
    read: dict[str, Any] = answer.json or {}
    Bundle.model_validate(read)
    return read


def link(found: dict[str, Any], relation: str) -> str | None:
    return next((link["url"] for link in found["link"] if link["relation"] == relation), None)


def ids(found: dict[str, Any]) -> list[str]:
    return [e["resource"]["id"] for e in found.get("entry", []) if e["search"]["mode"] == "match"]


def pages(party: Party, path: str) -> Iterator[dict[str, Any]]:
    following: str | None = path
    while following:
        found = bundle(party, following.removeprefix("https://hub.example"))
        yield found
        following = link(found, "next")


def test_a_search_gives_what_matches_with_the_exact_total(party: Parties, tasks: list[str]) -> None:
    found = bundle(party("chu"), "/fhir/Task?owner=Organization/chu&status=received")
    assert found["total"] == 4
    assert set(ids(found)) == {tasks[n] for n in (0, 2, 4, 6)}
    assert found["entry"][0]["fullUrl"] == f"{BASE}/Task/{found['entry'][0]['resource']['id']}"


def test_what_is_hidden_is_neither_found_nor_counted(party: Parties, tasks: list[str]) -> None:
    found = bundle(party("hopital"), "/fhir/Task?owner=Organization/chu")
    assert found["total"] == 0
    assert "entry" not in found


def test_the_self_link_tells_what_was_applied(party: Parties, tasks: list[str]) -> None:
    found = bundle(party("chu"), "/fhir/Task?status=received,requested&colour=red&_count=2&priority=&_format=json")
    assert link(found, "self") == f"{BASE}/Task?status=received,requested&_count=2"


def test_an_unknown_parameter_is_ignored_and_named_in_an_outcome(party: Parties, tasks: list[str]) -> None:
    found = bundle(party("chu"), "/fhir/Task?colour=red&_unknown=1")
    assert found["total"] == 7
    (outcome,) = (e["resource"] for e in found["entry"] if e["search"]["mode"] == "outcome")
    assert "colour, _unknown" in outcome["issue"][0]["diagnostics"]


def test_strict_handling_refuses_an_unknown_parameter(party: Parties) -> None:
    answer = party("chu").get("/fhir/Task?colour=red", Prefer="handling=strict")
    assert answer.status == "400 Bad Request"
    assert answer.json is not None
    assert answer.json["issue"][0]["expression"] == ["http.colour"]


@pytest.mark.parametrize(
    "query", ["status:contains=x", "authored-on=soon", "patient.nothing=x", "_count=many", "_page=x"]
)
def test_what_cannot_be_read_is_refused(party: Parties, query: str) -> None:
    answer = party("chu").get(f"/fhir/Task?{query}")
    assert answer.status == "400 Bad Request"
    assert answer.json is not None
    assert answer.json["issue"][0]["code"] == "value"


def test_pages_are_full_and_complete_and_their_links_say_nothing(party: Parties, tasks: list[str]) -> None:
    walked = list(pages(party("chu"), "/fhir/Task?patient=Patient/7f0c3c1e-0000-4000-8000-000000000001&_count=3"))
    assert [len(ids(page)) for page in walked] == [3, 3, 1]
    assert sorted(id_ for page in walked for id_ in ids(page)) == sorted(tasks)
    assert {page["total"] for page in walked} == {7}
    for page in walked[:-1]:
        following = urlsplit(link(page, "next") or "")
        assert following.path == "/fhir/Task"
        assert following.query.startswith("_page=")
        assert "Patient" not in following.query


def test_a_page_link_of_another_client_is_refused(party: Parties, tasks: list[str]) -> None:
    following = link(bundle(party("chu"), "/fhir/Task?_count=3"), "next") or ""
    answer = party("hopital").get(following.removeprefix("https://hub.example"))
    assert answer.status_code == 400


def test_post_and_get_give_the_same_answer(party: Parties, tasks: list[str]) -> None:
    chu = party("chu")
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    by_get = bundle(chu, "/fhir/Task?status=received&_sort=_id")
    for path, body in [
        ("/fhir/Task/_search", "status=received&_sort=_id"),
        ("/fhir/Task/_search?status=received", "_sort=_id"),
    ]:
        answer = chu.send("POST", path, body, **form)
        assert answer.status_code == 200
        assert answer.json == by_get


FORM = {"Content_Type": "application/x-www-form-urlencoded"}


def test_a_form_says_in_what_form_it_is_answered(party: Parties, tasks: list[str]) -> None:
    chu = party("chu")
    for asked in ("Task/_search", "_search?_type=Task", f"Patient/{PERSON}/Task/_search"):
        path = f"/fhir/{asked}"
        plain = chu.send("POST", path, "status=received", **FORM)
        assert chu.send("POST", path, "_format=xml", **FORM).status == "406 Not Acceptable"
        pretty = chu.send("POST", path, "status=received&_format=json&_pretty=true", **FORM)
        assert pretty.json == plain.json
        assert pretty.text.count("\n") > 10 > plain.text.count("\n")


def test_the_pages_after_a_form_are_asked_by_their_links_alone(party: Parties, tasks: list[str]) -> None:
    """https://hl7.org/fhir/R4/search.html#paging: they are followed by GET."""
    chu = party("chu")
    first = chu.send("POST", "/fhir/Task/_search", f"patient=Patient/{PERSON}&_count=3", **FORM).json or {}
    walked = [first, *pages(chu, (link(first, "next") or "").removeprefix("https://hub.example"))]
    assert [len(ids(page)) for page in walked] == [3, 3, 1]
    assert sorted(id_ for page in walked for id_ in ids(page)) == sorted(tasks)
    assert PERSON not in str([one for one in first["link"] if one["relation"] != "self"])


def test_a_search_form_of_another_type_is_refused(party: Parties) -> None:
    assert party("chu").send("POST", "/fhir/Task/_search", {"status": "received"}).status_code == 415


@pytest.mark.parametrize("query", ["_count=0", "_summary=count"])
def test_a_count_of_zero_gives_the_total_alone(party: Parties, tasks: list[str], query: str) -> None:
    found = bundle(party("chu"), f"/fhir/Task?{query}")
    assert found["total"] == 7
    assert "entry" not in found
    assert link(found, "next") is None


def test_missing_and_not(party: Parties, tasks: list[str]) -> None:
    chu = party("chu")
    assert bundle(chu, "/fhir/Task?status:not=received")["total"] == 3
    assert bundle(chu, "/fhir/Task?owner:missing=true")["total"] == 0
    assert bundle(chu, "/fhir/Task?owner:missing=false")["total"] == 7
    assert bundle(chu, "/fhir/Task?business-status:missing=true")["total"] == 7


def test_a_reference_of_our_own_base_is_a_relative_one(party: Parties, tasks: list[str]) -> None:
    chu = party("chu")
    for value in ("chu", "Organization/chu", f"{BASE}/Organization/chu"):
        assert bundle(chu, f"/fhir/Task?owner={value}")["total"] == 7, value
    assert bundle(chu, "/fhir/Task?owner=https://other.example/fhir/Organization/chu")["total"] == 0


def test_searching_needs_the_scope_of_searching(party: Parties) -> None:
    assert party("chu", "system/Task.r").get("/fhir/Task").status_code == 403
