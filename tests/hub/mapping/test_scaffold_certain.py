"""Beyond doubt is what its name says and what stands beside it or in it says, too (docs/adr/0085-beyond-doubt.md)."""

from collections.abc import Sequence

import pytest

from hub.mapping.scaffold import Line, propose
from hub.mapping.scaffold.choices import Choice
from hub.mapping.scaffold.doubts import names_alone
from hub.mapping.scaffold.table import Question
from tests.support.scaffolding import is_surely_called_so, ready

DETAILED = "spreadsheet/register-detailed"
ALONE = ("mapping.scaffold-alone", {})
DAYS = ("03/01/2025", "04/01/2025", "07/01/2025", "09/01/2025")
CASES = ("12/25", "13/25", "14/25", "15/25")
COURTS = ("24/2103/118", "25/2103/7", "25/2103/31", "25/2101/9")
AGES = ("23", "31", "45", "28")
NAMES = ("Fatima Zahra Alaoui", "Khadija Amrani", "Samira Bennani", "Naima Fassi")
COMPLAINTS = ("oui", "non", "oui", "oui")
KINDS = ("physique", "psychologique", "physique", "sexuelle")
LINKS = ("mari", "père", "mari", "frère")


def lines(*questions: Question) -> dict[str, Line]:
    return {line.question.header: line for line in propose(questions, ready(DETAILED)).lines}


def hers() -> Sequence[Question]:
    return (Question("Date d'accueil", DAYS), Question("Nom et prénom", NAMES), Question("Âge", AGES))


def test_what_its_neighbours_say_too_is_beyond_doubt() -> None:
    found = lines(Question("رقم الملف", CASES), *hers())["رقم الملف"]
    assert (found.column, found.confidence) == ("case_number", "high")
    assert ALONE not in found.reasons


def test_what_its_name_says_alone_is_in_force_and_not_beyond_doubt() -> None:
    """A court's number of the file, behind the complaint and the violence: whose file it is, its name does not say."""
    told = (Question("Type de violence", KINDS), Question("Lien avec l'auteur", LINKS), Question("Plainte", COMPLAINTS))
    found = lines(*hers(), *told, Question("رقم الملف", COURTS), Question("منطوق الحكم", ("سنة", "", "", "براءة")))
    line = found["رقم الملف"]
    assert (line.column, line.confidence, line.is_in_force) == ("case_number", "medium", True)
    assert line.reasons[-1] == ALONE
    assert found["Nom et prénom"].confidence == "high"


def test_a_table_that_is_a_tool_s_own_is_not_doubted() -> None:
    own = tuple(sorted(ready(DETAILED).headers))[:20]
    asked = dict(enumerate(Question(header, ()) for header in own))
    assert names_alone(asked, dict.fromkeys(asked, "closure_reason"), ready(DETAILED)) == set()
    habits = {at: Question(f"{one.header} zzk", ()) for at, one in asked.items()}
    assert names_alone(habits, dict.fromkeys(habits, "closure_reason"), ready(DETAILED))


def test_a_table_of_few_columns_has_no_neighbours_to_ask() -> None:
    assert lines(Question("رقم الملف", COURTS), Question("Plainte", COMPLAINTS))["رقم الملف"].confidence == "high"


@pytest.mark.parametrize(
    ("header", "cells", "column", "other"),
    [
        ("Matricule", ("A-12", "A-13", "A-14", "A-15"), "survivor_code", Question("N° dossier", CASES)),
        ("Suivi psychologique", COMPLAINTS, "given_psychosocial", Question("Besoin psychologique", COMPLAINTS)),
    ],
)
def test_what_may_as_well_be_another_column_is_beyond_doubt_only_beside_that(
    header: str, cells: tuple[str, ...], column: str, other: Question
) -> None:
    alone, beside = (lines(*more, *hers(), Question(header, cells))[header] for more in ((), (other,)))
    assert (alone.column, is_surely_called_so(alone)) == (column, False)
    assert (beside.column, is_surely_called_so(beside)) == (column, True)


def test_a_name_that_says_little_is_not_heard_where_all_else_says_another_thing() -> None:
    cells = ("mariée", "divorcée", "veuve", "célibataire")
    found = lines(
        Question("N° dossier", CASES), *hers(), Question("État", cells), Question("Résultat", ("plainte",) * 4)
    )
    assert (found["État"].column, found["État"].confidence) == ("marital_status", "low")
    assert found["Résultat"].column == "outcome"


def test_what_holds_no_at_sign_is_no_electronic_address() -> None:
    found = lines(
        Question("N° dossier", CASES), *hers(), Question("Adresse connue", ("oui, chez lui", "non", "?", "oui"))
    )
    assert found["Adresse connue"].column != "email"


def test_signs_that_a_legend_explains_as_words_of_one_list_say_which_column_it_is() -> None:
    legend = (("P", "physique"), ("PS", "psychologique"), ("S", "sexuelle"), ("E", "économique"))
    told = tuple(Choice(sign, (meaning,)) for sign, meaning in legend)
    table = (Question("N° fiche", CASES), *hers())
    found = lines(*table, *(Question(one, ("P", "PS", "E", "S"), choices=told) for one in ("V1", "V2")))
    assert found["V1"].column == "violence_types" and found["V1"].confidence in {"low", "medium"}
    assert (found["V2"].column, found["V2"].more) == ("violence_types", True)
    assert lines(*table, Question("V1", ("P", "PS", "E", "S")))["V1"].column != "violence_types"


def test_kinds_of_violence_in_dialect_side_by_side_are_kinds() -> None:
    ticks = (("x", "", "x", ""), ("", "x", "", "x"), ("x", "x", "", ""), ("", "", "x", "x"), ("x", "", "", "x"))
    headers = ("الضرب", "السب والتهديد", "ماكيصرفش", "جرا عليها", "الاغتصاب")
    found = lines(
        Question("الرقم", CASES),
        *hers(),
        *(Question(one, ticked, (one,)) for one, ticked in zip(headers, ticks, strict=True)),
    )
    kinds = {one: found[one].column.removeprefix("violence_") for one in headers}
    assert kinds["الضرب"] == "physical" and kinds["السب والتهديد"] == "verbal"
    assert kinds["ماكيصرفش"] == "economic" and kinds["الاغتصاب"] == "sexual"
