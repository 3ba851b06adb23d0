"""Which row is which: ids that stay when the row is edited, and rows that claim the same one.

A register has no ids. The mapping names the columns that make one (`key`); a row that leaves them empty gets a hash.
"""

import hashlib
from array import array
from collections.abc import Mapping
from typing import Final

import orjson

from hub.fhir.folding import fold
from hub.ports import Place

FINDABLE: Final = ("case_number", "incident_id", "survivor_code")
"""Columns that find a row again and name no one: only these may stand in a handle."""

STEADY: Final = ("visit_date", "survivor_code", "request")
"""Cells that seldom change once written. Without a key they are the row's identity, if the first two are there."""


def digest(content: Mapping[str, str]) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def identify(content: Mapping[str, str], key: tuple[str, ...], version: str) -> tuple[str, bool]:
    """The row's id, and whether its key columns gave it."""
    parts = [content.get(column, "") for column in key]
    if key and all(parts):
        return "|".join(fold(part).replace("|", "||") for part in parts), True
    if all(column in content for column in STEADY[:2]):
        return f"hash:{digest({column: content.get(column, '') for column in STEADY})}", False
    return f"hash:{version}", False


def handle(content: Mapping[str, str], place: Place) -> dict[str, str]:
    """What finds the row again for a person who has the register before her."""
    for column in FINDABLE:
        if column in content:
            return {column: content[column]}
    return {name: str(at) for name, at in (("sheet", place.sheet), ("row", place.row)) if at}


class Seen:
    """The rows of one pull. About thirty bytes a row: only hashes are kept, in tables and not in objects."""

    def __init__(self) -> None:
        self._count = 0
        self._keys, self._rows = array("q", bytes(8 * 1024)), array("q", bytes(8 * 1024))
        self._others: dict[int, list[int]] = {}

    def times(self, id_: str, version: str) -> tuple[int, bool]:
        """How many different rows claimed `id_` so far, this one included; and whether it is a copy of one of them."""
        key, row = hash(id_) or 1, hash(version)
        at = self._place(key)
        if not self._keys[at]:
            self._keys[at], self._rows[at] = key, row
            self._count += 1
            if self._count * 3 > len(self._keys) * 2:
                self._widen()
            return 1, False
        others = self._others.setdefault(key, [])
        copy = row == self._rows[at] or row in others
        others.append(row)
        return len(others) + 1, copy

    def _place(self, key: int) -> int:
        """Where this key stands, or would: the next free place after its own."""
        keys, mask = self._keys, len(self._keys) - 1
        at = key & mask
        while keys[at] and keys[at] != key:
            at = (at + 1) & mask
        return at

    def _widen(self) -> None:
        old = zip(self._keys, self._rows, strict=True)
        size = 8 * 2 * len(self._keys)
        self._keys, self._rows = array("q", bytes(size)), array("q", bytes(size))
        for key, row in old:
            if key:
                at = self._place(key)
                self._keys[at], self._rows[at] = key, row
