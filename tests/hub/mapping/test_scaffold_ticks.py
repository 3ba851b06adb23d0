"""Columns that are ticked below a heading of violence are kinds of violence: never services, needs, sex or a telephone."""

import pytest

from hub.mapping.scaffold import Line, propose
from hub.mapping.scaffold.table import Question, questions
from tests.support.scaffolding import ready

DETAILED = "spreadsheet/register-detailed"
KINDS = ["physical", "psychological", "sexual", "economic", "legal", "digital"]


def proposed(*rows: list[str], base: str = DETAILED) -> dict[str, Line]:
    known = ready(base)
    return {line.question.header: line for line in propose(questions(rows, known.names), known).lines}


def register(heading: str, kinds: list[str], *cells: list[str]) -> dict[str, Line]:
    before = [
        ["1", "Aya Inventée", "12/03/2026"],
        ["2", "Hind Inventée", "13/03/2026"],
        ["3", "Lina Inventée", "14/03/2026"],
    ]
    blank = [""] * (len(kinds) - 1)
    return proposed(
        ["IDENTITE", "", "", heading, *blank, "SUITE"],
        ["N° dossier", "Nom et prénom", "Date", *kinds, "Orientée vers"],
        *([*one, *ticks, "Police"] for one, ticks in zip(before, cells, strict=True)),
    )


TICKS = [["x", "x", "", "x", "", ""], ["x", "", "x", "", "x", ""], ["", "x", "", "", "x", ""]]


@pytest.mark.parametrize(
    ("heading", "kinds"),
    [
        ("VIOLENCES (cocher)", ["Phys.", "Psy.", "Sex.", "Econo.", "Juridique", "Numér."]),
        ("Type de violence", ["Physique", "Psychol.", "Sexuelle", "Éco.", "Jurid.", "Électronique"]),
        (
            "Formes de violences subies par la victime",
            ["Physique", "Morale", "Sexuelle", "Financière", "Légale", "Cyber"],
        ),
        ("TYPE VIOL.", ["V.Ph", "V.Psy", "V.Sex", "V.Eco", "V.Jur", "V.Num"]),
        ("أشكال العنف", ["جسدي", "نفسي", "جنسي", "اقتصادي", "قانوني", "رقمي"]),
        ("أنواع العنف", ["العنف الجسدي", "النفسي", "الجنسي", "الاقتصادي", "القانوني", "الإلكتروني"]),
        ("Types de violences subies", ["Phy", "Psy", "Sex", "Éco", "Jur", "Num"]),
        ("Type of violence", ["Physical", "Emotional", "Sexual", "Economic", "Legal", "Online"]),
    ],
)
@pytest.mark.parametrize("sign", ["x", "X", "1", "✓", "oui", "نعم"])
def test_what_is_ticked_below_a_heading_of_violence_is_a_kind_of_it(heading, kinds, sign):
    lines = register(heading, kinds, *([one.replace("x", sign) for one in row] for row in TICKS))
    assert [lines[kind].column for kind in kinds] == [f"violence_{one}" for one in KINDS]
    assert lines["Orientée vers"].column == "referred_to"


@pytest.mark.parametrize("header", ["Verbale", "Verb.", "Violence verbale", "لفظي", "Verbal"])
def test_a_column_of_words_beside_that_of_the_mind_is_one_of_its_own(header):
    lines = register("VIOLENCES (cocher)", ["Phys.", "Psy.", header], ["x", "x", ""], ["x", "", "x"], ["", "x", "x"])
    assert [lines[one].column for one in ("Phys.", "Psy.", header)] == [
        "violence_physical", "violence_psychological", "violence_verbal",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "header", ["Médicale", "Social", "Sécurité", "Hébergement", "Tél.", "Sexe F/M", "Autre", "Institutionnelle"]
)
def test_what_is_ticked_there_and_is_no_kind_that_is_known_is_no_service_either(header):
    lines = register("VIOLENCES (cocher)", ["Phys.", "Psy.", header], ["x", "x", ""], ["x", "", "x"], ["", "x", "x"])
    assert lines[header].column == ""
    assert lines["Psy."].column == "violence_psychological"


def test_a_register_whose_mapping_reads_no_ticks_has_no_legal_help_there():
    known = ready()
    rows = (
        ["N° dossier", "VIOLENCES", ""],
        ["", "Date", "Juridique"],
        ["1", "12/03/2026", "x"],
        ["2", "13/03/2026", "x"],
    )
    lines = {one.question.header: one for one in propose(questions(rows, known.names), known).lines}
    assert lines.get("Juridique") is None or lines["Juridique"].column == ""


