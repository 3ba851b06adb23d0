"""The elements that a resource holds, named by the ids of its profile as deep as their data classes differ."""

from hub.fhir.masking import redact
from hub.fhir.presence import present
from tests.support.consents import consent, provision

PATIENT = {
    "resourceType": "Patient",
    "id": "p",
    "identifier": [
        {
            "type": {
                "coding": [{"system": "https://ihala.example/fhir/CodeSystem/identifier-type", "code": "survivor-code"}]
            },
            "value": "S-7",
        }
    ],
    "birthDate": "1990-03-02",
    "address": [{"state": "MA-CAS", "city": "Casablanca"}],
}


def named(resource: dict[str, object]) -> dict[str, str]:
    return {element.id: element.data_class for _, element in present(resource)}


def test_slices_have_names_of_their_own_and_classes_are_told_apart() -> None:
    found = named(PATIENT)
    assert found["Patient.identifier:survivor-code"] == "custodian"
    assert (found["Patient.address.state"], found["Patient.address.city"]) == ("core", "address")
    assert found["Patient.birthDate"] == "identity"
    assert "Patient.id" not in found


def test_what_is_masked_is_not_there() -> None:
    cut, _ = redact(PATIENT, frozenset({"core"}))
    assert set(named(cut).values()) == {"core"}


def test_of_what_no_profile_describes_nothing_can_be_named() -> None:
    assert named({"resourceType": "Nonsense", "id": "1"}) == {}
    assert "Consent.provision" in {id_[:17] for id_ in named(consent(provision("permit")))}
