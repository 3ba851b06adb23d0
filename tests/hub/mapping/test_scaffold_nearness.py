"""Which of two columns is called so, and how sure that is where a header says more than one thing or is nearly another's."""

from itertools import permutations

import pytest

from hub.mapping.scaffold import Line, propose
from hub.mapping.scaffold.table import questions
from tests.support.scaffolding import is_surely_called_so, ready

BASE = "spreadsheet/register-detailed"
CELLS = {
    "N° dossier": ("1", "2", "3", "4"),
    "Date d'accueil": ("05/01/2026", "06/01/2026", "07/01/2026", "08/01/2026"),
    "Type de violence": ("physique",) * 4,
    "Adresse": ("54 rue 5", "88 rue 12", "24 rue 16", "3 rue 1"),
    "Adresse actuelle": ("54 rue 5", "88 rue 12", "24 rue 16", "3 rue 1"),
    "Orientée par": ("voisine", "police", "tribunal", "elle-même"),
    "Âge / Taille": ("20", "30", "40", "50"),
    "Âge": ("20", "30", "40", "50"),
}
ALWAYS = ("N° dossier", "Date d'accueil", "Type de violence")
NEIGHBOURHOOD = ("Hay Exemple", "Douar Inventé", "Médina", "Hay Exemple")


def proposed(*headers: str) -> dict[str, Line]:
    asked = (*ALWAYS, *headers)
    columns = [(header, *CELLS.get(header, NEIGHBOURHOOD)) for header in asked]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return {line.question.header: line for line in propose(questions(rows, ready(BASE).names), ready(BASE)).lines}


@pytest.mark.parametrize("narrow", ["Qrt / Douar", "Quartier", "Hay", "الدوار"])
@pytest.mark.parametrize("first", [True, False])
def test_a_part_of_an_address_yields_to_the_address_wherever_it_stands(narrow: str, first: bool) -> None:
    lines = proposed(*((narrow, "Adresse") if first else ("Adresse", narrow)))
    assert lines["Adresse"].column == "address" and is_surely_called_so(lines["Adresse"])
    part = lines[narrow]
    assert (part.column, part.more, part.reasons[0][0]) == ("address", True, "mapping.scaffold-more")


@pytest.mark.parametrize("narrow", ["Qrt / Douar", "Quartier", "الدوار"])
def test_where_nothing_else_is_the_address_a_part_of_it_is(narrow: str) -> None:
    assert proposed(narrow)[narrow].column == "address"


@pytest.mark.parametrize("headers", [*permutations(["Adresse", "Qrt / Douar", "Orientée par"])])
def test_a_name_that_is_exactly_that_of_one_column_is_not_taken_by_another(headers: tuple[str, ...]) -> None:
    lines = proposed(*headers)
    assert lines["Orientée par"].column == "referred_from" and is_surely_called_so(lines["Orientée par"])


def test_a_second_column_of_one_name_is_not_read_as_what_it_is_merely_like() -> None:
    lines = proposed("Adresse", "Adresse actuelle")
    assert sorted(lines[one].column for one in ("Adresse", "Adresse actuelle")) == ["", "address"]


def test_a_side_of_a_slash_that_nobody_understands_leaves_a_doubt() -> None:
    assert proposed("Âge / Taille")["Âge / Taille"].column == "age"
    assert not is_surely_called_so(proposed("Âge / Taille")["Âge / Taille"])
    assert proposed("Âge")["Âge"].confidence == "high"
