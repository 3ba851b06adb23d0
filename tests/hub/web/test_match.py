"""Patient/$match over HTTP: https://hl7.org/fhir/R4/patient-operation-match.html"""

import logging
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system
from tests.support.accompanied import (
    Accompanied,
    Parties,
    accompany,
    body,
    created,
    found,
    references,
    rules_broken,
    withdraw,
)
from tests.support.parties import BASE, Party

MATCH = "/fhir/Patient/$match"
SYSTEM = identifier_system("cin")
NAMED = {"name": [{"text": "زينب مثال"}], "birthDate": "1990-03-02"}


def cin(value: str) -> list[Resource]:
    type_ = {"coding": [{"system": "https://ihala.example/fhir/CodeSystem/identifier-type", "code": "cin"}]}
    return [{"type": type_, "system": SYSTEM, "value": value}]


def said(**elements: Any) -> Resource:
    return {"resourceType": "Patient", **elements}


def asked(resource: Resource, **more: Any) -> Resource:
    keys = {bool: "valueBoolean", int: "valueInteger"}
    others = [{"name": name, keys[type(value)]: value} for name, value in more.items()]
    return {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": resource}, *others]}


def matched(party: Party, resource: Resource, **more: Any) -> list[tuple[str, float, str]]:
    """(reference, score, grade) of each, as it was answered."""
    bundle = body(party.send("POST", MATCH, asked(resource, **more)))
    Bundle.model_validate(bundle)
    assert rules_broken(bundle) == []
    assert bundle["total"] == len(bundle.get("entry", ()))
    return [
        (
            entry["fullUrl"].removeprefix(f"{BASE}/"),
            entry["search"]["score"],
            entry["search"]["extension"][0]["valueCode"],
        )
        for entry in bundle.get("entry", ())
    ]


@pytest.fixture
def zineb(survivor: Resource) -> Resource:
    return survivor | NAMED | {"identifier": [*survivor["identifier"], *cin("AB123456")]}


@pytest.fixture
def her(party: Parties, zineb: Resource) -> Accompanied:
    """The hospital may see who she is."""
    return accompany(party, zineb, ("core", "needs-and-services", "identity"))


def test_who_is_known_by_a_number_is_found_for_certain(her: Accompanied) -> None:
    assert matched(her.chu, said(identifier=[{"system": SYSTEM, "value": "AB123456"}])) == [(her.patient, 1, "certain")]
    assert matched(her.amal, said(identifier=[{"value": "AB123456"}])) == [(her.patient, 0.9, "probable")]


def test_who_is_known_by_her_name_is_found_also_with_a_mistake(her: Accompanied) -> None:
    for text in ("زينب مثال", "مثال زينب", "زينب مثالي"):
        ((patient, score, grade),) = matched(her.chu, said(name=[{"text": text}], birthDate="1990-03-02"))
        assert (patient, grade) == (her.patient, "probable")
        assert 0.8 <= score < 1
    assert matched(her.chu, said(name=[{"text": "زينب مثال"}], birthDate="1991")) == []
    assert matched(her.chu, said(name=[{"text": "خديجة مثال"}])) == []


def test_the_resource_may_be_the_body_itself(her: Accompanied) -> None:
    answer = her.chu.send("POST", MATCH, said(name=[{"text": "زينب مثال"}]))
    assert references(body(answer)) == [her.patient]


def test_what_is_told_of_a_match_is_the_callers_own_view_of_her(her: Accompanied) -> None:
    bundle = body(her.chu.send("POST", MATCH, said(name=[{"text": "زينب مثال"}])))
    assert bundle["entry"][0]["resource"] == her.chu.get(f"/fhir/{her.patient}").json


def test_who_has_no_relation_to_her_is_answered_as_if_she_were_in_no_record(her: Accompanied, party: Parties) -> None:
    other = party("hopital")
    nobody = other.send("POST", MATCH, asked(said(name=[{"text": "نادية أخرى"}])))
    for asked_for in (
        said(name=[{"text": "زينب مثال"}]), said(identifier=[{"system": SYSTEM, "value": "AB123456"}]),
        said(identifier=[{"value": "CAS-0042"}], **NAMED),
    ):  # fmt: skip
        answer = other.send("POST", MATCH, asked(asked_for))
        assert (answer.status_code, answer.data) == (nobody.status_code, nobody.data)
    assert nobody.json == {"resourceType": "Bundle", "type": "searchset", "total": 0}


def test_nobody_is_found_by_what_the_caller_may_not_see_of_her(party: Parties, zineb: Resource) -> None:
    """Her name, her date of birth and her number are of the class identity, which she did not open."""
    her = accompany(party, zineb)
    assert found(her.chu, "Patient") == [her.patient]
    assert matched(her.chu, said(**NAMED)) == []
    assert matched(her.chu, said(identifier=[{"system": SYSTEM, "value": "AB123456"}])) == []
    assert matched(her.chu, said(identifier=[{"value": "CAS-0042"}])) == []
    (own,) = body(her.chu.get(f"/fhir/{her.patient}"))["identifier"]
    number = {"system": own["system"], "value": own["value"]}
    assert matched(her.chu, said(identifier=[number])) == [(her.patient, 1, "certain")]


def test_a_number_of_hers_that_another_organisation_has_means_nobody(her: Accompanied, party: Parties) -> None:
    system = identifier_system("pseudonym")
    (own,) = [one for one in body(her.chu.get(f"/fhir/{her.patient}"))["identifier"] if one["system"] == system] or [{}]
    number = {"system": system, "value": own.get("value", "x")}
    assert matched(party("hopital"), said(identifier=[number])) == []
    assert matched(her.amal, said(identifier=[number])) == []


def test_after_a_withdrawal_she_is_found_no_more(her: Accompanied) -> None:
    assert matched(her.chu, said(**NAMED))
    withdraw(her.amal, her.consent)
    assert matched(her.chu, said(**NAMED)) == []


def test_only_what_is_certain_is_one_woman_or_nobody(her: Accompanied, zineb: Resource) -> None:
    number = said(identifier=[{"system": SYSTEM, "value": "AB123456"}])
    assert [one[0] for one in matched(her.amal, number, onlyCertainMatches=True)] == [her.patient]
    assert matched(her.amal, said(**NAMED), onlyCertainMatches=True) == []
    created(her.amal, zineb)
    assert len(matched(her.amal, number)) == 2
    assert matched(her.amal, number, onlyCertainMatches=True) == []


def test_the_best_come_first_and_no_more_than_were_asked_for(her: Accompanied, survivor: Resource) -> None:
    like = [
        created(her.amal, survivor | {"name": [{"text": text}]}) for text in ("زينب مثالي", "زينب مثل", "نادية أخرى")
    ]
    got = matched(her.amal, said(**NAMED))
    assert got[0][0] == her.patient
    assert {one[0] for one in got[1:]} == {f"Patient/{id_}" for id_ in like[:2]}
    assert [one[1] for one in got] == sorted((one[1] for one in got), reverse=True)
    assert matched(her.amal, said(**NAMED), count=1) == got[:1]


def test_only_who_is_told_was_looked_at(her: Accompanied, party: Parties, survivor: Resource) -> None:
    other = accompany(party, survivor | {"name": [{"text": "زينب أخرى"}]}, ("core", "needs-and-services", "identity"))
    before = {patient: looks(her, patient) for patient in (her.patient, other.patient)}
    assert [one[0] for one in matched(her.chu, said(**NAMED))] == [her.patient]
    assert looks(her, her.patient) == before[her.patient] + 1
    assert looks(her, other.patient) == before[other.patient]


def looks(her: Accompanied, patient: str) -> int:
    """How often the hospital's searches were shown this record."""
    events = body(her.amal.get(f"/fhir/AuditEvent?_count=500&subtype=search&entity={patient}")).get("entry", ())
    agents = [agent for event in events for agent in event["resource"]["agent"]]
    return sum(agent.get("altId") == "chu-system" for agent in agents)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (asked(said(birthDate="1990")), 400),
        (asked(said(name=[{"text": "ز"}])), 400),
        (asked(said(identifier=[{"system": SYSTEM}])), 400),
        (asked(said(name=[{"text": " ".join(f"اسم{n}" for n in range(21))}])), 400),
        (asked({"resourceType": "Task"}), 400),
        ({"resourceType": "Parameters", "parameter": []}, 400),
        (asked(said(name="Zineb")), 422),
        (asked(said(name=[{"text": 7}], gender="moon")), 422),
        (asked(said(colour="red", name=[{"text": "زينب"}])), 422),
    ],
)
def test_what_says_nothing_of_a_person_is_refused(her: Accompanied, sent: Resource, status: int) -> None:
    assert her.chu.send("POST", MATCH, sent).status_code == status


def test_nothing_of_her_may_stand_in_a_url(her: Accompanied) -> None:
    assert her.chu.get(MATCH).status_code == 405
    answer = her.chu.send("POST", f"{MATCH}?count=1", said(**NAMED))
    assert answer.status_code == 400


def test_a_token_must_reach_searches_of_survivors(her: Accompanied, party: Parties) -> None:
    assert party("chu", "system/Patient.r system/Task.s").send("POST", MATCH, said(**NAMED)).status_code == 403


def test_nothing_that_was_said_of_her_is_written_into_a_log(her: Accompanied, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    matched(her.chu, said(**NAMED))
    assert "زينب" not in caplog.text
    assert "1990-03-02" not in caplog.text
