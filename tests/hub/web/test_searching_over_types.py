"""Searches over several types, and in a survivor's compartment: one order, one total, one cursor.

https://hl7.org/fhir/R4/http.html#search · https://hl7.org/fhir/R4/compartmentdefinition-patient.html
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from hub.consent.keys import PUBLIC
from hub.exchange import Hub
from hub.ports import Changes, Key, Save
from hub.search.compartments import MEMBERS
from hub.search.parameters import PARAMETERS
from tests.hub.web.conftest import PERSON
from tests.support.parties import BASE, Party
from tests.support.second_opinions import R4, why_not

Parties = Callable[..., Party]


@pytest.fixture(autouse=True)
def furnished(hub: Hub, tasks: list[str]) -> None:
    """Seven referrals of one survivor, her case, and five directory entries, one of them hidden."""
    case = {
        "resourceType": "EpisodeOfCare",
        "id": "case",
        "status": "active",
        "patient": {"reference": f"Patient/{PERSON}"},
    }
    keys = (Key("amal|*|*"), Key("chu|COC|needs-and-services"))
    hub.store.commit(Changes(saves=[Save(case, PERSON, "amal", keys)], persons={PERSON: len(tasks)}))
    for number in range(4):
        place = {"resourceType": "Location", "id": f"place-{number}", "name": "Porte"}
        opened = (Key("amal|*|*"), *((Key(PUBLIC),) if number else ()))
        hub.store.commit(Changes(saves=[Save(place, None, "amal", opened)]))
    amal = {"resourceType": "Organization", "id": "place-1", "name": "Amal"}  # an id that another type has too
    hub.store.commit(Changes(saves=[Save(amal, None, "amal", (Key("amal|*|*"), Key(PUBLIC)))]))


def bundle(party: Party, path: str) -> dict[str, Any]:
    answer = party.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json or {}
    return found


def shown(found: dict[str, Any]) -> list[str]:
    return [
        one["fullUrl"].removeprefix(f"{BASE}/") for one in found.get("entry", ()) if one["search"]["mode"] == "match"
    ]


def everything(party: Party, path: str) -> list[str]:
    found: list[str] = []
    totals = set()
    while path:
        page = bundle(party, path)
        found += shown(page)
        totals.add(page["total"])
        links = {one["relation"]: one["url"].removeprefix("https://hub.example") for one in page["link"]}
        path = links.get("next", "")
    assert totals == {len(found)}
    return found


def test_several_types_come_in_one_order_with_one_total(party: Parties) -> None:
    chu = party("chu")
    whole = everything(chu, "/fhir?_type=Task,Location,Organization,EpisodeOfCare")
    assert len(whole) == len(set(whole)) == 7 + 3 + 1 + 1
    instants = {
        one["fullUrl"]: one["resource"]["meta"]["lastUpdated"] for one in bundle(chu, "/fhir?_count=50")["entry"]
    }
    assert [instants[f"{BASE}/{one}"] for one in whole] == sorted(instants[f"{BASE}/{one}"] for one in whole)[::-1]
    for count in (1, 2, 5):
        assert everything(chu, f"/fhir?_type=Task,Location,Organization,EpisodeOfCare&_count={count}") == whole


def test_pages_neither_repeat_nor_skip_while_rows_are_inserted(party: Parties, hub: Hub) -> None:
    chu = party("chu")
    before = everything(chu, "/fhir?_type=Task,Location,Organization")
    found, path = [], "/fhir?_type=Task,Location,Organization&_count=3"
    for number in range(20):
        page = bundle(chu, path)
        found += shown(page)
        place = {"resourceType": "Location", "id": f"later-{number}", "name": "Porte"}
        hub.store.commit(Changes(saves=[Save(place, None, "amal", (Key("amal|*|*"), Key(PUBLIC)))]))
        path = {one["relation"]: one["url"] for one in page["link"]}.get("next", "").removeprefix("https://hub.example")
        if not path:
            break
    assert found == before


def test_the_first_page_is_found_again_by_its_link(party: Parties) -> None:
    chu = party("chu")
    first = bundle(chu, "/fhir/Task?_count=3")
    links = {one["relation"]: one["url"].removeprefix("https://hub.example") for one in first["link"]}
    second = bundle(chu, links["next"])
    back = {one["relation"]: one["url"].removeprefix("https://hub.example") for one in second["link"]}["first"]
    assert shown(bundle(chu, back)) == shown(first)
    assert shown(bundle(chu, links["first"])) == shown(first)


def test_post_gives_the_same_answer(party: Parties) -> None:
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    answer = party("chu").send("POST", "/fhir/_search", "_type=Task,Location&_total=accurate", **form)
    assert answer.json == bundle(party("chu"), "/fhir?_type=Task,Location&_total=accurate")


def test_a_parameter_must_be_known_to_all_the_types(party: Parties) -> None:
    chu = party("chu")
    assert everything(chu, "/fhir?_type=Task,EpisodeOfCare&patient=" + PERSON)[-1].startswith("Task/")
    found = bundle(chu, "/fhir?_type=Task,Location&patient=" + PERSON)
    assert found["total"] == 10
    assert found["entry"][-1]["search"]["mode"] == "outcome"
    strict = chu.get("/fhir?_type=Task,Location&patient=" + PERSON, Prefer="handling=strict")
    assert strict.status_code == 400
    assert chu.get("/fhir?_type=Nothing").status_code == 400


def test_each_type_needs_its_scope_and_without_types_those_are_searched_that_it_reaches(party: Parties) -> None:
    narrow = party("chu", "system/Task.rs")
    assert narrow.get("/fhir?_type=Task,Location").status_code == 403
    assert {one.partition("/")[0] for one in everything(narrow, "/fhir")} == {"Task"}


def test_a_total_that_nobody_wants_is_not_told(party: Parties) -> None:
    for path in ("/fhir?_type=Task,Location", "/fhir/Task?_sort=status"):
        found = bundle(party("chu"), f"{path}{'&' if '?' in path else '?'}_total=none&_count=2")
        assert "total" not in found
        assert len(found["entry"]) == 2
    assert bundle(party("chu"), "/fhir?_type=Task&_summary=count") == {
        "resourceType": "Bundle", "type": "searchset", "total": 7,
        "link": [{"relation": "self", "url": f"{BASE}?_type=Task&_summary=count"}],
    }  # fmt: skip


# --- a survivor's compartment -----------------------------------------------------------------------------------------


def test_what_belongs_to_a_survivor_is_found_under_her_address(party: Parties, tasks: list[str]) -> None:
    chu = party("chu")
    assert sorted(everything(chu, f"/fhir/Patient/{PERSON}/Task")) == [f"Task/{id_}" for id_ in tasks]
    assert len(everything(chu, f"/fhir/Patient/{PERSON}/Task?status=received")) == 4
    assert everything(chu, f"/fhir/Patient/{PERSON}/EpisodeOfCare") == ["EpisodeOfCare/case"]
    assert len(everything(chu, f"/fhir/Patient/{PERSON}/*?_count=3")) == 8
    assert everything(party("nour"), f"/fhir/Patient/{PERSON}/*") == []


def test_somebody_hidden_and_somebody_who_is_not_there_have_the_same_compartment(party: Parties) -> None:
    hidden = party("nour").get(f"/fhir/Patient/{PERSON}/Task")
    absent = party("nour").get("/fhir/Patient/nobody/Task")
    assert hidden.get_data(as_text=True) == absent.get_data(as_text=True).replace("Patient/nobody", f"Patient/{PERSON}")


def test_her_id_stands_in_no_page_link(party: Parties) -> None:
    for path in ("Task", "*"):
        links = bundle(party("chu"), f"/fhir/Patient/{PERSON}/{path}?_count=2")["link"]
        assert links[0]["url"].startswith(f"{BASE}/Patient/{PERSON}/{path}?")
        assert [one["relation"] for one in links[1:]] == ["first", "next"]
        assert PERSON not in str(links[1:])


def test_what_is_in_no_compartment_is_not_searched_there(party: Parties) -> None:
    assert party("chu").get(f"/fhir/Patient/{PERSON}/Organization").status_code == 405
    assert party("chu").get(f"/fhir/Patient/{PERSON}/Nothing").status_code == 404
    assert party("chu").get("/fhir/Task?:compartment=x").status_code == 200, "it is no parameter"


@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_whatever_r4_has_in_the_compartment_is_there_by_all_parameters_that_are_answered() -> None:
    """Beside HL7's own definition; a referral is there too."""
    defined = json.loads((R4 / "CompartmentDefinition-patient.json").read_text("utf-8"))["resource"]
    expected = {
        one["code"]: {name for name in one["param"] if "Patient" in _targets(one["code"], name)}
        for one in defined
        if one["code"] in PARAMETERS and "param" in one
    }
    found = {type_: set(names) for type_, names in MEMBERS.items() if type_ not in {"Task", "Patient"}}
    assert found == {type_: names for type_, names in expected.items() if names and type_ != "Patient"}


