"""CSV files as Excel and people write them: encodings, separators, quotation marks."""

import csv
import io

import pytest

from adapters.spreadsheet import adapter
from hub.errors import Fatal

FRENCH = ["N° dossier", "Date d'accueil", "Code", "Nom et prénom", "Téléphone", "Âge", "Demande"]
ARABIC = ["رقم الملف", "تاريخ الاستقبال", "الرمز", "الاسم الكامل", "الهاتف", "السن", "الطلب"]
ROWS = [
    ["1", "12/03/2026", "A-1", "Élodie Forêt", "0612345678", "24", "médical\nce jour; demain"],
    ["2", "13/03/2026", "A-2", "Noël Ça", "06 22 34 56 78", "31", 'dit "non"'],
]
ARABIC_ROWS = [["1", "12/03/2026", "A-1", "فاطمة الفاسي", "0612345678", "٢٤ سنة", "طبي، قانوني"]]


def text(header, rows, separator=";"):
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\r\n").writerows([header, *rows])
    return out.getvalue()


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "windows-1252", "utf-16"])
def test_a_french_file_is_read_in_every_encoding_and_with_every_separator(tmp_path, connect, read, encoding, separator):
    (tmp_path / "register.csv").write_bytes(text(FRENCH, ROWS, separator).encode(encoding))
    first, second = read(connect("register.csv"))
    assert first.content["full_name"] == "Élodie Forêt"
    assert first.content["request"] == "médical\nce jour; demain"
    assert second.content["request"] == 'dit "non"'
    assert (first.place.row, second.place.row, first.place.sheet) == (2, 3, None)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "windows-1256", "utf-16"])
def test_an_arabic_file_is_read_in_every_encoding(tmp_path, connect, read, encoding):
    rows = (
        [[cell.replace("٢٤", "24") for cell in row] for row in ARABIC_ROWS]
        if encoding == "windows-1256"
        else ARABIC_ROWS
    )
    (tmp_path / "register.csv").write_bytes(text(ARABIC, rows).encode(encoding))
    (record,) = read(connect("register.csv"))
    assert record.content["full_name"] == "فاطمة الفاسي"


def test_arabic_cells_under_plain_headers_are_not_read_as_french(tmp_path, connect, read):
    plain = ["Code", "Date", "Demande", "Nom", "Ville"]
    rows = [["A-1", "12/03/2026", "طبي", "فاطمة الفاسي", "الدار البيضاء"]]
    (tmp_path / "register.csv").write_bytes(text(plain, rows).encode("windows-1256"))
    assert read(connect("register.csv"))[0].content["Nom"] == "فاطمة الفاسي"


def test_a_wrong_encoding_in_the_settings_is_noticed(tmp_path, connect):
    (tmp_path / "register.csv").write_bytes(text(ARABIC, ARABIC_ROWS).encode("utf-8"))
    with pytest.raises(Fatal) as refused:
        list(adapter.pull(connect("register.csv", encoding="windows-1252"), None))
    assert refused.value.text == "adapters.wrong-encoding"
    (tmp_path / "register.csv").write_bytes(text(FRENCH, ROWS).encode("windows-1252"))
    with pytest.raises(Fatal) as refused:
        list(adapter.pull(connect("register.csv", encoding="utf-8"), None))
    assert refused.value.text == "adapters.wrong-encoding"


def test_a_letter_that_spoils_the_encoding_far_down_is_noticed(tmp_path, connect):
    good = text(FRENCH, [[f"{number}", *ROWS[1][1:]] for number in range(9000)]).encode("utf-8")
    (tmp_path / "register.csv").write_bytes(good + b"9001;13/03/2026;A;\xe9\xff;;;\r\n")
    with pytest.raises(Fatal) as refused:
        list(adapter.pull(connect("register.csv", encoding="utf-8"), None))
    assert refused.value.text == "adapters.wrong-encoding"
    assert refused.value.__cause__ is None and refused.value.__suppress_context__


