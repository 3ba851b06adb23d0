"""The rows of a sheet as records: what is a record, which one it is, and what its cells say.

Not records: blank rows, totals, a header repeated further down, a number written in advance for a woman who has not come.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain, islice
from typing import Final

from adapters.spreadsheet.cells import LOST_DIGITS, Row, Sheet, spell
from adapters.spreadsheet.headers import SEARCHED, Aliases, Header, find, may_say_again
from adapters.spreadsheet.identity import digest, handle, identify
from hub.errors import Fatal
from hub.fhir.folding import fold
from hub.fhir.issues import Issue
from hub.fhir.totals import is_total
from hub.met import Met
from hub.ports import Layout, Place, SourceRecord

KIND: Final = "row"
FEW: Final = 6  # headers that are told of a column: its own first, as the mapping lists them
DATE: Final = re.compile(r"\b[\d٠-٩]{1,4}[/.\-][\d٠-٩]{1,2}[/.\-][\d٠-٩]{2,4}\b")


class FileReader:
    """Reads the sheets of one file. `met` is shared by a connection's files; `file` numbers them where there are several."""

    def __init__(self, layout: Layout, met: Met, *, shift: timedelta | None = None, file: int | None = None) -> None:
        self.layout = layout
        self.met = met
        self.shift = shift
        self.file = file
        self.aliases = Aliases(layout)
        self.missing: tuple[str, ...] = ()
        self.keyless: tuple[str, ...] = ()

    def records(self, sheets: Iterable[Sheet]) -> Iterator[SourceRecord]:
        """Every record of the file. Raises Fatal when no sheet has a header; a sheet without one beside others is reported."""
        read, filled, unread = False, False, []
        for sheet in sheets:
            rows = iter(sheet.rows)
            top = list(islice(rows, SEARCHED))
            filled = filled or any(any(cell != "" for cell in row.cells) for row in top)
            header = find([row.cells for row in top], self.aliases)
            if header and not header.missing and not header.keyless:
                read = True
                yield from self._below(header, sheet.number, top, rows)
                continue
            self.missing = self.missing or (header.missing if header else ())
            self.keyless = self.keyless or (header.keyless if header else ())
            if _looks_like_data(top):
                unread.append(self._unread(sheet.number, top))
        if not read:
            raise self._no_header(filled)
        yield from unread

    def _below(self, header: Header, sheet: int | None, top: list[Row], rows: Iterator[Row]) -> Iterator[SourceRecord]:
        names = [name for _, name in header.columns]
        first = top[header.end :]
        widest = max(len(names), _usual_width(first))
        gone = tuple(sorted(self.layout.expected - header.known))
        told = (*self._not_there(gone), *self._twice(header))
        names += [f"column {position + 1}" for position in range(len(names), widest)]
        again = first[0].number if first and may_say_again(header, first[0].cells) else None
        for row in chain(first, rows):
            if sheet is not None and len(row.cells) > widest:
                # cells of a workbook have addresses: none can have slipped under another's header
                names += [f"column {position + 1}" for position in range(widest, len(row.cells))]
                widest = len(row.cells)
            content = self._content(names, row)
            if content and not self._is_beside_the_point(content, names[0], header):
                record = self._record(content, Place(sheet, row.number, self._file), row, header, widest)
                if record:
                    if row.number == again:
                        told = (*told, Issue("warning", "structure", "adapters.header-again"))
                    yield replace(record, issues=(*record.issues, *told), unsaid=gone) if gone or told else record
                    told = ()  # with the first row: it is said of all

    def _not_there(self, gone: Sequence[str]) -> tuple[Issue, ...]:
        """A header that somebody has renamed says nothing, so that what came from it stays; it is not passed over in silence."""
        params = {"columns": self._wanted(gone)}
        return (Issue("warning", "incomplete", "adapters.columns-gone", params=params),) if gone else ()

    def _twice(self, header: Header) -> tuple[Issue, ...]:
        params = {"columns": ", ".join(header.twice)}
        return (Issue("warning", "duplicate", "adapters.columns-twice", params=params),) if header.twice else ()

    def _content(self, names: Sequence[str], row: Row) -> dict[str, str]:
        """This runs for every cell: most hold text in which nothing is to be looked for, and a call would cost more than it."""
        shift = self.shift
        return {
            name: text
            for name, cell in zip(names, row.cells, strict=False)
            if cell != "" and (text := cell.strip() if type(cell) is str and "#" not in cell else spell(cell, shift))
        }

    def _record(
        self, content: dict[str, str], place: Place, row: Row, header: Header, widest: int
    ) -> SourceRecord | None:
        issues = [*_not_trusted(row, widest), *_lost_digits(row, header)]
        trusted = not any(issue.blocks for issue in issues)
        by_position = content if trusted else self._content([f"column {at + 1}" for at in range(len(row.cells))], row)
        version = digest(by_position)  # with the cells that have no header: once they are gone, the row is another
        id_, composed = identify(content, self.layout.key, version)
        times, copy = self.met.times(id_, version)
        if composed and copy:
            return None
        if times > 1:
            id_ = f"{id_}#{times}"
        if composed and times > 1:
            issues.append(Issue("error", "duplicate", "adapters.duplicate-key", column=self._key(header)))
        if not composed and trusted:
            issues.append(Issue("warning", "incomplete", "adapters.no-key", column=self._key(header)))
        if (
            not trusted
        ):  # cells may stand under each other's headers: by those names, one could be shown that must not be
            content = by_position
        finds = handle(content, place)
        return SourceRecord(KIND, id_, version, content, place, finds, header.spelled, tuple(issues))

    def _is_beside_the_point(self, content: dict[str, str], first_column: str, header: Header) -> bool:
        column, text = next(iter(content.items()))
        if len(content) == 1:
            return column in self.layout.key or column == first_column
        if text[0].isdecimal():
            return False
        folded = fold(text)
        if folded in header.labels:
            return sum(fold(value) in header.labels for value in content.values()) * 2 > len(content)
        return is_total(text)

    @property
    def _file(self) -> str | None:
        return f"file {self.file}" if self.file else None

    def _key(self, header: Header) -> str:
        return " + ".join(header.spelled.get(column, column) for column in self.layout.key)

    def _unread(self, sheet: int | None, top: list[Row]) -> SourceRecord:
        content = {f"row {row.number}": " | ".join(map(spell, row.cells)) for row in top}
        absent = tuple(dict.fromkeys((*self.missing, *self.keyless)))
        issue = Issue("error", "structure", "adapters.sheet-unread", params={"columns": self._wanted(absent)})
        place = Place(sheet, record=self._file)
        return SourceRecord(KIND, f"sheet:{self.file or ''}:{sheet}", digest(content), content, place, issues=(issue,))

    def _no_header(self, filled: bool) -> Fatal:
        if not filled:
            return Fatal("adapters.file-empty")
        if any(column not in self.missing for column in self.keyless):
            return Fatal("adapters.key-missing", columns=" · ".join(map(self._with_headers, self.keyless)))
        if self.missing:
            return Fatal("adapters.columns-missing", columns=self._wanted(self.missing))
        return Fatal("adapters.header-not-found", columns=self._wanted(tuple(self.layout.columns)[:8]))

    def _with_headers(self, column: str) -> str:
        """A column, and headers by which the mapping knows it."""
        return f"{column} ({', '.join(self.layout.columns[column][:FEW])})"

    def _wanted(self, columns: Sequence[str]) -> str:
        """Columns as a person would write them: by the first header that the mapping names for each."""
        return ", ".join(next(iter(self.layout.columns.get(column, ())), column) for column in columns)


