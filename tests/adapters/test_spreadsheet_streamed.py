"""Long workbooks, read row by row: what is read is what calamine reads of the same file, in memory that does not grow."""

import io
import tempfile
import tracemalloc
import zipfile
from pathlib import Path
from random import Random
from xml.sax.saxutils import escape, quoteattr

import pytest
import python_calamine as calamine

from adapters.spreadsheet import adapter, extents, shared_texts, streamed, xml_parts
from demo.registers import big_register
from hub.errors import AdapterError, Fatal, Retriable
from hub.ports import Layout, SourceRecord
from tests.support.budget import examples

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
FORMATS = (
    "General", "yyyy-mm-dd", "[h]:mm", "[$-F800]dddd\\,\\ mmmm dd\\,\\ yyyy", '"d"0', "0;d", "h:mm AM/PM", "[Red]0", "0.00%",
    "[mm]:ss", "_d0", '#,##0 "dh"', "[$-40C]d mmm;@", "a/p", "A", "[hh", "jj/mm/aaaa", "yyyy",
)  # fmt: skip
STYLES = [*range(60), *range(164, 164 + len(FORMATS))]
TEXTS = (
    "<t>a</t>", '<t xml:space="preserve"> b </t>', "<t> c </t>", "", "<t/>", "<t>&lt;&amp;&#233;\u0639</t>",
    '<r><t>ri</t></r><r><rPr><b/></rPr><t xml:space="preserve"> ch</t></r><rPh sb="0" eb="1"><t>PHON</t></rPh><phoneticPr fontId="1"/>',
    "<t>x_x000D_\ny_x005F_x0041_</t>", "<r><t> p </t></r><r><t> q </t></r>", "<t>_x00zz_</t>", "<t>رقم الملف</t>",
)  # fmt: skip
CELLS = (
    '<c t="b"><v>1</v></c>', '<c t="b"><v>0</v></c>', '<c t="e"><v>#N/A</v></c>', '<c t="str"><v> s </v></c>', "<c/>",
    '<c t="str"><f>A1</f><v>x</v></c>', "<c><f>1+1</f><v>2</v></c>", '<c t="str"><f>1</f></c>', '<c t="d"><v>2026-03-12</v></c>',
    '<c t="d"><v>2026-03-12T09:30:00</v></c>', '<c t="n"><v>1E3</v></c>', '<c t="n"><v/></c>', "<c><v>1234567890123456789</v></c>",
    '<c t="str"><v>_x0041_</v></c>', '<c t="inlineStr"><is><r><t>a</t></r><r><t xml:space="preserve"> b</t></r></is></c>',
    '<c t="inlineStr"><is>\n <t>in</t>\n <rPh sb="0" eb="1"><t>P</t></rPh>\n</is></c>', "<c>\n <v>7</v>\n</c>",
)  # fmt: skip
NUMBERS = (
    "0", "0.5", "0.99999999", "1", "1.5", "59", "59.5", "60", "60.25", "61", "45000", "45000.99999999", "45000.354166667",
    "2958465", "2958466", "-1", "-0.5", "1e6",
)  # fmt: skip
EXAMPLES = examples(20, 400)
HEADER = ("N° dossier", "Date d'accueil", "Code", "Nom et prénom", "Téléphone", "Âge", "Demande")