@pytest.mark.parametrize(("setting", "value"), [("encoding", "martian"), ("separator", "::")])
def test_an_unknown_setting_value_says_so(tmp_path, connect, setting, value):
    (tmp_path / "register.csv").write_bytes(text(FRENCH, ROWS).encode())
    with pytest.raises(Fatal) as refused:
        list(adapter.pull(connect("register.csv", **{setting: value}), None))
    assert refused.value.text == f"adapters.unknown-{setting}"


def test_excels_own_line_about_the_separator_is_believed_and_is_no_record(tmp_path, connect, read):
    (tmp_path / "register.csv").write_bytes(b"sep=|\r\n" + text(FRENCH, ROWS, "|").encode("windows-1252"))
    assert [record.place.row for record in read(connect("register.csv"))] == [3, 4]


def test_a_quotation_mark_that_never_closes_is_found_where_it_opens(tmp_path, connect, read):
    lines = text(FRENCH, [["1", "12/03/2026", "A", "Nom", "06", "24", "x"]]).encode()
    broken = b'2;13/03/2026;B;"Nom sans fin;06;31;y\r\n3;14/03/2026;C;Nom;06;20;z\r\n'
    (tmp_path / "register.csv").write_bytes(lines + broken)
    good, bad = read(connect("register.csv"))
    assert not good.issues
    assert (bad.place.row, bad.issues[0].text, bad.issues[0].params["lines"]) == (3, "adapters.open-quote", "2")
    assert "full_name" not in bad.content


def test_two_stray_quotation_marks_do_not_hide_the_rows_between_them(tmp_path, connect, read):
    broken = b'2;13/03/2026;B;"Nom;06;31;y\r\n3;14/03/2026;C;Nom;06;20;z\r\n4;15/03/2026;D;"Nom;06;20;z\r\n5;16/03/2026;E;Nom;06;20;z\r\n'
    (tmp_path / "register.csv").write_bytes(text(FRENCH, []).encode() + broken)
    bad, good = read(connect("register.csv"))
    assert [issue.text for issue in bad.issues] == ["adapters.open-quote"]
    assert good.content["case_number"] == "5"


def test_a_quotation_mark_that_swallows_the_rest_of_a_long_file_stops_it_at_its_row(tmp_path, connect):
    swallowed = b'1;12/03/2026;A;"Nom;06;24;x\r\n' + b"2;13/03/2026;B;Nom;06;31;y\r\n" * 6000
    (tmp_path / "register.csv").write_bytes(text(FRENCH, []).encode() + swallowed)
    with pytest.raises(Fatal) as refused:
        list(adapter.pull(connect("register.csv"), None))
    assert (refused.value.text, refused.value.params["row"]) == ("adapters.csv-broken", "2")


def test_a_row_whose_cells_have_shifted_blocks_and_shows_nothing_under_a_wrong_header(tmp_path, connect, read):
    rows = [ROWS[1], ["3", "14/03/2026", "A-3", "Tazi", "Salma", "0622345678", "31", "médical"], ROWS[0]]
    lines = "\r\n".join(";".join(row).replace("\n", " ").replace("; ", " ") for row in [FRENCH, *rows])
    (tmp_path / "register.csv").write_text(lines, "utf-8")
    first, shifted, last = read(connect("register.csv"))
    assert not first.issues and not last.issues
    assert [(issue.text, issue.blocks) for issue in shifted.issues] == [("adapters.too-many-cells", True)]
    assert set(shifted.content) == {f"column {number}" for number in range(1, 9)}


def test_separators_at_the_end_of_every_line_are_harmless(tmp_path, connect, read):
    lines = "\r\n".join(
        ";".join(row) + (";;" if row is not FRENCH else "") for row in [FRENCH, ROWS[1], ["3", *ROWS[1][1:]]]
    )
    (tmp_path / "register.csv").write_text(lines.replace('"', ""), "utf-8")
    assert [record.issues for record in read(connect("register.csv"))] == [(), ()]


def test_a_csv_file_named_as_a_workbook_is_read_for_what_it_is(tmp_path, connect, read):
    (tmp_path / "register.xls").write_bytes(text(FRENCH, ROWS, "\t").encode("utf-16"))
    assert len(read(connect("register.xls"))) == 2
