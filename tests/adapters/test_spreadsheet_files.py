"""Files that are missing, protected, damaged or dangerous."""

import contextlib
import io
import shutil
import zipfile
from datetime import date, datetime
from pathlib import Path
from random import Random

import pytest
from openpyxl import load_workbook

from adapters.spreadsheet import adapter, extents, legacy
from hub.errors import AdapterError, Fatal, Retriable
from tests.support.budget import examples

DATA = Path(__file__).parent.parent / "data" / "spreadsheet"  # written with xlwt
HEADER = ("N° dossier", "Date d'accueil", "Code", "Nom et prénom", "Téléphone", "Âge", "Demande")
ROW = ("1/2026", date(2026, 3, 12), "A-1", "Aïcha Bennani", "0612345678", 24, "médical")

ODS = """<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">
<office:body><office:spreadsheet><table:table table:name="Registre">{rows}</table:table></office:spreadsheet></office:body>
</office:document-content>"""


def refusal(connection):
    with pytest.raises(Fatal) as refused:
        list(adapter.pull(connection, None))
    return refused.value


def write_ods(path, rows):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS.format(rows=rows))
        manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
        archive.writestr("META-INF/manifest.xml", manifest)


def ods_row(cells, repeated=""):
    written = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in cells
    )
    return f"<table:table-row{repeated}>{written}</table:table-row>"


def test_a_missing_file_is_told_without_its_name(connect):
    failure = refusal(connect("Fatima Zahra.xlsx"))
    assert failure.text == "adapters.file-missing"
    assert "Fatima" not in str(failure) and "Fatima" not in str(failure.params)


def test_a_connection_without_a_path_says_what_to_add(connect):
    assert refusal(connect("")).text == "adapters.path-not-set"


def test_a_folder_without_registers_names_the_formats(connect, tmp_path):
    (tmp_path / "empty").mkdir()
    failure = refusal(connect("empty"))
    assert failure.text == "adapters.folder-empty" and ".ods" in failure.params["formats"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "adapters.file-empty"),
        (b"\r\n\r\n", "adapters.file-empty"),
        (b"PK\x03\x04 and then nothing", "adapters.file-unreadable"),
        (b"%PDF-1.7 \x00\x01", "adapters.file-unreadable"),
        (b"<html><table><tr><td>Nom</td></tr></table></html>", "adapters.file-html"),
        (extents.OLE + b"\x00" * 600 + extents.ENCRYPTED + b"\x00" * 600, "adapters.file-protected"),
        (extents.OLE + b"\x00" * 600, "adapters.file-unreadable"),
    ],
    ids=["empty", "blank", "cut-off", "pdf", "web-page", "encrypted", "broken-xls"],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, connect, content, text):
    (tmp_path / "register.xlsx").write_bytes(content)
    assert refusal(connect()).text == text


@pytest.mark.parametrize("ending", ["xlsx", "XLSM", "xls", "ods"])
@pytest.mark.parametrize(
    "content",
    [b"Bonjour,\nvoici le registre.\n", "État des lieux ÀÉÈÊ ÀÉÈÊ".encode("latin-1")],
    ids=["text", "letters"],
)
def test_a_text_that_is_named_as_a_workbook_and_is_no_register_is_told_to_be_no_workbook(
    tmp_path, connect, ending, content
):
    (tmp_path / f"register.{ending}").write_bytes(content)
    assert refusal(connect(f"register.{ending}")).text == "adapters.file-no-workbook"
    assert [one.text for one in adapter.check(connect(f"register.{ending}"))] == ["adapters.file-no-workbook"]
    (tmp_path / "register.csv").write_bytes(content)
    assert refusal(connect("register.csv")).text in {"adapters.header-not-found", "adapters.wrong-encoding"}


def test_a_workbook_without_the_header_is_not_told_to_be_none(save, connect):
    save(Registre=[["a", "b"], ["c", "d"]])
    assert refusal(connect()).text == "adapters.header-not-found"


