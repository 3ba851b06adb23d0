"""A register of any length, for measuring: written as XML by hand, because a writer's library would take longer than the test."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from string import ascii_uppercase
from typing import Final
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from demo.registers.cases import Association
from demo.registers.french import COLUMNS
from demo.registers.words import FR
from demo.registers.writing import Hand, Value

WIDTH: Final = 25
DISTINCT: Final = 500  # rows that are told; the others repeat them under numbers of their own
EPOCH: Final = date(1899, 12, 30)

_TYPES: Final = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>"""  # noqa: E501
_RELS: Final = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"""  # noqa: E501
_BOOK: Final = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Registre" sheetId="1" r:id="rId1"/></sheets></workbook>"""  # noqa: E501
_BOOK_RELS: Final = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"""  # noqa: E501
_STYLES: Final = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts count="1"><font/></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"""  # noqa: E501
_SHARED_REL: Final = """<Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"""  # noqa: E501
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DATE_STYLE: Final = 1


def big_rows(rows: int, *, seed: int = 5, until: date | None = None, mark: str | None = None) -> Iterator[list[Value]]:
    """A header of 25 columns, and so many rows below it, all of which can be understood."""
    random = Random(seed)  # noqa: S311 — fiction
    until = until or date.today()
    told = Association("arganier-droit", "BIG", random, until, mark).tell(min(rows, DISTINCT), kinds=())
    cells = [row for _, row in Hand(random, FR).rows(told)]
    left_out = {"outcome", "worker", "milieu", "age", "violence_place"}
    columns = [column for column in COLUMNS if column not in left_out][:WIDTH]
    yield [COLUMNS[column] for column in columns]
    for number in range(rows):
        numbered = cells[number % len(cells)] | {
            "case_number": f"{number + 1}/{until.year}",
            "survivor_code": f"BIG-{number + 1:06}",
            "visit_date": until - timedelta(days=number % 170),
        }
        yield [numbered.get(column) for column in columns]


def big_register(
    path: Path,
    rows: int,
    *,
    seed: int = 5,
    until: date | None = None,
    mark: str | None = None,
    shared: bool = False,
) -> None:
    """Write a register of `rows` rows and 25 columns to `path`; all of them can be understood. `shared`: as Excel writes it, with
    addresses, and each text once, beside the sheet."""
    texts: dict[str, int] | None = {} if shared else None
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, text in (
            ("[Content_Types].xml", _TYPES),
            ("_rels/.rels", _RELS),
            ("xl/workbook.xml", _BOOK),
            (
                "xl/_rels/workbook.xml.rels",
                _BOOK_RELS.replace("</Relationships>", _SHARED_REL) if shared else _BOOK_RELS,
            ),
            ("xl/styles.xml", _STYLES),
        ):
            archive.writestr(name, text)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f'<?xml version="1.0"?><worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            for number, row in enumerate(big_rows(rows, seed=seed, until=until, mark=mark), start=1):
                sheet.write((_row(row) if texts is None else _addressed(row, number, texts)).encode())
            sheet.write(b"</sheetData></worksheet>")
        if texts is not None:
            with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as table:
                table.write(f'<?xml version="1.0"?><sst xmlns="{_MAIN}">'.encode())
                table.writelines(f"<si><t>{escape(text)}</t></si>".encode() for text in texts)
                table.write(b"</sst>")


def _row(values: list[Value]) -> str:
    return f"<row>{''.join(map(_cell, values))}</row>"


def _cell(value: Value) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, date):
        return f'<c s="{_DATE_STYLE}"><v>{(value - EPOCH).days}</v></c>'
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def _addressed(values: list[Value], number: int, texts: dict[str, int]) -> str:
    cells = (
        f'<c r="{ascii_uppercase[at]}{number}" t="s"><v>{texts.setdefault(value, len(texts))}</v></c>'
        if isinstance(value, str)
        else _cell(value).replace("<c", f'<c r="{ascii_uppercase[at]}{number}"', 1)
        for at, value in enumerate(values)
        if value is not None
    )
    return f'<row r="{number}" spans="1:{WIDTH}">{"".join(cells)}</row>'
