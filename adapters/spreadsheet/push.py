"""Follow-ups into a register of their own, beside the association's: its files are never written to.

The register is replaced in one step: whoever opens it, and whenever the power goes, finds the old one or the new one whole.
"""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from adapters.spreadsheet import register, register_csv
from adapters.spreadsheet.files import FORMATS, TEXT, output_format, register_path
from adapters.spreadsheet.ours import book_of, is_source, table_of
from hub.errors import Fatal, Retriable
from hub.ports import Connection, FollowUp

BUSY_FOR = 300.0
ALLOWED: Final = {"output_format": FORMATS, "output_separator": register_csv.SEPARATED_BY}
"""Settings that have a few values alone, and these."""

Written = Callable[[BinaryIO], None]


def push(connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
    """Write each follow-up into its row; the same one again changes nothing."""
    if not follow_ups:
        return
    path = register_path(connection)
    language = str(connection.settings.get("language") or "fr")
    if language not in register.LANGUAGES:
        raise Fatal("adapters.unknown-language", languages=", ".join(register.LANGUAGES))
    for name, known in ALLOWED.items():
        if str(connection.settings.get(name) or known[0]) not in known:
            raise Fatal("adapters.register-setting", setting=name, known=" ".join(known))
    written = _text if output_format(connection) == TEXT else _workbook
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.parent):
            _refuse_while_open(path)
            if is_source(path, connection):
                raise Fatal("adapters.register-unreadable")
            _replace(path, written(path, connection, language, follow_ups))
    except PermissionError:
        raise Fatal("adapters.register-not-writable") from None
    except OSError:
        raise Retriable("adapters.register-disk", after=BUSY_FOR) from None


def _workbook(path: Path, connection: Connection, language: str, follow_ups: Sequence[FollowUp]) -> Written:
    book = book_of(path) if path.exists() else register.new(language)
    sheet = register.opened(book, connection, language, register.columns_for(connection, follow_ups))
    for follow_up in follow_ups:
        sheet.write(follow_up)
    return book.save


def _text(path: Path, connection: Connection, language: str, follow_ups: Sequence[FollowUp]) -> Written:
    table = table_of(path, language) if path.exists() else register_csv.Table(language)
    table.open_to(connection, register.columns_for(connection, follow_ups))
    for follow_up in follow_ups:
        table.write(follow_up)
    content = table.text(register_csv.separator(connection, language))

    def save(file: BinaryIO) -> None:
        file.write(content)

    return save


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One writer at a time, also across processes; the lock goes with the process that holds it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _refuse_while_open(path: Path) -> None:
    """Excel and LibreOffice leave a mark beside a file they have open, and would overwrite what is written meanwhile."""
    if (path.parent / f"~${path.name}").exists() or (path.parent / f".~lock.{path.name}#").exists():
        raise Retriable("adapters.register-open", after=BUSY_FOR)


def _replace(path: Path, save: Written) -> None:
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            save(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o600)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