def test_an_empty_workbook_is_told_from_one_without_header(save, connect):
    save(Feuille=[])
    assert refusal(connect()).text == "adapters.file-empty"


def test_a_file_that_swells_when_unpacked_is_refused(tmp_path, connect, monkeypatch):
    monkeypatch.setattr(extents, "MAX_UNPACKED", 5_000_000)
    with zipfile.ZipFile(tmp_path / "register.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 50_000_000)
    assert (tmp_path / "register.xlsx").stat().st_size < 100_000
    assert refusal(connect()).text == "adapters.file-too-large"


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path, connect):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 9_000_000)
    lying = buffer.getvalue().replace((9_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    (tmp_path / "register.xlsx").write_bytes(lying)
    assert refusal(connect()).text == "adapters.file-unreadable"


def test_a_stray_cell_at_the_end_of_the_sheet_is_refused_before_it_takes_the_memory(save, connect):
    path = save(Registre=[HEADER, ROW])
    book = load_workbook(path)
    book.worksheets[0]["XFD1048576"] = "oops"
    book.save(path)
    assert refusal(connect()).text == "adapters.file-too-large"


def test_an_ods_register_is_read_with_its_repeated_empty_cells(tmp_path, connect, read):
    empty = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="1024"/></table:table-row>'
    rows = ods_row(HEADER) + ods_row(("1/2026", "12/03/2026", "A-1", "Aïcha", "0612345678", "24", "médical")) + empty
    write_ods(tmp_path / "register.ods", rows)
    (record,) = read(connect("register.ods"))
    assert record.content["full_name"] == "Aïcha"


def test_an_ods_that_repeats_full_cells_by_the_thousand_is_refused(tmp_path, connect):
    write_ods(tmp_path / "register.ods", ods_row(HEADER) + ods_row(HEADER, ' table:number-rows-repeated="1000000"'))
    assert refusal(connect("register.ods")).text == "adapters.file-too-large"


def test_an_ods_with_a_stray_cell_far_away_is_refused_and_one_with_empty_cells_there_is_not(tmp_path, connect, read):
    row = ("1/2026", "12/03/2026", "A-1", "Aïcha", "0612345678", "24", "médical")
    empty = '<table:table-row table:number-rows-repeated="999"><table:table-cell table:number-columns-repeated="999"/></table:table-row>'
    write_ods(tmp_path / "register.ods", ods_row(HEADER) + empty * 900 + ods_row(row))
    with pytest.raises(Fatal) as refused:
        read(connect("register.ods"))
    assert refused.value.text == "adapters.file-too-large"
    write_ods(tmp_path / "register.ods", ods_row(HEADER) + ods_row(row) + empty * 900)
    assert len(read(connect("register.ods"))) == 1


def test_an_xls_is_read(connect, read, tmp_path):
    shutil.copy(DATA / "register.xls", tmp_path)
    (record,) = read(connect("register.xls"))
    assert (record.content["full_name"], record.content["visit_date"]) == ("Aïcha Bennani", "2026-03-12")


def test_an_xls_with_two_cells_that_lie_far_apart_is_refused_before_it_takes_the_memory(connect, tmp_path):
    shutil.copy(DATA / "far-apart.xls", tmp_path)
    assert refusal(connect("far-apart.xls")).text == "adapters.file-too-large"


def test_an_xls_larger_than_any_register_is_refused(connect, tmp_path, monkeypatch):
    shutil.copy(DATA / "register.xls", tmp_path)
    monkeypatch.setattr(legacy, "MAX_SIZE", 5_000)
    assert refusal(connect("register.xls")).text == "adapters.file-too-large"


@pytest.mark.parametrize("seed", range(examples(60, 2_000)))
def test_an_xls_with_bytes_changed_is_read_or_refused(connect, tmp_path, seed):
    chance = Random(seed)
    spoilt = bytearray((DATA / "register.xls").read_bytes())
    start = chance.choice((0, 512, len(spoilt) - 1600))  # of the container, of the records, of the directory
    for _ in range(chance.choice((1, 3, 20))):
        spoilt[start + chance.randrange(1024) if chance.random() < 0.8 else chance.randrange(len(spoilt))] = (
            chance.randrange(256)
        )
    spoilt[:4] = extents.OLE
    (tmp_path / "register.xls").write_bytes(spoilt)
    with contextlib.suppress(AdapterError):
        list(adapter.pull(connect("register.xls"), None))


def test_a_workbook_with_macros_is_read_and_its_macros_are_not_looked_at(save, connect, read, tmp_path):
    path = save(Registre=[HEADER, ROW])
    shutil.move(path, tmp_path / "register.xlsm")
    with zipfile.ZipFile(tmp_path / "register.xlsm", "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 anything")
    assert len(read(connect("register.xlsm"))) == 1


def test_a_file_that_is_saved_while_it_is_read_is_read_again_later(save, connect):
    path = save(Registre=[HEADER, ROW, ("2", *ROW[1:])])
    pulled = adapter.pull(connect(), None)
    next(pulled)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(Retriable) as later:
        list(pulled)
    assert later.value.text == "adapters.file-changing"


def test_no_file_stays_open_when_a_pull_is_given_up(save, connect):
    save(Registre=[HEADER, ROW, ("2", *ROW[1:])])
    pulled = adapter.pull(connect(), None)
    next(pulled)
    pulled.close()  # an unclosed file would be a ResourceWarning, and fail


def test_the_check_finds_what_would_stop_a_pull(save, connect, tmp_path):
    assert [issue.text for issue in adapter.check(connect("nowhere.xlsx"))] == ["adapters.file-missing"]
    save(Registre=[HEADER])
    assert [issue.text for issue in adapter.check(connect())] == ["adapters.no-rows"]
    save(Registre=[HEADER, ROW])
    assert list(adapter.check(connect())) == []
    findings = {issue.text for issue in adapter.check(connect(langage="fr", language="de"))}
    assert findings == {"adapters.unknown-setting", "adapters.unknown-language"}


def test_a_register_that_is_handed_over_is_not_looked_for_and_one_that_is_pulled_is_not_taken(connect, save):
    content = save(A=[HEADER, ROW]).read_bytes()
    handed, pulled = connect(upload=True), connect()
    assert list(adapter.pull(handed, None)) == []
    assert list(adapter.take(pulled, content)) == []
    (taken,) = adapter.take(handed, content)
    (read, _) = adapter.pull(pulled, None)
    assert (taken.id, taken.version, taken.content) == (read.id, read.version, read.content)
    assert list(adapter.check(connect(path="", upload=True))) == []


def test_a_workbook_that_is_too_long_to_be_held_says_the_same_row_by_row(save, connect, read, monkeypatch):
    moment = datetime(2026, 3, 12, 9, 30)
    save(
        hidden_Listes=[HEADER, ROW],
        Mars=[
            ["Registre"],
            HEADER,
            ROW,
            ("2/2026", moment, "A-2", "#N/A", 612345678, 24.0, True),
            [],
            ("3/2026", None, "A-3"),
        ],
        Avril=[HEADER, ("4/2026", "12/04/2026", "A-4", " Salma ", None, "~30", "x"), ("5", *ROW[1:])],
    )
    held = [(one.id, one.version, one.content, str(one.place)) for one in read(connect())]
    monkeypatch.setattr(extents, "HELD_CELLS", 10)
    streamed = [(one.id, one.version, one.content, str(one.place)) for one in read(connect())]
    assert streamed == held and len(held) == 5


def test_a_workbook_that_is_too_long_and_damaged_is_refused(save, connect, monkeypatch):
    path = save(Mars=[HEADER, *([ROW] * 200)])
    with zipfile.ZipFile(path) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"][:-900]
    with zipfile.ZipFile(path, "w") as damaged:
        for name, content in parts.items():
            damaged.writestr(name, content)
    monkeypatch.setattr(extents, "HELD_CELLS", 10)
    assert refusal(connect()).text == "adapters.file-unreadable"
