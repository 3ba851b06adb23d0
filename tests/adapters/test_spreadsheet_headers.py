"""Finding the header among titles, merged cells and months."""

from dataclasses import replace
from datetime import date

import pytest
from openpyxl import Workbook

from adapters.spreadsheet import adapter
from hub.errors import Fatal
from hub.ports import Layout, SourceRecord

HEADER = ("N° dossier", "Date d'accueil", "Code", "Nom et prénom", "Téléphone", "Âge", "Demande")
ROW = ("1/2026", date(2026, 3, 12), "A-1", "Aïcha Bennani", "0612345678", 24, "médical")
OTHER = ("2/2026", date(2026, 3, 13), "A-2", "Salma Tazi", "0622345678", 31, "juridique")


def test_title_rows_above_the_header_are_no_records(save, connect, read):
    save(Registre=[["Association Exemple"], ["Registre 2026"], [], HEADER, ROW])
    (record,) = read(connect())
    assert record.content["visit_date"] == "2026-03-12"
    assert str(record.place) == "sheet 1, row 5"


def test_a_header_is_recognised_in_other_spellings(save, connect, read):
    save(Registre=[("n° DOSSIER :", "date d’accueil", "CODE", "Nom  et prenom", "telephone*", "Age ?", "DEMANDE"), ROW])
    (record,) = read(connect())
    assert set(record.content) == {"case_number", "visit_date", "survivor_code", "full_name", "phone", "age", "request"}
    assert record.headers["full_name"] == "Nom et prenom"


def test_an_arabic_header_is_recognised_through_tatweel_and_hamza(save, connect, read):
    save(سجل=[("رقم الملـف", "تاريخ الإستقبال", "الرمز", "الإسم الكامل", "الهاتف", "السّن", "الطلب"), ROW])
    (record,) = read(connect())
    assert record.content["full_name"] == "Aïcha Bennani"
    assert record.content["age"] == "24"


def test_a_header_of_two_rows_with_merged_groups_is_one_header(tmp_path, connect, read):
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["N° dossier", "Date d'accueil", "Bénéficiaire", None, None, "Demande"])
    sheet.append([None, None, "Code", "Nom et prénom", "Âge", None])
    for area in ("A1:A2", "B1:B2", "C1:E1", "F1:F2"):
        sheet.merge_cells(area)
    sheet.append(["1/2026", date(2026, 3, 12), "A-1", "Aïcha Bennani", 24, "médical"])
    book.save(tmp_path / "register.xlsx")
    (record,) = read(connect())
    assert record.content == {
        "case_number": "1/2026",
        "visit_date": "2026-03-12",
        "survivor_code": "A-1",
        "full_name": "Aïcha Bennani",
        "age": "24",
        "request": "médical",
    }


def test_a_group_over_the_header_tells_equal_headers_apart(save, connect, read):
    layout = Layout({"name": ("Survivante Nom",), "worker": ("Écoutante Nom",), "date": ("Date",)})
    save(Registre=[["Date", "Survivante", "Écoutante"], [None, "Nom", "Nom"], [date(2026, 1, 5), "Aïcha", "Rajae"]])
    (record,) = read(connect(layout=layout))
    assert record.content == {"date": "2026-01-05", "name": "Aïcha", "worker": "Rajae"}


def test_no_row_is_lost_above_a_header_that_is_repeated_further_down(save, connect, read):
    above = [[None, None, "Bénéficiaire"], HEADER, ROW, OTHER]
    save(Registre=[*above, HEADER, ("3/2026", *OTHER[1:])])
    assert [record.id.split("|")[0] for record in read(connect())] == ["1/2026", "2/2026", "3/2026"]


def test_each_sheet_has_its_own_header(save, connect, read):
    moved = (HEADER[1], HEADER[0], *HEADER[2:])
    save(Janvier=[HEADER, ROW], Février=[["Février"], moved, (OTHER[1], OTHER[0], *OTHER[2:])])
    first, second = read(connect())
    assert (first.place.sheet, second.place.sheet) == (1, 2)
    assert second.content["case_number"] == "2/2026"


