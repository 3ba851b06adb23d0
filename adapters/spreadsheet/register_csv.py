"""The follow-up register as a text file (CSV), for programs that open no workbook: a header, and a row for each referral.

It has no colours, hides nothing and has no direction: an Arabic register reads from the left. It is UTF-8 with its mark, without
which Excel reads no Arabic, and with lines as in https://www.rfc-editor.org/rfc/rfc4180. No `sep=` line, under which Excel
forgets the mark.

A cell that a spreadsheet would take for a formula, a number or a date begins with `'`, as one types it there to keep a text as it
is: https://owasp.org/www-community/attacks/CSV_Injection
"""

import codecs
import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import Final

from adapters.spreadsheet import register
from hub.errors import Fatal
from hub.fhir.folding import fold
from hub.ports import Connection, FollowUp

ID: Final = "id"
SEPARATORS: Final[Mapping[str, str]] = {"ar": ";", "fr": ";", "en": ","}
"""What a program set to this language takes a double click to mean; in Morocco, where decimals have a comma, the semicolon."""

TEXT: Final = "'"
_BEGINS: Final = r"(^|[,;|\t\r\n\"])([ \u00a0]{0,8})"
_ACTS: Final = r"(?=[=+\-@\uff1d\uff0b\uff0d\uff20])"
_FORMULA: Final = re.compile(_BEGINS + _ACTS)
"""At the beginning of a cell, and wherever one would begin if the file were opened with another separator."""

_KEPT: Final = re.compile(f"{_BEGINS}{TEXT}{_ACTS}")
_NUMBER: Final = re.compile(r"[\d\s.,:/()%eE-]+")
_COUNT: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_MONTH: Final = "(?:ja|f[eé]|mar|avr|apr|ma[iy]|ju[ilnl]|ao|au|sep|oct|nov|d[eé])[a-zéû]*"
_DATE: Final = re.compile(rf"\d{{1,4}}[\s./-]*{_MONTH}\.?[\s./-]*\d{{0,4}}|{_MONTH}\.?[\s./-]*\d{{1,4}}", re.I)
SEPARATED_BY: Final = (";", ",", "tab")
"""What the connection may ask for."""

_LEGACY: Final = {"ar": "windows-1256"}


@dataclass(repr=False)
class Table:
    """The register. `columns`: name → place among the cells of a row; columns that a person added stand among them unnamed."""

    language: str
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    columns: dict[str, int] = field(default_factory=dict)

    def open_to(self, connection: Connection, names: Sequence[str]) -> None:
        """With a column for each of `names`; one that is there is known by its header, in whatever language it was written."""
        told = [name for name in names if name != register.AS_OF]
        for name in (*told, ID, *(name for name in names if name == register.AS_OF)):
            known = {fold(register.label(connection, name, language)) for language in register.LANGUAGES}
            free = (at for at, one in enumerate(self.header) if fold(one) in known and at not in self.columns.values())
            at = next(free, len(self.header))
            if at == len(self.header):
                self.header.append(register.label(connection, name, self.language))
            self.columns[name] = at

    def write(self, follow_up: FollowUp) -> None:
        """One row for each referral. What no longer holds is emptied; what was overtaken by newer news changes nothing."""
        row = next((one for one in self.rows if self._cell(one, ID) == follow_up.id), None)
        if row is None:
            self.rows.append(row := [])
        elif register.is_overtaken(self._cell(row, register.AS_OF), follow_up.as_of):
            return
        row += [""] * (len(self.header) - len(row))
        told = {**register.cells(follow_up, self.language), ID: follow_up.id}
        for name, at in self.columns.items():
            row[at] = register.cleaned(told.get(name, "").replace("\t", " "))

    def _cell(self, row: Sequence[str], name: str) -> str:
        at = self.columns.get(name, len(row))
        return row[at] if at < len(row) else ""

    def text(self, separated_by: str) -> bytes:
        written = StringIO(newline="")
        to = csv.writer(written, delimiter=separated_by, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
        width = max(len(row) for row in (self.header, *self.rows))
        padded = ([*row, *[""] * (width - len(row))] for row in (self.header, *self.rows))
        to.writerows([marked(cell) for cell in row] for row in padded)
        return codecs.BOM_UTF8 + written.getvalue().encode("utf-8", "replace")


def marked(text: str) -> str:
    """So that it is a text wherever it is opened."""
    guarded = _FORMULA.sub(rf"\1\2{TEXT}", text)
    if guarded.startswith(TEXT) or _COUNT.fullmatch(text):
        return guarded
    is_number = _NUMBER.fullmatch(text) and any(map(str.isdecimal, text))
    return TEXT + guarded if is_number or _DATE.fullmatch(text) else guarded


def unmarked(text: str) -> str:
    """What `marked` was given."""
    plain = _KEPT.sub(r"\1\2", text)
    said = plain.removeprefix(TEXT)
    return said if marked(said) == text else plain


def separator(connection: Connection, language: str) -> str:
    said = str(connection.settings.get("output_separator") or SEPARATORS[language])
    return "\t" if said == "tab" else said


def read(content: bytes, language: str) -> Table:
    """A register that was written before, and perhaps saved since by a program with an encoding and a separator of its own.
    Raises Fatal for any other file, which is not to be written over."""
    text = _decoded(content, language)
    known = {fold(str(one)) for one in register.words()["columns"][ID].values()}
    for one in (*dict.fromkeys(SEPARATORS.values()), "\t"):
        try:
            rows = list(csv.reader(StringIO(text, newline=""), delimiter=one, strict=True))
        except csv.Error:
            continue
        if rows and known & {fold(cell) for cell in rows[0]}:
            header, *others = ([unmarked(cell) for cell in row] for row in rows)
            return Table(language, header, [row for row in others if any(row)])
    raise Fatal("adapters.register-unreadable")


def _decoded(content: bytes, language: str) -> str:
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", _LEGACY.get(language, "windows-1252")):
        try:
            return content.decode(encoding)
        except UnicodeError:
            continue
    raise Fatal("adapters.register-unreadable")
