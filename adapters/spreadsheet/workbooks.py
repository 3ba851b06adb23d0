"""XLSX, XLS and ODS, read with calamine: visible sheets only, cached values of formulas, macros and links never looked at.

calamine holds one sheet in memory, every cell between the first and the last. So what is opened is measured before
(`extents.py`): an XLSX that is long because it is full is read row by row (`streamed.py`), in memory that does not grow; what
only claims to be long is refused, and so is an XLS or an ODS of more than two and a half million cells.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

import python_calamine as calamine

from adapters.spreadsheet import extents, streamed
from adapters.spreadsheet.cells import Row, Sheet
from hub.errors import Fatal

ZIP: Final = b"PK\x03\x04"


def is_workbook(file: BinaryIO) -> bool:
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    return start in {ZIP, extents.OLE}


@contextmanager
def opened(file: BinaryIO, pattern: str | None) -> Iterator[Iterator[Sheet]]:
    """The sheets to read. Raises Fatal when the workbook is protected, damaged or too large."""
    if extents.is_too_long_to_hold(file):
        with streamed.opened(file) as sheets:
            yield (sheet for name, sheet in sheets if _wanted(name, pattern))
        return
    try:
        workbook = calamine.load_workbook(file)
    except calamine.PasswordError:
        raise Fatal("adapters.file-protected") from None
    except BaseException as problem:
        raise _unreadable(problem) from None
    with workbook:
        yield _sheets(workbook, pattern)


def _sheets(workbook: calamine.CalamineWorkbook, pattern: str | None) -> Iterator[Sheet]:
    visible = [meta for meta in workbook.sheets_metadata if meta.visible == calamine.SheetVisibleEnum.Visible]
    for number, meta in enumerate(visible, start=1):
        if meta.typ == calamine.SheetTypeEnum.WorkSheet and _wanted(meta.name, pattern):
            yield Sheet(number, _rows(workbook, meta.name))


def _rows(workbook: calamine.CalamineWorkbook, name: str) -> Iterator[Row]:
    try:
        cells = workbook.get_sheet_by_name(name).iter_rows()
    except BaseException as problem:
        raise _unreadable(problem) from None
    number = 0
    while True:
        try:
            row = next(cells, None)
        except OverflowError:  # a duration of more days than Python counts
            raise Fatal("adapters.file-unreadable") from None
        if row is None:
            return
        number += 1
        yield Row(number, row)


def _wanted(name: str, pattern: str | None) -> bool:
    return pattern is None or re.search(pattern, name.strip(), re.IGNORECASE) is not None


def _unreadable(problem: BaseException) -> BaseException:
    """calamine's own errors, and a panic of the Rust below it, which is no Exception; anything else is not ours to hide."""
    if isinstance(problem, calamine.CalamineError | OSError | ValueError) or type(problem).__name__ == "PanicException":
        return Fatal("adapters.file-unreadable")
    return problem
