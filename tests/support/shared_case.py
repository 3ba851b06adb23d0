"""A survivor whom an association shares with a hospital: her consent, an incident, her case, a need, and a referral that is accepted."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

from hub.fhir import Resource
from tests.support.consents import asked, permit, provision
from tests.support.parties import Party
from tests.support.written import example

PATCH: Final = {"Content_Type": "application/json-patch+json"}
CLASSES: Final = ("core", "needs-and-services", "incident-summary")


def to(reference: str) -> Resource:
    return {"reference": reference}


def as_new(name: str, *but: str, **elements: Any) -> Resource:
    """An example as one would send it: without its id and the elements `but`."""
    return {k: v for k, v in example(name).items() if k not in {"id", *but}} | elements


def stored(party: Party, resource: Resource) -> Resource:
    answer = party.send("POST", f"/fhir/{resource['resourceType']}", resource)
    assert answer.status_code == 201, answer.text
    found: Resource = answer.json or {}
    return found


@dataclass(frozen=True)
class SharedCase:
    """References, as `Patient/…`. `keeper` is amal, `reader` chu."""

    keeper: Party
    reader: Party
    stranger: Party
    patient: str
    consent: str
    incident: str
    case: str
    need: str
    task: str

    def withdraw(self) -> None:
        steps = [{"op": "replace", "path": "/status", "value": "inactive"}]
        assert self.keeper.send("PATCH", f"/fhir/{self.consent}", steps, **PATCH).status_code == 200

    def amend(self, reference: str, **elements: Any) -> Resource:
        read = self.keeper.get(f"/fhir/{reference}")
        answer = self.keeper.send("PUT", f"/fhir/{reference}", (read.json or {}) | elements)
        assert answer.status_code == 200, answer.text
        found: Resource = answer.json or {}
        return found


def share(party: Callable[..., Party], survivor: Resource, classes: Collection[str] = CLASSES) -> SharedCase:
    amal, chu, hopital = party("amal"), party("chu"), party("hopital")
    patient = f"Patient/{stored(amal, survivor)['id']}"
    hers, keeper = {"subject": to(patient)}, to("Organization/amal")
    written = as_new("consent-by-class", "sourceReference", "verification")
    consent = written | {
        "patient": to(patient), "performer": [to(patient)], "organization": [keeper],
        "provision": provision(exceptions=[permit("chu", list(classes))]),
    }  # fmt: skip
    given = stored(amal, asked(consent))["id"]
    incident = stored(amal, as_new("incident", **hers, performer=[keeper]))["id"]
    case = stored(amal, as_new("case", patient=to(patient), managingOrganization=keeper))["id"]
    said = {"requester": keeper, "performer": [to("Organization/chu")]}
    need = stored(amal, as_new("need", "supportingInfo", "basedOn", **hers, **said))["id"]
    (entry,) = chu.get("/fhir/Task").json["entry"]  # type: ignore[index]
    task = f"Task/{entry['resource']['id']}"
    steps = [{"op": "replace", "path": "/status", "value": "accepted"}]
    assert chu.send("PATCH", f"/fhir/{task}", steps, **PATCH, If_Match='W/"1"').status_code == 200
    return SharedCase(
        amal, chu, hopital, patient, f"Consent/{given}", f"Observation/{incident}", f"EpisodeOfCare/{case}",
        f"ServiceRequest/{need}", task,
    )  # fmt: skip
