"""A workbook that is too long to be held: its rows one after the other, in as much memory for a million as for a thousand.

ECMA-376 part 1, 12 (the parts of a workbook) and 18.3 (a sheet). It says what `workbooks.py` says of a short one
(`tests/adapters/test_spreadsheet_streamed.py` compares the two).
"""

import posixpath
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, Final, NamedTuple
from zipfile import ZipFile

from adapters.spreadsheet.cells import Row, Sheet
from adapters.spreadsheet.number_formats import moments
from adapters.spreadsheet.shared_texts import shared_texts
from adapters.spreadsheet.sheet_rows import Book, rows
from adapters.spreadsheet.xml_parts import Attributes, Passing, plain
from hub.errors import Fatal

WORKBOOK: Final = "xl/workbook.xml"
SHARED: Final = "xl/sharedStrings.xml"
STYLES: Final = "xl/styles.xml"
SHEETS: Final = "xl/worksheets/"
_MAX_SHEETS: Final = 10_000


class _Tab(NamedTuple):
    name: str
    part: str  # empty: it is no worksheet


@contextmanager
def opened(file: BinaryIO) -> Iterator[list[tuple[str, Sheet]]]:
    """Names and rows of the sheets that a person sees. Raises Fatal when the workbook is damaged."""
    with ZipFile(file) as archive, _part(archive, SHARED) as shared, shared_texts(shared) as texts:
        tabs, since_1904 = _tabs(archive)
        with _part(archive, STYLES) as styles:
            book = Book(texts, moments(styles), since_1904)
        yield [
            (tab.name, Sheet(number, _rows(archive, tab.part, book)))
            for number, tab in enumerate(tabs, start=1)
            if tab.part
        ]


def _rows(archive: ZipFile, part: str, book: Book) -> Iterator[Row]:
    with _part(archive, part) as sheet:
        if sheet is None:
            raise Fatal("adapters.file-unreadable")
        yield from rows(sheet, book)


def _tabs(archive: ZipFile) -> tuple[list[_Tab], bool]:
    """The sheets that are not hidden, in their order, and whether days are counted from 1904."""
    targets = _targets(archive)
    tabs: list[_Tab] = []
    since_1904 = False

    def start(name: str, attributes: Attributes) -> None:
        nonlocal since_1904
        if name == "workbookPr":
            since_1904 = attributes.get("date1904") in {"1", "true"}
        elif name == "sheet" and attributes.get("state", "visible") == "visible" and len(tabs) < _MAX_SHEETS:
            link = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            tabs.append(_Tab(attributes.get("name", ""), targets.get(link, "")))

    _through(archive, WORKBOOK, start)
    return tabs, since_1904


def _targets(archive: ZipFile) -> dict[str, str]:
    found: dict[str, str] = {}

    def start(name: str, attributes: Attributes) -> None:
        if name == "Relationship" and attributes.get("Type", "").endswith("/worksheet") and len(found) < _MAX_SHEETS:
            part = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", "")))[1:]
            if not part.lower().startswith(SHEETS):  # what was measured lies there
                raise Fatal("adapters.file-unreadable")
            found[attributes.get("Id", "")] = part

    _through(archive, "xl/_rels/workbook.xml.rels", start)
    return found


def _through(archive: ZipFile, name: str, start: Callable[[str, Attributes], None]) -> None:
    with _part(archive, name) as part:
        if part is None:
            raise Fatal("adapters.file-unreadable")
        for _ in Passing(start).over(part):
            pass


@contextmanager
def _part(archive: ZipFile, name: str) -> Iterator[IO[bytes] | None]:
    found = next((one for one in archive.namelist() if plain(one) == name.lower()), None)
    if found is None:
        yield None
        return
    with archive.open(found) as part:
        yield part
