"""A header in two languages is one header, whichever comes first; and no record is ever taken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mapping.scaffold import propose
from hub.mapping.scaffold.languages import called, is_in_two
from hub.mapping.scaffold.table import Question, asks_of_second_header, questions
from tests.support.scaffolding import is_surely_called_so, ready
from tests.support.two_languages import ARABIC, FRENCH, GROUPS, NOTE, ROWS

DETAILED = "spreadsheet/register-detailed"


def asked(*rows: tuple[str, ...]) -> list[Question]:
    return questions(rows, ready(DETAILED).names)


def without(row: tuple[str, ...], at: int) -> tuple[str, ...]:
    return (*row[:at], "", *row[at + 1 :])


@pytest.mark.parametrize(("upper", "lower"), [(ARABIC, FRENCH), (FRENCH, ARABIC)])
def test_both_rows_are_names_of_the_columns_whichever_comes_first(
    upper: tuple[str, ...], lower: tuple[str, ...]
) -> None:
    found = asked(NOTE, upper, lower, *ROWS)
    assert [(one.header, one.below) for one in found] == list(zip(upper, lower, strict=True))
    assert [one.values for one in found] == list(zip(*ROWS, strict=True))
    assert all(set(pair) <= set(one.texts) for one, pair in zip(found, zip(upper, lower, strict=True), strict=True))


def test_a_name_in_one_language_tells_what_the_other_cuts_short() -> None:
    found = {line.question.below: line for line in propose(asked(ARABIC, FRENCH, *ROWS), ready(DETAILED)).lines}
    assert {found[name].column for name in ("SF", "Enf", "Type VFG")} == {
        "marital_status",
        "children",
        "violence_types",
    }
    assert found["Niv danger (1-3)"].column == "urgency"


def test_headings_of_merged_cells_stand_above_both() -> None:
    found = asked(GROUPS, ARABIC, FRENCH, *ROWS)
    assert [(one.header, one.below) for one in found] == list(zip(ARABIC, FRENCH, strict=True))
    assert {one.group for one in found[2:6]} == {"المستفيدة"}
    assert {one.group for one in found[6:8]} == {"العنف"}


def test_a_cell_of_the_upper_row_that_is_merged_over_several_is_the_heading_of_what_is_below() -> None:
    upper = (*ARABIC, "مرافقة بأطفال", "", "")
    lower = (*FRENCH, "ذكور", "إناث", "أقل من 6 سنوات")
    found = asked(upper, lower, *((*row, "1", "2", "1") for row in ROWS))
    assert [(one.header, one.below, one.group) for one in found[-3:]] == [
        (name, "", "مرافقة بأطفال") for name in lower[-3:]
    ]


@pytest.mark.parametrize("at", range(len(ARABIC)))
@pytest.mark.parametrize("which", [0, 1])
def test_one_empty_cell_in_one_language_changes_nothing_for_the_others(at: int, which: int) -> None:
    rows = [ARABIC, FRENCH]
    rows[which] = without(rows[which], at)
    found = asked(*rows, *ROWS)
    pairs = [(upper or lower, lower if upper else "") for upper, lower in zip(*rows, strict=True)]
    assert [(one.header, one.below) for one in found] == pairs
    assert [one.values for one in found] == list(zip(*ROWS, strict=True))


def test_what_one_language_calls_twice_goes_by_its_name_in_the_other() -> None:
    upper = (*ARABIC[:10], "التاريخ", *ARABIC[11:])
    found = asked(upper, FRENCH, *ROWS)
    assert (found[10].header, found[10].below) == ("Date envoi", "")
    assert "التاريخ" in found[10].texts
    assert len(found) == len(FRENCH) and not any(one.twin for one in found)


def test_names_that_disagree_are_not_beyond_doubt() -> None:
    upper, lower = (*ARABIC[:12], "تاريخ القبول"), (*FRENCH[:12], "Date acceptation")
    rows = [(*row[:12], row[1]) for row in ROWS]
    alone = propose(asked(upper, *rows), ready(DETAILED)).lines[-1]
    both = propose(asked(upper, lower, *rows), ready(DETAILED)).lines[-1]
    assert alone.column == "consent_date" and is_surely_called_so(alone)
    assert not is_surely_called_so(both)


FIRSTS = {
    "with dates": ("AM-24-030", "28/02/2024", "A.A", "30", "mariée", "deux", "physique", "mari", "E", "CHR", "29/02/2024", "trois", "oui", "dix", "rien"),
    "without dates": ("premier", "", "A.A", "", "mariée", "deux", "physique", "mari", "E", "CHR", "", "", "oui", "", "rien"),
    "numbers in words": ("premier", "hier", "A.A", "majeure", "mariée", "deux", "physique", "mari", "Ecoute", "CHR", "", "", "oui", "", "rien"),
    "nothing known": ("néant", "néant", "néant", "néant", "mariée", "néant", "physique", "mari", "E", "CHR", "néant", "néant", "oui", "néant", "néant"),
    "a code alone": ("AM-24-030", "hier", "A.A", "majeure", "mariée", "deux", "physique", "mari", "Ecoute", "CHR", "demain", "grave", "oui", "dix", "rien"),
}  # fmt: skip


@pytest.mark.parametrize("first", FIRSTS.values(), ids=FIRSTS)
def test_a_first_record_in_the_other_script_is_no_header(first: tuple[str, ...]) -> None:
    found = asked(ARABIC, first, *ROWS)
    assert not any(one.below for one in found)
    assert [one.values for one in found] == list(zip(first, *ROWS, strict=True))


def test_a_first_record_that_cannot_be_told_from_a_header_is_asked_about_and_kept() -> None:
    header = ("الاسم الكامل", "المدينة", "نوع العنف", "الطلب", "الحالة العائلية")
    first = ("Zineb Exemple", "Agadir", "psychologique", "écoute", "mariée")
    other = ("Salma Exemple", "Taroudant", "physique", "juridique", "divorcée")
    found = asked(header, first, other)
    assert [one.values for one in found] == list(zip(first, other, strict=True))
    assert asks_of_second_header((header, first, other), ready(DETAILED).names)


@pytest.mark.parametrize(
    "rows", [(ARABIC, FRENCH, *ROWS), (FRENCH, ARABIC, *ROWS), (ARABIC, *ROWS), (GROUPS, FRENCH, *ROWS)]
)
def test_nothing_is_asked_where_it_is_clear(rows: tuple[tuple[str, ...], ...]) -> None:
    assert not asks_of_second_header(rows, ready(DETAILED).names)


def test_an_empty_form_with_both_headers_has_no_record() -> None:
    found = asked(ARABIC, FRENCH)
    assert [(one.header, one.below) for one in found] == list(zip(ARABIC, FRENCH, strict=True))


ANSWERS = st.sampled_from(
    ["", "oui", "non", "mariée", "célibataire", "mari", "physique", "Agadir", "néant", "RAS", "écoute", "CHR", "inconnu",
     "Zineb", "Salma B.", "A.A", "M", "C", "prof.", "x", "plainte", "domicile", "à suivre", "rural", "darija"]
)  # fmt: skip
DAYS = st.dates().map(lambda day: day.strftime("%d/%m/%Y"))


@given(st.lists(ANSWERS, min_size=len(ARABIC), max_size=len(ARABIC)), DAYS)
def test_no_row_with_a_date_is_the_second_header(cells: list[str], day: str) -> None:
    assert not is_in_two(ARABIC, [cells[0], day, *cells[2:]], ROWS, ready(DETAILED).names)


WORDED = {4, 6, 7, 8, 9, 12, 14}  # columns in which answers are words


@given(
    st.lists(ANSWERS, min_size=len(ARABIC), max_size=len(ARABIC)),
    st.sets(st.sampled_from(range(len(ARABIC))), max_size=2),
)
def test_no_row_of_answers_is_the_second_header(cells: list[str], also: set[int]) -> None:
    """Where a record has no number, at most two of the columns of numbers and dates say something in words."""
    first = [cell if at in WORDED | also else "" for at, cell in enumerate(cells)]
    assert not is_in_two(ARABIC, first, ROWS, ready(DETAILED).names)


@given(st.data())
def test_each_column_has_at_most_the_two_names_that_stand_in_it(data: st.DataObject) -> None:
    texts = st.lists(st.sampled_from(["", "السن", "Age", "اسم", "Nom", "(1-3)", "-"]), min_size=1, max_size=6)
    upper, lower = data.draw(texts), data.draw(texts)
    for at, one in enumerate(called(upper, lower)):
        stands = {row[at] for row in (upper, lower) if at < len(row)} | {""}
        assert {one.header, one.below} <= stands


def test_two_languages_of_one_script_are_known_by_their_names() -> None:
    french = ("N° dossier", "Date d'accueil", "Nom et prénom", "Téléphone", "Casier")
    english = ("Case number", "Date of visit", "Full name", "Phone", "Locker")
    found = asked(french, english, *((row[0], row[1], "Zineb Exemple", "0612345678", row[13]) for row in ROWS))
    assert [one.below for one in found] == list(english)
    assert all(len(one.values) == len(ROWS) for one in found)


@pytest.mark.parametrize(
    "first",
    [
        ("premier", "hier", "", "médical", "juridique", "psychologique", "plainte"),  # ticked with names of columns
        ("", "", "", "médical", "juridique", "psychologique", "plainte"),
    ],
)
@pytest.mark.parametrize(
    "header",
    [
        ("N° dossier", "Date d'accueil", "Nom", "Aide médicale", "Aide juridique", "Aide psychologique", "Plainte"),
        ("رقم الملف", "تاريخ الاستقبال", "الاسم", "طبي", "قانوني", "نفسي", "شكاية"),
    ],
)
def test_a_first_record_that_is_ticked_with_names_of_columns_is_no_header(
    header: tuple[str, ...], first: tuple[str, ...]
) -> None:
    rows = [("1", "02/03/2024", "Zineb", "x", "", "", "oui"), ("2", "03/03/2024", "Salma", "", "x", "x", "non")]
    assert not any(one.below for one in asked(header, first, *rows))
