"""A workbook that is too long to be held: its rows one after the other, as openpyxl reads them. Slower, and in little memory:
some 200 bytes a row, 290 MB for the million that a sheet can have.

https://openpyxl.readthedocs.io/en/stable/optimised.html
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from openpyxl import load_workbook

from adapters.spreadsheet.cells import Row, Sheet
from hub.errors import Fatal


@contextmanager
def opened(file: BinaryIO) -> Iterator[list[tuple[str, Sheet]]]:
    """Names and rows of the sheets that a person sees. Raises Fatal when the workbook is damaged."""
    try:
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except Exception:  # whatever its parts make of a file that is none
        raise Fatal("adapters.file-unreadable") from None
    try:
        seen = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        yield [(sheet.title, Sheet(number, _rows(sheet))) for number, sheet in enumerate(seen, start=1)]
    finally:
        book.close()


def _rows(sheet: Any) -> Iterator[Row]:
    sheet.reset_dimensions()  # what a file says of its own size is not believed
    rows, number = sheet.iter_rows(values_only=True), 0
    while True:
        try:
            cells = next(rows, None)
        except Exception:
            raise Fatal("adapters.file-unreadable") from None
        if cells is None:
            return
        number += 1
        yield Row(number, ["" if cell is None else cell for cell in cells])
