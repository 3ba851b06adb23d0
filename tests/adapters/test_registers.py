"""The fictional registers: as many rows as promised, as bad as promised, and marked throughout."""

import csv
import json
from datetime import date
from random import Random
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook

from adapters.kobo.submissions import Reader
from adapters.spreadsheet import adapter
from demo import registers
from demo.registers.people import invent
from hub import mapping
from hub.fhir.folding import fold
from hub.mapping import Context
from hub.ports import Connection, SourceRecord

UNTIL, TODAY = date(2026, 6, 30), date(2026, 7, 1)
REGISTERS = {
    "a.xlsx": (registers.arabic_register, "spreadsheet/register-ar", 180),
    "f.csv": (registers.french_register, "spreadsheet/register-fr", 160),
    "g.xlsx": (registers.gbvims_workbook, "spreadsheet/gbvims-recorder", 120),
}
KNOWN = {
    fold(name)
    for name in (
        "CHU Atlas",
        "Hôpital Atlas",
        "Cellule du tribunal de Mohammédia",
        "Police Casablanca",
        "EMF Marrakech",
        "Dar Rihana",
        "Association Arganier",
        "Assoc. Arganier",
        "Association Palmier",
        "Coopérative Safran",
        "المركز الاستشفائي الأطلس",
        "خلية المحكمة الابتدائية بالمحمدية",
        "شرطة الدار البيضاء",
        "الفضاء المتعدد الوظائف للنساء مراكش",
        "دار الريحانة",
        "جمعية الأركان للمساعدة القانونية",
        "جمعية النخيل لحماية الطفولة",
        "تعاونية الزعفران",
    )
}


def context():
    return Context("association", lambda text: "organization" if fold(text) in KNOWN else None, TODAY)


def written(tmp_path, name, **options):
    writer, form, _ = REGISTERS[name]
    writer(tmp_path / name, until=UNTIL, **options)
    layout = mapping.load(form).layout()
    connection = Connection("c", "association", "spreadsheet", form, {"path": name}, tmp_path, layout, lambda _: "")
    return [one for one in adapter.pull(connection, None) if isinstance(one, SourceRecord)]


def submissions(**options):
    layout = mapping.load("kobo/intake").layout()
    return [Reader(layout).record(one) for one in registers.kobo_submissions(until=UNTIL, **options)]


def blocked(records, form):
    read = mapping.load(form)
    findings = [
        {issue.text for issue in (*record.issues, *read.forward(record, context()).issues) if issue.blocks}
        for record in records
    ]
    return [found for found in findings if found]


@pytest.mark.parametrize("name", REGISTERS)
def test_every_row_is_read_and_about_one_in_twenty_cannot_be_understood(tmp_path, name):
    _, form, count = REGISTERS[name]
    records = written(tmp_path, name)
    bad = blocked(records, form)
    assert len(records) == count
    assert 0.04 <= len(bad) / count <= 0.06
    assert len({frozenset(found) for found in bad}) >= 6, "the ways of being bad vary"


def test_every_submission_is_read_and_about_one_in_twenty_cannot_be_understood():
    records = submissions()
    bad = blocked(records, "kobo/intake")
    assert len(records) == 140
    assert 0.04 <= len(bad) / 140 <= 0.06
    assert len({frozenset(found) for found in bad}) >= 6


def test_a_phone_that_excel_destroyed_does_not_cost_the_row(tmp_path):
    records = written(tmp_path, "f.csv")
    lost = [record for record in records if record.content.get("phone") == "2.12613E+11"]
    read = mapping.load("spreadsheet/register-fr")
    assert len(lost) == 2
    assert not any(issue.blocks for record in lost for issue in read.forward(record, context()).issues)


