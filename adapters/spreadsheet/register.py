"""The follow-up register as a workbook: a title, a header in the association's language, a row for each referral.

Every cell is text and stays text: https://owasp.org/www-community/attacks/CSV_Injection
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import count
from typing import Any, Final

import yaml
from openpyxl import Workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from hub.ports import Connection, FollowUp

LANGUAGES: Final = ("ar", "fr", "en")
RECORD: Final = "record"
ASKED: Final = ("request", "referred_to")  # what the association itself wrote, so that the row can be read alone
TITLE_ROW, NOTE_ROW, NAMES_ROW, HEADER_ROW = 1, 2, 3, 4
AS_OF: Final = "as_of"  # hidden: of which moment the row tells
TOO_OLD: Final = timedelta(days=1)  # for a message that was overtaken; it is a clock that was wrong
ID_COLUMN: Final = 1  # hidden: which referral the row is about, wherever a person moves it by sorting

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_WIDTHS: Final = {RECORD: 16, "request": 24, "referred_to": 34, "referral_outcome": 34}
_HEADER_FILL: Final = PatternFill("solid", fgColor="1F4E5F")
_LINE: Final = Border(bottom=Side("thin", color="C9D3D6"))


@cache
def words() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load(files(__package__).joinpath("register.yaml").read_text("utf-8"))
    return loaded


@dataclass(frozen=True)
class Register:
    """The one sheet of the register. `columns`: column name → its number."""

    sheet: Worksheet
    language: str
    columns: dict[str, int]
    rows: dict[str, int]  # id of the follow-up → row
    free: Iterator[int]  # rows below everything

    def write(self, follow_up: FollowUp) -> None:
        """One row for each referral: the one it has, or the next free one. What no longer holds is emptied; what was overtaken by
        newer news changes nothing."""
        row = self.rows.get(follow_up.id) or self.rows.setdefault(follow_up.id, next(self.free))
        written = self.sheet.cell(row, self.columns[AS_OF]).value if AS_OF in self.columns else None
        if is_overtaken(written, follow_up.as_of):
            return
        _put(self.sheet.cell(row, ID_COLUMN), follow_up.id)
        told = cells(follow_up, self.language)
        for name, column in self.columns.items():
            _put(self.sheet.cell(row, column), told.get(name, ""))


def is_overtaken(written: object, as_of: datetime | None) -> bool:
    """Whether the row already tells of a later moment."""
    try:
        told = datetime.fromisoformat(str(written))
        return as_of is not None and timedelta() < told - as_of < TOO_OLD
    except (ValueError, TypeError):  # nothing, or what a person wrote
        return False


def cells(follow_up: FollowUp, language: str) -> Mapping[str, str]:
    """What stands in its row, by column name."""
    as_of = follow_up.as_of.isoformat() if follow_up.as_of else ""
    return {RECORD: _record(follow_up.handle, language), AS_OF: as_of} | {**follow_up.values}


def _record(handle: Mapping[str, str], language: str) -> str:
    if "row" in handle:
        return str(words()["place" if "sheet" in handle else "row"][language]).format(**handle)
    return next(iter(handle.values()), "")


def columns_for(connection: Connection, follow_ups: Sequence[FollowUp]) -> tuple[str, ...]:
    """Only what goes back to the source, never whatever else a follow-up may carry."""
    told = {name for follow_up in follow_ups for name in follow_up.values}
    return (
        RECORD,
        *(name for name in ASKED if name in told),
        *(n for n in connection.layout.follow_up if n not in ASKED),
        *([AS_OF] if any(one.as_of for one in follow_ups) else []),
    )


def new(language: str) -> Workbook:
    """An empty register: its title, its look, no column yet."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = words()["sheet"][language]
    sheet.sheet_view.rightToLeft = language == "ar"
    sheet.freeze_panes = f"{get_column_letter(ID_COLUMN + 2)}{HEADER_ROW + 1}"
    sheet.column_dimensions[get_column_letter(ID_COLUMN)].hidden = True
    sheet.row_dimensions[NAMES_ROW].hidden = True
    sheet.row_dimensions[HEADER_ROW].height = 30
    _put(sheet.cell(TITLE_ROW, ID_COLUMN + 1), words()["title"][language])
    _put(sheet.cell(NOTE_ROW, ID_COLUMN + 1), words()["note"][language])
    sheet.cell(TITLE_ROW, ID_COLUMN + 1).font = Font(bold=True, size=16, color="1F4E5F")
    sheet.cell(NOTE_ROW, ID_COLUMN + 1).font = Font(italic=True, color="5A6B70")
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"
    return book