def test_an_exact_alias_wins_over_a_general_one(save, connect, read):
    save(Registre=[("Date", *HEADER), (date(2020, 1, 1), *ROW)])
    (record,) = read(connect())
    assert record.content["visit_date"] == "2026-03-12"
    assert record.content["Date"] == "2020-01-01"


def test_unknown_columns_keep_their_own_headers_and_equal_ones_are_numbered(save, connect, read):
    save(Registre=[(*HEADER, "Quartier", "Note", "Note"), (*ROW, "Hay", "a", "b")])
    (record,) = read(connect())
    assert (record.content["Quartier"], record.content["Note"], record.content["Note (2)"]) == ("Hay", "a", "b")


def test_a_file_without_the_header_is_refused_with_the_headers_that_were_expected(save, connect):
    save(Registre=[["a", "b"], ["c", "d"]])
    with pytest.raises(Fatal) as refused:
        list(adapter.pull(connect(), None))
    assert refused.value.text == "adapters.header-not-found"
    assert "N° dossier" in refused.value.params["columns"]


def test_a_header_without_a_required_column_is_refused_by_its_name(save, connect):
    save(Registre=[("N° dossier", "Code", "Âge", "Demande"), ("1", "A", 24, "médical")])
    with pytest.raises(Fatal) as refused:
        list(adapter.pull(connect(), None))
    assert (refused.value.text, refused.value.params["columns"]) == ("adapters.columns-missing", "Date d'accueil")


EXPECTING = Layout(
    {"number": ("N° dossier",), "code": ("Code",), "to": ("Orientée vers", "Orientation"), "age": ("Âge",)},
    key=("number",),
    expected=frozenset({"number", "to"}),
)


def test_a_column_that_the_mapping_was_made_for_and_that_is_not_there_is_told_once_for_each_sheet(save, connect, read):
    renamed = ("N° dossier", "Code", "Âge", "Structure d'accueil")
    save(Mars=[renamed, ("1", "A", 24, "Hôpital"), ("2", "B", 31, "")], Avril=[renamed, ("3", "C", 40, "")])
    told = [
        [(one.severity, one.text, one.params["columns"]) for one in record.issues]
        for record in read(connect(layout=EXPECTING))
    ]
    assert told == [
        [("warning", "adapters.columns-gone", "Orientée vers")],
        [],
        [("warning", "adapters.columns-gone", "Orientée vers")],
    ]


def test_a_column_that_the_mapping_was_made_for_is_there_under_any_of_its_names(save, connect, read):
    save(Mars=[("N° dossier", "Code", "Orientation"), ("1", "A", "Hôpital")])
    assert [record.issues for record in read(connect(layout=EXPECTING))] == [()]


KEYED = replace(EXPECTING, key=("number", "code"), keyed=frozenset({"number"}))
UNNUMBERED = ("Code", "Orientation", "Âge")


def test_a_file_without_a_column_that_tells_rows_apart_is_refused_with_the_headers_it_could_have(save, connect):
    save(Mars=[UNNUMBERED, ("A", "Hôpital", 24)])
    with pytest.raises(Fatal) as refused:
        list(adapter.pull(connect(layout=KEYED), None))
    assert (refused.value.text, refused.value.params["columns"]) == ("adapters.key-missing", "number (N° dossier)")
    assert [issue.text for issue in adapter.check(connect(layout=KEYED))] == ["adapters.key-missing"]


def test_a_column_of_the_key_that_not_every_register_has_may_be_absent(save, connect, read):
    save(Mars=[("N° dossier", "Orientation", "Âge"), ("1", "Hôpital", 24)])
    assert len(read(connect(layout=KEYED))) == 1