def workbook(rows, *, texts=TEXTS, parts=None, prefix="", beside=""):
    """A workbook as bytes, from the XML of its rows."""
    formats = "".join(f"<numFmt numFmtId='{164 + at}' formatCode={quoteattr(one)}/>" for at, one in enumerate(FORMATS))
    styles = "".join(f"<xf numFmtId='{one}'/>" for one in STYLES)
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    if prefix:
        sheet = sheet.replace("</", f"</{prefix}:").replace("<", f"<{prefix}:").replace(f"<{prefix}:/", "</")
        sheet = sheet.replace(" xmlns=", f" xmlns:{prefix}=")
    written = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="a" Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}">{beside}<sheets><sheet name="R" sheetId="1" r:id="a"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="a" Type="{LINKS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="b" Type="{LINKS}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="c" Type="{LINKS}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        f"<cellXfs>{styles}</cellXfs></styleSheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{"".join(f"<si>{one}</si>" for one in texts)}</sst>',
        "xl/worksheets/sheet1.xml": sheet,
        **(parts or {}),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in written.items():
            if content is not None:
                archive.writestr(name, content)
    return buffer.getvalue()


def held(content):
    """As calamine reads it."""
    book = calamine.load_workbook(io.BytesIO(content))
    return [trimmed(row) for row in book.get_sheet_by_name("R").iter_rows()]


def passed_by(content):
    with streamed.opened(io.BytesIO(content)) as sheets:
        ((name, sheet),) = sheets
        assert (name, sheet.number) == ("R", 1)
        return [trimmed(row.cells) for row in sheet.rows]


def trimmed(cells):
    """Without the empty cells at its end, which calamine writes and a sheet need not; with the type of each."""
    cells = list(cells)
    while cells and cells[-1] == "":
        cells.pop()
    return [(type(cell), cell) for cell in cells]


def refusal(content):
    with pytest.raises(AdapterError) as refused:
        passed_by(content)
    return refused.value.text


def in_row(*cells):
    return (
        "<row>" + "<c><v>1</v></c>" + "".join(cells) + "</row>"
    )  # calamine begins with the first column that is filled


@pytest.mark.parametrize("beside", ["", '<workbookPr date1904="1"/>'], ids=["since-1900", "since-1904"])
def test_every_kind_of_cell_says_row_by_row_what_it_says_held(beside):
    rows = [in_row(f'<c t="s"><v>{at}</v></c>') for at in range(len(TEXTS))]
    rows += [in_row(one) for one in CELLS]
    rows += [in_row(f'<c s="{style}"><v>45000.25</v></c>') for style in range(len(STYLES) + 3)]
    rows += [in_row(f'<c s="{style}"><v>{one}</v></c>') for style in (14, 22, 46, 61) for one in NUMBERS]
    content = workbook("".join(rows), beside=beside)
    for mine, calamines, row in zip(passed_by(content), held(content), rows, strict=True):
        assert mine == calamines, row


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_any_workbook_says_row_by_row_what_it_says_held(seed):
    chance = Random(seed)
    rows, number = [], 0
    addressed = chance.random() < 0.7
    for _ in range(chance.randrange(1, 30)):
        number += chance.choice((1, 1, 1, 3)) if addressed else 1
        cells, column = ['<c r="A{}"><v>1</v></c>' if addressed else "<c><v>1</v></c>"], 1
        for _ in range(chance.randrange(8)):
            column += chance.choice((1, 1, 2)) if addressed else 1
            cell = chance.choice((
                f'<c t="s"><v>{chance.randrange(len(TEXTS))}</v></c>',
                f'<c s="{chance.randrange(len(STYLES))}"><v>{chance.choice(NUMBERS)}</v></c>',
                chance.choice(CELLS),
            ))  # fmt: skip
            cells.append(cell.replace("<c", f'<c r="{chr(64 + column)}{{}}"', 1) if addressed else cell)
        line = "".join(cell.replace("{}", str(number)) for cell in cells)
        rows.append(f'<row r="{number}" spans="1:9" ht="15">{line}</row>' if addressed else f"<row>{line}</row>")
    content = workbook("".join(rows), prefix=chance.choice(("", "", "x")))
    mine, calamines = passed_by(content), held(content)
    assert mine[number - len(calamines) :] == calamines


def test_names_with_a_prefix_are_counted_as_cells_too(monkeypatch):
    monkeypatch.setattr(extents, "HELD_CELLS", 50)
    content = workbook(in_row(*["<c/>"] * 60), prefix="x")
    assert extents.is_too_long_to_hold(io.BytesIO(content))
    monkeypatch.setattr(extents, "HELD_CELLS", 70)
    assert not extents.is_too_long_to_hold(io.BytesIO(content))


def test_a_workbook_with_many_shared_texts_is_read_row_by_row(monkeypatch):
    content = workbook(in_row('<c t="s"><v>0</v></c>'))
    assert not extents.is_too_long_to_hold(io.BytesIO(content))
    monkeypatch.setattr(extents, "HELD_BYTES", 300)
    assert extents.is_too_long_to_hold(io.BytesIO(content))


@pytest.mark.parametrize(
    ("limit", "part"), [("MAX_SHARED", "xl/sharedStrings.xml"), ("MAX_STREAMED", "xl/worksheets/sheet1.xml")]
)
def test_what_swells_beyond_any_register_is_refused_before_anything_of_it_is_read(monkeypatch, limit, part):
    monkeypatch.setattr(extents, limit, 3_000_000)
    few, many = (
        workbook("", parts={part: f'<sst xmlns="{MAIN}">{"<si><t>x</t></si>" * texts}</sst>'})
        for texts in (100_000, 200_000)
    )
    assert not extents.is_too_long_to_hold(io.BytesIO(few))
    assert len(many) < 20_000
    with pytest.raises(Fatal, match="too-large"):
        extents.is_too_long_to_hold(io.BytesIO(many))


def many(count):
    texts = [f"<t>Nadia Fictive {at} {'é' * (at % 50)}</t>" for at in range(count)]
    order = [*range(count)]
    Random(1).shuffle(order)
    return workbook("".join(in_row(f'<c t="s"><v>{at}</v></c>') for at in order), texts=texts)


def test_shared_texts_that_are_too_many_for_memory_are_read_from_a_file(monkeypatch):
    content = many(9_000)
    kept = passed_by(content)
    monkeypatch.setattr(shared_texts, "HELD", 10_000)
    files = []

    def temporary(**how):
        files.append(tempfile.TemporaryFile(**how))  # noqa: SIM115 — who asked for it closes it, as is asserted
        return files[-1]

    monkeypatch.setattr(shared_texts, "TemporaryFile", temporary)
    assert passed_by(content) == kept == held(content)
    (file,) = files
    assert file.closed


def test_the_file_of_shared_texts_has_no_name_and_nothing_in_it_can_be_read(monkeypatch, tmp_path):
    monkeypatch.setattr(shared_texts, "HELD", 10_000)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with streamed.opened(io.BytesIO(many(9_000))) as sheets:
        next(iter(sheets[0][1].rows))
        (link,) = [
            one for one in Path("/proc/self/fd").iterdir() if one.exists() and str(tmp_path) in str(one.readlink())
        ]
        written = link.read_bytes()
        assert len(written) > 300_000 and b"Nadia" not in written
        assert list(tmp_path.iterdir()) == []


def test_without_room_for_the_file_the_register_is_read_later(monkeypatch, tmp_path):
    monkeypatch.setattr(shared_texts, "HELD", 10_000)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(Retriable) as later:
        passed_by(many(9_000))
    assert later.value.text == "adapters.no-room"


def peak(content):
    tracemalloc.start()
    try:
        with streamed.opened(io.BytesIO(content)) as sheets:
            for row in sheets[0][1].rows:
                assert row.cells
        return tracemalloc.get_traced_memory()[1] - len(content)
    finally:
        tracemalloc.stop()


def test_ten_times_the_rows_take_no_more_memory(monkeypatch):
    monkeypatch.setattr(shared_texts, "HELD", 10_000)
    monkeypatch.setattr(shared_texts, "_READY", 4)
    few, more = peak(many(3_000)), peak(many(30_000))
    assert more < few * 3, (
        few,
        more,
    )  # of all rows it would be ten times as much; other threads of this process count, too


@pytest.mark.parametrize(
    ("rows", "how", "text"),
    [
        ("<row><c t='s'><v>99</v></c></row>", {}, "adapters.file-unreadable"),
        ("<row><c t='s'><v>-1</v></c></row>", {}, "adapters.file-unreadable"),
        ("<row><c t='s'><v>one</v></c></row>", {}, "adapters.file-unreadable"),
        ("<row r='2'/><row r='1'/>", {}, "adapters.file-unreadable"),
        ("<row r='1048577'/>", {}, "adapters.file-unreadable"),
        ("<row><c r='XFE1'/></row>", {}, "adapters.file-unreadable"),
        ("<row><c r='B1'/><c r='A1'/></row>", {}, "adapters.file-unreadable"),
        (f"<row>{'<c/>' * 16_385}</row>", {}, "adapters.file-unreadable"),
        ("<row><row/></row>", {}, "adapters.file-unreadable"),
        ("<row><c><c/></c></row>", {}, "adapters.file-unreadable"),
        ("<row><c><v><v>1</v></v></c></row>", {}, "adapters.file-unreadable"),
        ("<c><v>1</v></c>", {}, "adapters.file-unreadable"),
        ("<row><c>", {}, "adapters.file-unreadable"),
        ("<a>" * 200 + "</a>" * 200, {}, "adapters.file-too-large"),
        ("".join(f"<a{at}/>" for at in range(30_000)), {}, "adapters.file-too-large"),
        (f"<row><c t='str'><v>{'x' * 1_200_000}</v></c></row>", {}, "adapters.file-too-large"),
        (f"<row><c><is>{'<t>' + 'x' * 900_000 + '</t>'}{'<t>' + 'x' * 900_000 + '</t>'}<t>x</t></is></c></row>", {}, "adapters.file-too-large"),
        (f"<row ht='{'1' * 5_000_000}'/>", {}, "adapters.file-too-large"),
        ("", {"texts": [f"<t>{'x' * 1_200_000}</t>"]}, "adapters.file-too-large"),
        ("", {"texts": ["<a>" * 200 + "</a>" * 200]}, "adapters.file-too-large"),
        ("", {"parts": {"xl/workbook.xml": None}}, "adapters.file-unreadable"),
        ("", {"parts": {"xl/workbook.xml": '<?xml version="1.0" encoding="shift_jis"?><a/>'}}, "adapters.file-unreadable"),
        ("", {"parts": {"xl/workbook.xml": '<?xml version="1.0" encoding="base64"?><a/>'}}, "adapters.file-unreadable"),
        (f"<row r='{'9' * 5_000}'/>", {}, "adapters.file-unreadable"),
        (f"<row><c s='{'9' * 5_000}'><v>1</v></c></row>", {}, "adapters.file-unreadable"),
        ("", {"parts": {"xl/worksheets/sheet1.xml": None}}, "adapters.file-unreadable"),
        ("", {"parts": {"xl/sharedStrings.xml": "<sst"}}, "adapters.file-unreadable"),
    ],
    ids=lambda one: one[:24] if isinstance(one, str) else "",
)  # fmt: skip
def test_what_is_damaged_or_made_to_take_the_memory_is_refused(rows, how, text):
    assert refusal(workbook(rows, **how)) == text


@pytest.mark.parametrize(
    "part", ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"]
)
def test_a_billion_laughs_are_not_laughed(part):
    laughs = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 10))
    bomb = f'<!DOCTYPE b [<!ENTITY l0 "ha">{laughs}]><b>&l9;</b>'
    assert refusal(workbook(in_row(), parts={part: bomb})) == "adapters.file-unreadable"


