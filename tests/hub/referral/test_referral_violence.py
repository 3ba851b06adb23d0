"""By which type of violence a survivor's referrals are counted."""

from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.referral.violence import main_type


def incident(id_: str, code: str, day: str | None = None, **said: str) -> Resource:
    value = {"coding": [{"system": code_system("gbv-type"), "code": code}]}
    when = {"effectiveDateTime": day} if day else {}
    return {"resourceType": "Observation", "id": id_, "status": "final", "valueCodeableConcept": value, **when, **said}


def test_the_incident_that_happened_last_says_it() -> None:
    assert main_type([incident("a", "rape", "2026-02"), incident("b", "non-gbv", "2025-12-31")]) == "rape"
    assert main_type([incident("a", "rape"), incident("b", "forced-marriage", "2025")]) == "forced-marriage"


def test_what_is_in_error_or_of_another_list_says_nothing() -> None:
    other = {"coding": [{"system": "https://example.org/types", "code": "rape"}]}
    assert main_type([incident("a", "rape", status="entered-in-error")]) == ""
    assert (
        main_type([{**incident("a", "rape"), "valueCodeableConcept": other}, {"resourceType": "Patient", "id": "p"}])
        == ""
    )