def test_a_sheet_without_a_column_that_tells_rows_apart_is_reported_beside_the_others(save, connect, read):
    others = [("B", "Hôpital", 24, date(2026, 4, day)) for day in (1, 2)]
    save(Mars=[("N° dossier", *UNNUMBERED), ("1", "A", "Hôpital", 24)], Stages=[UNNUMBERED, *others])
    first, second = read(connect(layout=KEYED))
    assert first.id.startswith("1|")
    assert [(one.text, one.params["columns"]) for one in second.issues] == [("adapters.sheet-unread", "N° dossier")]


def test_a_sheet_of_rows_without_a_header_is_reported_beside_the_others(save, connect, read):
    rows = [(f"{number}/2026", date(2026, 4, number), "A", "Nom", "06", 20, "x") for number in range(1, 4)]
    save(Mars=[HEADER, ROW], Avril=rows, Bilan=[["physique", 12], ["sexuelle", 3]])
    read_rows = read(connect())
    assert [record.issues[0].text for record in read_rows if record.issues] == ["adapters.sheet-unread"]
    assert len(read_rows) == 2


def test_hidden_sheets_are_not_read_and_not_counted(save, connect, read):
    save(hidden_Listes=[HEADER, OTHER], Mars=[HEADER, ROW])
    (record,) = read(connect())
    assert record.place.sheet == 1


def test_the_layout_says_which_sheets_to_read(save, connect, read):
    save(**{"Menu Data": [HEADER, OTHER], "Incident Data": [HEADER, ROW]})
    layout = Layout(connect().layout.columns, key=("case_number",), sheet="^(?!.*menu).*$")
    (record,) = read(connect(layout=layout))
    assert (record.id, record.place.sheet) == ("1/2026", 2)


def test_a_record_never_shows_its_content(save, connect, read):
    save(Registre=[HEADER, ROW])
    (record,) = read(connect())
    assert isinstance(record, SourceRecord)
    assert "Bennani" not in repr(record)


def test_of_two_columns_with_one_name_the_first_is_read_and_this_is_told_once(save, connect, read):
    twice = [[*HEADER, "demande :"], [*ROW, "juridique"], [*OTHER, "médical"]]
    save(Registre=twice)
    first, second = read(connect())
    assert (first.content["request"], first.content["demande :"]) == ("médical", "juridique")  # kept by its own name
    (told,) = [issue for issue in first.issues if issue.text == "adapters.columns-twice"]
    assert (told.severity, told.params) == ("warning", {"columns": "Demande"})
    assert "adapters.columns-twice" not in {issue.text for issue in second.issues}


def test_columns_that_the_mapping_does_not_know_may_have_one_name(save, connect, read):
    save(Registre=[[*HEADER, "Visa", "Visa"], [*ROW, "a", "b"]])
    (record,) = read(connect())
    assert "adapters.columns-twice" not in {issue.text for issue in record.issues}


def test_two_names_below_two_headings_are_no_repetition(save, connect, read):
    layout = Layout({"name": ("Survivante Nom",), "date": ("Date",), "request": ("Demande",)})
    rows = [
        ["Date", "Demande", "Survivante", "Écoutante"],
        [None, None, "Nom", "Nom"],
        [date(2026, 1, 5), "x", "Aïcha", "R"],
    ]
    save(Registre=rows)
    (record,) = read(connect(layout=layout))
    assert record.content["name"] == "Aïcha"
    assert "adapters.columns-twice" not in {issue.text for issue in record.issues}


def test_columns_without_a_name_of_their_own_are_numbered_however_many_there_are(save, connect, read):
    wide = 3000
    save(Registre=[[*["vide"] * wide, *HEADER, "vide (2)"], [*["-"] * wide, *ROW, "x"]])
    (record,) = read(connect())
    assert record.content["request"] == "médical"
    names = ["vide", *(f"vide ({count})" for count in range(2, wide + 1))]
    assert list(record.content)[:wide] == names
    assert record.content["vide (2) (2)"] == "x"
