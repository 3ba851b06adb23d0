"""The top of a register that no mapping knows yet, as it stands: nothing is sought, nothing is kept.

How a CSV is written is told by the mapping's headers elsewhere; here nobody knows them, so the separator that gives the most
rows of the same width is the right one.
"""

import codecs
import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import islice
from typing import BinaryIO, Final

from adapters.spreadsheet import delimited, workbooks
from adapters.spreadsheet.cells import Row, Sheet, spell
from adapters.spreadsheet.files import sources, steady
from adapters.spreadsheet.headers import Aliases
from hub.ports import Connection, Layout, Sample

LINES: Final = 200
WIDE: Final = 3  # columns; what is narrower is no table


def sample(connection: Connection, rows: int) -> Iterator[Sample]:
    """At most so many rows of each sheet of each file. Raises Fatal."""
    for path in sources(connection):
        with steady(path) as file:
            if workbooks.is_workbook(file):
                with workbooks.opened(file, None) as sheets:
                    yield from _tops(sheets, rows)
            else:
                separator = _separator(file, connection)
                settings = {**connection.settings, "separator": separator}
                dialect = delimited.recognise(file, Aliases(Layout({})), settings)
                with delimited.opened(file, dialect) as sheets:
                    yield from _tops(sheets, rows)


def _tops(sheets: Iterable[Sheet], rows: int) -> Iterator[Sample]:
    for sheet in sheets:
        top = islice(sheet.rows, rows)
        yield Sample(sheet.number, tuple(_texts(row) for row in top))


def _texts(row: Row) -> tuple[str, ...]:
    return tuple(spell(cell) for cell in row.cells)


def _separator(file: BinaryIO, connection: Connection) -> str:
    if connection.settings.get("separator"):
        return str(connection.settings["separator"])
    file.seek(0)
    text = file.read(delimited.SAMPLE).decode("utf-16" if _is_utf16(file) else "latin-1", "replace")
    return max(delimited.SEPARATORS, key=lambda separator: _regularity(text, separator))


def _is_utf16(file: BinaryIO) -> bool:
    file.seek(0)
    return file.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}


def _regularity(text: str, separator: str) -> int:
    """How many rows have the width that most rows of several columns have."""
    try:
        rows = list(islice(csv.reader(StringIO(text, newline=""), delimiter=separator), LINES))
    except csv.Error:
        return 0
    widths = Counter(len(row) for row in rows if len(row) >= WIDE)
    return max((times * width for width, times in widths.items()), default=0)
