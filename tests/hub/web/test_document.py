"""Composition/$document over HTTP: https://hl7.org/fhir/R4/composition-operation-document.html"""

from collections.abc import Callable
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from hub.consent.keys import own
from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.labels import labelled
from hub.ports import Changes, Key, Save
from tests.support.accompanied import (
    NEVER,
    Accompanied,
    Parties,
    accompany,
    body,
    created,
    incident_of,
    references,
    rules_broken,
)
from tests.support.parties import BASE, Party

COMPOSITION = "11111111-0000-4000-8000-000000000001"
Written = Callable[..., str]


@pytest.fixture
def her(party: Parties, survivor: Resource) -> Accompanied:
    return accompany(party, survivor)


@pytest.fixture
def written(her: Accompanied, hub: Hub) -> Written:
    """A composition about her, kept by the association, with these entries; `to`: who may see it besides."""

    def write(*entries: str, to: str = "") -> str:
        composition = {
            "resourceType": "Composition",
            "id": COMPOSITION,
            "status": "final",
            "type": {"coding": [{"system": "http://loinc.org", "code": "60591-5"}]},
            "subject": {"reference": her.patient},
            "date": "2026-03-12",
            "author": [{"reference": "Organization/amal"}],
            "title": "Summary",
            "section": [{"title": "What is asked for", "entry": [{"reference": one} for one in entries]}],
        }
        keys = (Key(own("amal")), *([Key(own(to))] if to else []))
        revision = hub.store.compartments([her.id])[her.id].revision
        save = Save(labelled(composition), her.id, "amal", keys)
        hub.store.commit(Changes(saves=[save], persons={her.id: revision}))
        return f"Composition/{COMPOSITION}"

    return write


def document(party: Party, composition: str, **headers: str) -> dict[str, Any]:
    bundle = body(party.get(f"/fhir/{composition}/$document", **headers))
    Bundle.model_validate(bundle)
    assert rules_broken(bundle) == []
    return bundle


def test_a_document_begins_with_its_composition_and_holds_each_that_it_refers_to_once(
    her: Accompanied, written: Written
) -> None:
    composition = written(her.need, her.need, f"{BASE}/{her.task}", her.patient)
    bundle = document(her.amal, composition)
    assert references(bundle) == [composition, her.patient, her.need, her.task]
    assert bundle["type"] == "document"
    assert bundle["timestamp"]
    assert bundle["identifier"] == {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{bundle['id']}"}
    assert [entry["fullUrl"] for entry in bundle["entry"]] == [f"{BASE}/{one}" for one in references(bundle)]
    assert document(her.amal, composition)["identifier"] != bundle["identifier"]


def test_what_the_caller_may_not_see_is_not_in_it_as_what_is_not_there(her: Accompanied, written: Written) -> None:
    hidden = f"Observation/{created(her.amal, incident_of(her.patient))}"
    elsewhere = f"https://elsewhere.example/fhir/{her.task}"
    composition = written(her.need, hidden, f"Observation/{NEVER}", elsewhere, to="chu")
    assert hidden in references(document(her.amal, composition))
    assert references(document(her.chu, composition)) == [composition, her.patient, her.need]
    for entry in document(her.chu, composition)["entry"][1:]:
        assert entry["resource"] == her.chu.get(entry["fullUrl"].removeprefix("https://hub.example")).json


def test_of_a_composition_that_is_hidden_there_is_no_document(her: Accompanied, written: Written) -> None:
    composition = written(her.need)
    hidden, never = her.chu.get(f"/fhir/{composition}/$document"), her.chu.get(f"/fhir/Composition/{NEVER}/$document")
    assert (hidden.status_code, hidden.data) == (never.status_code, never.data)
    assert never.status_code == 404


def test_it_is_asked_for_by_get_or_post_and_never_kept(her: Accompanied, written: Written) -> None:
    path = f"/fhir/{written(her.need)}/$document"

    def persist(value: bool) -> Resource:
        return {"resourceType": "Parameters", "parameter": [{"name": "persist", "valueBoolean": value}]}

    assert her.amal.send("POST", path, persist(False)).status_code == 200
    assert her.amal.get(f"{path}?persist=false").status_code == 200
    assert her.amal.send("POST", path, persist(True)).status_code == 400
    assert her.amal.get(f"{path}?graph=x").status_code == 400


def test_a_token_reaches_the_types_that_it_names(her: Accompanied, written: Written, party: Parties) -> None:
    composition = written(her.need, her.task)
    narrow = party("amal", "system/Composition.r system/Task.r")
    assert references(document(narrow, composition)) == [composition, her.task]
    assert party("amal", "system/Task.rs").get(f"/fhir/{composition}/$document").status_code == 403


def test_no_more_is_brought_together_than_one_request_may_cost(her: Accompanied, written: Written) -> None:
    answer = her.amal.get(f"/fhir/{written(*(f'Task/none-{n}' for n in range(201)))}/$document", Accept_Language="en")
    assert answer.status_code == 422
    assert "Largest number: 200" in answer.text
