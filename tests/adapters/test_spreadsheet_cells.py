"""What a cell's text is, from every kind of spreadsheet cell."""

import zipfile
from datetime import date, datetime, time, timedelta

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from adapters.spreadsheet.cells import CALENDAR_1904, spell

HEADER = ("N° dossier", "Date d'accueil", "Code", "Nom et prénom", "Téléphone", "Âge", "Demande")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (24.0, "24"),
        (24, "24"),
        (1.5, "1.5"),
        (0.1 + 0.2, "0.3"),
        (-3.0, "-3"),
        (212612345678.0, "212612345678"),
        (True, "true"),
        (False, "false"),
        (date(2026, 3, 12), "2026-03-12"),
        (datetime(2026, 3, 12), "2026-03-12"),
        (datetime(2026, 3, 12, 10, 30), "2026-03-12T10:30"),
        (time(9, 5), "09:05"),
        (timedelta(hours=26, minutes=5), "26:05"),
        ("  texte\u00a0", "texte"),
        ("#N/A", ""),
        ("#valeur!", ""),
        ("#1 au registre", "#1 au registre"),
        ("", ""),
        ("ligne 1\nligne 2", "ligne 1\nligne 2"),
        ("٢٤ سنة", "٢٤ سنة"),
    ],
)
def test_a_cell_is_the_text_a_person_would_have_typed(cell, text):
    assert spell(cell) == text


def test_dates_move_to_the_other_calendar_of_excel_and_nothing_else_does():
    assert spell(date(2022, 3, 11), CALENDAR_1904) == "2026-03-12"
    assert spell(24.0, CALENDAR_1904) == "24"


def test_a_workbook_of_the_1904_calendar_gives_its_own_dates(tmp_path, connect, read):
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.worksheets[0].append(HEADER)
    book.worksheets[0].append(["1", date(2026, 3, 12), "A"])
    book.save(tmp_path / "register.xlsx")
    assert read(connect())[0].content["visit_date"] == "2026-03-12"


def test_a_workbook_that_lost_its_1904_mark_is_read_with_the_setting(save, connect, read):
    save(Registre=[HEADER, ("1", date(2022, 3, 11), "A")])
    assert read(connect(date_1904=True))[0].content["visit_date"] == "2026-03-12"


def test_an_empty_cell_is_absent(save, connect, read):
    save(Registre=[HEADER, ("1", date(2026, 3, 12), None, "", "  ", 24, "#N/A")])
    assert set(read(connect())[0].content) == {"case_number", "visit_date", "age"}


def test_digits_that_a_number_cell_has_lost_are_reported_with_their_column(save, connect, read):
    save(Registre=[HEADER, ("1", date(2026, 3, 12), "A", "Nom", 2126123456781234567, 24, "x")])
    (issue,) = read(connect())[0].issues
    assert (issue.text, issue.column, issue.blocks) == ("adapters.digits-lost", "Téléphone", False)


def test_a_formula_gives_its_cached_value_and_is_never_evaluated(tmp_path, save, connect, read):
    path = save(Registre=[HEADER, ("1", date(2026, 3, 12), "=1+1", "Nom", "06", 24, "x")])
    entry = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(path) as archive:
        parts = {item.filename: archive.read(item) for item in archive.infolist()}
    parts[entry] = (
        parts[entry]
        .replace(b"<f>1+1</f><v />", b"<f>1+1</f><v>7</v>")
        .replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>7</v>")
    )
    assert b"<v>7</v>" in parts[entry]
    with zipfile.ZipFile(tmp_path / "cached.xlsx", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert read(connect("cached.xlsx"))[0].content["survivor_code"] == "7"
