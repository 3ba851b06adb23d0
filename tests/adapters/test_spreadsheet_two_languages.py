"""A header that stands in the sheet in two languages, one row below the other: it is no record, and no record is taken for it."""

import shutil
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.spreadsheet.headers import Aliases, find
from hub.ports import Layout

DATA = Path(__file__).parent.parent / "data" / "spreadsheet"  # written with xlwt
FRENCH = ("N° dossier", "Date d'accueil", "Code", "Nom et prénom", "Téléphone", "Âge", "Demande", "Casier")
ARABIC = ("رقم الملف", "تاريخ الاستقبال", "الرمز", "الاسم الكامل", "الهاتف", "السن", "الطلب", "الخزانة")
FIRST = ("1/2026", "12/03/2026", "A-1", "Aïcha Bennani", "0612345678", "24", "médical", "3")
SECOND = ("2/2026", "13/03/2026", "A-2", "Salma Tazi", "0622345678", "31", "juridique", "4")
ROWS = (("Registre 2026",), FRENCH, ARABIC, FIRST, SECOND)
LAYOUT = Layout(
    {
        "case_number": ("N° dossier", "رقم الملف"),
        "visit_date": ("Date d'accueil", "تاريخ الاستقبال"),
        "survivor_code": ("Code", "الرمز"),
        "full_name": ("Nom et prénom", "الاسم الكامل"),
        "request": ("Demande", "الطلب"),
    },
    frozenset({"visit_date"}),
    ("case_number", "visit_date"),
)
ONE_LANGUAGE = Layout({name: one[:1] for name, one in LAYOUT.columns.items()}, LAYOUT.required, LAYOUT.key)

ODS = """<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">
<office:body><office:spreadsheet><table:table table:name="Registre">{rows}</table:table></office:spreadsheet></office:body>
</office:document-content>"""


def write_csv(folder, rows=ROWS):
    (folder / "register.csv").write_text("\n".join(";".join(row) for row in rows), "utf-8")
    return "register.csv"


