"""The texts that the cells of a workbook share, which may be as many as there are cells: in memory while they are few.

What is too much for that goes into a temporary file that has no name (it is gone when the reading ends, however it ends), below
`TMPDIR`, enciphered with a key that is never written: it holds what stands in a register.
"""

import os
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, BinaryIO, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.spreadsheet.xml_parts import Attributes, Passing
from hub.errors import Fatal, Retriable

HELD: Final = 8_000_000
"""Bytes of texts that need no file."""
_BLOCK: Final = 1 << 15  # bytes that are written, and read again, together
_READY: Final = 64  # blocks that are kept as they were last read


class SharedTexts:
    """A sequence, written once and then read. Texts stand in the order in which cells first use them: one block serves many."""

    def __init__(self) -> None:
        self._held: list[bytes] = []  # blocks, as long as there is no file
        self._size = 0
        self._file: BinaryIO | None = None
        self._cipher = AESGCM(AESGCM.generate_key(256))
        self._firsts, self._places = array("q"), array("q", [0])
        self._new: list[str] = []
        self._new_size = 0
        self._count = 0
        self._ready: OrderedDict[int, list[str]] = OrderedDict()
        self._last, self._from, self._to = [""], 0, 0

    def append(self, text: str) -> None:
        self._new.append(text)
        self._new_size += len(text) + 1
        if self._new_size > _BLOCK:
            self.finish()

    def finish(self) -> None:
        """What was appended can be read from here on."""
        if not self._new:
            return
        block = "\0".join(self._new).encode()  # XML has no such character
        self._firsts.append(self._count)
        self._count += len(self._new)
        self._new, self._new_size = [], 0
        self._write(block)

    def __getitem__(self, position: int) -> str:
        if self._from <= position < self._to:
            return self._last[position - self._from]
        if not 0 <= position < self._count:
            raise Fatal("adapters.file-unreadable")
        number = bisect_right(self._firsts, position) - 1
        texts = self._ready.pop(number, None) or self._read(number).decode().split("\0")
        self._ready[number] = texts
        if len(self._ready) > _READY:
            self._ready.popitem(last=False)
        self._last, self._from = texts, self._firsts[number]
        self._to = self._from + len(texts)
        return texts[position - self._from]

    def close(self) -> None:
        if self._file:
            self._file.close()

    def _write(self, block: bytes) -> None:
        if self._file is None:
            self._held.append(block)
            self._size += len(block)
            if self._size <= HELD:
                return
            held, self._held = self._held, []
        else:
            held = [block]
        try:
            for one in held:
                self._put(one)
        except OSError:
            raise Retriable("adapters.no-room", after=600) from None

    def _put(self, block: bytes) -> None:
        if self._file is None:
            self._file = TemporaryFile(buffering=0)  # noqa: SIM115 — closed with this
        number, written = len(self._places) - 1, 0
        sealed = self._cipher.encrypt(_nonce(number), block, None)
        while written < len(sealed):
            written += os.pwrite(self._file.fileno(), sealed[written:], self._places[-1] + written)
        self._places.append(self._places[-1] + len(sealed))

    def _read(self, number: int) -> bytes:
        if self._file is None:
            return self._held[number]
        start, end = self._places[number], self._places[number + 1]
        return self._cipher.decrypt(_nonce(number), os.pread(self._file.fileno(), end - start, start), None)


def _nonce(number: int) -> bytes:
    """Each block has its own number, and each workbook its own key."""
    return number.to_bytes(12, "big")


@contextmanager
def shared_texts(part: IO[bytes] | None) -> Iterator[SharedTexts]:
    """What `xl/sharedStrings.xml` holds, without how it looks and how it is pronounced. None: the workbook has none."""
    texts = SharedTexts()
    try:
        if part:
            _fill(texts, part)
        yield texts
    finally:
        texts.close()


def _fill(texts: SharedTexts, part: IO[bytes]) -> None:
    beside = 0

    def start(name: str, attributes: Attributes) -> None:
        nonlocal beside
        if name == "rPh":
            beside += 1
        elif name == "t" and not beside:
            passing.hear(attributes)
        elif name == "si":
            passing.text.clear()

    def end(name: str) -> None:
        nonlocal beside
        if name == "t":
            passing.close_ears()
        elif name == "si":
            texts.append(passing.take())
        elif name == "rPh":
            beside -= 1

    passing = Passing(start, end)
    for _ in passing.over(part):
        pass
    texts.finish()
