"""From an element back to the columns that it comes from, as whoever keeps a register calls them."""

import pytest

from hub import mapping

FORM = mapping.load("spreadsheet/register-fr")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("Patient.name[0].text", {"Nom et prénom"}),
        ("Patient.name", {"Nom et prénom"}),
        ("Patient.telecom[1].value", {"Téléphone"}),
        ("Observation.note[0].text", {"Observations"}),
        ("Observation.effectiveDateTime", {"Date des faits"}),
        ("Patient.photo", set()),
        ("Task.status", set()),  # which the hub alone writes there
        ("", set()),
    ],
)
def test_an_element_or_a_part_of_it_leads_to_its_columns(path: str, headers: set[str]) -> None:
    assert set(FORM.headers_at(path)) == headers


def test_a_whole_resource_leads_to_all_its_columns() -> None:
    assert {"Nom et prénom", "Téléphone", "Province"} < set(FORM.headers_at("Patient"))
