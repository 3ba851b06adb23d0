"""The form as its XLSForm has it: a sheet of questions and a sheet of choices. No submission is read.

Central keeps the workbook that a form was made from (https://docs.getodk.org/central-api-form-management/#getting-xlsx-file). A
form that came as XForm has none: its questions are listed by name, path and type, and their labels are not known.
"""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import islice
from typing import Any, Final

from openpyxl import load_workbook

from adapters.odk.client import Row, opened
from hub.errors import Fatal
from hub.ports import Connection, Sample

SHEETS: Final = ("survey", "choices")
CHOICES: Final = 5000
WIDTH: Final = 100  # columns: an XLSForm in ten languages has fewer
LARGEST: Final = 50 * 2**20
"""Bytes of a workbook, unpacked. A ZIP is not believed about its own sizes."""
CHUNK: Final = 2**20
BEGINS: Final = {"structure": "begin_group", "repeat": "begin_repeat"}
SERVERS: Final = ("meta", "__")

Cells = tuple[str, ...]


def sample(connection: Connection, rows: int) -> Iterator[Sample]:
    """At most so many questions, and the choices. Raises Fatal or Retriable."""
    with opened(connection) as central:
        book = central.workbook()
        fields = [] if book else central.fields()
    if book:
        yield from _sheets(book, rows)
    else:
        yield Sample(1, (("type", "name"), *islice(_listed(fields), rows)))


def _sheets(book: bytes, rows: int) -> Iterator[Sample]:
    _measure(book)
    most = dict(zip(SHEETS, (rows, CHOICES), strict=True))
    try:
        read = load_workbook(BytesIO(book), read_only=True, data_only=True, keep_links=False)
        found = {title: list(_cells(read[title], most[title])) for title in SHEETS if title in read.sheetnames}
    except Exception:  # whatever its parts make of a file that is none
        raise Fatal("adapters.file-unreadable") from None
    for number, title in enumerate(found, start=1):
        yield Sample(number, tuple(found[title]))


def _cells(sheet: Any, rows: int) -> Iterator[Cells]:
    """A header and so many rows."""
    sheet.reset_dimensions()  # what a file says of its own size is not believed
    for row in islice(sheet.iter_rows(values_only=True), rows + 1):
        yield tuple("" if cell is None else str(cell).strip() for cell in row[:WIDTH])


def _measure(book: bytes) -> None:
    """It is unpacked, to nowhere. Raises Fatal."""
    taken = 0
    try:
        with zipfile.ZipFile(BytesIO(book)) as archive:
            for member in archive.infolist():
                with archive.open(member) as stream:
                    while taken <= LARGEST and (chunk := stream.read(CHUNK)):
                        taken += len(chunk)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, zlib.error):
        raise Fatal("adapters.file-unreadable") from None
    if taken > LARGEST:
        raise Fatal("adapters.file-too-large")


def _listed(fields: Sequence[Row]) -> Iterator[Cells]:
    """Fields in the form's order, each group before what is in it: where a path leaves a group, the group ends."""
    within: list[tuple[str, str]] = []
    for one in fields:
        path, kind = str(one.get("path", "")).strip("/"), str(one.get("type") or "")
        if not path or path.startswith(SERVERS):
            continue
        while within and not path.startswith(f"{within[-1][0]}/"):
            yield within.pop()[1], ""
        name = path.rpartition("/")[2]
        if begins := BEGINS.get(kind):
            within.append((path, begins.replace("begin", "end")))
        yield begins or ("select_multiple" if one.get("selectMultiple") else kind), name
    while within:
        yield within.pop()[1], ""
