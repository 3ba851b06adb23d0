"""Survivors of the association amal whom the hospital chu was referred to, over HTTP: what each may see follows from consents."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from hub.conformance import examine
from hub.fhir import Resource
from tests.support.consents import asked, permit, provision
from tests.support.parties import Party
from tests.support.written import example

Parties = Callable[..., Party]
CORE = ("core", "needs-and-services")
NEVER = "00000000-0000-4000-8000-00000000dead"


def to(reference: str) -> Resource:
    return {"reference": reference}


@dataclass(frozen=True)
class Accompanied:
    """`patient` and `consent`: references. The hospital has accepted her referral."""

    amal: Party
    chu: Party
    patient: str
    consent: str
    need: str
    task: str

    @property
    def id(self) -> str:
        return self.patient.partition("/")[2]


def accompany(party: Parties, survivor: Resource, classes: Iterable[str] = CORE) -> Accompanied:
    """Her record, a consent by which the hospital sees these classes, and a need, which is referred and accepted."""
    amal, chu = party("amal"), party("chu")
    patient = f"Patient/{created(amal, survivor)}"
    consent = f"Consent/{created(amal, consent_of(patient, permit('chu', list(classes))))}"
    need = f"ServiceRequest/{created(amal, need_of(patient))}"
    task = found(chu, f"Task?focus={need}")[0]
    steps = [{"op": "replace", "path": "/status", "value": "accepted"}]
    headers = {"Content_Type": "application/json-patch+json", "If_Match": 'W/"1"'}
    assert chu.send("PATCH", f"/fhir/{task}", steps, **headers).status_code == 200
    return Accompanied(amal, chu, patient, consent, need, task)


def need_of(patient: str) -> Resource:
    said = {"subject": to(patient), "requester": to("Organization/amal"), "performer": [to("Organization/chu")]}
    return {k: v for k, v in example("need").items() if k not in {"id", "supportingInfo", "basedOn"}} | said


def incident_of(patient: str, day: str = "2026-03-01") -> Resource:
    written = {k: v for k, v in example("incident").items() if k != "id" and not k.startswith("effective")}
    return written | {"subject": to(patient), "performer": [to("Organization/amal")], "effectiveDateTime": day}


def consent_of(patient: str, *rules: Resource) -> Resource:
    written = {
        k: v for k, v in example("consent-by-class").items() if k not in {"id", "sourceReference", "verification"}
    }
    whose = {"patient": to(patient), "performer": [to(patient)], "organization": [to("Organization/amal")]}
    return asked({**written, **whose, "provision": provision(exceptions=rules)})


def withdraw(party: Party, consent: str) -> None:
    assert party.send("POST", f"/fhir/{consent}/$withdraw", {"resourceType": "Parameters"}).status_code == 200


def created(party: Party, resource: Resource) -> str:
    answer = party.send("POST", f"/fhir/{resource['resourceType']}", resource)
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    return str(answer.json["id"])


def found(party: Party, query: str) -> list[str]:
    return references(body(party.get(f"/fhir/{query}")))


def body(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    read: dict[str, Any] = answer.json
    return read


def references(bundle: Resource) -> list[str]:
    resources = [entry["resource"] for entry in bundle.get("entry", ())]
    return [f"{one['resourceType']}/{one['id']}" for one in resources]


def link(bundle: Resource, relation: str) -> str:
    """The path of a link, "" where there is none."""
    urls = [one["url"] for one in bundle.get("link", ()) if one["relation"] == relation]
    return urls[0].removeprefix("https://hub.example") if urls else ""


def rules_broken(bundle: Resource) -> list[str]:
    """Those of R4's rules of bundles that do not hold."""
    return [issue.text for issue in examine(bundle) if "rule-bdl" in issue.text]
