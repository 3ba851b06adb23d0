"""Consents as an association records them over HTTP: what is refused and in which words, and one in place of another."""

from collections.abc import Callable

import pytest

from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from tests.support.consents import asked, permit, provision
from tests.support.parties import Party

Parties = Callable[..., Party]


@pytest.fixture
def girl(party: Parties, survivor: Resource) -> Resource:
    """A survivor of fifteen, recorded by her association."""
    return dict(party("amal").send("POST", "/fhir/Patient", {**survivor, "birthDate": "2011-01-01"}).json)


def agreement(patient: Resource, **more: object) -> Resource:
    hers = {"reference": f"Patient/{patient['id']}"}
    return {
        "resourceType": "Consent",
        "meta": {"profile": [profile("consent-by-class")]},
        "status": "active",
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": hers,
        "dateTime": "2026-05-01",
        "performer": [hers],
        "organization": [{"reference": "Organization/amal"}],
        "policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"}]},
        "provision": provision(exceptions=[permit("chu", ["core"])]),
        **more,
    }


@pytest.mark.parametrize(("language", "word"), [("en", "she was asked"), ("fr", "demandé"), ("ar", "سُئلت")])
def test_what_is_missing_of_a_consent_is_said_in_the_callers_language(
    party: Parties, girl: Resource, language: str, word: str
) -> None:
    answer = party("amal").send("POST", "/fhir/Consent", agreement(girl), Accept_Language=language)
    assert answer.status_code == 422
    [issue] = answer.json["issue"]
    assert issue["expression"] == ["Consent.verification"]
    assert word in issue["diagnostics"]
    assert girl["id"] not in answer.text


def test_an_association_cannot_authorise_itself(party: Parties, girl: Resource) -> None:
    mine = provision(exceptions=[permit("amal", ["core"])])
    answer = party("amal").send("POST", "/fhir/Consent", asked(agreement(girl, provision=mine)))
    assert (answer.status_code, answer.json["issue"][0]["code"]) == (403, "forbidden")


def test_a_consent_replaces_another_in_one_request(party: Parties, girl: Resource) -> None:
    amal = party("amal")
    old = amal.send("POST", "/fhir/Consent", asked(agreement(girl))).json
    place = {"url": profile("supersedes"), "valueReference": {"reference": f"Consent/{old['id']}"}}
    new = amal.send("POST", "/fhir/Consent", asked(agreement(girl, extension=[place])))
    assert new.status_code == 201, new.text
    assert amal.get(f"/fhir/Consent/{old['id']}").json["status"] == "inactive"
    assert amal.send("POST", "/fhir/Consent", asked(agreement(girl, extension=[place]))).status_code == 422
    told = amal.get(f"/fhir/Provenance?target=Consent/{new.json['id']}").json
    assert told["total"] == 1
    assert told["entry"][0]["resource"]["entity"][0]["what"]["reference"] == f"Consent/{old['id']}"


def test_a_girls_own_consent_is_kept_and_opens_nothing_until_the_deployment_says_so(
    party: Parties, girl: Resource, hub: Hub
) -> None:
    amal = party("amal")
    assert amal.send("POST", "/fhir/Consent", asked(agreement(girl))).status_code == 201
    stored = hub.store.read("Patient", girl["id"], None)
    assert stored is not None
    assert {key.grant for key in stored.keys} == {"amal|*|*"}
