"""What the signs in a register mean, where another sheet of its workbook says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mapping.scaffold.legend import explained
from hub.mapping.scaffold.table import Question

ASKED = Question("Situation fam.", ("M", "D", "M", "V", "fatiha"))
TITLE = ("Paramètres (ne pas modifier)",)
FOOT = (("", ""), ("Exercice", "2024"))


def told(*rows: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    (found,) = explained([ASKED], [rows])
    return {choice.name: choice.labels for choice in found.choices}


@pytest.mark.parametrize("meaning", ["Signification", "SENS", "Libellé", "Meaning", "المعنى"])
def test_signs_may_stand_below_their_column_and_their_meanings_beside_them(meaning: str) -> None:
    found = told(
        TITLE,
        ("Situation fam.", meaning, "Etat dossier", "Partenaires"),
        ("M", "mariée", "ouvert", "UPEC Exemple"),
        ("D", "divorcée", "clos", "TPI Exemple"),
        ("fatiha", "mariage sans acte", "", ""),
        *FOOT,
    )
    assert found == {"M": ("mariée",), "D": ("divorcée",), "fatiha": ("mariage sans acte",)}


def test_they_end_with_the_first_empty_cell_and_are_those_of_their_column_alone() -> None:
    found = told(
        ("Type", "Sens", "Situation fam.", "Sens"),
        ("VP", "physique", "M", "mariée"),
        ("VS", "sexuelle", "D", "divorcée"),
        ("VE", "économique", "", "veuve"),
        ("", "", "V", "veuve"),
    )
    assert found == {"M": ("mariée",), "D": ("divorcée",)}


@given(
    st.lists(
        st.lists(st.sampled_from(["Situation fam.", "Signification", "M", "mariée", "D", ""]), max_size=5), max_size=6
    )
)
def test_no_sheet_makes_it_raise(rows: list[list[str]]) -> None:
    explained([ASKED], [rows])
