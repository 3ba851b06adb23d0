"""Which row is which: ids that stay when the row is edited, which `hub.met` counts.

A register has no ids. The mapping names the columns that make one (`key`); a row that leaves them empty gets a hash.
"""

import hashlib
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
