"""Patient/$everything over HTTP: https://hl7.org/fhir/R4/patient-operation-everything.html"""

from collections.abc import Iterator
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.query import Query
from hub.fhir.serial import loads
from hub.ports import Visible
from hub.store import compartment
from tests.support.accompanied import (
    NEVER,
    Accompanied,
    Parties,
    accompany,
    body,
    created,
    found,
    incident_of,
    link,
    need_of,
    references,
    rules_broken,
    withdraw,
)
from tests.support.parties import BASE, Party


@pytest.fixture
def her(party: Parties, survivor: Resource) -> Accompanied:
    return accompany(party, survivor)


@pytest.fixture
def hers(her: Accompanied) -> Accompanied:
    """With two incidents besides, of which the hospital may see nothing."""
    for day in ("2026-01-10", "2026-05-10"):
        created(her.amal, incident_of(her.patient, day))
    return her


def everything(party: Party, person: str, query: str = "") -> dict[str, Any]:
    answer = body(party.get(f"/fhir/{person}/$everything{query}"))
    Bundle.model_validate(answer)
    assert rules_broken(answer) == []
    return answer


def pages(party: Party, path: str) -> Iterator[dict[str, Any]]:
    while path:
        page = body(party.get(path))
        yield page
        path = link(page, "next")


def test_her_keeper_gets_all_that_is_kept_of_her_and_her_own_record_first(hers: Accompanied) -> None:
    bundle = everything(hers.amal, hers.patient)
    got = references(bundle)
    assert got[0] == hers.patient
    assert bundle["total"] == len(got) == len(set(got))
    assert {hers.consent, hers.need, hers.task, *found(hers.amal, "Observation")} <= set(got)
    assert "AuditEvent" not in {one.partition("/")[0] for one in got}
    assert bundle["entry"][0]["fullUrl"] == f"{BASE}/{hers.patient}"
    assert all(entry["search"] == {"mode": "match"} for entry in bundle["entry"])


def test_a_recipient_gets_what_she_agreed_to_each_as_it_reads_it(hers: Accompanied) -> None:
    bundle = everything(hers.chu, hers.patient)
    assert set(references(bundle)) == {hers.patient, hers.need, hers.task}
    assert bundle["total"] == 3
    for entry in bundle["entry"]:
        assert entry["resource"] == hers.chu.get(entry["fullUrl"].removeprefix("https://hub.example")).json


def test_what_is_hidden_is_as_absent_as_what_never_was(hers: Accompanied, party: Parties) -> None:
    """https://github.com/hapifhir/hapi-fhir/issues/6065: not by this way either."""
    other = party("hopital")
    never = other.get(f"/fhir/Patient/{NEVER}/$everything")
    for query in ("", "?_type=Task", "?start=2026-01-01", "?_count=0"):
        hidden = other.get(f"/fhir/{hers.patient}/$everything{query}")
        assert (hidden.status_code, hidden.data) == (never.status_code, never.data)
    assert never.status_code == 404
    assert references(body(other.get("/fhir/Patient/$everything"))) == []


def test_after_a_withdrawal_there_is_nothing_also_on_a_page_that_was_begun_before(hers: Accompanied) -> None:
    first = everything(hers.chu, hers.patient, "?_count=1")
    withdraw(hers.amal, hers.consent)
    assert hers.chu.get(f"/fhir/{hers.patient}/$everything").status_code == 404
    assert hers.chu.get(link(first, "next")).status_code == 404


def test_pages_give_each_record_once_while_records_come_in(hers: Accompanied) -> None:
    before = references(everything(hers.amal, hers.patient))
    got: list[str] = []
    for page in pages(hers.amal, f"/fhir/{hers.patient}/$everything?_count=2"):
        got += references(page)
        assert len(references(page)) <= 2
        created(hers.amal, incident_of(hers.patient))
        if len(got) > 40:
            break
    assert len(got) == len(set(got))
    assert set(before) <= set(got)


def test_each_page_says_how_many_there_are_in_all(hers: Accompanied) -> None:
    totals = {page["total"] for page in pages(hers.amal, f"/fhir/{hers.patient}/$everything?_count=3")}
    assert totals == {everything(hers.amal, hers.patient)["total"]}


def test_nothing_of_her_stands_in_the_link_of_a_page_and_nobody_else_can_use_it(hers: Accompanied) -> None:
    page = everything(hers.amal, hers.patient, "?_count=1&start=2026-01-01")
    following = link(page, "next")
    assert following.startswith("/fhir/Patient/$everything?_page=")
    assert hers.id not in following
    assert hers.chu.get(following).status_code == 400
    assert hers.amal.get(f"{following}&_count=2").status_code == 400
    assert hers.amal.get(following.replace("Patient/", f"Patient/{NEVER}/")).status_code == 400
    assert hers.amal.get(f"/fhir/Patient?{following.partition('?')[2]}").status_code == 400


