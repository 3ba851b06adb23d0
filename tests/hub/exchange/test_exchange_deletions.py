"""What is deleted at the hub while the tool that it came from still has it."""

from hub.exchange import versions
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.ports import Versions
from tests.support.association import Scene, association, hospital


def delete(resource: Resource, person: str, at: Scene) -> None:
    """As an act would, whatever refers to it."""
    working = Person.of(at.store.compartments([person])[person], at.hub.rules)
    working.remove(f"{resource['resourceType']}/{resource['id']}")
    at.store.commit(working.settle(at.clock.now(), at.hub.ids.new).changes(working))


def test_a_register_that_still_has_it_brings_it_back_as_the_next_version(at: Scene) -> None:
    at.accepted()
    incident, person = at.one("Observation"), at.one("Patient")["id"]
    delete(incident, person, at)
    at.receive(at.row(violence_types="psychologique"))
    stored = at.store.read("Observation", incident["id"], None)
    assert stored is not None
    assert stored.version == 3
    told = versions.of_instance("Observation", incident["id"], Versions(), association(), hub=at.hub)
    assert [(one.view.version, one.gone) for one in told.entries] == [(3, False), (2, True), (1, False)]
    seen = versions.of_instance("Observation", incident["id"], Versions(), hospital(), hub=at.hub)
    assert seen.total == 3


def test_an_unchanged_record_leaves_it_deleted(at: Scene) -> None:
    at.receive(at.row())
    incident, person = at.one("Observation"), at.one("Patient")["id"]
    delete(incident, person, at)
    at.receive(at.row())
    assert at.store.read("Observation", incident["id"], None) is None
    (kept,) = at.store.compartments([person])[person].gone
    assert (kept.id, kept.version, kept.gone) == (incident["id"], 2, True)