@pytest.mark.parametrize("name", ["a.xlsx", "f.csv"])
def test_many_women_agree_to_be_referred_to_the_hospital(tmp_path, name):
    records = written(tmp_path, name)
    agreed = [
        record
        for record in records
        if "consent_date" in record.content and fold("atlas") in fold(str(record.content.get("referred_to")))
    ]
    arabic = [
        record
        for record in records
        if "consent_date" in record.content and "الاطلس" in fold(str(record.content.get("referred_to")))
    ]
    assert len(agreed) + len(arabic) > 50


def test_the_arabic_workbook_has_a_sheet_a_month_a_hidden_one_and_runs_from_right_to_left(tmp_path):
    registers.arabic_register(tmp_path / "a.xlsx", until=UNTIL)
    book = load_workbook(tmp_path / "a.xlsx")
    months = [sheet for sheet in book if sheet.sheet_state == "visible" and "2026" in sheet.title]
    assert [sheet.title for sheet in months][-2:] == ["ماي 2026", "يونيو 2026"]
    assert all(sheet.sheet_view.rightToLeft and sheet.merged_cells.ranges for sheet in months)
    assert any(sheet.sheet_state == "hidden" for sheet in book)


def test_the_french_register_is_windows_1252_with_line_breaks_in_cells(tmp_path):
    registers.french_register(tmp_path / "f.csv", until=UNTIL)
    raw = (tmp_path / "f.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    rows = list(csv.reader(raw.decode("windows-1252").splitlines(keepends=True), delimiter=";"))
    assert any("\n" in cell for row in rows for cell in row)


def test_the_same_seed_and_day_give_the_same_register(tmp_path):
    first = [(record.id, record.version) for record in written(tmp_path, "a.xlsx")]
    assert first == [(record.id, record.version) for record in written(tmp_path, "a.xlsx")]
    assert registers.kobo_submissions(until=UNTIL) == registers.kobo_submissions(until=UNTIL)


@pytest.mark.parametrize("name", REGISTERS)
def test_marks_are_found_in_a_marked_register_and_nowhere_in_another(tmp_path, name):
    marked = json.dumps([record.content for record in written(tmp_path, name, mark=registers.MARK)], ensure_ascii=False)
    plain = json.dumps([record.content for record in written(tmp_path, name)], ensure_ascii=False)
    assert marked.count(registers.MARK) > 100
    assert not any(mark.casefold() in plain.casefold() for mark in registers.marks())


def test_every_identifying_value_carries_a_mark(tmp_path):
    for record in [*written(tmp_path, "a.xlsx", mark=registers.MARK), *written(tmp_path, "f.csv", mark=registers.MARK)]:
        for column in ("full_name", "cin", "phone", "address", "remarks", "worker"):
            text = str(record.content.get(column, registers.MARK))
            assert text == "2.12613E+11" or any(mark in text for mark in registers.marks()), (record.place, column)
    for record in submissions(mark=registers.MARK):
        for question in ("identite/nom", "identite/telephone"):
            text = str(record.content.get(question, registers.MARK))
            assert text == "2.12613E+11" or any(mark in text for mark in registers.marks()), (record.place, question)


def test_a_woman_never_shows_herself():
    assert "Bennis" not in repr(invent(Random(1), None))


def test_a_big_register_has_as_many_good_rows_as_asked(tmp_path):
    registers.big_register(tmp_path / "b.xlsx", 1200, until=UNTIL)
    layout = mapping.load("spreadsheet/register-fr").layout()
    connection = Connection("c", "association", "spreadsheet", "f", {"path": "b.xlsx"}, tmp_path, layout, lambda _: "")
    records = [one for one in adapter.pull(connection, None) if isinstance(one, SourceRecord)]
    assert len({record.id for record in records}) == 1200
    assert not blocked(records[:200], "spreadsheet/register-fr")
    with ZipFile(tmp_path / "b.xlsx") as archive:
        assert archive.testzip() is None
    sheet = load_workbook(tmp_path / "b.xlsx", read_only=True).worksheets[0]
    assert len(next(sheet.iter_rows(values_only=True))) == 25
