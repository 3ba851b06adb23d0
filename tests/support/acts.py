"""Small acts for the tests of the store: saves of resources that are as short as a test needs them."""

from datetime import UTC, datetime

from hub.fhir import Resource
from hub.ports import FOREVER, LONG_AGO, Changes, Compartment, Key, Save, Stored, Visible
from hub.store import MongoStore

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)


def sees(*grants: str, at: datetime = NOW) -> Visible:
    return Visible(frozenset(grants), at)


def survivor(id_: str, **elements: object) -> Resource:
    return {"resourceType": "Patient", "id": id_, **elements}


def referral(id_: str, person: str = "p", owner: str = "chu", **elements: object) -> Resource:
    return {
        "resourceType": "Task",
        "id": id_,
        "status": "requested",
        "for": {"reference": f"Patient/{person}"},
        "owner": {"reference": f"Organization/{owner}"},
        **elements,
    }


def opened(*grants: str, since: datetime = LONG_AGO, until: datetime = FOREVER) -> tuple[Key, ...]:
    return tuple(Key(grant, since, until) for grant in grants)


def saving(*resources: Resource, person: str = "p", revision: int = 0, grants: tuple[str, ...] = ("a",)) -> Changes:
    """New resources of one person, open to `grants`."""
    saves = [Save(resource, person, "keeper", opened(*grants)) for resource in resources]
    return Changes(saves=saves, persons={person: revision})


def replacing(stored: Stored, resource: Resource, compartment: Compartment) -> Changes:
    """A new version of a stored resource, with the keys it had."""
    save = Save(resource, stored.person, stored.custodian, stored.keys, stored.version)
    return Changes(saves=[save], persons={compartment.person: compartment.revision})


def stored(store: MongoStore, type_: str, id_: str) -> Stored:
    found = store.read(type_, id_, None)
    assert found is not None
    return found
