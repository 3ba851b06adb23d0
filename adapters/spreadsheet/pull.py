"""From the files of a connection to records, one file after the other, the same file never twice for nothing."""

from collections.abc import Generator, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from adapters.spreadsheet import delimited, workbooks
from adapters.spreadsheet.cells import CALENDAR_1904
from adapters.spreadsheet.files import is_handed_over, is_named_workbook, sources, steady, watermark
from adapters.spreadsheet.ours import is_left_unread
from adapters.spreadsheet.rows import KIND, FileReader
from hub.errors import Fatal
from hub.met import Met
from hub.ports import Complete, Connection, Pulled, SourceRecord, Watermark

NO_TABLE: Final = frozenset({"adapters.header-not-found", "adapters.wrong-encoding"})
"""What is said of a text that no reading makes a register."""


def pull(connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
    """Every row, then the watermark; nothing at all when the files are those of `since`.

    Where the connection says that the files are a snapshot, and every row of them could be trusted, they are complete. A file
    that cannot be read does not keep the others from being read: its error is raised after them. So is that of a register which
    bears the name of the follow-up register.
    """
    if is_handed_over(connection):
        return
    failures = [Fatal("adapters.register-not-read")] if is_left_unread(connection) else []
    paths = _paths(connection, failures)
    reached = watermark(connection, paths)
    if since == reached and not failures:
        return
    whole = connection.settings.get("snapshot") is True
    with Met() as met:
        for number, path in enumerate(paths, start=1):
            try:
                for record in read(connection, path, met, number if len(paths) > 1 else None):
                    whole = whole and not any(issue.blocks for issue in record.issues)
                    yield record
            except Fatal as failure:
                failures.append(failure)
    if failures:
        raise failures[0]
    if whole:
        yield Complete(KIND)
    yield reached


def _paths(connection: Connection, failures: list[Fatal]) -> list[Path]:
    """Raises the first of these where there is no other file."""
    try:
        return sources(connection)
    except Fatal:
        if failures:
            raise failures[0] from None
        raise


def read(connection: Connection, path: Path, met: Met, number: int | None = None) -> Generator[SourceRecord]:
    """The records of one file, whatever its name says it is. Where it is no register in text either, a name that says workbook is
    what somebody must know of."""
    with steady(path) as file:
        try:
            yield from _records(connection, file, met, number)
        except Fatal as problem:
            if problem.text in NO_TABLE and is_named_workbook(path) and not workbooks.is_workbook(file):
                raise Fatal("adapters.file-no-workbook") from None
            raise


def take(connection: Connection, content: bytes) -> Iterator[Pulled]:
    """Every row of a file that somebody hands over; where it is a snapshot that could be trusted, it is complete."""
    if not is_handed_over(connection):
        return
    whole = connection.settings.get("snapshot") is True
    with Met() as met:
        for record in _records(connection, BytesIO(content), met):
            whole = whole and not any(issue.blocks for issue in record.issues)
            yield record
    if whole:
        yield Complete(KIND)


def _records(connection: Connection, file: BinaryIO, met: Met, number: int | None = None) -> Generator[SourceRecord]:
    shift = CALENDAR_1904 if connection.settings.get("date_1904") else None
    reader = FileReader(connection.layout, met, shift=shift, file=number)
    if workbooks.is_workbook(file):
        with workbooks.opened(file, connection.layout.sheet) as sheets:
            yield from reader.records(sheets)
    else:
        dialect = delimited.recognise(file, reader.aliases, connection.settings)
        with delimited.opened(file, dialect) as sheets:
            yield from reader.records(sheets)