def _targets(type_: str, name: str) -> tuple[str, ...]:
    return PARAMETERS[type_][name].targets if name in PARAMETERS[type_] else ()


def test_every_type_of_the_compartment_is_found_there(party: Parties, hub: Hub) -> None:
    """By each parameter that belongs to it, wherever in a resource that reads."""
    said = {"resourceType": "RiskAssessment", "id": "risk", "subject": {"reference": f"Patient/{PERSON}"}}
    revision = hub.store.compartments([PERSON])[PERSON].revision
    hub.store.commit(Changes(saves=[Save(said, PERSON, "amal", (Key("amal|*|*"),))], persons={PERSON: revision}))
    amal = party("amal")
    assert everything(amal, f"/fhir/Patient/{PERSON}/RiskAssessment") == ["RiskAssessment/risk"]
    assert "RiskAssessment/risk" in everything(amal, f"/fhir/Patient/{PERSON}/*")
    for type_ in MEMBERS:
        assert amal.get(f"/fhir/Patient/{PERSON}/{type_}").status_code == 200, type_


def test_every_member_of_the_compartment_refers_to_survivors() -> None:
    for type_, names in MEMBERS.items():
        assert names or type_ == "Patient", type_
        for name in names:
            assert "Patient" in PARAMETERS[type_][name].targets, (type_, name)
