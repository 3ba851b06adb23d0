"""XLSX, XLS and ODS, read with calamine: visible sheets only, cached values of formulas, macros and links never looked at.

calamine holds one sheet in memory, every cell between the first and the last: a stray cell far away, or a file that swells
when it is unpacked, would take the whole machine. So the container is measured before it is opened: an XLSX that is long
because it is full is read row by row (`streamed.py`), and one that only claims to be long is refused.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

import python_calamine as calamine

from adapters.spreadsheet import streamed
from adapters.spreadsheet.cells import Row, Sheet
from hub.errors import Fatal

ZIP: Final = b"PK\x03\x04"
OLE: Final = b"\xd0\xcf\x11\xe0"
ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
MAX_UNPACKED: Final = 600_000_000
MAX_CELLS: Final = 2_500_000
"""About a hundred bytes each while a sheet is opened: what keeps a pull under 400 MB."""
MAX_STREAMED: Final = 4_000_000_000
"""Of sheets that are full of cells: more than a million rows of 25 columns."""
MAX_SHARED: Final = 150_000_000
"""The texts that cells share are held all the same."""
_BYTES_A_CELL: Final = 400  # sheets that take more than this have something else to hide

_COLUMNS: Final = re.compile(rb"""\sr=["']([A-Z]+)\d""")
_ROWS: Final = re.compile(rb"""\sr=["'](?:[A-Z]+)?(\d+)["']""")
_REPEATED: Final = re.compile(  # ODS writes equal cells once: thousands of full ones are no register
    rb"""<table:table-cell[^>]*columns-repeated="\d{4,}"[^>]*(?<!/)>"""
    rb"""|rows-repeated="\d{4,}"[^>]*>(?:(?!</table:table-row>).){0,2000}?<text:p""",
    re.DOTALL,
)
_CHUNK: Final = 1 << 20
_OVERLAP: Final = 4096  # a tag cut by the end of a chunk is found in the next one


def is_workbook(file: BinaryIO) -> bool:
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    return start in {ZIP, OLE}


@contextmanager
def opened(file: BinaryIO, pattern: str | None) -> Iterator[Iterator[Sheet]]:
    """The sheets to read. Raises Fatal when the workbook is protected, damaged or too large."""
    if _measure(file):
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
    for number, row in enumerate(cells, start=1):
        yield Row(number, row)


def _wanted(name: str, pattern: str | None) -> bool:
    return pattern is None or re.search(pattern, name.strip(), re.IGNORECASE) is not None


def _measure(file: BinaryIO) -> bool:
    """Whether it is too long to be held. Raises Fatal for what must not be opened. A ZIP is not believed about its own sizes: it
    is unpacked, to nowhere."""
    file.seek(0)
    is_long = False
    if file.read(4) == OLE:
        file.seek(0)
        if ENCRYPTED in file.read(MAX_UNPACKED):
            raise Fatal("adapters.file-protected")
    else:
        try:
            with zipfile.ZipFile(file) as archive:
                is_long = _unpack(archive)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, zlib.error):
            raise Fatal("adapters.file-unreadable") from None
    file.seek(0)
    return is_long


def _unpack(archive: zipfile.ZipFile) -> bool:
    """Whether a sheet of it is too long to be held, and full enough to be read row by row."""
    others, taken, shared, sheets = 0, 0, 0, list[_Extent]()
    for member in archive.infolist():
        extent, before = _Extent(), b""
        with archive.open(member) as stream:
            while chunk := stream.read(_CHUNK):
                if member.filename.startswith("xl/worksheets/"):
                    extent.grow(before, chunk)
                else:
                    others += len(chunk)
                taken += len(chunk)
                swells = member.filename == "content.xml" and _REPEATED.search(before + chunk)
                if swells or others > MAX_UNPACKED or taken > MAX_STREAMED or extent.swells:
                    raise Fatal("adapters.file-too-large")
                before = chunk[-_OVERLAP:]
        shared += member.file_size if member.filename == "xl/sharedStrings.xml" else 0
        sheets.append(extent)
    is_long = any(extent.is_long for extent in sheets)
    if is_long and (shared > MAX_SHARED or any(extent.is_long and not extent.is_dense for extent in sheets)):
        raise Fatal("adapters.file-too-large")
    return is_long


class _Extent:
    """How large a rectangle the cells of an XLSX sheet span, and how many there are."""

    def __init__(self) -> None:
        self.height = 0
        self.width = 1
        self.filled = 0
        self.size = 0

    def grow(self, before: bytes, chunk: bytes) -> None:
        xml = before + chunk
        self.filled += chunk.count(b"<c ") + chunk.count(b"<c>") + chunk.count(b"<c/>")
        self.size += len(chunk)
        self.width = max([self.width, *map(_number, set(_COLUMNS.findall(xml)))])
        self.height = max([self.height, *map(int, set(_ROWS.findall(xml)))])

    @property
    def is_long(self) -> bool:
        return max(self.height * self.width, self.filled) > MAX_CELLS

    @property
    def is_dense(self) -> bool:
        """A register leaves cells empty, and not most of them."""
        return self.filled * 4 >= self.height * self.width

    @property
    def swells(self) -> bool:
        """It is large, and it is not cells that make it so."""
        return self.size > MAX_UNPACKED and self.filled * _BYTES_A_CELL < self.size


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _unreadable(problem: BaseException) -> BaseException:
    """calamine's own errors, and a panic of the Rust below it, which is no Exception; anything else is not ours to hide."""
    if isinstance(problem, calamine.CalamineError | OSError | ValueError) or type(problem).__name__ == "PanicException":
        return Fatal("adapters.file-unreadable")
    return problem
