"""Questions of an extreme size or value are answered or refused: none reaches the database in a form that it does not take."""

from collections.abc import Callable

import pytest

from hub.fhir import Resource
from tests.support.parties import Party

Parties = Callable[..., Party]

LONG = "a" * 20_000
FAR = "0001-01-01T00:00:00%2B14:00"
LAST = "9999-12-31T23:59:59-14:00"
MANY = ",".join(f"Organization/{number}" for number in range(3000))
QUESTIONS = [
    f"Patient?name={LONG}",
    f"Organization?name:contains={LONG}",
    f"Organization?name:contains={'(' * 500}",
    "Organization?name:contains=%F0%9F%98%80%ED%A0%80",
    "Location?near=999|999|5|km",
    "Location?near=33|-7|1e400|km",
    "Location?near=NaN|-7|1|km",
    "Task?_sort=" + ",".join(["status", "-_lastUpdated", "_id", "authored-on", "code"] * 10),
    "Observation?_sort=date,status,code,category,encounter,focus,performer,subject,specimen,device,based-on,part-of",
    f"Task?_lastUpdated={FAR}",
    f"Task?_lastUpdated={LAST}",
    "Task?authored-on=ap0001",
    "Task?authored-on=ap9999",
    "Observation?value-quantity=1e400",
    "Observation?value-quantity=99999999999999999999999999999",
    "RiskAssessment?probability=0.00000000000000000000000000000000000000000000000000001",
    "Task?_count=99999999999999999999",
    f"Task?owner={MANY}",
    f"Task?_page={LONG}",
    f"Task?_profile:above=http://{'a/' * 8000}",
    "Patient/1/_history/99999999999999999999999999",
    f"Patient/_history?_since={FAR}",
    "Patient/_history?_at=9999",
    f"_history?_since={LAST}",
]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question[:40])
def test_an_extreme_question_is_answered_or_refused(party: Parties, survivor: Resource, question: str) -> None:
    amal = party("amal")
    assert amal.send("POST", "/fhir/Patient", survivor).status_code == 201
    assert amal.send("GET", f"/fhir/{question}").status_code < 500
