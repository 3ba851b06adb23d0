"""Names as machines and hurried people write them: run together, with a number, with a sign for a word."""

import pytest

from hub.mapping.scaffold import Line, propose
from hub.mapping.scaffold.table import Question
from tests.support.scaffolding import ready

KNOWN = ready("spreadsheet/register-detailed")


def lines(*columns: tuple[str, tuple[str, ...]]) -> list[Line]:
    return list(propose([Question(header, cells, (header,)) for header, cells in columns], KNOWN).lines)


@pytest.mark.parametrize(
    ("header", "cells", "column"),
    [
        ("dateNaissance", ("12/03/1990", "01/05/1988"), "birth_date"),
        ("nomPrenom", ("Aya Inventée", "Hind Inventée"), "full_name"),
        ("NbEnf", ("3", "2"), "children"),
        ("# enfants", ("3", "2"), "children"),
        ("Date de venue", ("4 janvier", "9 janvier"), "visit_date"),
        ("Date de venue", ("04/01", "9/1"), "visit_date"),
    ],
)
def test_is_read_as_its_words(header, cells, column):
    assert lines((header, cells))[0].column == column


def test_a_number_at_the_end_of_a_short_name_tells_the_second_from_the_first():
    first, second = lines(("Dem1", ("juridique", "écoute")), ("Dem2", ("hébergement", "")))
    assert (first.column, first.more) == ("request", False)
    assert (second.column, second.more) == ("request", True)


def test_questions_that_are_numbered_are_different_questions():
    assert not any(line.more for line in lines(("Q1", ("oui", "non")), ("Q2", ("oui", "oui")), ("Q3", ("non", "oui"))))


def test_what_holds_no_sign_of_an_address_is_no_electronic_one():
    assert lines(("Adresse électronique", ("0661000000", "0661000001")))[0].confidence == "low"
    assert lines(("Adresse électronique", ("a@example.org", "b@example.org")))[0].confidence == "high"


@pytest.mark.parametrize(("second", "cells"), [("Remarques", ("venue seule", "")), ("ITT (j)", ("21", "18"))])
def test_what_is_called_as_a_column_that_may_have_several_adds_to_the_first(second, cells):
    first = {"Remarques": ("Observations", ("calme", "rien")), "ITT (j)": ("Certificat médical", ("oui", "non"))}
    more = lines(first[second], (second, cells))[1]
    assert more.more
    assert more.confidence in {"low", "medium"}


def test_the_short_name_of_a_question_is_not_beyond_doubt_where_its_label_asks_something_else():
    asked = Question(
        "accord", ("oui", "non"), ("La femme accepte-t-elle que l'on remplisse la fiche ?", "accord", "accord"),
        kind="select_one", path=True,
    )  # fmt: skip
    assert propose([asked], KNOWN).lines[0].confidence != "high"
