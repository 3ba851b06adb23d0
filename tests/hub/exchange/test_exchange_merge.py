"""Several records of one survivor: what may differ, what may not, and what stays of the first."""

from typing import Any

import pytest

from hub.exchange.identity import fingerprint
from hub.exchange.merge import contradiction, merge, overwrite, retire
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile


def identifier(kind: str, value: str) -> Resource:
    return {"type": {"coding": [{"system": code_system("identifier-type"), "code": kind}]}, "value": value}


def patient(*identifiers: Resource, **more: Any) -> Resource:
    return {
        "resourceType": "Patient",
        "id": "p1",
        "identifier": [identifier("survivor-code", "S-1"), *identifiers],
        **more,
    }


@pytest.mark.parametrize(
    ("stored", "arriving", "element"),
    [
        (patient(identifier("cin", "AB1")), patient(identifier("cin", "CD2")), "identifier"),
        (patient(birthDate="1990"), patient(birthDate="1993-01-01"), "birthDate"),
        (patient(gender="female"), patient(gender="male"), "gender"),
    ],
)
def test_what_cannot_be_one_person_is_named(stored: Resource, arriving: Resource, element: str) -> None:
    assert contradiction(stored, arriving) == element
    assert contradiction(arriving, stored) == element


@pytest.mark.parametrize(
    ("stored", "arriving"),
    [
        (patient(), patient(identifier("cin", "AB1"), birthDate="1990", gender="female")),
        (patient(identifier("cin", "AB1")), patient(identifier("cin", "AB1"))),
        (patient(birthDate="1990-12-31"), patient(birthDate="1992")),
        (patient(gender="female"), patient(gender="unknown")),
        (patient(gender="unknown"), patient(gender="male")),
        (patient(name=[{"text": "Zineb"}]), patient(name=[{"text": "زينب"}])),
    ],
)
def test_what_can_be_one_person_is_no_contradiction(stored: Resource, arriving: Resource) -> None:
    assert contradiction(stored, arriving) is None
    assert contradiction(arriving, stored) is None


def test_the_arriving_record_speaks_and_what_it_is_silent_about_stays() -> None:
    milieu, band = {"url": profile("milieu"), "valueCode": "urban"}, {"url": profile("age-band"), "valueCode": "26-40"}
    younger = {**band, "valueCode": "18-25"}
    stored = patient(identifier("cin", "AB1"), extension=[milieu, younger], telecom=[{"value": "1"}], active=True)
    merged = merge(stored, patient(extension=[band], active=False))
    assert merged["telecom"] == [{"value": "1"}]
    assert merged["active"] is False
    assert merged["extension"] == [band, milieu]
    assert [one["value"] for one in merged["identifier"]] == ["S-1", "AB1"]


def test_merging_the_same_again_changes_nothing() -> None:
    stored = patient(identifier("cin", "AB1"), telecom=[{"value": "1"}], meta={"profile": ["p"], "versionId": "3"})
    arriving = patient(gender="female", meta={"profile": ["p"]})
    once = merge(stored, arriving)
    assert merge(once, arriving) == once


def test_the_hubs_labels_stay_and_the_profile_is_the_arriving_one() -> None:
    stored = patient(meta={"profile": ["old"], "security": [{"code": "V"}], "versionId": "2"}, telecom=[])
    for joined in (merge, overwrite):
        meta = joined(stored, patient(meta={"profile": ["new"]}))["meta"]
        assert (meta["profile"], meta["security"]) == (["new"], [{"code": "V"}])


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        ({"resourceType": "Consent", "status": "active"}, "inactive"),
        ({"resourceType": "ServiceRequest", "status": "active"}, "revoked"),
        ({"resourceType": "Observation", "status": "final"}, "entered-in-error"),
        ({"resourceType": "ServiceRequest", "status": "completed"}, None),
        ({"resourceType": "Consent", "status": "inactive"}, None),
        ({"resourceType": "EpisodeOfCare", "status": "active"}, None),
        ({"resourceType": "Patient"}, None),
    ],
)
def test_what_a_source_no_longer_says_ends_as_its_type_ends(resource: Resource, status: str | None) -> None:
    ended = retire(resource)
    assert (ended and ended["status"]) == status
    assert ended is None or retire(ended) is None


def test_fingerprints_are_equal_for_equal_parts_under_one_pepper_only() -> None:
    assert fingerprint(b"p", "a", "b") == fingerprint(b"p", "a", "b")
    others = [
        fingerprint(b"q", "a", "b"),
        fingerprint(b"p", "ab"),
        fingerprint(b"p", "a", "b", ""),
        fingerprint(b"p", "b", "a"),
    ]
    assert fingerprint(b"p", "a", "b") not in others
    assert "a" * 9 not in fingerprint(b"p", "a" * 9)
