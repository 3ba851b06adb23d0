"""Conditional references of a transaction: a search in the place of a reference, which means the one that the caller can see.

https://hl7.org/fhir/R4/http.html#trules
"""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from hub.exchange import Hub
from hub.fhir import Resource
from tests.hub.web.test_transactions import AMAL, bundle, condition, count, entry, incident, references
from tests.support.parties import Party

Parties = Callable[..., Party]


def test_a_conditional_reference_means_what_the_caller_can_see(party: Parties, survivor: Resource, hub: Hub) -> None:
    amal = party("amal")
    kept = amal.send("POST", "/fhir/Patient", survivor).json or {}
    code = survivor["identifier"][0]
    asked = f"Patient?identifier={code['system']}|{code['value']}"
    answer = amal.send("POST", "/fhir", bundle(entry("POST", "Observation", incident(asked))))
    assert answer.status_code == 200, answer.text
    (made,) = references(answer.json)
    assert (amal.get(f"/fhir/{made}").json or {})["subject"] == {"reference": f"Patient/{kept['id']}"}
    theirs = {**incident(asked), "performer": [{"reference": "Organization/nour"}]}
    hidden = party("nour").send("POST", "/fhir", bundle(entry("POST", "Observation", theirs)))
    theirs["subject"] = {"reference": asked.replace(code["value"], "no-such")}
    absent = party("nour").send("POST", "/fhir", bundle(entry("POST", "Observation", theirs)))
    assert (hidden.status_code, hidden.text) == (absent.status_code, absent.text)
    assert hidden.status_code == 412


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("identifier=SYSTEM%7CCAS%2D0042", 200),
        ("gender=female&identifier=CAS-0042", 200),
        ("", 400),
        ("identifier=", 400),
        ("identifier=&gender=female", 400),
        ("_sort=identifier", 400),
    ],
)
def test_a_conditional_reference_is_read_as_any_condition_and_without_one_means_nobody(
    party: Parties, survivor: Resource, hub: Hub, asked: str, status: int
) -> None:
    """Also where the caller sees one survivor alone, who would be meant if a value were left out."""
    amal = party("amal")
    amal.send("POST", "/fhir/Patient", survivor)
    before = count(hub)
    one = incident(f"Patient?{asked.replace('SYSTEM', quote(survivor['identifier'][0]['system'], safe=''))}")
    answer = amal.send("POST", "/fhir", bundle(entry("POST", "Observation", one)))
    assert answer.status_code == status, answer.text
    if status == 400:
        assert (answer.json or {})["issue"][0]["expression"] == ["Bundle.entry[0].resource.subject.reference"]
    assert (count(hub) == before) == (status == 400)


def test_a_conditional_reference_needs_the_scope_of_searching(party: Parties, survivor: Resource, hub: Hub) -> None:
    party("amal").send("POST", "/fhir/Patient", survivor)
    narrow = party("amal", "system/Patient.r system/Observation.c")
    answers = [
        narrow.send("POST", "/fhir", bundle(entry("POST", "Observation", incident(f"Patient?identifier={code}"))))
        for code in ("CAS-0042", "no-such")
    ]
    assert {one.status_code for one in answers} == {403}
    assert answers[0].data == answers[1].data


def test_a_conditional_reference_that_several_meet_is_refused_and_nothing_is_left(
    party: Parties, survivor: Resource, hub: Hub
) -> None:
    amal = party("amal")
    for _ in range(2):
        amal.send("POST", "/fhir/Patient", survivor)
    before = count(hub)
    asked = incident(f"Patient?{condition(survivor)}")
    answer = amal.send("POST", "/fhir", bundle(entry("POST", "Patient", survivor), entry("POST", "Observation", asked)))
    (issue,) = (answer.json or {})["issue"]
    assert (answer.status_code, issue["details"]["coding"][0]["code"]) == (412, "problems.no-one-match")
    assert issue["expression"] == ["Bundle.entry[1].resource.subject.reference"]
    assert count(hub) == before


@pytest.mark.parametrize(
    ("asked", "status"), [("Patient?identifier=no-such", 412), ("Patient?unheard-of=x", 400), ("Unheard?name=x", 404)]
)
def test_a_conditional_reference_that_is_refused_is_told_at_its_element(
    party: Parties, survivor: Resource, asked: str, status: int
) -> None:
    amal = party("amal")
    kept = amal.send("POST", "/fhir/Patient", survivor).json or {}
    one = incident(f"Patient/{kept['id']}")
    for changed, element in (
        ({"subject": {"reference": asked}}, "subject.reference"),
        ({"performer": [AMAL, {"reference": asked}]}, "performer[1].reference"),
    ):
        answer = amal.send(
            "POST", "/fhir", bundle(entry("GET", "Patient"), entry("POST", "Observation", one | changed))
        )
        (issue,) = (answer.json or {})["issue"]
        assert (answer.status_code, issue["expression"]) == (status, [f"Bundle.entry[1].resource.{element}"])
