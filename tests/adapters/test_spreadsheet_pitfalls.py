"""What people do to a register in a spreadsheet program, and what must not depend on it."""

import zipfile
from datetime import date

from openpyxl import load_workbook

from hub import mapping
from hub.mapping import Context

HEADER = ("N° dossier", "Date d'accueil", "Code", "Nom et prénom", "Téléphone", "Âge", "Demande")
ROW = ("1/2026", date(2026, 3, 12), "A-1", "Aïcha Bennani", "0612345678", 24, "médical")
OTHER = ("2/2026", date(2026, 3, 13), "A-2", "Salma Tazi", "0622345678", 31, "juridique")


def test_a_row_or_column_that_a_filter_hides_is_read_as_the_others(save, connect, read):
    path = save(Registre=[HEADER, ROW, OTHER])
    shown = [record.content for record in read(connect())]
    book = load_workbook(path)
    book.worksheets[0].row_dimensions[3].hidden = True
    book.worksheets[0].column_dimensions["E"].hidden = True
    book.save(path)
    assert [record.content for record in read(connect())] == shown
    assert len(shown) == 2


def test_months_are_parted_by_blank_rows_and_titles_and_no_row_between_them_is_lost(save, connect, read):
    save(Registre=[["Registre 2026"], [], HEADER, ROW, [], [None, None], ["Avril"], OTHER, [], []])
    assert [record.content["case_number"] for record in read(connect())] == ["1/2026", "2/2026"]


def test_a_comma_of_decimals_is_read_as_a_point(save, connect, read):
    transform = mapping.load("spreadsheet/register-fr")._plan.columns["children"].transform
    context = Context("a", str, date(2026, 11, 23))
    assert [transform.forward(text, context).value for text in ("3,0", "3.0", "٣", "3")] == [3, 3, 3, 3]


def test_a_link_to_another_workbook_is_not_followed(save, connect, read, monkeypatch):
    path = save(Registre=[HEADER, ROW])
    before = [record.content for record in read(connect())]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(
            "xl/externalLinks/_rels/externalLink1.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
            'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath" '
            'Target="http://127.0.0.1:9/other.xlsx" TargetMode="External"/></Relationships>',
        )
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest_fails())
    assert [record.content for record in read(connect())] == before


def pytest_fails() -> None:
    raise AssertionError("it asked for the other workbook")


def test_a_tab_and_a_stroke_separate_cells_as_a_semicolon_does(tmp_path, connect, read):
    for separator in ("\t", "|", ";", ","):
        (tmp_path / "register.csv").write_text(
            f"{separator.join(HEADER)}\r\n{separator.join(map(str, ROW))}\r\n", encoding="utf-8-sig"
        )
        (record,) = read(connect("register.csv"))
        assert record.content["full_name"] == "Aïcha Bennani"


def test_a_file_name_that_is_a_womans_name_is_nowhere(tmp_path, connect, read, save, caplog):
    save("Fatima Invented.xlsx", Zineb=[HEADER, ROW], Salma=[HEADER, (*ROW[:1], "12 rajab", *ROW[2:])])
    records = read(connect("Fatima Invented.xlsx"))
    said = " ".join(f"{one!r} {one.place} {one.issues} {dict(one.handle)}" for one in records) + caplog.text
    assert len(records) == 2
    assert not any(name in said for name in ("Fatima", "Zineb", "Salma", "Invented"))
