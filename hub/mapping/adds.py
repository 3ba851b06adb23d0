"""Several columns of one meaning: a second kind of violence, a continuation of the remarks.

violence_types_2: {headers: {fr: [Nature violence 2]}, adds_to: violence_types}

What stands in such a cell is added to the other column's cell, as if it were written there, before that is read
(`cells.Cells.completed`). It is read and never written back: what comes back is written in the other column.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from hub.mapping.document import Document, Where
from hub.mapping.model import Transform
from hub.mapping.plan import Column
from hub.mapping.problems import Problems
from hub.mapping.transforms.codes import Codes
from hub.mapping.transforms.phones import Phones
from hub.mapping.transforms.texts import Text

SHAPE: Final = "adds_to: column, and no transform"
BETWEEN_TEXTS: Final = "; "


def read(said: Mapping[str, Any], where: Where, problems: Problems) -> str:
    """The column to whose cell this one's is added; empty: none."""
    target = said.get("adds_to")
    if target is None or said.get("ignored"):
        return ""
    alone = not said.keys() & {"transform", "repeat", "required", "ticks", "otherwise"}
    if not isinstance(target, str) or not target or not alone:
        problems.add((*where, "adds_to"), "shape", expected=SHAPE)
        return ""
    if said.get("direction", "forward") != "forward":
        problems.add((*where, "direction"), "shape", expected="forward")
    return target


def holds_several(transform: Transform | None) -> bool:
    """Whether more of the same may stand in one cell of such a column."""
    return isinstance(transform, Text | Phones) or (isinstance(transform, Codes) and transform.several)


def between(transform: Transform) -> str:
    """What stands between two things in one cell."""
    if isinstance(transform, Text):
        return BETWEEN_TEXTS
    return " " if isinstance(transform, Codes) and transform.separator == "space" else ", "


def checked(columns: Mapping[str, Column], problems: Problems, document: Document) -> dict[str, Column]:
    """The columns, each that adds to another with the data class of that."""
    found = dict(columns)
    for name, column in columns.items():
        if not column.adds_to:
            continue
        if _fits(column, columns, problems, document):
            found[name] = replace(column, data_class=column.data_class or columns[column.adds_to].data_class)
        else:
            found[name] = replace(column, adds_to="")
    return found


def _fits(column: Column, columns: Mapping[str, Column], problems: Problems, document: Document) -> bool:
    """A file that extends another may leave the other column unread: what the other file adds to it is no mistake of it, and is
    kept like that."""
    where: Where = ("columns", column.name, "adds_to")
    other = columns.get(column.adds_to)
    if other is None:
        problems.add(where, "unknown-column", column=column.adds_to)
        return False
    if other.transform is None and not other.repeat:
        return False  # that is kept, or told of already
    if (
        holds_several(other.transform)
        and other.direction != "back"
        and not column.within
        and not other.within
        and not other.repeat
    ):
        return True
    if document.place(where).startswith(f"{document.name}:"):
        problems.add(where, "adds-to", column=other.name)
    return False


def untold(columns: Mapping[str, Column], unsaid: Collection[str]) -> dict[str, None]:
    """The columns that a record could not tell, and those to which one of these may have added."""
    added = (columns[name].adds_to for name in unsaid if name in columns)
    return dict.fromkeys((*unsaid, *(one for one in added if one)))