def test_an_entity_is_not_put_in_even_where_it_is_small():
    declared = f'<!DOCTYPE sst [<!ENTITY n "Nadia">]><sst xmlns="{MAIN}"><si><t>&n;</t></si></sst>'
    content = workbook(in_row('<c t="s"><v>0</v></c>'), parts={"xl/sharedStrings.xml": declared})
    assert refusal(content) == "adapters.file-unreadable"


def test_a_sheet_where_nothing_was_measured_is_not_opened():
    links = (
        f'<Relationships><Relationship Id="a" Type="{LINKS}/worksheet" Target="../secret/sheet1.xml"/></Relationships>'
    )
    parts = {
        "xl/_rels/workbook.xml.rels": links,
        "secret/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData/></worksheet>',
    }
    assert refusal(workbook("", parts=parts)) == "adapters.file-unreadable"


def test_a_workbook_that_claims_more_texts_than_it_has_is_read():
    table = f'<sst xmlns="{MAIN}" count="4000000000" uniqueCount="4000000000"><si><t>{escape("a & b")}</t></si></sst>'
    content = workbook(in_row('<c t="s"><v>0</v></c>'), parts={"xl/sharedStrings.xml": table})
    assert passed_by(content) == [[(float, 1.0), (str, "a & b")]]


