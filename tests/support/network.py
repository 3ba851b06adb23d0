"""A network around one survivor: an association that keeps her records, and those who could help, with a real database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from hub import errors
from hub.directory.organizations import Entry, Names
from hub.errors import HubError, Problem
from hub.exchange import Hub, View, change, disclose
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile
from hub.fhir.serial import loads
from hub.ports import Caller
from hub.store import MongoStore
from hub.store.records import Box, due
from tests.support.association import RandomIds, StillClock
from tests.support.consents import consent, permit, provision

PERSON, NEED, CONSENT = "0b9d1d2e-0000-4000-8000-000000000001", "need-1", "consent-1"
KEEPER = "yasmine"
ENTRIES = (
    Entry(KEEPER, "association", {"fr": "Yasmine"}, "MA-CAS", services=("listening",)),
    Entry("chu", "hospital-unit", {"fr": "CHU"}, "MA-CAS", services=("medical",)),
    Entry("clinique", "hospital-unit", {"fr": "Clinique"}, "MA-CAS", services=("medical",)),
    Entry("dispensaire", "hospital-unit", {"fr": "Dispensaire"}, "MA-CAS", services=("medical",)),
    Entry("rabat", "hospital-unit", {"fr": "Hôpital de Rabat"}, "MA-RAB", services=("medical",)),
    Entry("tribunal", "court-unit", {"fr": "Tribunal"}, "MA-CAS", services=("legal",)),
)
CLASSES = ("core", "needs-and-services", "health")


def concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": code_system(system), "code": code}]}


def reason(code: str = "no-capacity") -> Resource:
    return {"statusReason": concept("referral-status-reason", code) | {"text": "Dit par la structure."}}


def outcome(code: str = "service-provided") -> Resource:
    given = concept("referral-outcome", code)
    return {"output": [{"type": concept("task-output", "outcome"), "valueCodeableConcept": given}]}


def survivor() -> Resource:
    return {
        "resourceType": "Patient",
        "id": PERSON,
        "meta": {"profile": [profile("survivor")]},
        "active": True,
        "extension": [{"url": profile("age-band"), "valueCode": "26-40"}],
        "address": [{"state": "MA-CAS", "city": "Casablanca"}],
        "managingOrganization": {"reference": f"Organization/{KEEPER}"},
    }


def need(to: str = "", id_: str = NEED, status: str = "active", **more: Any) -> Resource:
    return {
        "resourceType": "ServiceRequest",
        "id": id_,
        "meta": {"profile": [profile("need")]},
        "status": status,
        "intent": "order",
        "category": [concept("request-category", "need")],
        "priority": "urgent",
        "code": concept("service-type", "medical"),
        "subject": {"reference": f"Patient/{PERSON}"},
        "authoredOn": "2026-05-30",
        "requester": {"reference": f"Organization/{KEEPER}"},
        **({"performer": [{"reference": f"Organization/{to}"}]} if to else {}),
        **more,
    }


def agreed(*to: str, until: datetime | None = None) -> Resource:
    """A consent that lets each of these see the same."""
    return consent(provision(exceptions=[permit(one, CLASSES, until=until) for one in to]), CONSENT, person=PERSON)


def referred(to: str = "", need_: str = NEED, **more: Any) -> Resource:
    """A referral as its requester sends it; without recipient, open to claim."""
    extension = {"extension": [{"url": profile("open-to-claim"), "valueBoolean": True}]}
    return {
        "resourceType": "Task",
        "status": "requested",
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
        "focus": {"reference": f"ServiceRequest/{need_}"},
        **({"owner": {"reference": f"Organization/{to}"}} if to else extension),
        **more,
    }


def cancellation(task: str, **more: Any) -> Resource:
    return {
        "resourceType": "Task",
        "status": "requested",
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "abort"}]},
        "focus": {"reference": f"Task/{task}"},
        "reasonCode": concept("referral-status-reason", "survivor-declined"),
        **more,
    }


def question(task: str, **more: Any) -> Resource:
    form = "https://chu.example/fhir/Questionnaire/admission"
    return {
        "resourceType": "Task",
        "status": "requested",
        "code": concept("task-code", "provide-information"),
        "partOf": [{"reference": f"Task/{task}"}],
        "input": [{"type": concept("task-input", "questionnaire"), "valueCanonical": form}],
        **more,
    }


def by(organization: str) -> Caller:
    return Caller(f"{organization}-system", organization, "COC")


@dataclass
class Network:
    hub: Hub
    store: MongoStore
    clock: StillClock

    def keep(self, *resources: Resource, keeper: str = KEEPER) -> None:
        """Store these of the survivor as the keeper's, and let everything follow."""
        compartment = self.store.compartments([PERSON]).get(PERSON)
        person = Person.of(compartment, self.hub.rules) if compartment else Person(PERSON, self.hub.rules)
        for one in resources:
            person.put(one, keeper)
        self.store.commit(person.settle(self.clock.now(), self.hub.ids.new).changes(person))

    def create(self, resource: Resource, organization: str) -> Resource:
        return _of(change.create(resource, by(organization), hub=self.hub))

    def read(self, id_: str, organization: str, type_: str = "Task") -> Resource:
        return _of(disclose.read(type_, id_, by(organization), hub=self.hub))

    def move(self, id_: str, status: str, organization: str, **more: Any) -> Resource:
        """The next version of what this organisation sees, as it says it."""
        seen = disclose.read("Task", id_, by(organization), hub=self.hub)
        body = {**_of(seen), "status": status, **more}
        return _of(change.update("Task", id_, body, by(organization), expected=seen.version, hub=self.hub))

    def sees(self, type_: str, id_: str, organization: str) -> bool:
        try:
            disclose.read(type_, id_, by(organization), hub=self.hub)
        except HubError as problem:
            assert problem.problem is errors.NOT_FOUND
            return False
        return True

    def stored(self, id_: str, type_: str = "Task") -> Resource:
        found = self.store.read(type_, id_, None)
        assert found is not None
        return found.resource()

    def all(self, type_: str) -> list[Resource]:
        return [self.stored(one["_id"], type_) for one in self.store.database[type_].find()]

    def told(self) -> list[tuple[str, str]]:
        """What waits to be told: what happened, and about what."""
        rows = self.store.database.outbox.find().sort("order")
        found = (due(row, Box(self.store.vault)) for row in rows)
        return [(one.kind, one.reference) for one in found]


def _of(view: View) -> Resource:
    found: Resource = loads(view.text)
    return found


def business(task: Resource) -> str:
    return next((coding["code"] for coding in task.get("businessStatus", {}).get("coding", ())), "")


def network(store: MongoStore) -> Network:
    clock = StillClock()
    return Network(Hub(store, clock, RandomIds(), Names(ENTRIES), b"a pepper that only this test knows"), store, clock)


def refusal(act: Any) -> Problem:
    with pytest.raises(HubError) as caught:
        act()
    return caught.value.problem
