"""The rows of one sheet, from its XML as it passes by. ECMA-376 part 1, 18.3.1.4 (a cell) and 18.18.11 (its kinds)."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import IO, Final, NamedTuple

from adapters.spreadsheet.cells import Cell, Row
from adapters.spreadsheet.number_formats import moment
from adapters.spreadsheet.shared_texts import SharedTexts
from adapters.spreadsheet.xml_parts import MAX_DEPTH, MAX_TEXT, SPACE, Attributes, Passing, unescaped
from hub.errors import Fatal

MAX_ROWS: Final = 1_048_576
MAX_COLUMNS: Final = 16_384
_DIGITS: Final = "0123456789"
_EMPTY: Final = ""


class Book(NamedTuple):
    """What a cell may point to. `moments`: see number_formats."""

    texts: SharedTexts
    moments: Sequence[int]
    since_1904: bool


def rows(part: IO[bytes], book: Book) -> Iterator[Row]:
    """Every row from the first on, empty ones too, as the program that wrote it numbers them. Raises Fatal."""
    ready: list[tuple[int, list[Cell]]] = []
    passing = _listening(book, ready)
    number = 0
    for _ in passing.over(part):
        for at, cells in ready:
            while number < at - 1:
                number += 1
                yield Row(number, ())
            number = at
            yield Row(number, cells)
        ready.clear()


def _listening(book: Book, ready: list[tuple[int, list[Cell]]]) -> Passing:  # noqa: PLR0915 — one function, see below
    """A listener that puts each row that has ended among `ready`. It is one function and its variables, because it is called ten
    times for every cell: methods would take twice as long."""
    columns: dict[str, int] = {}
    number = beside = depth = 0
    row: list[Cell] | None = None
    cell: Attributes | None = None
    value = ""
    is_text = hears = trims = False

    def start(name: str, attributes: Attributes) -> None:
        nonlocal row, cell, number, beside, depth, value, is_text, hears, trims
        if name == "c":
            if cell is not None:
                raise _damaged()
            cell, value, is_text = attributes, "", False
            text.clear()  # of formulas, which are not read
        elif name in {"v", "t"}:
            if hears or cell is None:
                raise _damaged()
            hears = True
            trims = name == "t" and attributes.get("xml:space") != "preserve"
            text.clear()
        elif name == "is":
            if is_text:
                raise _damaged()
            is_text = True
        elif name == "row":
            if row is not None:
                raise _damaged()
            number = _after(number, attributes.get("r"))
            row = []
        else:
            beside += name == "rPh"
            depth += 1
            if depth > MAX_DEPTH:
                raise Fatal("adapters.file-too-large")

    def end(name: str) -> None:
        nonlocal row, cell, beside, depth, value, hears
        if name in {"v", "t"}:
            hears = False
            if text and not beside:
                heard = text[0] if len(text) == 1 else "".join(text)
                value = _joined(value, heard.strip(SPACE) if trims else heard)
        elif name == "c":
            if row is None or cell is None:
                raise _damaged()
            if place := cell.get("r"):
                letters = place.rstrip(_DIGITS)
                column = columns.get(letters) or columns.setdefault(letters, _column(letters))
                if column != len(row) + 1:
                    _fill_up(row, column)
            elif len(row) >= MAX_COLUMNS:
                raise _damaged()
            row.append(_value(value, cell, is_text, book) if value else _EMPTY)
            cell = None
        elif name == "row":
            if row is None:
                raise _damaged()
            ready.append((number, row))
            row = None
        elif name != "is":
            beside -= name == "rPh"
            depth -= 1
            passing.is_over = name == "sheetData"

    passing = Passing(start, end, bounded=True)
    text = passing.text
    passing.hear()
    return passing


def _joined(before: str, heard: str) -> str:
    """Of a text that is written in several parts."""
    if len(before) > MAX_TEXT:
        raise Fatal("adapters.file-too-large")
    return before + heard


def _value(text: str, cell: Attributes, is_text: bool, book: Book) -> Cell:
    kind = "inlineStr" if is_text else cell.get("t", "n")
    if kind == "s":
        return book.texts[_whole(text)]
    if kind == "n":
        return _figure(text, cell.get("s"), book)
    if kind == "b":
        return text != "0"
    if kind == "e":
        return _EMPTY
    return _iso(text) if kind == "d" else unescaped(text)


def _figure(text: str, style: str | None, book: Book) -> Cell:
    try:
        number = float(text)
    except ValueError:
        return text
    if style is None:
        return number
    at = _whole(style)
    kind = book.moments[at] if 0 <= at < len(book.moments) else 0
    return moment(number, kind, since_1904=book.since_1904) if kind else number


def _after(number: int, written: str | None) -> int:
    """The number of the next row."""
    at = _whole(written) if written else number + 1
    if not number < at <= MAX_ROWS:
        raise _damaged()
    return at


def _fill_up(row: list[Cell], column: int) -> None:
    """Empty cells are mostly not written."""
    if column <= len(row):
        raise _damaged()
    row += [_EMPTY] * (column - 1 - len(row))


def _column(letters: str) -> int:
    column = 0
    for letter in letters[:4]:
        if not "A" <= letter <= "Z":
            raise _damaged()
        column = column * 26 + ord(letter) - 64
    if not 0 < column <= MAX_COLUMNS:
        raise _damaged()
    return column


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _damaged() from None


def _iso(text: str) -> Cell:
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        return text


def _damaged() -> Fatal:
    return Fatal("adapters.file-unreadable")
