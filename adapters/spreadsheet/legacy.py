"""How much an XLS would take to open: calamine holds all its sheets, each from its first cell to its last, and two cells can be
sixteen million places apart in a file of five kilobytes.

The container: [MS-CFB], https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb. The records in it: [MS-XLS] 2.4.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final

from hub.errors import Fatal

MAX_SIZE: Final = 150_000_000
"""Bytes of a file; 65,536 rows of 25 columns take 30 million."""

_END: Final = 0xFFFFFFFA  # from here on a number is no sector
_SMALL: Final = 4096  # what is shorter lies in sectors of its own
_STREAMS: Final = frozenset({"Workbook", "Book"})
_BEGINS, _MANY_NUMBERS = 0x0809, 0x00BD
_CELLS: Final = frozenset({0x0006, 0x00D6, 0x00FD, 0x0203, 0x0204, 0x0205, 0x027E, _MANY_NUMBERS})


def cells(file: BinaryIO) -> int:
    """The places that its sheets span, all together. Raises Fatal where it is damaged, or larger than any register."""
    content = file.read(MAX_SIZE + 1)
    if len(content) > MAX_SIZE:
        raise Fatal("adapters.file-too-large")
    try:
        return _spanned(_workbook(content))
    except (struct.error, IndexError, ValueError):
        raise Fatal("adapters.file-unreadable") from None


def _spanned(stream: bytes) -> int:
    """Of each sheet, the rectangle from its first cell to its last."""
    total, top, left, bottom, right = 0, 1 << 16, 1 << 16, -1, -1
    for kind, at, size in _records(stream):
        if kind == _BEGINS:
            total += max(0, bottom - top + 1) * max(0, right - left + 1)
            top, left, bottom, right = 1 << 16, 1 << 16, -1, -1
        elif kind in _CELLS:
            row, column = struct.unpack_from("<HH", stream, at)
            last = struct.unpack_from("<H", stream, at + size - 2)[0] if kind == _MANY_NUMBERS else column
            top, left, bottom, right = min(top, row), min(left, column), max(bottom, row), max(right, last)
    return total + max(0, bottom - top + 1) * max(0, right - left + 1)


def _records(stream: bytes) -> Iterator[tuple[int, int, int]]:
    """Kind, place and size of each."""
    at = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        yield kind, at + 4, size
        at += 4 + size


def _workbook(content: bytes) -> bytes:
    """The stream that holds the sheets."""
    power, small_power = struct.unpack_from("<HH", content, 30)
    if power not in {9, 12} or small_power != 6:
        raise Fatal("adapters.file-unreadable")
    size = 1 << power
    directory, small_start = struct.unpack_from("<I8xI", content, 48)
    table = _table(content, size)
    entries = _chain(content, table, directory, size, offset=size)
    root = b""
    for at in range(0, len(entries) - 127, 128):
        entry = entries[at : at + 128]
        length = max(0, struct.unpack_from("<H", entry, 64)[0] - 2)
        start, long = struct.unpack_from("<II", entry, 116)
        if entry[66] == 5:
            root = _chain(content, table, start, size, offset=size)
        elif entry[:length].decode("utf-16-le", "replace") in _STREAMS and entry[66] == 2:
            if long >= _SMALL:
                return _chain(content, table, start, size, offset=size)[:long]
            small = _chain(content, table, small_start, size, offset=size)
            links = struct.unpack(f"<{len(small) // 4}I", small)
            return _chain(root, links, start, 64)[:long]
    raise Fatal("adapters.file-unreadable")


def _table(content: bytes, size: int) -> tuple[int, ...]:
    """Which sector follows which: the FAT, whose own sectors the header and a chain of others name."""
    named = list(struct.unpack_from("<109I", content, 76))
    (further,) = struct.unpack_from("<I", content, 68)
    seen = 0
    while further < _END:
        *more, further = struct.unpack_from(f"<{size // 4}I", content, size + further * size)
        named += more
        seen += size
        if seen > len(content):
            raise Fatal("adapters.file-unreadable")
    parts = [content[size + sector * size : 2 * size + sector * size] for sector in named if sector < _END]
    joined = b"".join(parts)
    return struct.unpack(f"<{len(joined) // 4}I", joined[: len(joined) // 4 * 4])


def _chain(content: bytes, links: tuple[int, ...], start: int, size: int, *, offset: int = 0) -> bytes:
    """Sectors one after the other. Raises Fatal for a chain that bites its tail."""
    parts, taken = [], 0
    while start < _END:
        part = content[offset + start * size : offset + (start + 1) * size]
        parts.append(part)
        taken += size
        if taken > len(content) + size:
            raise Fatal("adapters.file-unreadable")
        start = links[start]
    return b"".join(parts)
