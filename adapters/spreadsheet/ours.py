"""What lies where the follow-up register is written: one that the hub wrote before, or a file that it must not write over.

With `output` set to the folder of the sources, the association's own register may have that very name.
"""

from pathlib import Path
from typing import Final
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from adapters.spreadsheet import register, register_csv
from adapters.spreadsheet.files import register_path
from hub.errors import Fatal
from hub.ports import Connection

_NOT_READ: Final = (
    BadZipFile, InvalidFileException, LookupError, ValueError, TypeError, AttributeError, SyntaxError,  # the last: of XML
)  # fmt: skip
"""What openpyxl says of a file that is no workbook, or one of a kind that it does not know."""


def book_of(path: Path) -> Workbook:
    """A workbook that the hub wrote. Raises Fatal for any other file."""
    try:
        book = load_workbook(path)
    except _NOT_READ:
        raise Fatal("adapters.register-unreadable") from None
    if not register.is_one(book):
        raise Fatal("adapters.register-unreadable")
    return book


def table_of(path: Path, language: str) -> register_csv.Table:
    """The same as text."""
    return register_csv.read(path.read_bytes(), language)


def is_source(path: Path, connection: Connection) -> bool:
    """Whether it is the one file that the connection reads, there already or not."""
    read = connection.settings.get("path")
    return bool(read) and (connection.folder / str(read)).resolve() == path.resolve()


def is_ours(path: Path, connection: Connection, language: str) -> bool:
    """Whether it may be written over. Reads the whole file."""
    if is_source(path, connection):
        return False
    try:
        book_of(path) if path.suffix == ".xlsx" else table_of(path, language)
    except Fatal:
        return False
    return True


def is_left_unread(connection: Connection) -> bool:
    """Whether a folder of registers holds one that bears the name of the follow-up register, which is not read as a register.
    Reads that file whole."""
    path, folder = register_path(connection), connection.folder / str(connection.settings.get("path"))
    if not folder.is_dir() or path.parent.resolve() != folder.resolve() or not path.is_file():
        return False
    return not is_ours(path, connection, str(connection.settings.get("language") or "fr"))
