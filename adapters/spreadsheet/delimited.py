"""CSV and its relatives, read as a stream: which encoding, which separator, and rows that a stray quotation mark swallowed.

Nothing in the file says how it was written. Arabic Windows writes windows-1256, French Windows windows-1252, and a French
Excel separates by semicolons. The reading under which the mapping finds most of its headers is the right one.
"""

import codecs
import csv
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO, TextIOWrapper
from itertools import islice
from typing import Any, BinaryIO, Final

from adapters.spreadsheet.cells import Row, Sheet
from adapters.spreadsheet.headers import SEARCHED, Aliases, find
from hub.errors import Fatal

MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
LEGACY: Final = ("windows-1252", "windows-1256")
SEPARATORS: Final = (";", ",", "\t", "|")
SAMPLE: Final = 1 << 18

ODD: Final = re.compile(r"[A-Za-z][\u0621-\u064a]|[\u0621-\u064a][A-Za-z]|[\u00c0-\u00ff]{3}")
"""Letters that no one writes side by side: the trace of a wrong encoding (`المستفيدة` read as French, `État` as Arabic)."""
ODD_ENOUGH: Final = 0.01


@dataclass(frozen=True)
class Dialect:
    encoding: str
    separator: str


def recognise(file: BinaryIO, aliases: Aliases, settings: Mapping[str, Any]) -> Dialect:
    """How the file is written, by its header. Raises Fatal when no reading makes sense of it, or none is beyond doubt."""
    file.seek(0)
    start = file.read(SAMPLE)
    if start.lstrip()[:1] == b"<":
        raise Fatal("adapters.file-html")
    if b"\0" in start and not start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Fatal("adapters.file-unreadable")
    encodings = _encodings(file, start, str(settings.get("encoding") or ""))
    separators = _separators(start, str(settings.get("separator") or ""))
    readings = []
    for rank, encoding in enumerate(encodings):
        text = _sample(start, encoding)
        if text is None:
            continue
        odd = _oddity(text)
        for separator in separators:
            header = find(list(_first_rows(text, separator)), aliases)
            readings.append((len(header.known) if header else 0, -odd, -rank, Dialect(encoding, separator)))
    if not readings:
        raise Fatal("adapters.wrong-encoding")
    _, odd, _, dialect = max(readings, key=lambda reading: reading[:3])
    if -odd > ODD_ENOUGH:
        raise Fatal("adapters.wrong-encoding")
    return dialect


@contextmanager
def opened(file: BinaryIO, dialect: Dialect) -> Iterator[list[Sheet]]:
    """The file as its one sheet. `file` stays open: whoever opened it closes it."""
    file.seek(0)
    text = TextIOWrapper(file, encoding=dialect.encoding, newline="")
    try:
        yield [Sheet(None, _rows(text, dialect.separator))]
    finally:
        text.detach()


def _first_rows(text: str, separator: str) -> Iterator[list[str]]:
    try:
        yield from islice(csv.reader(StringIO(text, newline=""), delimiter=separator), SEARCHED)
    except csv.Error:  # told with its row when the file is read
        return


def _rows(text: TextIOWrapper, separator: str) -> Iterator[Row]:
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=separator)
    number, width = 0, 0
    try:
        for number, cells in enumerate(reader, start=1):
            if number == 1 and len(cells) == 1 and cells[0].startswith("sep="):
                continue
            spanned, quotes = lines.take()
            if spanned == 1:
                width = max(width, len(cells))
            swallowed = spanned > 1 and (quotes % 2 == 1 or _holds_a_row(cells, separator, width))
            yield Row(number, cells, "adapters.open-quote" if swallowed else "", spanned)
    except csv.Error:
        raise Fatal("adapters.csv-broken", row=str(number + 1)) from None
    except UnicodeError:
        raise Fatal("adapters.wrong-encoding") from None


def _holds_a_row(cells: list[str], separator: str, width: int) -> bool:
    """Whether a cell holds other rows: a quotation mark opened there, and the next one closed it far below."""
    return any(line.count(separator) >= max(3, width - 2) for cell in cells for line in cell.splitlines()[1:])


class _Lines:
    """The lines of a file, counted as the reader takes them."""

    def __init__(self, text: TextIOWrapper) -> None:
        self._text = text
        self._lines = 0
        self._quotes = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._text:
            self._lines += 1
            self._quotes += line.count('"')
            yield line

    def take(self) -> tuple[int, int]:
        taken = self._lines, self._quotes
        self._lines = self._quotes = 0
        return taken


def _encodings(file: BinaryIO, start: bytes, chosen: str) -> tuple[str, ...]:
    if chosen:
        try:
            return (codecs.lookup(chosen).name,)
        except LookupError:
            raise Fatal("adapters.unknown-encoding") from None
    for mark, encoding in MARKS:
        if start.startswith(mark):
            return (encoding,)
    return ("utf-8",) if _is_utf8(file) else LEGACY


def _is_utf8(file: BinaryIO) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := file.read(SAMPLE):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _separators(start: bytes, chosen: str) -> tuple[str, ...]:
    if chosen:
        separator = {"tab": "\t", "\\t": "\t"}.get(chosen, chosen)
        if len(separator) != 1:
            raise Fatal("adapters.unknown-separator")
        return (separator,)
    said = re.match(rb"(?:\xef\xbb\xbf)?sep=(.)\r?\n", start)
    return (said[1].decode("latin-1"),) if said else SEPARATORS


def _sample(start: bytes, encoding: str) -> str | None:
    try:  # an incremental decoder forgives the character that the end of the sample cut
        return codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeError:
        return None


def _oddity(text: str) -> float:
    return len(ODD.findall(text)) / max(1, len(text.split()))