def test_a_header_that_says_it_in_full_needs_no_heading():
    lines = proposed(
        ["N° dossier", "Nom et prénom", "Date", "Violence physique (O/N)", "Violences psychologiques", "العنف الجنسي", "Type de violence"],
        ["1", "Aya Inventée", "12/03/2026", "O", "x", "نعم", "physique"],
        ["2", "Hind Inventée", "13/03/2026", "N", "", "لا", "sexuelle"],
    )  # fmt: skip
    assert [line.column for line in lines.values()][3:] == [
        "violence_physical", "violence_psychological", "violence_sexual", "violence_types",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "header", ["Violence physique sur enfants", "Violences physiques et sexuelles", "Violence répétée", "Physique"]
)
def test_what_says_more_or_less_than_one_kind_is_none(header):
    lines = proposed(
        ["N° dossier", "Nom et prénom", "Date", header],
        ["1", "Aya Inventée", "12/03/2026", "x"],
        ["2", "Hind Inventée", "13/03/2026", "oui"],
    )
    assert not lines[header].column.startswith("violence_ph")
    assert not lines[header].column.startswith("violence_se")


@pytest.mark.parametrize(
    "heading", ["Services fournis", "Besoins", "Prise en charge des victimes de violence : prestations"]
)
def test_a_service_below_its_own_heading_stays_one(heading):
    cells = (["oui", "oui"], ["oui", "non"], ["non", "oui"])
    lines = register(heading, ["Juridique", "Psychologique"], *cells)
    assert not any(line.column.startswith("violence_") for line in lines.values())


def test_a_row_of_totals_below_the_ticks_is_no_reason_to_doubt_them():
    lines = register("VIOLENCES", ["Phys.", "Psy.", "Juridique"], ["x", "", "x"], ["x", "x", "x"], ["2", "1", "2"])
    assert [lines[one].column for one in ("Phys.", "Psy.")] == ["violence_physical", "violence_psychological"]
    assert lines["Juridique"].column == "violence_legal"


@pytest.mark.parametrize("heading", ["Services demandés", "الخدمة المطلوبة", "Services requested"])
def test_services_that_are_asked_for_are_needs_and_not_given(heading):
    header = "إيواء" if heading.startswith("ا") else "Hébergement"
    lines = register(heading, [header, "X"], ["x", ""], ["", "x"], ["x", ""])
    assert lines[header].column == "shelter"


def test_kinds_in_the_lower_row_of_a_header_make_it_one_of_two_rows():
    names = ["N° dossier", "Nom et prénom", "Date de cs", "Violence", "", "", "Remarques"]
    lines = proposed(
        names,
        ["", "", "", "Physique", "Sexuelle", "Psycho.", ""],
        ["1", "Aya Inventée", "12/03/2026", "X", "", "X", ""],
        ["2", "Hind Inventée", "13/03/2026", "", "X", "", "revoir"],
    )
    assert lines["Physique"].column == "violence_physical"
    assert lines["Date de cs"].column == "visit_date"


def test_a_header_said_again_in_the_other_alphabet_is_no_record_though_few_of_its_words_are_known():
    french = ["Nº", "Code résidente", "Date d'entrée", "Chambre", "Casier", "Trousseau", "Langue", "Projet de vie"]
    arabic = ["رقم", "رمز النزيلة", "تاريخ الدخول", "الغرفة", "الخزانة", "المستلزمات", "اللغة", "مشروع الحياة"]
    known = ready(DETAILED)
    rows = [french, arabic, ["1", "DK-1", "05/09/2026", "2", "4", "oui", "darija", "couture"]]
    asked = questions(rows, known.names)
    assert [one.below for one in asked] == arabic
    assert all(len(one.values) == 1 for one in asked)


def test_kinds_side_by_side_are_kinds_of_violence_where_no_heading_says_so() -> None:
    signs = ("x", "", "x", "")
    row = [Question(one, signs, (one,)) for one in ("Phy", "Psy", "Sex", "Eco", "Num")]
    found = [one.column for one in propose([*row], ready(DETAILED)).lines]
    assert found == [f"violence_{one}" for one in ("physical", "psychological", "sexual", "economic", "digital")]
    services = [Question(one, signs, (one,)) for one in ("Psy", "Jur", "Eco", "Sex")]
    assert not any(line.column.startswith("violence") for line in propose(services, ready(DETAILED)).lines)


def test_the_first_letter_of_violence_says_it_where_three_kinds_are_said_so():
    headers = ["V. phys.", "V. psy.", "V. éco.", "V. sex."]
    found = register("LE PROBLEME", headers, ["x", "x", "", ""], ["", "x", "x", ""], ["x", "", "", "x"])
    kinds = ["physical", "psychological", "economic", "sexual"]
    assert [found[one].column for one in headers] == [f"violence_{kind}" for kind in kinds]
    alone = register("LE PROBLEME", ["V. psy.", "V. méd."], ["x", ""], ["", "x"], ["x", "x"])  # it may be a visit
    assert not {line.column for line in alone.values()} & {f"violence_{kind}" for kind in kinds}
