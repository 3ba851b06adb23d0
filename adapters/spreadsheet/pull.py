"""From the files of a connection to records, one file after the other, the same file never twice for nothing."""

from collections.abc import Generator, Iterator
from pathlib import Path

from adapters.spreadsheet import delimited, workbooks
from adapters.spreadsheet.cells import CALENDAR_1904
from adapters.spreadsheet.files import sources, steady, watermark
from adapters.spreadsheet.identity import Seen
from adapters.spreadsheet.rows import KIND, FileReader
from hub.errors import Fatal
from hub.ports import Complete, Connection, Pulled, SourceRecord, Watermark


def pull(connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
    """Every row, then the watermark; nothing at all when the files are those of `since`.

    Where the connection says that the files are a snapshot, and every row of them could be trusted, they are complete. A file
    that cannot be read does not keep the others from being read: its error is raised after them.
    """
    paths = sources(connection)
    reached = watermark(connection, paths)
    if since == reached:
        return
    failures: list[Fatal] = []
    whole = connection.settings.get("snapshot") is True
    seen = Seen()
    for number, path in enumerate(paths, start=1):
        try:
            for record in read(connection, path, seen, number if len(paths) > 1 else None):
                whole = whole and not any(issue.blocks for issue in record.issues)
                yield record
        except Fatal as failure:
            failures.append(failure)
    if failures:
        raise failures[0]
    if whole:
        yield Complete(KIND)
    yield reached


def read(connection: Connection, path: Path, seen: Seen, number: int | None = None) -> Generator[SourceRecord]:
    """The records of one file, whatever its name says it is."""
    shift = CALENDAR_1904 if connection.settings.get("date_1904") else None
    reader = FileReader(connection.layout, seen, shift=shift, file=number)
    with steady(path) as file:
        if workbooks.is_workbook(file):
            with workbooks.opened(file, connection.layout.sheet) as sheets:
                yield from reader.records(sheets)
        else:
            dialect = delimited.recognise(file, reader.aliases, connection.settings)
            with delimited.opened(file, dialect) as sheets:
                yield from reader.records(sheets)
