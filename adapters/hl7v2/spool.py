"""Where a message waits, safe from a power cut, between its acknowledgement and the hub's own transaction.

`inbox/`: messages, encrypted, under numbers that only rise. `answers/`: what was answered to whom, under a digest of who sent
which number, so that a message sent again is answered again and not taken again. `known/`: which referral a hospital's own
numbers mean, as digests. Nothing here can be read without the connection's secret, and names of files say nothing.
"""

import base64
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

from hub.errors import Fatal, Retriable

AHEAD: Final = 10**12
"""Nanoseconds: so many numbers are set aside at once, so that they rise even where the clock was set back."""

OTHER: Final = b"other"

REMEMBERED: Final = 30 * 86_400
"""Seconds that answers are kept: nobody sends a message again after a month."""


class Spool:
    """One folder of one connection. One process writes into it, and another may read at the same time."""

    def __init__(self, folder: Path, secret: str) -> None:
        self._folder = folder
        self._sealed = Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()))
        self._secret = secret.encode()
        self._turn = threading.Lock()
        self._last = self._reserved = 0
        try:
            for name in ("inbox", "answers", "known"):
                (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            raise Fatal("adapters.hl7v2-spool") from None

    def put(self, message: bytes) -> None:
        """Returns when the message is on the disk. Raises OSError when it is not."""
        with self._turn:
            number = self._next()
            _write(self._folder / "inbox" / f"{number:020d}", self._sealed.encrypt(message))

    def pending(self, since: str) -> Iterator[tuple[str, bytes]]:
        """Messages after this number, oldest first."""
        for path in sorted((self._folder / "inbox").iterdir()):
            if path.name > since and path.name.isdecimal():
                yield path.name, self._open(path)

    def forget(self, until: str, before: float) -> None:
        """Messages up to this number are in the hub: those that came before this time (in seconds) go."""
        for path in (self._folder / "inbox").iterdir():
            if path.name.isdecimal() and path.name <= until and int(path.name) < before * 10**9:
                path.unlink(missing_ok=True)

    # --- what was answered ---------------------------------------------------------------------------------------------

    def answered(self, key: str, content: str) -> bytes | None:
        """The answer that a message got before; OTHER where another message had its number."""
        try:
            digest, _, answer = self._open(self._folder / "answers" / self._name(key)).partition(b"\n")
        except FileNotFoundError:
            return None
        return answer if digest == self._name(content).encode() else OTHER

    def answer(self, key: str, content: str, answer: bytes) -> None:
        sealed = self._sealed.encrypt(self._name(content).encode() + b"\n" + answer)
        _write(self._folder / "answers" / self._name(key), sealed, sync=False)

    def tidy(self, now: float) -> None:
        for path in (self._folder / "answers").iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < now - REMEMBERED:
                    path.unlink()

    # --- whose number is whose -----------------------------------------------------------------------------------------

    def learn(self, number: str, referral: str) -> None:
        _write(self._folder / "known" / self._name(number), self._sealed.encrypt(referral.encode()), sync=False)

    def known(self, number: str) -> str:
        try:
            return self._open(self._folder / "known" / self._name(number)).decode()
        except FileNotFoundError:
            return ""

    def _open(self, path: Path) -> bytes:
        try:
            return self._sealed.decrypt(path.read_bytes())
        except InvalidToken:
            raise Fatal("adapters.hl7v2-spool-secret") from None
        except FileNotFoundError:
            raise
        except OSError:
            raise Retriable("adapters.hl7v2-spool-unreadable") from None

    def _name(self, text: str) -> str:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._secret[:64], digest_size=20).hexdigest()

    def _next(self) -> int:
        """Higher than every number before, also those of processes before this one."""
        bound = self._folder / "number"
        if not self._reserved:
            self._last = int(bound.read_text()) if bound.exists() else 0
        self._last = max(self._last + 1, time.time_ns())
        if self._last >= self._reserved:
            self._reserved = self._last + AHEAD
            _write(bound, str(self._reserved).encode())
        return self._last


def _write(path: Path, content: bytes, *, sync: bool = True) -> None:
    """Whole or not at all."""
    draft = path.with_name(f"{path.name}.{threading.get_ident():x}~")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123
        file.write(content)
        file.flush()
        if sync:
            os.fsync(file.fileno())
    draft.replace(path)
    if sync:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
