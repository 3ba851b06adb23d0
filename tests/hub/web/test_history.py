"""vread and history over HTTP: https://hl7.org/fhir/R4/http.html#vread, https://hl7.org/fhir/R4/http.html#history"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from hub.fhir import Resource
from hub.fhir.instants import MOROCCO
from tests.support.parties import BASE, Party
from tests.support.shared_case import SharedCase, share

Parties = Callable[..., Party]
NEVER = "/fhir/Observation/00000000-0000-4000-8000-00000000dead"


@pytest.fixture
def case(party: Parties, survivor: Resource) -> SharedCase:
    return share(party, survivor)


def bundle(party: Party, path: str, **headers: str) -> Resource:
    answer = party.get(path, **headers)
    assert answer.status_code == 200, answer.text
    found: Resource = answer.json or {}
    assert found["type"] == "history"
    for entry in found.get("entry", ()):  # bdl-3, bdl-4
        assert {"fullUrl", "request", "response"} <= entry.keys()
        assert ("resource" in entry) == (entry["request"]["method"] != "DELETE")
    return found


def told(found: Resource) -> list[tuple[str, str]]:
    """Method and version of each entry."""
    return [(one["request"]["method"], one["response"]["etag"]) for one in found.get("entry", ())]


def all_pages(party: Party, path: str) -> list[Resource]:
    pages = [bundle(party, path)]
    while following := [one["url"] for one in pages[-1]["link"] if one["relation"] == "next"]:
        pages.append(bundle(party, following[0].removeprefix("https://hub.example")))
    return pages


# --- vread -----------------------------------------------------------------------------------------------------------


def test_a_version_is_read_as_it_was(case: SharedCase) -> None:
    first = case.keeper.get(f"/fhir/{case.incident}")
    case.amend(case.incident, status="amended")
    old = case.keeper.get(f"/fhir/{case.incident}/_history/1")
    assert old.status_code == 200
    assert (old.json, old.headers["ETag"], old.headers["Last-Modified"]) == (
        first.json, 'W/"1"', first.headers["Last-Modified"],
    )  # fmt: skip
    new = case.keeper.get(f"/fhir/{case.incident}/_history/2")
    assert new.json == case.keeper.get(f"/fhir/{case.incident}").json
    assert case.keeper.get(f"/fhir/{case.incident}/_history/1", If_None_Match='W/"1"').status_code == 304


@pytest.mark.parametrize("version", ["3", "0", "01", "x", "99999999999"])
def test_an_unknown_version_is_as_absent_as_a_hidden_resource(case: SharedCase, version: str) -> None:
    unknown = case.keeper.get(f"/fhir/{case.incident}/_history/{version}")
    hidden = case.stranger.get(f"/fhir/{case.incident}/_history/1")
    never = case.stranger.get(f"{NEVER}/_history/1")
    assert unknown.status_code == hidden.status_code == never.status_code == 404
    assert unknown.data == hidden.data == never.data == case.keeper.get(NEVER).data


def test_a_recipient_sees_of_an_old_version_what_its_keys_of_now_open(case: SharedCase) -> None:
    case.amend(case.patient, birthDate="1999")
    whole = case.keeper.get(f"/fhir/{case.patient}/_history/1").json or {}
    part = case.reader.get(f"/fhir/{case.patient}/_history/1").json or {}
    assert whole["identifier"][0]["value"] == "CAS-0042"
    assert "CAS-0042" not in str(part)
    assert "SUBSETTED" in str(part["meta"]["tag"])


def test_a_withdrawal_covers_all_versions_at_once(case: SharedCase) -> None:
    case.amend(case.incident, status="amended")
    path = f"/fhir/{case.incident}/_history"
    assert case.reader.get(f"{path}/1").status_code == 200
    case.withdraw()
    for closed in (f"{path}/1", f"{path}/2", path):
        assert (case.reader.get(closed).status_code, case.reader.get(closed).data) == (404, case.reader.get(NEVER).data)
    assert bundle(case.reader, "/fhir/Observation/_history")["total"] == 0
    assert case.keeper.get(f"{path}/1").status_code == 200


# --- history ---------------------------------------------------------------------------------------------------------


def test_the_history_of_a_resource_tells_its_life_newest_first(case: SharedCase) -> None:
    path = f"/fhir/{case.incident}"
    body = case.amend(case.incident, status="amended")
    case.keeper.send("DELETE", path)
    case.keeper.send("PUT", path, body)
    found = bundle(case.keeper, f"{path}/_history")
    assert told(found) == [("PUT", 'W/"4"'), ("DELETE", 'W/"3"'), ("PUT", 'W/"2"'), ("POST", 'W/"1"')]
    assert found["total"] == 4
    assert {one["fullUrl"] for one in found["entry"]} == {f"{BASE}/{case.incident}"}
    assert [one["response"]["status"] for one in found["entry"]] == ["200", "204", "200", "201"]
    assert found["entry"][-1]["request"]["url"] == "Observation"


def test_what_is_deleted_has_a_history_for_its_keeper_alone(case: SharedCase) -> None:
    path = f"/fhir/{case.incident}"
    case.keeper.send("DELETE", path)
    assert told(bundle(case.keeper, f"{path}/_history")) == [("DELETE", 'W/"2"'), ("POST", 'W/"1"')]
    assert case.keeper.get(f"{path}/_history/2").status == "410 Gone"
    assert case.keeper.get(f"{path}/_history/1").status_code == 200
    for other in (case.reader, case.stranger):
        for version in ("", "/1", "/2"):
            assert other.get(f"{path}/_history{version}").data == other.get(f"{NEVER}/_history{version}").data
    kept = bundle(case.keeper, "/fhir/Observation/_history")
    assert told(kept) == [("DELETE", 'W/"2"'), ("POST", 'W/"1"')]
    assert bundle(case.reader, "/fhir/Observation/_history")["total"] == 0


def test_the_history_of_a_type_and_of_the_system_are_what_the_caller_may_see(case: SharedCase) -> None:
    case.amend(case.incident, status="amended")
    assert told(bundle(case.reader, "/fhir/Observation/_history")) == [("PUT", 'W/"2"'), ("POST", 'W/"1"')]
    for stranger in ("/fhir/Observation/_history", "/fhir/Patient/_history", "/fhir/Task/_history"):
        assert bundle(case.stranger, stranger)["total"] == 0
    everything = bundle(case.keeper, "/fhir/_history?_count=500")
    assert len(everything["entry"]) == everything["total"]
    instants = [one["response"]["lastModified"] for one in everything["entry"]]
    assert instants == sorted(instants, reverse=True)
    kinds = {one["fullUrl"].split("/")[-2] for one in everything["entry"]}
    assert {"Patient", "Consent", "Observation", "EpisodeOfCare", "ServiceRequest", "Task", "AuditEvent"} <= kinds


def test_since_is_inclusive(case: SharedCase) -> None:
    amended = case.amend(case.incident, status="amended")
    moment = amended["meta"]["lastUpdated"].replace("+", "%2B")
    path = f"/fhir/{case.incident}/_history?_since="
    assert told(bundle(case.keeper, path + moment)) == [("PUT", 'W/"2"')]
    assert told(bundle(case.keeper, path + "2020-01-01")) == [("PUT", 'W/"2"'), ("POST", 'W/"1"')]
    later = bundle(case.keeper, path + "2120-01-01")
    assert (later["total"], later.get("entry")) == (0, None)
    assert bundle(case.keeper, f"/fhir/Observation/_history?_since={moment}")["total"] == 1


def test_at_finds_what_was_current_then(case: SharedCase) -> None:
    first = (case.keeper.get(f"/fhir/{case.incident}").json or {})["meta"]["lastUpdated"].replace("+", "%2B")
    second = case.amend(case.incident, status="amended")["meta"]["lastUpdated"].replace("+", "%2B")
    path = f"/fhir/{case.incident}/_history?_at="
    assert told(bundle(case.keeper, path + first)) == [("POST", 'W/"1"')]
    assert told(bundle(case.keeper, path + second)) == [("PUT", 'W/"2"')]
    assert told(bundle(case.keeper, path + "2020")) == []
    day = (
        datetime.fromisoformat(second.replace("%2B", "+")).astimezone(MOROCCO).date()
    )  # a day without a zone is one here
    assert told(bundle(case.keeper, f"{path}{day}")) == [("PUT", 'W/"2"'), ("POST", 'W/"1"')]


@pytest.mark.parametrize("query", ["_since=yesterday", "_at=x", "_count=many", "_page=bm90aGluZw"])
def test_what_cannot_be_read_is_refused(case: SharedCase, query: str) -> None:
    assert case.keeper.get(f"/fhir/Observation/_history?{query}").status_code == 400


def test_other_parameters_are_ignored_unless_handling_is_strict(case: SharedCase) -> None:
    path = "/fhir/Observation/_history?_sort=_lastUpdated&colour=red"
    assert [one["url"] for one in bundle(case.keeper, path)["link"]] == [f"{BASE}/Observation/_history"]
    assert case.keeper.get(path, Prefer="handling=strict").status_code == 400


@pytest.mark.parametrize("of", ["{incident}/_history", "Observation/_history", "_history"])
def test_what_is_asked_of_a_history_twice_is_refused_or_asked_as_of_a_search(case: SharedCase, of: str) -> None:
    """As `_count` and `_elements` of a search; but of two instants one would have to be guessed."""
    path = "/fhir/" + of.format(incident=case.incident)
    for name in ("_since", "_at"):
        answer = case.keeper.get(f"{path}?{name}=2020&{name}=2026")
        assert (answer.status_code, (answer.json or {})["issue"][0]["expression"]) == (400, [f"http.{name}"])
    for asked, applied in {
        "_count=1&_count=2": "_count=2",
        "_summary=data&_summary=false": "_summary=false",
        "_elements=subject&_elements=performer": "_elements=subject&_elements=performer",
        "_since=2020&_since=": "_since=2020",
    }.items():
        found = bundle(case.keeper, f"{path}?{asked}")
        assert found["link"][0]["url"] == f"{BASE}{path.removeprefix('/fhir')}?{applied}"
        if "_count" in asked and of == "_history":
            assert len(found["entry"]) == 2
        if "_elements" in asked:
            (shown, *_) = [one for one in found["entry"] if one["fullUrl"].endswith(case.incident)]
            assert {"subject", "performer"} <= shown["resource"].keys() and "component" not in shown["resource"]
    for modified in ("_since:missing=true", "_count:exact=1", "_elements:x=subject"):
        assert case.keeper.get(f"{path}?{modified}").status_code == 400


def test_pages_neither_repeat_nor_skip_while_something_is_written(case: SharedCase) -> None:
    for status in ("amended", "final", "amended", "final", "amended"):
        case.amend(case.incident, status=status)
    first = bundle(case.keeper, "/fhir/Observation/_history?_count=2")
    assert first["total"] == 6
    case.amend(case.incident, status="final")
    (following,) = [one["url"] for one in first["link"] if one["relation"] == "next"]
    assert case.incident.partition("/")[2] not in following
    rest = all_pages(case.keeper, following.removeprefix("https://hub.example"))
    entries = [one for page in (first, *rest) for one in told(page)]
    assert [version for _, version in entries] == [f'W/"{n}"' for n in (6, 5, 4, 3, 2, 1)]
    assert case.reader.get(following.removeprefix("https://hub.example")).status_code == 400, "a link serves one client"


def test_a_system_history_pages_through_all_types_as_one(case: SharedCase) -> None:
    whole = bundle(case.reader, "/fhir/_history?_count=500")
    pages = all_pages(case.reader, "/fhir/_history?_count=3&_since=2020")
    paged = [(one["fullUrl"], one["response"]["etag"]) for page in pages for one in page["entry"]]
    assert len(paged) == len(set(paged))
    # looking is recorded, and so a look at the trail may find more than there was
    assert {(one["fullUrl"], one["response"]["etag"]) for one in whole["entry"]} <= set(paged)


def test_a_count_of_nothing_is_the_total_alone(case: SharedCase) -> None:
    found = bundle(case.keeper, "/fhir/Observation/_history?_count=0")
    assert (found["total"], found.get("entry")) == (1, None)


def test_a_look_at_a_history_is_recorded_with_its_keeper(case: SharedCase) -> None:
    case.reader.get(f"/fhir/{case.incident}/_history")
    case.reader.get(f"/fhir/{case.incident}/_history/1")
    trail = case.keeper.get(f"/fhir/AuditEvent?entity={case.incident}").text
    assert '"code":"history-instance"' in trail
    assert '"code":"vread"' in trail


def test_a_granular_scope_narrows_the_history_too(party: Parties, case: SharedCase) -> None:
    other = "00000000-0000-4000-8000-00000000aaaa"
    narrow: Any = party("amal", f"system/Observation.rs?patient=Patient/{other}")
    assert narrow.get(f"/fhir/{case.incident}/_history").status_code == 404
    assert narrow.get(f"/fhir/{case.incident}/_history/1").status_code == 404
    assert bundle(narrow, "/fhir/Observation/_history")["total"] == 0
    case.keeper.send("DELETE", f"/fhir/{case.incident}")
    assert narrow.get(f"/fhir/{case.incident}/_history").status_code == 404


def test_what_a_scope_does_not_allow_has_no_history(party: Parties, case: SharedCase) -> None:
    reader = party("amal", "system/Patient.rs")
    assert reader.get("/fhir/Observation/_history").status == "403 Forbidden"
    kinds = {one["fullUrl"].split("/")[-2] for one in bundle(reader, "/fhir/_history")["entry"]}
    assert kinds == {"Patient"}
    assert party("amal", "system/Patient.c").get("/fhir/_history").status == "403 Forbidden"


@pytest.mark.parametrize("below", ["_history", "_history/1", "$meta", "$validate", "$everything", "Task", "*"])
def test_below_a_survivor_are_her_history_her_operations_and_her_compartment(
    party: Parties, survivor: Resource, below: str
) -> None:
    amal = party("amal")
    made = amal.send("POST", "/fhir/Patient", survivor).json or {}
    answer = amal.get(f"/fhir/Patient/{made['id']}/{below}")
    assert answer.status_code == 200, answer.text
    expected = {"_history": "history", "$everything": "searchset", "Task": "searchset", "*": "searchset"}
    assert (answer.json or {}).get("type") == expected.get(below)
