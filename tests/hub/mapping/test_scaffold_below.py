"""Words ticked below a heading that is itself a column ("PAR QUI" above "Mari", "Famille"): each is a word of that column."""

import pytest

from hub.mapping.scaffold import Line, propose
from hub.mapping.scaffold.table import questions
from tests.support.scaffolding import ready

DETAILED = "spreadsheet/register-detailed"
TICKS = (("x", "", "x"), ("", "x", ""), ("x", "", ""))


def register(heading: str, words: list[str], ticks: tuple[tuple[str, ...], ...] = TICKS) -> dict[str, Line]:
    rows = [
        ["", "", "", heading, *[""] * (len(words) - 1), "SUITE"],
        ["N° dossier", "Date", "Nom et prénom", *words, "Observations"],
        *(
            [str(at), f"{at}2/03/2026", "Aya Inventée", *row[: len(words)], "rien"]
            for at, row in zip((1, 2, 3), ticks, strict=True)
        ),
    ]
    return {line.question.header: line for line in propose(questions(rows, NAMES.names), NAMES).lines}


NAMES = ready(DETAILED)


@pytest.mark.parametrize(
    ("heading", "words", "column"),
    [
        ("PAR QUI", ["Mari", "Famille", "Voisin"], "aggressor_relation"),
        ("ETAT CIVIL", ["Mariée", "Div.", "Veuve"], "marital_status"),
        ("المعتدي", ["الزوج", "الأب", "الأخ"], "aggressor_relation"),
    ],
)
def test_each_word_that_its_list_knows_is_ticked_for_the_column_of_the_heading(heading, words, column):
    found = register(heading, words)
    assert [(found[word].column, found[word].confidence) for word in words] == [(column, "medium")] * len(words)
    assert [found[word].ticks for word in words] == [word.rstrip(".") for word in words]


def test_a_word_that_no_list_knows_is_a_question_that_asks_what_it_means():
    found = register("ETAT CIVIL", ["Mariée", "Veuve", "Sans acte"])["Sans acte"]
    assert (found.column, found.confidence, found.unexplained) == ("marital_status", "low", ("Sans acte",))


def test_what_is_called_as_another_column_below_the_same_heading_is_that():
    found = register("ETAT CIVIL", ["Mariée", "Veuve", "Téléphone"])
    assert (found["Téléphone"].column, found["Mariée"].ticks) == ("phone", "Mariée")


def test_where_numbers_stand_nothing_is_ticked():
    found = register("ETAT CIVIL", ["Mariée", "Veuve", "Enf."], (("x", "", "4"), ("", "x", "2"), ("x", "", "3")))
    assert found["Enf."].column == "children"
    assert not found["Enf."].ticks


@pytest.mark.parametrize("heading", ["Numéro", "Date"])
def test_below_a_heading_that_is_another_column_nothing_is_ticked(heading):
    assert not any(line.ticks for line in register(heading, ["Mari", "Famille", "Voisin"]).values())


@pytest.mark.parametrize("heading", ["LUI", "ACCOMPAGNEE PAR", ""])
def test_words_of_one_list_below_a_heading_that_nobody_knows_are_a_question(heading):
    """They may have come with her, as well as have hurt her."""
    found = register(heading, ["Mari", "Famille", "Zzzard"])
    assert [(found[word].column, found[word].confidence) for word in ("Mari", "Famille")] == [
        ("aggressor_relation", "low")
    ] * 2
    assert found["Mari"].reasons[0][0] == ("mapping.scaffold-below" if heading else "mapping.scaffold-beside")
    assert bool(found["Zzzard"].ticks) == bool(heading)  # without a heading nothing says that it is one of them


@pytest.mark.parametrize("heading", ["SITUATION", "SITUATION FAMILIALE", ""])
def test_first_letters_side_by_side_are_a_question_about_each(heading):
    found = register(heading, ["C", "M", "D"])
    assert [(one.column, one.confidence, one.words) for one in map(found.get, "CMD")] == [
        ("marital_status", "low", (letter,)) for letter in "CMD"
    ]
    assert not any(line.ticks for line in register("SITUATION", ["C", "M"]).values())


def test_one_column_below_a_heading_is_no_list_of_words():
    assert not register("PAR QUI", ["Mari"])["Mari"].ticks


@pytest.mark.parametrize("word", ["Autre asso", "Revenue"])
def test_a_tick_below_a_header_that_is_merely_like_one_is_never_read_unasked(word):
    """“Autre asso”, ticked below where she was sent, is like many a header for her agreement."""
    found = register("ON L'A ENVOYEE", ["Tribunal", word], (("x", "x"), ("", "x"), ("x", "")))[word]
    assert found.confidence in {"low", "none"}
