"""How large a workbook is, measured before it is opened. A ZIP is not believed about its own sizes: it is unpacked, to nowhere.

What is held grows with the rectangle that the cells span, whatever stands in it: a stray cell far away, or a file that swells
when it is unpacked, would take the whole machine. An XLSX that is long because it is full of cells can be read row by row; XLS
and ODS cannot, so those have a limit.
"""

import re
import zipfile
import zlib
from typing import BinaryIO, Final

from adapters.spreadsheet import legacy, open_document
from adapters.spreadsheet.xml_parts import plain
from hub.errors import Fatal

OLE: Final = b"\xd0\xcf\x11\xe0"
ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
MAX_UNPACKED: Final = 600_000_000
MAX_CELLS: Final = 2_500_000
"""About a hundred bytes each while a sheet is opened: what keeps a pull under 400 MB."""
HELD_CELLS: Final = 500_000
"""An XLSX of more is read row by row: slower, and in no more memory than one of as many."""
HELD_BYTES: Final = 60_000_000
"""So is one whose sheet, or whose shared texts, take more than this."""
MAX_STREAMED: Final = 4_000_000_000
"""Of sheets that are full of cells: more than a million rows of 25 columns."""
MAX_SHARED: Final = 1_500_000_000
"""The texts that cells share: a million rows of which nearly every cell says something that no other says."""
_BYTES_A_CELL: Final = 400  # sheets that take more than this have something else to hide

_SHEETS: Final = "xl/worksheets/"
_SHARED: Final = "xl/sharedstrings.xml"
_CONTENT: Final = "content.xml"
_COLUMNS: Final = re.compile(rb"""\sr=["']([A-Z]{1,4})\d""")
_ROWS: Final = re.compile(rb"""\sr=["'](?:[A-Z]{1,4})?(\d{1,9})["']""")
_ROOT: Final = re.compile(rb"<([\w.-]+:)?worksheet\b")
_CHUNK: Final = 1 << 20
_OVERLAP: Final = 4096  # a tag cut by the end of a chunk is found in the next one


def is_too_long_to_hold(file: BinaryIO) -> bool:
    """Whether it is an XLSX to be read row by row. Raises Fatal for what must not be opened."""
    file.seek(0)
    is_long = False
    if file.read(4) == OLE:
        _measure_legacy(file)
    else:
        try:
            with zipfile.ZipFile(file) as archive:
                is_long = _unpack(archive)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, zlib.error):
            raise Fatal("adapters.file-unreadable") from None
    file.seek(0)
    return is_long


def _measure_legacy(file: BinaryIO) -> None:
    file.seek(0)
    before = b""
    while chunk := file.read(_CHUNK):
        if ENCRYPTED in before + chunk:
            raise Fatal("adapters.file-protected")
        before = chunk[-_OVERLAP:]
    file.seek(0)
    if legacy.cells(file) > MAX_CELLS:
        raise Fatal("adapters.file-too-large")


def _unpack(archive: zipfile.ZipFile) -> bool:
    others, taken, shared, sheets = 0, 0, 0, list[_Extent]()
    for member in archive.infolist():
        extent, before, name = _Extent(), b"", plain(member.filename)
        with archive.open(member) as stream:
            while chunk := stream.read(_CHUNK):
                if name.startswith(_SHEETS):
                    extent.grow(before, chunk)
                elif name == _SHARED:
                    shared += len(chunk)
                else:
                    others += len(chunk)
                taken += len(chunk)
                if others > MAX_UNPACKED or shared > MAX_SHARED or taken > MAX_STREAMED or extent.swells:
                    raise Fatal("adapters.file-too-large")
                before = chunk[-_OVERLAP:]
        sheets.append(extent)
    if _CONTENT in archive.NameToInfo:
        with archive.open(_CONTENT) as content:
            if open_document.cells(content) > MAX_CELLS:
                raise Fatal("adapters.file-too-large")
    if any(extent.is_far for extent in sheets):
        raise Fatal("adapters.file-too-large")
    return shared > HELD_BYTES or any(extent.is_long for extent in sheets)


class _Extent:
    """How large a rectangle the cells of an XLSX sheet span, and how many there are."""

    def __init__(self) -> None:
        self.height = 0
        self.width = 1
        self.filled = 0
        self.size = 0
        self._cell: tuple[bytes, ...] | None = None

    def grow(self, before: bytes, chunk: bytes) -> None:
        xml = before + chunk
        self.filled += sum(map(chunk.count, self._cell or self._tags(chunk)))
        self.size += len(chunk)
        self.width = max([self.width, *map(_number, set(_COLUMNS.findall(xml)))])
        self.height = max([self.height, *map(int, set(_ROWS.findall(xml)))])

    def _tags(self, chunk: bytes) -> tuple[bytes, ...]:
        """How a cell begins: some programs write a prefix before every name."""
        found = _ROOT.search(chunk)
        name = b"<" + ((found[1] or b"") if found else b"") + b"c"
        self._cell = (name + b" ", name + b">", name + b"/>")
        return self._cell

    @property
    def is_long(self) -> bool:
        return self.size > HELD_BYTES or max(self.height * self.width, self.filled) > HELD_CELLS

    @property
    def is_far(self) -> bool:
        """It spans more than can be held, and most of that is empty. A register leaves cells empty, and not most of them."""
        return max(self.height * self.width, self.filled) > MAX_CELLS and self.filled * 4 < self.height * self.width

    @property
    def swells(self) -> bool:
        """It is large, and it is not cells that make it so."""
        return self.size > MAX_UNPACKED and self.filled * _BYTES_A_CELL < self.size


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
