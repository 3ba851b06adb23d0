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


@pytest.mark.parametrize("label", ["", "état civil : ", "situation: "])
def test_signs_in_one_cell_may_stand_behind_what_their_column_is_called_in_full(label: str) -> None:
    assert told(("Situation fam.", f"{label}M mariée, D divorcée, V = veuve")) == {
        "M": ("mariée",), "D": ("divorcée",), "V": ("veuve",),
    }  # fmt: skip


CODES = (
    ("Colonne", "Code", "Signification"),
    ("Autre", "M", "maison"),
    ("", "D", "dehors"),
    ("Situation fam.", "M", "mariée"),
    ("", "D", "divorcée"),
    ("", "V", "veuve"),
    ("Suite", "M", "mise en attente"),
    ("", "D", "déclinée"),
)


@pytest.mark.parametrize(("column", "title"), [("Variable", "Intitulé"), ("Champ", "Libellé"), ("العمود", "التسمية")])
def test_what_a_column_is_called_in_full_is_its_name_and_no_sign(column: str, title: str) -> None:
    terse = Question("SitF", ("1", "2", "1"))
    sheet = [
        ("Grille de codage",),
        (column, title, "Code", "Signification"),
        ("Ctre", "Centre d'écoute", "KHE", "Khémisset"),
        ("SitF", "Situation familiale", "1", "mariée"),
        ("", "", "2", "divorcée"),
    ]
    (found,) = explained([terse], [sheet])
    assert found.texts == ("SitF", "Situation familiale")
    assert {one.name: one.labels for one in found.choices} == {"1": ("mariée",), "2": ("divorcée",)}


def test_a_column_may_be_named_once_for_all_its_signs() -> None:
    assert told(*CODES) == {"M": ("mariée",), "D": ("divorcée",), "V": ("veuve",)}
    assert told(*(("", *row) for row in CODES)) == told(*CODES)


def test_a_sign_that_is_called_as_another_column_stays_a_sign() -> None:
    asked = [ASKED, Question("Situation", ("O", "N"))]
    rows = (
        ("Situation fam.", "M", "mariée"),
        ("", "Situation", "en instance"),
        ("Situation", "O", "ouverte"),
        ("", "N", "close"),
    )
    _, other = explained(asked, [rows])
    assert {one.name: one.labels for one in other.choices} == {"O": ("ouverte",), "N": ("close",)}


def test_several_columns_may_be_named_in_one_cell() -> None:
    asked = [Question(f"T{number}", ("P", "S")) for number in (1, 2, 3)]
    found = explained(asked, [(("T1 T2 T3", "P", "physique"), ("", "S", "sexuelle"))])
    assert {one.header: len(one.choices) for one in found} == {"T1": 2, "T2": 2, "T3": 2}


@given(
    st.lists(
        st.lists(st.sampled_from(["Situation fam.", "Signification", "M", "mariée", "D", ""]), max_size=5), max_size=6
    )
)
def test_no_sheet_makes_it_raise(rows: list[list[str]]) -> None:
    explained([ASKED], [rows])
