"""The table as a whole: cells and neighbours as evidence for what a column is (docs/adr/0080-the-table-as-a-whole.md)."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mapping.scaffold import Line, propose
from hub.mapping.scaffold.cells import Cells, Seen, said, shape, traits
from hub.mapping.scaffold.choices import Choice
from hub.mapping.scaffold.likely import chosen
from hub.mapping.scaffold.order import Order
from hub.mapping.scaffold.sentences import NOTHING
from hub.mapping.scaffold.table import Question, questions
from tests.support.scaffolding import is_surely_called_so, ready

DETAILED = "spreadsheet/register-detailed"
REGISTERS = Path(__file__).parents[3] / "mappings/registers.csv"
DAYS = ("03/01/2025", "04/01/2025", "07/01/2025", "09/01/2025")
AGES = ("23", "31", "45", "28")
NAMES = ("Fatima Zahra Alaoui", "Khadija Amrani", "Samira Bennani", "Naima Fassi")


def lines(*questions: Question) -> dict[str, Line]:
    return {line.question.header: line for line in propose(questions, ready(DETAILED)).lines}


def test_names_of_people_below_a_header_that_nobody_knows_are_a_question_about_her_name() -> None:
    found = lines(
        Question("N° dos.", ("12/25", "13/25", "14/25", "15/25")),
        Question("Reçue le", DAYS),
        Question("Clte", NAMES),
        Question("Âge", AGES),
    )
    assert found["Clte"].column == "full_name"
    assert found["Clte"].confidence in {"low", "medium"}


def test_a_day_after_to_whom_she_is_sent_is_the_day_of_that() -> None:
    case, came = Question("N° dossier", ("12/25", "13/25", "14/25", "15/25")), Question("Date d'accueil", DAYS)
    sent, day = Question("Orientée vers", ("Hôpital", "Tribunal", "Police", "Hôpital")), Question("D.", DAYS)
    assert lines(case, came, sent, day)["D."].column == "referral_date"
    assert lines(case, came, day, sent)["D."].column != "referral_date"


def test_nothing_is_certain_by_its_cells_or_its_neighbours() -> None:
    found = lines(
        Question("Zrk", NAMES), Question("Wpq", AGES), Question("Ttv", DAYS), Question("Orientée vers", ("Police",) * 4)
    )
    assert {found[one].confidence for one in ("Zrk", "Wpq", "Ttv")} <= {"none", "low", "medium"}


def test_what_is_called_so_and_holds_what_no_such_column_does_is_not_beyond_doubt() -> None:
    found = lines(
        Question("Plainte déposée ?", ("", "", "", "")), Question("PV", ("1204/25", "887/25", "33/25", "1290/25"))
    )
    assert found["PV"].confidence != "high"


@pytest.mark.parametrize("kind", ["text", "integer"])
def test_a_number_that_is_asked_for_is_no_yes_or_no(kind: str) -> None:
    found = lines(Question("q7", labels=("Peut-on l'appeler sans risque ?", "q7"), kind=kind))
    assert all(line.confidence != "high" for line in found.values())


def test_the_file_of_registers_holds_meanings_of_the_ready_mapping_and_no_cell() -> None:
    with REGISTERS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    meanings = {meaning for row in rows for meaning in row["meaning"].split("|")}
    assert meanings - {"-"} <= {*ready(DETAILED).columns, *ready("spreadsheet/gbvims-recorder").columns}
    words = {word for row in rows for word in row["words"].split()}
    assert not {word for word in words if any(map(str.isdecimal, word))}
    registers = {word: {row["register"] for row in rows if word in row["words"].split()} for word in words}
    assert not {word for word, where in registers.items() if len(where) < 2}  # what one register alone says


@given(st.lists(st.text(max_size=12), max_size=12).map(tuple))
def test_a_shape_is_written_and_read_without_loss(cells: tuple[str, ...]) -> None:
    question = Question("any", cells)
    assert shape(said(question)) == traits(question)


def test_cells_like_those_that_were_seen_speak_for_their_meaning() -> None:
    ages, days = (Question("", AGES), Question("", DAYS))
    both = [Seen(one, ("age",), traits(ages)) for one in "12"] + [
        Seen(one, ("visit_date",), traits(days)) for one in "12"
    ]
    cells = Cells(both)
    assert cells.evidence(ages)["age"] > 0 > cells.evidence(ages)["visit_date"]
    assert cells.evidence(days)["visit_date"] > 0 > cells.evidence(days)["age"]


def test_of_a_meaning_that_one_register_alone_has_shown_cells_say_nothing() -> None:
    ages, days = (Question("", AGES), Question("", DAYS))
    seen = [*(Seen(one, ("age",), traits(ages)) for one in "12"), Seen("1", ("visit_date",), traits(days))]
    assert "visit_date" not in Cells(seen).evidence(days)


def test_a_neighbour_that_usually_stands_there_tips_the_scales_and_not_more() -> None:
    seen = [
        Seen(f"{at}", (meaning,), frozenset())
        for at in range(9)
        for meaning in ("referred_to", "referral_date", "remarks")
    ]
    order = Order(seen)
    even = {"referral_date": 0.0, "visit_date": 0.0, NOTHING: -1.0}
    after, alone = order.weighed([{"referred_to": 0.0, NOTHING: -2.0}, even])[1], order.weighed([even])[0]
    assert after["referral_date"] > after["visit_date"]
    assert after["referral_date"] - after["visit_date"] > alone["referral_date"] - alone["visit_date"]
    sure = order.weighed([{"referred_to": 0.0}, {"visit_date": 0.0, "referral_date": -3.0}])[1]
    assert sure["visit_date"] > sure["referral_date"]


def test_a_column_is_given_once_to_the_surest_and_never_where_none_is_likelier() -> None:
    found = chosen(
        [{"age": 0.0, NOTHING: -1.0}, {"age": 0.0, "children": -0.4, NOTHING: -0.8}, {NOTHING: 0.0, "age": -0.1}], {}
    )
    assert {at: one.column for at, one in found.items()} == {0: "age", 1: "children"}
    assert chosen([{"age": 0.0}], {1: "age"}) == {}


def test_a_column_that_may_be_several_is_given_to_more_than_one_where_it_is_likeliest() -> None:
    remarks = {"remarks": 0.0, "address": -0.5, NOTHING: -2.0}
    alone, both = chosen([remarks, remarks], {}), chosen([remarks, remarks], {}, {0: {"remarks"}, 1: {"remarks"}})
    assert {at: one.column for at, one in alone.items()} == {0: "remarks", 1: "address"}
    assert [(both[at].column, both[at].more) for at in (0, 1)] == [("remarks", False), ("remarks", True)]
    assert chosen([remarks], {1: "remarks"}, {0: {"remarks"}})[0].more


CASES = ("12/25", "13/25", "14/25", "15/25")
SEXES = ("F", "F", "F", "M")


def hers(**more: Question) -> tuple[Question, ...]:
    """What is said of her at the beginning of a register, with a column more after her name."""
    return (
        Question("N° dossier", CASES),
        Question("Date d'accueil", DAYS),
        Question("Nom et prénom", NAMES),
        *more.values(),
        Question("Âge", AGES),
        Question("Situation familiale", ("mariée", "célibataire", "mariée", "veuve")),
        Question("Adresse", ("Hay Salam", "Hay Nahda", "Centre", "Hay Salam")),
    )


def test_what_stands_beside_a_column_takes_from_its_name_that_it_is_beyond_doubt() -> None:
    among_hers = lines(*hers(more=Question("Sexe agresseur", SEXES)))["Sexe agresseur"]
    his = (Question("Lien avec l'auteur", ("mari", "père", "mari", "frère")), Question("Âge agresseur", AGES))
    among_his = lines(*hers(), *his, Question("Sexe agresseur", SEXES))["Sexe agresseur"]
    assert (among_hers.column, among_hers.confidence) == ("perpetrator_sex", "medium")
    assert among_his.column == "perpetrator_sex"
    assert (is_surely_called_so(among_hers), is_surely_called_so(among_his)) == (False, True)


@pytest.mark.parametrize("title", ["RESPONSABLE : M. K. (poste 214)", "ARRETE AU : 31/12/2023", "2025-06-12"])
def test_a_title_above_a_table_is_no_heading_of_columns(title: str) -> None:
    header = ["N° dossier", "Date d'accueil", "Nom et prénom", "Sexe", "Âge", "Type de violence"]
    rows = [["1/25", "03/01/2025", "Zineb Exemple", "F", "31", "physique"]] * 3
    found = questions([["REGISTRE", "", title, "", "", ""], header, *rows], ready(DETAILED).names)
    assert {one.group for one in found} <= {"REGISTRE", ""}
    assert {line.question.header: line.column for line in propose(found, ready(DETAILED)).lines}["Sexe"] == "sex"


def test_an_hour_beside_the_day_of_the_visit_is_none_of_the_violence() -> None:
    hour, day = Question("Heure", ("10h", "23h40", "9h", "14h")), Question("Date des faits", DAYS)
    beside = lines(Question("N° dossier", CASES), Question("Date d'accueil", DAYS), hour, day)["Heure"]
    assert (beside.column, beside.reasons) == ("", (("mapping.scaffold-hour", {}),))
    assert lines(Question("Date d'accueil", DAYS), day, hour)["Heure"].column == "incident_hour"


@pytest.mark.parametrize(
    ("first", "second"),
    [("Prestation 1", "Prestation 2"), ("Prestation", "Prestation 2"), ("Prestation (1)", "Prestation (2)")],
)
def test_of_a_numbered_pair_the_second_is_added_to_the_first(first: str, second: str) -> None:
    cells = ("écoute", "hébergement", "écoute", "écoute")
    found = lines(*hers(), Question(second, cells), Question(first, cells))
    assert found[first].column == "service_given" and is_surely_called_so(found[first])
    assert (found[second].column, found[second].confidence, found[second].more) == ("service_given", "medium", True)
    assert found[second].reasons == (("mapping.scaffold-more", {"name": first}),)


def test_of_a_numbered_pair_that_one_cell_cannot_hold_the_second_is_named() -> None:
    cells = ("Centre Amal", "Hôpital", "Centre Amal", "Hôpital")
    found = lines(*hers(), Question("Orientée vers 1", cells), Question("Orientée vers 2", cells))
    second = found["Orientée vers 2"]
    assert (found["Orientée vers 1"].column, second.column) == ("referred_to", "")
    assert second.reasons == (("mapping.scaffold-second", {"name": "Orientée vers 1"}),)


def test_the_words_of_a_second_column_are_asked_about_where_they_are_read() -> None:
    known, strange = ("physique", "sexuelle", "physique", "sexuelle"), ("zzzard", "physique", "", "zzzard")
    found = lines(*hers(), Question("Type de violence 1", known), Question("Type de violence 2", strange))
    assert (found["Type de violence 2"].column, found["Type de violence 2"].words) == ("violence_types", ())
    assert found["Type de violence 1"].words == ("zzzard",)


def test_a_second_telephone_may_be_another_person_s_and_is_not_added() -> None:
    cells = ("0612345678", "0612345679", "0612345670", "0612345671")
    assert lines(*hers(), Question("Tél", cells), Question("Tél 2", cells))["Tél 2"].column == ""


def test_what_cells_say_of_a_number_that_has_no_digit_is_no_number() -> None:
    told = ("coups, insultes", "abandon de famille", "diffusion de photos", "menaces")
    assert lines(*hers(), Question("Réf", told))["Réf"].confidence in {"low", "none"}


def test_the_day_of_an_appointment_may_be_that_of_the_visit_where_no_other_is() -> None:
    day = Question("Date RDV", DAYS)
    alone = lines(Question("N° dossier", CASES), day, Question("Nom et prénom", NAMES), Question("Âge", AGES))
    beside = lines(*hers(), day)
    assert (is_surely_called_so(alone["Date RDV"]), is_surely_called_so(beside["Date RDV"])) == (False, True)


def test_a_form_that_asks_for_a_safe_number_asks_for_the_number() -> None:
    labels = ("Téléphone sûr", "tel", "g tel")
    choice = (Choice("o", ("Oui",)), Choice("n", ("Non",)))
    free = Question("g/tel", (), labels, kind="text", path=True)
    chosen_of = Question("g/tel", ("o", "n"), labels, kind="select_one", choices=choice, path=True)
    assert lines(free)["g/tel"].column == "phone"
    assert lines(chosen_of)["g/tel"].column == "safe_to_call"


def test_a_hint_in_brackets_is_not_called_so_together_with_its_heading() -> None:
    found = lines(
        Question("N° dossier", CASES),
        Question("CM (jours)", ("25", "non", "15", "30"), ("CM (jours)",), group="Les faits"),
    )
    assert found["CM (jours)"].column == "medical_certificate"


def test_the_way_to_a_question_of_a_form_forbids_nothing() -> None:
    labels = ("Orientation faite aujourd'hui vers", "orient", "g sui orient")
    places = (Choice("hop", ("Cellule de l'hôpital",)), Choice("pol", ("Police",)))
    asked = Question("g_sui/orient", ("hop", "pol"), labels, kind="select_one", choices=places, path=True)
    assert lines(asked)["g_sui/orient"].column == "referred_to"


def test_what_stands_behind_a_column_about_somebody_else_is_not_beyond_doubt() -> None:
    came = (Question("N° dossier", CASES), Question("Date d'accueil", DAYS), Question("Nom et prénom", NAMES))
    baby = (Question("Prénom du bébé", ("Adam", "Lina", "Ilyas", "Sara")), Question("Sexe", ("F", "F", "M", "F")))
    behind = lines(*came, *baby, Question("Date de naissance", DAYS))
    alone = lines(*came, baby[1], Question("Date de naissance", DAYS))
    assert {alone[one].confidence for one in ("Sexe", "Date de naissance")} == {"high"}
    assert {behind[one].confidence for one in ("Sexe", "Date de naissance")} == {"medium"}
    again = lines(*came, *baby, Question("Type de violence", ("physique",) * 4), Question("Date de naissance", DAYS))
    assert is_surely_called_so(again["Date de naissance"])


def test_the_city_that_stands_behind_an_association_may_be_the_city_of_that() -> None:
    city = Question("Ville", ("Fès", "Marrakech", "Fès", "Casablanca"))
    its = lines(Question("Assoc.", ("AMANE", "YTTO", "AMANE", "YTTO")), city, *hers())["Ville"]
    assert (its.column, its.confidence) == ("commune", "medium")
    assert lines(*hers(), city)["Ville"].confidence == "high"


@pytest.mark.parametrize(
    ("heading", "column"), [("هوية المشتكى به", "perpetrator_age"), ("هوية الضحية", "age"), ("الهوية", "age")]
)
def test_a_heading_says_whose_identity_it_is(heading: str, column: str) -> None:
    assert lines(Question("رقم الملف", CASES), Question("السن", AGES, group=heading))["السن"].column == column


def test_what_people_have_called_another_column_so_is_not_beyond_doubt() -> None:
    known = ready(DETAILED)
    asked = Question("SAISI_PAR", ("Parquet", "Police", "Parquet", "Avocat"))
    assert known.likely.is_another_elsewhere((asked.header,), "worker")
    assert not known.likely.is_another_elsewhere(("Date d'accueil",), "visit_date")
    assert lines(asked)["SAISI_PAR"].confidence != "high"
