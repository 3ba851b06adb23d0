"""Chains, `_has` and includes over HTTP: nobody is found, and nothing is sent along, through what the caller may not see.

https://hl7.org/fhir/R4/search.html#chaining · https://hl7.org/fhir/R4/search.html#revinclude
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

from hub.consent.keys import PUBLIC
from hub.exchange import Hub, chains, includes
from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system, profile
from hub.ports import Changes, Key, Save
from tests.support.parties import BASE, Party

Parties = Callable[..., Party]

OWN = Key("amal|*|*")
KNOWN, UNNAMED, ELSEWHERE = "known", "unnamed", "elsewhere"


def to(reference: str) -> Resource:
    return {"reference": reference}


def survivor(id_: str, code: str) -> Resource:
    return {
        "resourceType": "Patient",
        "id": id_,
        "meta": {"profile": [profile("survivor")]},
        "identifier": [{"system": identifier_system("survivor-code"), "value": code}],
        "name": [{"text": f"Souad {code}"}],
        "gender": "female",
        "managingOrganization": to("Organization/amal"),
    }


def referral(id_: str, person: str, status: str = "accepted") -> Resource:
    return {
        "resourceType": "Task",
        "id": id_,
        "meta": {"profile": [profile("referral-task")]},
        "status": status,
        "for": to(f"Patient/{person}"),
        "owner": to("Organization/chu"),
        "requester": to("Organization/amal"),
        "focus": to(f"ServiceRequest/need-{id_}"),
    }


def case(id_: str, person: str, status: str) -> Resource:
    return {
        "resourceType": "EpisodeOfCare",
        "id": id_,
        "meta": {"profile": [profile("case")]},
        "status": status,
        "patient": to(f"Patient/{person}"),
        "managingOrganization": to("Organization/amal"),
    }


@pytest.fixture(autouse=True)
def furnished(hub: Hub) -> None:
    """chu holds: of `known` all that matters, of `unnamed` no name, of `elsewhere` the referral alone; and two directory entries."""
    opened = {
        KNOWN: ("notice", "core", "identity", "needs-and-services"),
        UNNAMED: ("notice", "core", "needs-and-services"),
        ELSEWHERE: ("notice",),
    }
    for number, (person, classes) in enumerate(opened.items()):
        keys = (OWN, *(Key(f"chu|COC|{one}") for one in classes))
        hidden = (OWN, Key("chu|COC|notice"))
        saves = [
            Save(survivor(person, f"AMAL-{number}"), person, "amal", keys),
            Save(referral(f"t-{person}", person), person, "amal", keys),
            Save(case(f"c-{person}", person, "active"), person, "amal", keys if person != UNNAMED else hidden),
        ]
        hub.store.commit(Changes(saves=saves, persons={person: 0}))
    amal = {"resourceType": "Organization", "id": "amal", "name": "Amal", "active": True}
    place = {"resourceType": "Location", "id": "door", "name": "Porte", "managingOrganization": to("Organization/amal")}
    hub.store.commit(Changes(saves=[Save(one, None, "amal", (OWN, Key(PUBLIC))) for one in (amal, place)]))


def bundle(party: Party, path: str) -> dict[str, Any]:
    answer = party.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json or {}
    return found


def ids(party: Party, path: str, mode: str = "match") -> set[str]:
    found = bundle(party, path)
    if mode == "match":
        assert found["total"] == sum(one["search"]["mode"] == "match" for one in found.get("entry", ()))
    return {one["resource"]["id"] for one in found.get("entry", ()) if one["search"]["mode"] == mode}


def test_a_chain_finds_through_what_the_caller_sees(party: Parties) -> None:
    for name in ("patient", "patient:Patient", "subject:Patient"):
        assert ids(party("chu"), f"/fhir/Task?{name}.name=Souad") == {"t-known"}, name
    assert ids(party("chu"), "/fhir/Task?patient.gender=female") == {"t-known", "t-unnamed"}
    assert ids(party("amal"), "/fhir/Task?patient.name=Souad") == {"t-known", "t-unnamed", "t-elsewhere"}
    assert ids(party("nour"), "/fhir/Task?patient.name=Souad") == set()


def test_a_chain_goes_through_several_steps(party: Parties) -> None:
    assert ids(party("chu"), "/fhir/Task?patient.organization.name=amal") == {"t-known", "t-unnamed"}
    assert ids(party("chu"), "/fhir/Task?patient.organization.name=nour") == set()


def test_two_chains_are_answered_independently_and_each_is_one_alternative_of_values(party: Parties) -> None:
    assert ids(party("chu"), "/fhir/Task?patient.name=Souad&patient.gender=male") == set()
    assert ids(party("chu"), "/fhir/Task?patient.name=Souad&patient.organization.active=true") == {"t-known"}
    assert ids(party("amal"), "/fhir/Task?patient.identifier=AMAL-0,AMAL-2") == {"t-known", "t-elsewhere"}


def test_has_finds_what_is_referred_to(party: Parties) -> None:
    assert ids(party("chu"), "/fhir/Patient?_has:EpisodeOfCare:patient:status=active") == {KNOWN}
    assert ids(party("amal"), "/fhir/Patient?_has:EpisodeOfCare:patient:status=active") == {KNOWN, UNNAMED, ELSEWHERE}
    assert ids(party("chu"), "/fhir/Patient?_has:Task:patient:status=accepted") == {KNOWN, UNNAMED}
    assert ids(party("chu"), "/fhir/Patient?_has:Task:patient:status=rejected") == set()


def test_has_may_be_nested_and_may_end_a_chain(party: Parties) -> None:
    nested = "/fhir/Organization?_has:Patient:organization:_has:EpisodeOfCare:patient:status=active"
    assert ids(party("chu"), nested) == {"amal"}
    assert ids(party("chu"), nested.replace("active", "finished")) == set()
    assert ids(party("chu"), "/fhir/Task?patient._has:EpisodeOfCare:patient:status=active") == {"t-known"}
    assert ids(party("chu"), "/fhir/Organization?_has:Patient:organization:organization.name=amal") == {"amal"}
    deep = "patient.organization._has:Patient:organization:_has:EpisodeOfCare:patient:patient.organization.name=amal"
    assert ids(party("chu"), f"/fhir/Task?{deep}") == {"t-known", "t-unnamed"}, "six steps"
    assert ids(party("chu"), f"/fhir/Task?{deep.replace('amal', 'nour')}") == set()
    assert party("chu").get(f"/fhir/Task?patient.organization._has:Patient:organization:{deep}").status_code == 400


def test_pages_of_a_chain_follow_each_other(party: Parties) -> None:
    found, path = [], "/fhir/Task?patient.identifier=AMAL-0,AMAL-1,AMAL-2&_count=1"
    while path:
        page = bundle(party("amal"), path)
        assert page["total"] == 3
        found += [one["resource"]["id"] for one in page["entry"]]
        links = {one["relation"]: one["url"] for one in page["link"]}
        path = links.get("next", "").removeprefix("https://hub.example")
        assert "AMAL" not in str(links), "the code stands in no URL"
    assert sorted(found) == ["t-elsewhere", "t-known", "t-unnamed"]


def test_a_chain_searches_each_type_and_needs_its_scope(party: Parties) -> None:
    narrow = party("chu", "system/Task.rs")
    assert narrow.get("/fhir/Task?patient.name=Souad").status_code == 403
    assert narrow.get("/fhir/Task?_has:AuditEvent:entity:action=R").status_code == 403
    assert ids(narrow, "/fhir/Task?_include=Task:patient", "include") == set(), "and what is included too"


def test_a_step_that_finds_too_much_is_refused(party: Parties, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "MOST_FOLLOWED", 2)
    answer = party("amal").get("/fhir/Task?patient.gender=female")
    assert (answer.status_code, answer.json["issue"][0]["code"]) == (422, "too-costly")  # type: ignore[index]
    assert ids(party("chu"), "/fhir/Task?patient.gender=female") == {"t-known", "t-unnamed"}, (
        "what is hidden does not count"
    )


# --- includes ---------------------------------------------------------------------------------------------------------


def test_what_a_match_refers_to_is_sent_along(party: Parties) -> None:
    found = bundle(party("chu"), "/fhir/Task?_include=Task:patient")
    assert found["total"] == 3
    modes = [(one["search"]["mode"], one["resource"]["id"]) for one in found["entry"]]
    assert sorted(modes[3:]) == [("include", KNOWN), ("include", UNNAMED)]
    assert found["entry"][3]["fullUrl"].startswith(f"{BASE}/Patient/")
    assert unquote(found["link"][0]["url"]) == f"{BASE}/Task?_include=Task:patient"


@pytest.mark.parametrize("name", ["Task:patient", "Task:subject", "Task:subject:Patient", "Task:patient:Patient"])
def test_parameters_that_read_the_same_include_the_same(party: Parties, name: str) -> None:
    assert ids(party("chu"), f"/fhir/Task?_include={name}", "include") == {KNOWN, UNNAMED}


def test_included_is_each_as_the_caller_sees_it(party: Parties) -> None:
    found = bundle(party("chu"), "/fhir/Task?_include=Task:patient")
    names = {one["resource"]["id"]: "name" in one["resource"] for one in found["entry"][3:]}
    assert names == {KNOWN: True, UNNAMED: False}


def test_nothing_is_included_twice_nor_what_matched(party: Parties) -> None:
    assert ids(party("chu"), "/fhir/Patient?_include=Patient:organization", "include") == {"amal"}
    found = bundle(
        party("amal"), "/fhir/Patient?_revinclude=Task:patient&_revinclude=Task:subject&_include:iterate=Task:patient"
    )
    shown = [one["fullUrl"] for one in found["entry"]]
    assert len(shown) == len(set(shown)) == 6


def test_what_refers_to_a_match_is_sent_along(party: Parties) -> None:
    assert ids(party("chu"), "/fhir/Patient?_revinclude=EpisodeOfCare:patient", "include") == {"c-known"}
    assert ids(party("amal"), "/fhir/Patient?_id=unnamed&_revinclude=EpisodeOfCare:patient", "include") == {"c-unnamed"}
    assert ids(party("chu"), "/fhir/Patient?_id=known&_revinclude=*", "include") >= {"c-known", "t-known"}


def test_iterating_goes_on_from_what_is_included_and_only_where_it_is_asked(party: Parties) -> None:
    assert ids(party("chu"), "/fhir/Task?_include=Task:patient&_include=Patient:organization", "include") == {
        KNOWN,
        UNNAMED,
    }
    further = "/fhir/Task?_include=Task:patient&_include:iterate=Patient:organization"
    assert ids(party("chu"), further, "include") == {KNOWN, UNNAMED, "amal"}
    assert "door" in ids(party("chu"), f"{further}&_revinclude:iterate=Location:organization", "include")
    assert ids(party("chu"), "/fhir/Task?_include=*", "include") == {KNOWN, UNNAMED, "amal"}


@pytest.mark.parametrize(
    "value", ["Task", "Task:status", "Nothing:x", "Task:patient:Organization", "patient", "Task:nothing"]
)
def test_an_include_that_cannot_be_read_is_refused(party: Parties, value: str) -> None:
    assert party("chu").get(f"/fhir/Task?_include={value}").status_code == 400


def test_what_is_included_is_looked_at(party: Parties, hub: Hub) -> None:
    bundle(party("chu"), "/fhir/Task?_id=t-known&_include=Task:patient")
    events = bundle(party("amal"), "/fhir/AuditEvent?entity=Patient/known")
    assert events["total"] == 1


def test_a_page_with_more_than_can_be_sent_along_is_refused(party: Parties, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(includes, "MOST_INCLUDED", 1)
    answer = party("chu").get("/fhir/Task?_include=Task:patient")
    assert (answer.status_code, answer.json["issue"][0]["code"]) == (422, "too-costly")  # type: ignore[index]
    assert ids(party("chu"), "/fhir/Task?_count=1&_id=t-known&_include=Task:patient", "include") == {KNOWN}
