"""Profiles laid over R4: cardinality, slices, extensions and data classes as the rest of the hub reads them."""

import pytest

from hub.fhir.canonicals import TERMINOLOGY, code_system, identifier_system
from hub.fhir.definitions import load

SURVIVOR = load().profile("survivor")


def test_a_profile_is_found_by_name_url_and_type() -> None:
    assert load().profile("https://ihala.example/fhir/StructureDefinition/survivor") is SURVIVOR
    assert load().for_type("Patient") is SURVIVOR
    assert load().for_type("Medication") is None


def test_an_unknown_profile_is_a_key_error_and_an_extension_is_no_profile() -> None:
    with pytest.raises(KeyError):
        load().profile("unheard-of")
    with pytest.raises(KeyError):
        load().profile("age-band")


def test_an_element_inherits_the_data_class_of_its_parent_unless_it_has_its_own() -> None:
    classes = {
        "Patient.gender": "core",
        "Patient.birthDate": "identity",
        "Patient.name.family": "identity",
        "Patient.address.city": "address",
        "Patient.address.state": "core",
        "Patient.identifier:survivor-code.value": "custodian",
        "Patient.identifier:pseudonym.value": "core",
        "Patient.identifier:cin.value": "identity",
        "Patient.identifier.value": "identity",
        "Patient.telecom.extension:safe-hours.value[x]": "safe-contact",
        "Patient.extension:age-band.value[x]": "core",
        "Patient.extension:reported-age.extension:low.value[x]": "identity",
    }
    assert {id_: SURVIVOR.element(id_).data_class for id_ in classes} == classes


def test_components_of_an_incident_have_classes_of_their_own() -> None:
    incident = load().profile("incident")
    assert incident.element("Observation.component:place-type.value[x]").data_class == "incident-summary"
    assert incident.element("Observation.component:perpetrator-relation.value[x]").data_class == "perpetrator"
    assert incident.element("Observation.component.value[x]").data_class == "incident-narrative"


def test_the_classes_of_a_profile_are_those_that_its_resources_may_hold() -> None:
    assert SURVIVOR.classes == {"core", "custodian", "identity", "safe-contact", "address", "social"}
    assert load().profile("referral-task").classes == {"notice"}
    assert load().profile("case").classes == {"needs-and-services", "custodian"}


def test_cardinality_is_the_profiles_where_it_says_so_and_r4s_elsewhere() -> None:
    assert (SURVIVOR.element("Patient.gender").min, SURVIVOR.element("Patient.gender").max) == (1, 1)
    assert (SURVIVOR.element("Patient.name").min, SURVIVOR.element("Patient.name").max) == (0, 1)
    assert SURVIVOR.element("Patient.telecom").max is None
    assert SURVIVOR.element("Patient.photo").max == 0


def test_an_element_that_repeats_in_r4_stays_a_list_when_a_profile_allows_one() -> None:
    assert SURVIVOR.element("Patient.name").is_list
    assert SURVIVOR.element("Patient.identifier:cin").is_list
    assert not SURVIVOR.element("Patient.gender").is_list


def test_a_slice_has_what_makes_it_that_slice() -> None:
    pattern = {"coding": [{"system": code_system("identifier-type"), "code": "cin"}]}
    assert SURVIVOR.element("Patient.identifier:cin.type").pattern == pattern
    assert SURVIVOR.mark("Patient.identifier:cin") == pattern
    assert SURVIVOR.element("Patient.identifier:cin.system").fixed == identifier_system("cin")
    assert SURVIVOR.mark("Patient.extension:age-band").endswith("/age-band")
    assert SURVIVOR.mark("Patient.extension:reported-age.extension:low") == "low"


def test_an_extension_slice_shows_the_elements_of_its_own_definition() -> None:
    value = SURVIVOR.element("Patient.extension:reported-age.extension:low.value[x]")
    assert value.types == ("integer",)
    assert value.json_names == {"valueInteger": "integer"}
    assert value.path == "Patient.extension.extension.value[x]"


def test_data_types_are_expanded_as_deep_as_an_id_goes() -> None:
    assert SURVIVOR.element("Patient.managingOrganization.identifier.assigner.reference").types == ("string",)
    with pytest.raises(KeyError):
        SURVIVOR.element("Patient.gender.coding")
    with pytest.raises(KeyError):
        SURVIVOR.element("Patient.nickname")


def test_an_element_that_repeats_anothers_content_has_its_children() -> None:
    consent = load().profile("consent")
    assert consent.element("Consent.provision.provision.type").types == ("code",)
    assert consent.element("Consent.provision.provision.provision.provision.provision.type").types == ("code",)
    assert load().profile("consent-by-class").element("Consent.provision.provision.provision").max == 0


def test_reference_targets_are_types_or_profiles() -> None:
    assert SURVIVOR.element("Patient.managingOrganization").targets == (load().profile("organization").url,)


def test_the_table_of_elements_reaches_as_deep_as_the_differential() -> None:
    assert {
        "Patient.address.city",
        "Patient.identifier:survivor-code.value",
        "Patient.extension:milieu.value[x]",
    } <= set(SURVIVOR.elements)
    assert all(id_ == element.id for id_, element in SURVIVOR.elements.items())


def test_purposes_of_use_are_a_tree() -> None:
    purposes = load().code_system(f"{TERMINOLOGY}/v3-ActReason")
    assert purposes.subsumes("TREAT", "COC")
    assert purposes.subsumes("TREAT", "TREAT")
    assert purposes.subsumes("PurposeOfUse", "BTG")
    assert not purposes.subsumes("COC", "TREAT")
    assert not purposes.subsumes("TREAT", "HMARKT")
    assert not purposes.contains("FRAUD-REASON")


def test_a_label_is_given_in_the_language_asked_for_and_in_english_where_there_is_none() -> None:
    assert load().display("service-type", "shelter", "ar") == "الإيواء الآمن"
    assert load().display(code_system("service-type"), "shelter", "fr") == "Hébergement sûr"
    assert load().display("service-type", "shelter", "es") == "Safe shelter"
    assert load().display("service-type", "unheard-of", "fr") is None
    assert load().display("unheard-of", "x", "fr") is None


def test_a_value_set_holds_pairs_of_system_and_code() -> None:
    assert ("http://hl7.org/fhir/request-status", "active") in load().value_set("need-status").codes
    assert not load().value_set("need-status").contains("http://hl7.org/fhir/request-status", "unknown")
    assert load().has_value_set("http://hl7.org/fhir/ValueSet/administrative-gender")
    assert not load().has_value_set("http://hl7.org/fhir/ValueSet/mimetypes")
