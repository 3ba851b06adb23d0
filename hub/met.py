"""What was met before: of a million records, which came already, in memory that does not grow with them.

Nothing but keyed hashes is kept, under a key that is never written. The first ones are held; once they are more, they and all
that follow lie in a database that SQLite keeps in a temporary file without a name, below `TMPDIR`; it is gone when it is closed,
or when the process ends, however it ends: https://www.sqlite.org/inmemorydb.html#temp_db
"""

import secrets
import sqlite3
from hashlib import blake2b
from types import TracebackType
from typing import Final, Self

from hub.errors import Retriable

HELD: Final = 25_000
"""So many need no file: more than anybody may hand over in a browser. They take four megabytes."""
CACHE: Final = 2_000
"""Kilobytes of the file that SQLite holds."""
_SCHEMA: Final = """
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE;
    CREATE TABLE first (id INTEGER PRIMARY KEY, version INTEGER, times INTEGER);
    CREATE TABLE other (id INTEGER, version INTEGER, PRIMARY KEY (id, version)) WITHOUT ROWID;
    BEGIN;
"""  # what nobody opens again needs no journal


class Met:
    """To be closed (`with`). Raises Retriable where the disk has no room.

    Of two ids that share the 64 bits of a hash the second is taken for the first: of a million ids, one chance in forty million.
    """

    def __init__(self) -> None:
        self._keyed = blake2b(digest_size=8, key=secrets.token_bytes(32))
        self._kept: _Held | _Filed = _Held()

    def times(self, id_: str, version: str = "") -> tuple[int, bool]:
        """How often `id_` was met, this time included; and whether it came with this version before."""
        try:
            told = self._kept.count(self._hash(id_), self._hash(version))
            if isinstance(self._kept, _Held) and len(self._kept) > HELD:
                self._kept = _filed(self._kept)
        except sqlite3.OperationalError:
            raise Retriable("adapters.no-room", after=600) from None
        return told

    def __contains__(self, id_: str) -> bool:
        try:
            return self._kept.knows(self._hash(id_))
        except sqlite3.OperationalError:
            raise Retriable("adapters.no-room", after=600) from None

    def close(self) -> None:
        self._kept.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def _hash(self, text: str) -> int:
        hashed = self._keyed.copy()
        hashed.update(text.encode("utf-8", "surrogatepass"))
        return int.from_bytes(hashed.digest(), signed=True)  # as SQLite's integers are


class _Held:
    def __init__(self) -> None:
        self.first: dict[int, int] = {}  # id → the version it came with first
        self.again: dict[int, int] = {}  # id → how often, of those that came more than once
        self.other: set[tuple[int, int]] = set()  # ids with their further versions

    def __len__(self) -> int:
        return len(self.first) + len(self.other)

    def count(self, id_: int, version: int) -> tuple[int, bool]:
        first = self.first.get(id_)
        if first is None:
            self.first[id_] = version
            return 1, False
        times = self.again[id_] = self.again.get(id_, 1) + 1
        copy = version == first or (id_, version) in self.other
        if not copy:
            self.other.add((id_, version))
        return times, copy

    def knows(self, id_: int) -> bool:
        return id_ in self.first

    def close(self) -> None:
        """Nothing is open."""


class _Filed:
    """The same in a file. `file` is closed with this."""

    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file
        self._ask = file.execute

    def count(self, id_: int, version: int) -> tuple[int, bool]:
        if self._ask("INSERT OR IGNORE INTO first VALUES (?, ?, 1)", (id_, version)).rowcount:
            return 1, False
        self._ask("UPDATE first SET times = times + 1 WHERE id = ?", (id_,))
        first, times = self._ask("SELECT version, times FROM first WHERE id = ?", (id_,)).fetchone()
        copy = version == first or not self._ask("INSERT OR IGNORE INTO other VALUES (?, ?)", (id_, version)).rowcount
        return times, copy

    def knows(self, id_: int) -> bool:
        return self._ask("SELECT 1 FROM first WHERE id = ?", (id_,)).fetchone() is not None

    def close(self) -> None:
        self._file.close()


def _filed(held: _Held) -> _Filed:
    """In the order of the hashes: so each page of the file is written once."""
    file = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # a generator may end in another thread
    try:
        file.executescript(f"PRAGMA cache_size = -{CACHE}; {_SCHEMA}")
        rows = ((id_, version, held.again.get(id_, 1)) for id_, version in sorted(held.first.items()))
        file.executemany("INSERT INTO first VALUES (?, ?, ?)", rows)
        file.executemany("INSERT INTO other VALUES (?, ?)", sorted(held.other))
    except BaseException:
        file.close()
        raise
    return _Filed(file)
