"""The files of a connection: which they are, and whether they are still what they were at the last pull.

Their names never leave this module: people name files after the women in them.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import orjson

from hub.errors import Fatal, Retriable
from hub.ports import Connection, Watermark

WORKBOOKS: Final = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})
SUFFIXES: Final = WORKBOOKS | {".csv", ".tsv", ".txt"}
_CHUNK: Final = 1 << 20
WORKBOOK: Final = "xlsx"
TEXT: Final = "csv"
FORMATS: Final = (WORKBOOK, TEXT)
"""In which the follow-up register can be written."""

UPLOAD: Final = "upload"  # setting: the register is handed over, and lies nowhere
READ_BY: Final = ("date_1904", "encoding", "separator", "snapshot")  # settings that change what is read


def sources(connection: Connection) -> list[Path]:
    """The files to read, in the order of their names. Raises Fatal when there are none."""
    setting = connection.settings.get("path")
    if not setting:
        raise Fatal("adapters.path-not-set")
    path = connection.folder / str(setting)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise Fatal("adapters.file-missing")
    ours = register_path(connection).resolve()
    found = sorted(file for file in path.iterdir() if _is_source(file) and file.resolve() != ours)
    if not found:
        raise Fatal("adapters.folder-empty", formats=", ".join(sorted(SUFFIXES)))
    return found


def register_path(connection: Connection) -> Path:
    """The follow-up register that the hub writes for this connection."""
    folder = connection.folder / str(connection.settings.get("output") or "follow-up")
    return folder / f"{connection.id}.{output_format(connection)}"


def is_named_workbook(path: Path) -> bool:
    """What it is, its content says."""
    return path.suffix.lower() in WORKBOOKS


def output_format(connection: Connection) -> str:
    """One of FORMATS, unless the connection is wrong."""
    return str(connection.settings.get("output_format") or WORKBOOK)


def is_handed_over(connection: Connection) -> bool:
    return connection.settings.get(UPLOAD) is True


@contextmanager
def steady(path: Path) -> Iterator[BinaryIO]:
    """The file, open. Raises Retriable at the end when somebody saved it meanwhile: half of what was read may be old."""
    try:
        before = path.stat()
        file = path.open("rb")
    except OSError:
        raise Fatal("adapters.file-missing") from None
    with file:
        yield file
    try:
        after = path.stat()
    except OSError:
        raise Retriable("adapters.file-changing", after=60) from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise Retriable("adapters.file-changing", after=60)


def watermark(connection: Connection, paths: list[Path]) -> Watermark:
    """The same for the same files read in the same way; names do not count."""
    layout = connection.layout
    asked = [
        {column: list(headers) for column, headers in layout.columns.items()},
        sorted(layout.required),
        layout.key,
        sorted(layout.keyed),
        layout.sheet,
        [str(connection.settings.get(name)) for name in READ_BY],
    ]
    total = hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS))
    size = 0
    for path in paths:
        with steady(path) as file:
            for chunk in iter(lambda: file.read(_CHUNK), b""):
                total.update(chunk)
        size += path.stat().st_size
    return Watermark(f"{size}:{total.hexdigest()}")


def _is_source(file: Path) -> bool:
    return file.is_file() and file.suffix.lower() in SUFFIXES and not file.name.startswith((".", "~$"))
