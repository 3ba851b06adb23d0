"""One declaration says everything of a data class."""

import pytest

from hub.fhir.data_classes import data_classes, encrypted, identifying, shareable
from hub.fhir.definitions import load


def test_every_data_class_has_one_confidentiality_and_the_label_of_violence_where_it_is_about_her() -> None:
    about_nobody = {"directory", "statistics", "withheld-location"}
    for code, one in data_classes().items():
        assert one.confidentiality in {"U", "N", "R", "V"}
        assert ("SDV" in one.sensitivity) == (code not in about_nobody)


@pytest.mark.parametrize(
    ("code", "labels"),
    [
        ("address", ["V", "SDV", "LOCIS"]),
        ("withheld-location", ["V", "SSP", "LOCIS"]),
        ("directory", ["U"]),
        ("core", ["R", "SDV"]),
    ],
)
def test_a_class_has_its_labels_as_codings(code: str, labels: list[str]) -> None:
    assert [label["code"] for label in data_classes()[code].labels] == labels


def test_what_identifies_is_very_restricted_but_for_the_custodians_own_numbers() -> None:
    for code in identifying() - {"custodian"}:
        assert data_classes()[code].confidentiality == "V"


def test_no_consent_opens_a_safety_plan_a_record_of_disclosures_or_where_a_shelter_is() -> None:
    assert shareable().isdisjoint({"safety-plan", "audit", "consent", "custodian", "withheld-location", "notice"})
    assert {"safety-plan", "identity", "address", "incident-narrative"} <= encrypted()


def test_the_properties_are_declared_in_the_code_system() -> None:
    assert load().code_system("data-class").property_types == {
        "confidentiality": "code", "sensitivity": "code", "shareable": "boolean", "identifying": "boolean", "encrypted": "boolean",
    }  # fmt: skip