def write_ods(folder):
    rows = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{one}</text:p></table:table-cell>' for one in row
        )
        + "</table:table-row>"
        for row in ROWS
    )
    with zipfile.ZipFile(folder / "register.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS.format(rows=rows))
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    return "register.ods"


def write_xls(folder):
    shutil.copy(DATA / "two-languages.xls", folder / "register.xls")
    return "register.xls"


@pytest.mark.parametrize("kind", ["csv", "xlsx", "long xlsx", "xls", "ods"])
def test_the_second_header_is_no_record_and_rows_keep_their_numbers(kind, tmp_path, save, connect, read, monkeypatch):
    if kind == "long xlsx":
        monkeypatch.setattr("adapters.spreadsheet.extents.HELD_CELLS", 10)
    path = {"csv": write_csv, "xls": write_xls, "ods": write_ods}.get(kind, lambda _: save(Registre=ROWS).name)(
        tmp_path
    )
    first, second = read(connect(path, LAYOUT))
    assert (first.content["full_name"], second.content["full_name"]) == ("Aïcha Bennani", "Salma Tazi")
    assert (first.place.row, second.place.row) == (4, 5)
    assert first.content["Casier"] == "3" and not first.issues
    assert first.headers["full_name"] == "Nom et prénom"


@pytest.mark.parametrize("rows", [(ARABIC, FRENCH), (FRENCH, ARABIC, FRENCH), (FRENCH, ARABIC, ("", *FRENCH[1:]))])
def test_whichever_comes_first_and_however_often(rows, save, connect, read):
    save(Registre=[*rows, FIRST, SECOND])
    assert [one.content["case_number"] for one in read(connect(layout=LAYOUT))] == ["1/2026", "2/2026"]


def test_two_headers_of_two_rows_each_are_one_header(save, connect, read):
    french = [(*FRENCH[:2], "Bénéficiaire", "", "", "", *FRENCH[6:]), ("", "", *FRENCH[2:6])]
    arabic = [(*ARABIC[:2], "المستفيدة", "", "", "", *ARABIC[6:]), ("", "", *ARABIC[2:6])]
    save(Registre=[*french, *arabic, FIRST, SECOND])
    assert [one.place.row for one in read(connect(layout=LAYOUT))] == [5, 6]


def test_both_are_no_record_where_a_page_begins_again_further_down(save, connect, read):
    save(Registre=[FRENCH, ARABIC, FIRST, FRENCH, ARABIC, SECOND])
    assert [one.place.row for one in read(connect(layout=LAYOUT))] == [3, 6]


@pytest.mark.parametrize(
    "row",
    [
        ("رقم الملف", "تاريخ الاستقبال", "A-3", "Zineb", "", "", "", ""),  # two words of the header do not make one
        ("3/2026", "تاريخ الاستقبال", "الرمز", "الاسم الكامل", "", "", "الطلب", ""),  # a number: somebody's
        ("", "", "الرمز", "الاسم الكامل", "", "", "الطلب", ""),  # ticked with the names of the columns, of no date
        ("تاريخ الاستقبال", "رقم الملف", "الطلب", "الرمز", "", "", "الاسم الكامل", ""),  # not in their places
    ],
)
def test_what_could_be_a_record_stays_one(row, tmp_path, connect, read):
    path = write_csv(tmp_path, (FRENCH, row, FIRST))
    assert len(read(connect(path, LAYOUT))) == 2


def test_a_second_header_whose_words_the_mapping_does_not_list_is_told_and_not_swallowed(save, connect, read):
    save(Registre=[FRENCH, ARABIC, FIRST, SECOND])
    above, *others = read(connect(layout=ONE_LANGUAGE))
    assert [(one.severity, one.text) for one in above.issues if one.text == "adapters.header-again"] == [
        ("warning", "adapters.header-again")
    ]
    assert above.place.row == 2 and len(others) == 2
    assert not [issue for one in others for issue in one.issues]


def test_a_row_in_arabic_below_a_french_header_that_has_a_number_is_not_doubted(save, connect, read):
    save(Registre=[FRENCH, ("1", "12/03/2026", "أ", "زينب مثال", "", "", "طبي", "ثلاثة")])
    (record,) = read(connect(layout=ONE_LANGUAGE))
    assert not record.issues


WORDS = st.sampled_from([*FRENCH, *ARABIC, "oui", "نعم", "", "médical", "زينب", "x"])


@given(st.lists(WORDS, min_size=8, max_size=8), st.dates().map(lambda day: day.strftime("%d/%m/%Y")))
def test_no_row_with_a_date_is_ever_taken_for_a_header(cells, day):
    row = [cells[0], day, *cells[2:]]
    header = find([FRENCH, row, FIRST], Aliases(LAYOUT))
    assert header is not None and header.end == 1


def test_a_row_between_two_headers_of_which_the_first_has_two_rows_is_not_lost(save, connect, read):
    over = [(*FRENCH[:2], "Bénéficiaire", "", "", "", *FRENCH[6:]), ("", "", *FRENCH[2:6])]
    save(Registre=[*over, ("trois", "hier", "A", "Zineb", "", "", "médical", ""), FRENCH, FIRST])
    assert [one.place.row for one in read(connect(layout=LAYOUT))] == [3, 5]


def test_a_row_with_a_name_alone_below_a_second_header_is_not_taken_for_its_lower_row(save, connect, read):
    over = [(*FRENCH[:2], "Bénéficiaire", "", "", "", *FRENCH[6:]), ("", "", *FRENCH[2:6])]
    name = ("", "", "", "Zineb", "", "", "médical")
    save(Registre=[*over, ARABIC, name, FIRST])
    assert [one.place.row for one in read(connect(layout=LAYOUT))] == [4, 5]


RISK = "Niv danger (1-3)"
WITH_RISK = Layout({**LAYOUT.columns, "urgency": ("درجة الخطر", RISK)}, LAYOUT.required, LAYOUT.key)


def test_a_header_may_hold_a_number_in_a_column_that_goes_by_it(save, connect, read):
    save(Registre=[(*ARABIC, "درجة الخطر"), (*FRENCH, RISK), (*FIRST, "2")])
    (record,) = read(connect(layout=WITH_RISK))
    assert record.place.row == 3 and not record.issues


def test_a_number_elsewhere_in_the_row_is_somebodys(save, connect, read):
    save(Registre=[(*ARABIC, "درجة الخطر"), (*FRENCH[:-1], "3", RISK), (*FIRST, "2")])
    assert [one.place.row for one in read(connect(layout=WITH_RISK))] == [2, 3]


@pytest.mark.parametrize("at", range(5))
def test_a_column_that_one_row_leaves_without_a_name_goes_by_that_of_the_other(at, save, connect, read):
    upper, lower = (tuple("" if place == gap else text for place, text in enumerate(row)) for row, gap in
                    ((FRENCH, at), (ARABIC, (at + 2) % 5)))  # fmt: skip
    save(Registre=[upper, lower, FIRST])
    (record,) = read(connect(layout=LAYOUT))
    assert {name: record.content[name] for name in ("case_number", "visit_date", "survivor_code", "full_name")} == {
        "case_number": "1/2026", "visit_date": "12/03/2026", "survivor_code": "A-1", "full_name": "Aïcha Bennani",
    }  # fmt: skip
    assert not record.issues


def test_what_the_upper_row_leaves_out_is_read_though_the_lower_has_it_twice(save, connect, read):
    layout = Layout({**LAYOUT.columns, "phone": ("Téléphone",), "age": ("السن",)}, LAYOUT.required, LAYOUT.key)
    save(Registre=[(*ARABIC[:4], "", *ARABIC[5:]), (*FRENCH[:5], "Téléphone", *FRENCH[6:]), FIRST])
    (record,) = read(connect(layout=layout))
    assert (record.content["phone"], record.content["age"]) == ("0612345678", "24")
    assert record.headers["phone"] == "Téléphone" and not record.issues


def test_a_row_that_looks_like_the_header_with_a_number_in_brackets_is_told(save, connect, read):
    save(Registre=[FRENCH, (*ARABIC[:-1], "الخزانة (1-3)"), FIRST])
    above, _ = read(connect(layout=ONE_LANGUAGE))
    assert [one.text for one in above.issues] == ["adapters.header-again"]
