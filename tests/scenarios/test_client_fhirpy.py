"""`fhirpy`, unmodified, in both of its forms: https://github.com/beda-software/fhir-py

It takes a token. It cannot send If-Match with a single request, which every change of a referral needs: a client of its own
is made with the header. It patches with a plain merge object.
"""

import asyncio
from dataclasses import dataclass

import pytest
from fhirpy import AsyncFHIRClient, SyncFHIRClient
from fhirpy.base.exceptions import (
    AuthorizationError,
    ForbiddenError,
    MultipleResourcesFound,
    OperationOutcome,
    ResourceNotFound,
)

from hub.fhir.canonicals import identifier_system
from tests.scenarios.conftest import Stage
from tests.support.real_clients import Registered, case, consent, need, survivor

CODE = identifier_system("survivor-code")


@dataclass(frozen=True)
class Door:
    """Clients of one party with one token."""

    party: Registered
    authorization: str

    def sync(self, **headers: str) -> SyncFHIRClient:
        return SyncFHIRClient(self.party.base_url, authorization=self.authorization, extra_headers=headers or None)

    def later(self) -> AsyncFHIRClient:
        return AsyncFHIRClient(self.party.base_url, authorization=self.authorization)


@pytest.fixture
def association(registered: dict[str, Registered]) -> Door:
    return Door(registered["association"], f"Bearer {registered['association'].token()}")


@pytest.fixture
def hospital(registered: dict[str, Registered]) -> Door:
    return Door(registered["hospital"], f"Bearer {registered['hospital'].token()}")


def made(door: Door, number: str):  # type: ignore[no-untyped-def]  # what fhirpy makes has no type
    client = door.sync()
    return client.resource(**{"resource_type": "Patient", **survivor(door.party, number)}).create()


def test_it_records_finds_and_changes_a_survivor(association: Door) -> None:
    her = made(association, "FP-0001")
    assert her.id
    her["birthDate"] = "1991-01-01"
    her.update()
    assert her["meta"]["versionId"] == "2"
    client = association.sync()
    found = client.resources("Patient").search(identifier=f"{CODE}|FP-0001").get()
    assert found["birthDate"] == "1991-01-01"
    assert client.reference("Patient", her.id).to_resource()["name"][0]["family"] == "Benhaddou"
    assert found.is_valid()


def test_it_is_told_that_nothing_has_changed(association: Door) -> None:
    her = made(association, "FP-0002")
    before = dict(her)
    her.refresh()  # sends If-None-Match, and takes 304 for an answer
    assert dict(her) == before


def test_it_searches_sorts_counts_and_follows_the_pages(association: Door) -> None:
    women = association.sync().resources("Patient").search(gender="female")
    total = women.count()
    everyone = women.sort("-_lastUpdated").limit(20).fetch_all()
    assert len({one.id for one in everyone}) == len(everyone) == total > 40
    instants = [one["meta"]["lastUpdated"] for one in everyone]
    assert instants == sorted(instants, reverse=True)
    referrals = association.sync().resources("Task")
    assert referrals.search(authored_on__ge="2100").first() is None
    assert referrals.search(authored_on__lt="2100", status__not="completed").count() > 0


def test_it_does_the_same_asynchronously(stage: Stage, association: Door, hospital: Door) -> None:
    referral = stage.next_referral()

    async def journey() -> None:
        client = association.later()
        tasks = client.resources("Task").search(status="requested").limit(10)
        ids = [one.id async for one in tasks]
        assert referral["id"] in ids
        assert len(ids) == len(set(ids)) == await tasks.count()
        other = hospital.later()
        task = await other.reference("Task", referral["id"]).to_resource()
        with pytest.raises(ResourceNotFound):
            await other.get(task["for"]["reference"])

    asyncio.run(journey())


def test_it_records_her_consent_and_the_referral_reaches_the_hospital(
    stage: Stage, association: Door, hospital: Door
) -> None:
    draft = stage.next_undecided()
    reading = hospital.sync()
    with pytest.raises(ResourceNotFound):
        reading.get("Task", draft["id"])
    agreed = consent(draft["for"]["reference"], keeper=association.party, to=hospital.party)
    association.sync().resource("Consent", **agreed).create()
    assert reading.get("Task", draft["id"])["status"] == "requested"