def test_types_are_chosen_by_name(hers: Accompanied) -> None:
    assert {one.partition("/")[0] for one in references(everything(hers.amal, hers.patient, "?_type=Task,Observation"))} == {
        "Task", "Observation",
    }  # fmt: skip
    parameters = [{"name": "_type", "valueCode": "Task"}, {"name": "_type", "valueCode": "Consent"}]
    asked = {"resourceType": "Parameters", "parameter": parameters}
    answer = body(hers.amal.send("POST", f"/fhir/{hers.patient}/$everything", asked))
    assert set(references(answer)) == {hers.task, hers.consent}
    events = references(everything(hers.amal, hers.patient, "?_type=AuditEvent&_count=500"))
    assert {one.partition("/")[0] for one in events} == {"AuditEvent"}


def test_dates_of_care_and_of_change_narrow_it(hers: Accompanied) -> None:
    def incidents(query: str) -> int:
        return len(references(everything(hers.amal, hers.patient, f"?_type=Observation&{query}")))

    assert incidents("") == 2
    assert incidents("start=2026-03-01") == 1
    assert incidents("end=2026-03-01") == 1
    assert incidents("start=2026-01&end=2026-12") == 2
    assert incidents("start=2027") == 0
    assert incidents("_since=2020-01-01T00:00:00Z") == 2
    assert incidents("_since=2099-01-01T00:00:00Z") == 0
    assert references(everything(hers.amal, hers.patient, "?start=2099&_type=Patient,Consent")) == [
        hers.patient, hers.consent,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "query",
    ["_type=Moon", "_type=Organization", "start=yesterday", "_since=x", "_count=many", "_count=-1", "colour=red", "_page=bm90aGluZw",
     "start=2026&start=2025"],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(hers: Accompanied, query: str) -> None:
    assert hers.amal.get(f"/fhir/{hers.patient}/$everything?{query}").status_code == 400


def test_a_token_reaches_the_types_that_it_names_and_no_others(hers: Accompanied, party: Parties) -> None:
    narrow = party("amal", "system/Patient.rs system/Task.rs")
    assert set(references(everything(narrow, hers.patient))) == {hers.patient, hers.task}
    assert narrow.get(f"/fhir/{hers.patient}/$everything?_type=Observation").status_code == 403
    assert party("amal", "system/Task.rs").get(f"/fhir/{hers.patient}/$everything").status_code == 403
    of_one = party("amal", "system/Patient.r system/Task.s")
    assert references(everything(of_one, hers.patient, "?_count=1")) == [hers.task]
    assert of_one.get("/fhir/Patient/$everything").status_code == 403


def test_a_granular_token_gets_what_it_is_narrowed_to(hers: Accompanied, party: Parties) -> None:
    second = created(hers.amal, need_of(hers.patient) | {"performer": [{"reference": "Organization/hopital"}]})
    narrow = party("amal", "system/Patient.rs system/Task.rs?owner=Organization/chu")
    assert found(hers.amal, f"Task?focus=ServiceRequest/{second}")
    assert [one for one in references(everything(narrow, hers.patient)) if one.startswith("Task/")] == [hers.task]


def test_of_all_whom_a_caller_sees_one_after_the_other(hers: Accompanied, party: Parties, survivor: Resource) -> None:
    others = [accompany(party, survivor), accompany(party, survivor, ("needs-and-services",))]
    seen = found(hers.chu, "Patient")
    assert len(seen) == 2  # of the third nothing says who she is
    got: list[str] = []
    for page in pages(hers.chu, "/fhir/Patient/$everything?_count=2"):
        assert "total" not in page
        got += references(page)
    assert len(got) == len(set(got))
    assert [one for one in got if one.startswith("Patient/")] == sorted(seen)
    assert got.index(hers.task) > got.index(hers.patient)
    assert others[1].task not in got
    alone = [one for person in sorted(seen) for one in references(everything(hers.chu, person))]
    assert got == alone


def test_each_look_is_recorded_with_what_was_given(hers: Accompanied) -> None:
    before = set(found(hers.amal, "AuditEvent?_count=500"))
    everything(hers.chu, hers.patient)
    new = [one for one in found(hers.amal, "AuditEvent?_count=500") if one not in before]
    told = [hers.amal.get(f"/fhir/{one}").json for one in new]
    looks = [event for event in told if event["agent"][0].get("altId") == "chu-system"]
    given = [e["what"].get("reference") for event in looks for e in event["entity"]]
    assert {hers.patient, hers.need, hers.task} <= set(given)


def test_a_predicate_that_is_left_out_would_be_noticed(
    hers: Accompanied, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unseen(query: Query, _: Visible) -> Resource:
        return {"_id": {"$exists": bool(query)}}

    monkeypatch.setattr(compartment, "matching", unseen)
    assert len(references(loads(hers.chu.get(f"/fhir/{hers.patient}/$everything").text))) > 3
