"""`fhirclient`, SMART's own client for Python, unmodified: https://github.com/smart-on-fhir/client-py

It signs no assertion itself; it takes a signed one (`jwt_token`) and asks for its token with it. It cannot send If-Match,
which every change of a referral needs: its session, `requests`, is told the header.
"""

from collections.abc import Iterator

import pytest
import requests
from fhirclient.client import FHIRClient
from fhirclient.models.consent import Consent
from fhirclient.models.episodeofcare import EpisodeOfCare
from fhirclient.models.fhirdate import FHIRDate
from fhirclient.models.patient import Patient
from fhirclient.models.task import Task
from fhirclient.server import (
    FHIRNotFoundException,
    FHIRPermissionDeniedException,
    FHIRServer,
    FHIRUnauthorizedException,
)

from hub.fhir.canonicals import identifier_system
from tests.scenarios.conftest import Stage
from tests.support.real_clients import SCOPE, Registered, case, consent, need, survivor


def signed_in(party: Registered) -> FHIRClient:
    settings = {
        "app_id": party.client_id, "api_base": party.base_url, "scope": SCOPE, "jwt_token": party.assertion(),
    }  # fmt: skip
    client = FHIRClient(settings=settings)
    client.wants_patient = False  # a system is launched for no patient
    client.prepare()
    client.authorize()
    return client


@pytest.fixture
def association(registered: dict[str, Registered]) -> Iterator[FHIRClient]:
    client = signed_in(registered["association"])
    yield client
    client.server.session.close()


@pytest.fixture
def hospital(registered: dict[str, Registered]) -> Iterator[FHIRClient]:
    client = signed_in(registered["hospital"])
    yield client
    client.server.session.close()


def test_it_finds_the_token_endpoint_in_the_capability_statement_and_gets_a_token(association: FHIRClient) -> None:
    assert association.ready
    statement = association.server.capabilityStatement  # refused where it has an element that R4 does not
    assert statement.fhirVersion == "4.0.1"


def test_it_records_a_survivor_and_another_party_learns_nothing_of_it(
    association: FHIRClient, hospital: FHIRClient, registered: dict[str, Registered]
) -> None:
    made = Patient(Patient(survivor(registered["association"], "FC-0001")).create(association.server))
    assert made.id
    assert made.meta.versionId == "1"
    assert Patient.read(made.id, association.server).name[0].family == "Benhaddou"
    with pytest.raises(FHIRNotFoundException):
        Patient.read(made.id, hospital.server)


def test_it_records_her_consent_and_the_referral_reaches_the_hospital(
    stage: Stage, association: FHIRClient, hospital: FHIRClient, registered: dict[str, Registered]
) -> None:
    draft = stage.next_undecided()
    with pytest.raises(FHIRNotFoundException):
        Task.read(draft["id"], hospital.server)
    agreed = consent(draft["for"]["reference"], keeper=registered["association"], to=registered["hospital"])
    assert Consent(agreed).create(association.server)["status"] == "active"
    assert Task.read(draft["id"], hospital.server).status == "requested"


def test_it_searches_and_follows_the_pages(association: FHIRClient) -> None:
    found = Patient.where({"gender": "female", "_count": "15", "_sort": "_lastUpdated"})
    pages = list(found.perform_iter(association.server))
    assert len(pages) >= 3
    assert pages[0].total == pages[-1].total
    ids = [entry.resource.id for page in pages for entry in page.entry]
    assert len(ids) == len(set(ids)) == pages[0].total


def test_it_changes_what_it_keeps(association: FHIRClient, registered: dict[str, Registered]) -> None:
    there = association.server
    made = Patient(Patient(survivor(registered["association"], "FC-0002")).create(there))
    made.birthDate = FHIRDate("1991-01-01")
    changed = Patient(made.update(there))
    assert (changed.birthDate.isostring, changed.meta.versionId) == ("1991-01-01", "2")
    code = f"{identifier_system('survivor-code')}|FC-0002"
    [found] = Patient.where({"identifier": code}).perform_resources_iter(there)
    assert found.birthDate.isostring == "1991-01-01"


def changed(task: Task, server: FHIRServer, version: str) -> Task:
    server.session.headers["If-Match"] = f'W/"{version}"'
    try:
        return Task(task.update(server))
    finally:
        del server.session.headers["If-Match"]  # of a GET it would be asked, too


def test_it_answers_a_referral_as_the_other_party(stage: Stage, hospital: FHIRClient) -> None:
    referral = stage.next_referral()
    there = hospital.server
    task = Task.read(referral["id"], there)
    with pytest.raises(FHIRNotFoundException):
        Patient.read(task.for_fhir.reference.removeprefix("Patient/"), there)
    task.status = "accepted"
    with pytest.raises(requests.HTTPError) as without_version:
        task.update(there)
    assert without_version.value.response.status_code == 400
    accepted = changed(task, there, task.meta.versionId)
    assert accepted.status == "accepted"
    her = task.for_fhir.resolved(Patient)  # the reference leads to her
    assert her.name is None
    assert her.address[0].state == "MA-SAL"
    assert changed(task, there, task.meta.versionId).meta.versionId == accepted.meta.versionId  # said once more
    task.status = "in-progress"
    with pytest.raises(requests.HTTPError) as stale:
        changed(task, there, task.meta.versionId)
    assert stale.value.response.status_code == 412


def test_it_understands_what_it_is_refused(
    association: FHIRClient, hospital: FHIRClient, registered: dict[str, Registered]
) -> None:
    with pytest.raises(FHIRNotFoundException):
        Patient.read("never", hospital.server)
    with pytest.raises(FHIRPermissionDeniedException):
        Patient(survivor(registered["association"], "FC-0003")).create(hospital.server)
    wrong = Patient(survivor(registered["association"], "FC-0004"))
    wrong.gender = "moon"
    with pytest.raises(requests.HTTPError) as invalid:
        wrong.create(association.server)
    assert invalid.value.response.json()["resourceType"] == "OperationOutcome"
    association.server.auth.access_token = "no-token-of-this-hub"
    with pytest.raises(FHIRUnauthorizedException):
        Patient.read("never", association.server)


def test_it_deletes(association: FHIRClient, registered: dict[str, Registered]) -> None:
    keeper = registered["association"]
    need(keeper.base_url, "delete", "EpisodeOfCare")
    her = Patient(Patient(survivor(keeper, "FC-0005")).create(association.server))
    hers = case(f"Patient/{her.id}", keeper, "FC-C-0005")
    made = EpisodeOfCare(EpisodeOfCare(hers).create(association.server))
    made.origin_server = association.server
    made.delete()
    with pytest.raises((FHIRNotFoundException, requests.HTTPError)):
        EpisodeOfCare.read(made.id, association.server)


def test_it_searches_with_includes(stage: Stage, hospital: FHIRClient) -> None:
    need(hospital.server.base_uri.rstrip("/"), "searchInclude", "Task")
    referral = stage.next_referral()
    stage.hospital.change(f"Task/{referral['id']}", status="accepted")
    found = list(Task.where({"_id": referral["id"]}).include("focus").perform_resources_iter(hospital.server))
    assert {one.resource_type for one in found} == {"Task", "ServiceRequest"}