def test_it_answers_a_referral_as_the_other_party(stage: Stage, hospital: Door) -> None:
    referral = stage.next_referral()
    task = hospital.sync().reference("Task", referral["id"]).to_resource()
    task["status"] = "accepted"
    with pytest.raises(OperationOutcome) as without_version:
        task.update()
    assert without_version.value.resource["issue"][0]["code"] == "required"
    knowing = hospital.sync(**{"If-Match": f'W/"{task["meta"]["versionId"]}"'})
    accepted = knowing.resource(**{"resource_type": "Task", **task}).update()
    assert accepted["status"] == "accepted"
    with pytest.raises(MultipleResourcesFound):  # so it calls every 412
        knowing.resource(**{"resource_type": "Task", **task, "status": "in-progress"}).update()
    her = hospital.sync().get(task["for"]["reference"])
    assert "name" not in her
    assert her["address"] == [{"state": "MA-SAL", "country": "MA"}]


def test_it_understands_what_it_is_refused(association: Door, hospital: Door) -> None:
    with pytest.raises(ResourceNotFound):
        hospital.sync().get("Patient", "never")
    with pytest.raises(ForbiddenError):
        hospital.sync().resource(**{"resource_type": "Patient", **survivor(association.party, "FP-0003")}).create()
    with pytest.raises(OperationOutcome) as wrong:
        association.sync().resource(
            **{"resource_type": "Patient", **survivor(association.party, "FP-0004"), "gender": "moon"}
        ).create()
    assert wrong.value.resource["issue"][0]["expression"] == ["Patient.gender"]
    with pytest.raises(AuthorizationError):
        SyncFHIRClient(hospital.party.base_url, authorization="Bearer no-token-of-this-hub").get("Patient", "never")


def test_it_patches_with_a_merge_object(association: Door) -> None:
    need(association.party.base_url, "application/json", "patch")
    her = made(association, "FP-0005")
    her.patch(birthDate="1992-02-02")
    assert association.sync().get("Patient", her.id)["birthDate"] == "1992-02-02"


def test_it_deletes(association: Door) -> None:
    need(association.party.base_url, "delete", "EpisodeOfCare")
    her, client = made(association, "FP-0006"), association.sync()
    body = case(f"Patient/{her.id}", association.party, "FP-C-0006")
    hers = client.resource(**{"resource_type": "EpisodeOfCare", **body}).create()
    hers.delete()
    with pytest.raises((ResourceNotFound, OperationOutcome)):  # 410 to its keeper
        client.get("EpisodeOfCare", hers.id)


def test_it_sends_a_transaction(association: Door) -> None:
    need(association.party.base_url, "transaction")
    client = association.sync()
    entries = [
        {"request": {"method": "POST", "url": "Patient"}, "resource": survivor(association.party, number)}
        for number in ("FP-0007", "FP-0008")
    ]
    done = client.resource("Bundle", type="transaction", entry=entries).create()
    assert [one["response"]["status"][:3] for one in done["entry"]] == ["201", "201"]
    assert client.resources("Patient").search(identifier=f"{CODE}|FP-0007,{CODE}|FP-0008").count() == 2


def test_it_creates_only_what_is_not_there(association: Door) -> None:
    need(association.party.base_url, "conditionalCreate", "Patient")
    her = made(association, "FP-0009")
    client = association.sync(**{"If-None-Exist": f"identifier={CODE}|FP-0009"})
    again = client.resource(**{"resource_type": "Patient", **survivor(association.party, "FP-0009")}).create()
    assert again.id == her.id


def test_it_follows_a_chain(stage: Stage, association: Door) -> None:
    need(
        association.party.base_url, "searchInclude", "Task"
    )  # chains are declared nowhere; includes are followed likewise
    (referral,) = stage.association.referrals(code := stage.next_code())
    tasks = association.sync().resources("Task").search(patient__Patient__identifier=f"{CODE}|{code}")
    assert [one.id for one in tasks.fetch()] == [referral["id"]]


def test_it_is_told_how_an_encrypted_element_can_be_searched(association: Door) -> None:
    with pytest.raises(OperationOutcome) as refused:
        association.sync().resources("Patient").search(birthdate__ge="1990").fetch()
    assert "YYYY-MM-DD" in refused.value.resource["issue"][0]["diagnostics"]


def test_it_asks_for_what_belongs_to_it(stage: Stage, hospital: Door) -> None:
    need(hospital.party.base_url, "searchInclude", "Task")
    referral = stage.next_referral()
    stage.hospital.change(f"Task/{referral['id']}", status="accepted")
    found = hospital.sync().resources("Task").search(_id=referral["id"]).include("Task", "focus").fetch_raw()
    assert {one["resource"]["resourceType"] for one in found["entry"]} == {"Task", "ServiceRequest"}
