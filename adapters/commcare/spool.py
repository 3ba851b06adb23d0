"""Where forwarded cases wait, encrypted, between the answer that they were taken and the hub's own transaction.

Names of files are numbers that only rise. The newest stays when all are read: so they rise even where the clock was set back.
"""

import base64
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

from hub.errors import Fatal, Retriable

AT_ONCE: Final = 100


class Spool:
    """One folder of one connection. One process writes into it, and another may read at the same time."""

    def __init__(self, folder: Path, secret: str) -> None:
        self._folder = folder
        self._sealed = Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()))
        self._turn = threading.Lock()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            raise Fatal("adapters.commcare-spool") from None
        self._last = max((int(one.name) for one in self._files()), default=0)

    def put(self, body: bytes) -> None:
        """Returns when the body is on the disk. Raises OSError when it is not."""
        with self._turn:
            self._last = max(self._last + 1, time.time_ns())
            _write(self._folder / f"{self._last:020d}", self._sealed.encrypt(body))

    def pending(self, since: str) -> Iterator[tuple[str, list[bytes]]]:
        """Bodies after this number, oldest first, some at a time, with the number of the last."""
        waiting = [one for one in self._files() if one.name > since]
        for start in range(0, len(waiting), AT_ONCE):
            some = waiting[start : start + AT_ONCE]
            yield some[-1].name, [self._open(one) for one in some]

    def forget(self, until: str) -> None:
        """Those up to this number are in the hub."""
        for path in self._files()[:-1]:
            if path.name <= until:
                path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(one for one in self._folder.iterdir() if one.name.isdecimal())

    def _open(self, path: Path) -> bytes:
        try:
            return self._sealed.decrypt(path.read_bytes())
        except InvalidToken:
            raise Fatal("adapters.commcare-spool-secret") from None
        except OSError:
            raise Retriable("adapters.commcare-spool-unreadable") from None


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    draft = path.with_suffix(".part")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