def is_one(book: Workbook) -> bool:
    """Whether the hub wrote it: column names in a row of their own, and nothing above in the column of the ids."""
    if not book.worksheets:
        return False
    names = next(book.worksheets[0].iter_rows(NAMES_ROW, NAMES_ROW, values_only=True), ())
    above = book.worksheets[0].iter_rows(TITLE_ROW, HEADER_ROW, max_col=ID_COLUMN, values_only=True)
    return RECORD in names[ID_COLUMN:] and not any(cell for row in above for cell in row)


def opened(book: Workbook, connection: Connection, language: str, names: Sequence[str]) -> Register:
    """The register in `book`, with a column for each of `names`. Columns that a person added stay where they are."""
    sheet: Worksheet = book.worksheets[0]
    for merged in [area for area in sheet.merged_cells.ranges if area.max_row >= NAMES_ROW]:
        sheet.unmerge_cells(str(merged))  # a merged cell takes no text
    names_row = sheet.iter_cols(ID_COLUMN + 1, min_row=NAMES_ROW, max_row=NAMES_ROW)
    columns = {str(cell.value): cell.column for (cell,) in names_row if cell.value}
    for name in names:
        if name not in columns:
            columns[name] = sheet.max_column + 1 if columns else ID_COLUMN + 1
            _head(sheet, columns[name], name, label(connection, name, language))
    rows = {str(cell.value): cell.row for (cell,) in sheet.iter_rows(HEADER_ROW + 1, max_col=ID_COLUMN) if cell.value}
    return Register(sheet, language, columns, rows, count(max(sheet.max_row, HEADER_ROW) + 1))


def _head(sheet: Worksheet, column: int, name: str, label: str) -> None:
    _put(sheet.cell(NAMES_ROW, column), name)
    cell = sheet.cell(HEADER_ROW, column)
    _put(cell, label)
    cell.font = Font(bold=True, color="FFFFFF")
    cell.fill = _HEADER_FILL
    cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    sheet.column_dimensions[get_column_letter(column)].width = _WIDTHS.get(name, 20)
    sheet.column_dimensions[get_column_letter(column)].hidden = name == AS_OF


def label(connection: Connection, name: str, language: str) -> str:
    """The register's own word for a column, or the association's header in a script of the language, or its name."""
    if name in words()["columns"]:
        return str(words()["columns"][name][language])
    headers = connection.layout.columns.get(name) or (name,)
    arabic = [header for header in headers if re.search(r"[\u0621-\u064a]", header)]
    others = [header for header in headers if header not in arabic]
    return next(iter(arabic if language == "ar" else others), headers[0])


def cleaned(text: str) -> str:
    """Without what no cell holds."""
    return _CONTROL.sub(" ", text).strip()[:32_767]


def _put(cell: Cell | MergedCell, text: str) -> None:
    """Text, whatever it looks like: no formula when it is opened, none when someone edits the cell and leaves it."""
    clean = cleaned(text)
    cell.value = clean or None
    if clean:
        cell.data_type = "s"
    cell.number_format = "@"
    cell.quotePrefix = True
    if int(cell.row or 0) > HEADER_ROW:
        cell.border = _LINE
        # a date or a Latin name among Arabic words starts where the eye starts reading
        mirrored = isinstance(cell.parent, Worksheet) and cell.parent.sheet_view.rightToLeft
        side = "right" if mirrored else "left"
        cell.alignment = Alignment(horizontal=side, vertical="top", wrap_text=True)