def _not_trusted(row: Row, widest: int) -> Iterator[Issue]:
    if row.trouble:
        yield Issue("error", "structure", row.trouble, params={"lines": str(row.lines)})
    elif len(row.cells) > widest:
        params = {"expected": str(widest), "found": str(len(row.cells))}
        yield Issue("error", "structure", "adapters.too-many-cells", params=params)


def _lost_digits(row: Row, header: Header) -> Iterator[Issue]:
    if float not in map(type, row.cells):
        return
    for (_, name), cell in zip(header.columns, row.cells, strict=False):
        if isinstance(cell, float) and abs(cell) >= LOST_DIGITS:
            yield Issue("warning", "value", "adapters.digits-lost", column=header.spelled[name])


def _usual_width(rows: list[Row]) -> int:
    return Counter(len(row.cells) for row in rows).most_common(1)[0][0] if rows else 0


def _looks_like_data(rows: list[Row]) -> bool:
    """Two rows of several cells, one of them a date: more than an instruction, a menu or a title."""
    return sum(_holds_a_date(row) and sum(cell != "" for cell in row.cells) >= 4 for row in rows) >= 2


def _holds_a_date(row: Row) -> bool:
    return any(isinstance(cell, date) or (isinstance(cell, str) and DATE.search(cell)) for cell in row.cells)