def test_a_style_that_there_is_not_is_none(monkeypatch):
    assert passed_by(workbook('<row><c s="-999"><v>1</v></c><c s="999"><v>2</v></c></row>')) == [
        [(float, 1.0), (float, 2.0)]
    ]
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="{"9" * 5_000}"/><xf/></cellXfs></styleSheet>'
    assert passed_by(workbook('<row><c s="0"><v>1</v></c></row>', parts={"xl/styles.xml": styles})) == [[(float, 1.0)]]


def test_what_stands_after_the_rows_is_not_looked_at():
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{in_row()}</sheetData>{" " * 200_000}<hyperlinks'
    content = workbook("", parts={"xl/worksheets/sheet1.xml": sheet})
    assert passed_by(content) == [[(float, 1.0)]]


def test_formulas_are_no_text_however_many_there_are():
    cells = "".join(f"<row><c><f>SUM({'A' * 200}{at})</f></c></row>" for at in range(9_000))
    assert len(passed_by(workbook(cells + in_row()))) == 9_001


@pytest.mark.parametrize("name", ["xl/SharedStrings.xml", "xl\\sharedStrings.xml"])
def test_a_part_is_found_however_its_name_is_written(name):
    table = f'<sst xmlns="{MAIN}"><si><t>Nadia</t></si></sst>'
    content = workbook(in_row('<c t="s"><v>0</v></c>'), parts={"xl/sharedStrings.xml": None, name: table})
    assert passed_by(content) == held(content) == [[(float, 1.0), (str, "Nadia")]]


