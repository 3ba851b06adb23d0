"""A header that a mapping file names under two columns: a register has one of this name, and one alone of the two would be read.

What a general mapping says of other columns counts for nothing here: the headers of an own file come before its own.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hub.fhir.folding import fold
from hub.mapping.document import Document, Where
from hub.mapping.plan import Column
from hub.mapping.problems import Problems

NAMED: Final = frozenset({"row", "submission"})
"""Kinds of records whose headers are names of columns or questions. Those of the others are places in a message or a resource,
and one of these may say several things."""


def check(document: Document, columns: Mapping[str, Column], problems: Problems) -> None:
    """A column that is only written may be called as one that is read; of two that nobody reads none is missed."""
    if not NAMED & set(document.data.get("kinds") or ()):
        return
    first: dict[tuple[str, str, str], Column] = {}
    for name, language, header, where in _said(document.own):
        column = columns[name]
        if column.direction == "back":
            continue
        other = first.setdefault((column.within, language, fold(header)), column)
        if other != column and (other.transform or column.transform):
            problems.add(where, "header-twice", header=header, column=name, other=other.name)


def _said(columns: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Where]]:
    for name, said in columns.items():
        headers = said.get("headers") if isinstance(said, dict) else None
        for language, listed in headers.items() if isinstance(headers, dict) else ():
            for position, header in enumerate(listed if isinstance(listed, list) else ()):
                yield name, language, str(header), ("columns", name, "headers", language, position)
