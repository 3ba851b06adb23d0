"""One survivor, two keepers: what follows among the records of one is not told to the other who set it off."""

from datetime import timedelta
from typing import Any

from hub.exchange import change
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.ports import Caller, Changes
from tests.support.association import ASSOCIATION, BEGINNING, COURT, Scene, association, verbs
from tests.support.consents import agreed

OTHER = "nour"


def also_kept(at: Scene) -> Resource:
    """The other keeper referred the same woman to a court, under a consent that is soon over; its referral."""
    at.receive(at.row())
    patient = at.one("Patient")["id"]
    person = Person.of(at.store.compartments([patient])[patient], at.hub.rules)
    person.put(agreed(COURT, id_="theirs", until=BEGINNING + timedelta(days=1)), OTHER)
    need = at.one("ServiceRequest") | {"id": "need-of-the-other", "performer": [{"reference": f"Organization/{COURT}"}]}
    person.put(need | {"requester": {"reference": f"Organization/{OTHER}"}}, OTHER)
    settled = person.settle(BEGINNING, at.hub.ids.new)
    at.store.commit(Changes(saves=settled.saves, rekeys=settled.rekeys, persons={patient: person.revision}))
    at.clock.forward(timedelta(days=2))
    return theirs(at)


def theirs(at: Scene) -> Resource:
    (found,) = [task for task in at.all("Task") if task["owner"]["reference"] == f"Organization/{COURT}"]
    return found


def told(at: Scene, organization: str, task: Resource) -> list[list[str]]:
    """The verbs of the AuditEvents that this organisation can read and that name the referral."""
    caller = association() if organization == ASSOCIATION else Caller("nour-system", organization, "COC")
    events: list[Any] = [at.store.read("AuditEvent", view.id, None) for view in at.search("AuditEvent", caller).entries]
    return [verbs(event.resource()) for event in events if f"Task/{task['id']}" in event.text]


def test_a_change_of_one_keeper_is_no_news_of_the_others_referral(at: Scene) -> None:
    task = also_kept(at)
    patient = at.one("Patient")
    change.update("Patient", patient["id"], patient | {"active": False}, association(), expected=None, hub=at.hub)
    assert theirs(at)["status"] == "cancelled"
    assert told(at, ASSOCIATION, task) == []
    assert told(at, OTHER, task) == [["referral.cancel"]]


def test_nor_is_a_record_that_one_keeper_sends(at: Scene) -> None:
    task = also_kept(at)
    at.receive(at.row(full_name="Zineb El Alaoui"))
    assert theirs(at)["status"] == "cancelled"
    assert told(at, ASSOCIATION, task) == []
    assert told(at, OTHER, task) == [["referral.cancel"]]


def test_a_girl_is_a_girl_for_every_keeper(at: Scene) -> None:
    also_kept(at)
    patient = at.one("Patient")
    change.update(
        "Patient", patient["id"], patient | {"birthDate": "2012-03-02"}, association(), expected=None, hub=at.hub
    )
    person = Person.of(at.store.compartments([patient["id"]])[patient["id"]], at.hub.rules)
    hers = agreed(COURT, id_="theirs-later", person=patient["id"]) | {"dateTime": "2026-06-01"}
    person.put(hers, OTHER)
    assert not person.may_be_referred_to(COURT, OTHER, at.clock.now())