def test_a_cell_beyond_the_header_is_no_reason_to_distrust_a_row_of_a_workbook(save, connect, read, monkeypatch):
    row = ("1/2026", "12/03/2026", "A-1", "Salma", "0612345678", "24", "médical")
    save(Mars=[HEADER, *[(f"{at}/2026", *row[1:]) for at in range(300)], ("301/2026", *row[1:], "", "", "ajouté")])
    apart = []
    for limit in (extents.HELD_CELLS, 10):
        monkeypatch.setattr(extents, "HELD_CELLS", limit)
        apart.append([(one.id, one.version, dict(one.content), one.issues) for one in read(connect())])
    assert apart[0] == apart[1]
    assert apart[0][-1][2]["column 10"] == "ajouté" and not apart[0][-1][3]


@pytest.mark.parametrize("shared", [False, True])
def test_a_long_register_is_given_as_a_short_one_is(tmp_path, connect, monkeypatch, shared):
    big_register(tmp_path / "register.xlsx", 300, shared=shared)
    layout = Layout(
        {"case_number": ("N° dossier",), "name": ("Nom et prénom",)}, frozenset({"case_number"}), ("case_number",)
    )
    apart = []
    for limit in (extents.HELD_CELLS, 10):
        monkeypatch.setattr(extents, "HELD_CELLS", limit)
        found = adapter.pull(connect(layout=layout), None)
        apart.append([(one.id, one.version, one.content) for one in found if isinstance(one, SourceRecord)])
    assert apart[0] == apart[1] and len(apart[0]) == 300


def test_a_duration_that_no_clock_counts_is_refused_and_no_crash(tmp_path, connect):
    style = STYLES.index(46)
    (tmp_path / "register.xlsx").write_bytes(workbook(in_row(f'<c s="{style}"><v>1e12</v></c>')))
    with pytest.raises(Fatal) as refused:
        list(adapter.pull(connect(), None))
    assert refused.value.text == "adapters.file-unreadable"


def test_a_part_is_read_in_pieces_and_each_is_checked():
    assert xml_parts.CHUNK * 20 > xml_parts.MAX_TEXT, "a text that is too long is seen before much of it is held"
