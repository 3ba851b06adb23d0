"""One column for each word of another, ticked where that word is meant: as registers have one for each kind of violence.

violence_physical: {transform: answer, on_error: warn, ticks: {violence_types: physique}}

A tick adds its word to the other column's cell, as if it were written there, before that is read (`cells.Cells.ticked`). It is
read and never written back: what comes back is written in the other column.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from hub.mapping.document import Document, Where
from hub.mapping.plan import Column
from hub.mapping.problems import Problems
from hub.mapping.transforms.answers import Answer
from hub.mapping.transforms.codes import Codes

SHAPE = "ticks: {column: word}, transform: answer"


def read(said: Mapping[str, Any], where: Where, problems: Problems) -> tuple[str, str] | None:
    """The column to which a tick adds a word, and the word."""
    ticks = said.get("ticks")
    if ticks is None:
        return None
    (target, word), *more = ticks.items() if isinstance(ticks, dict) and ticks else ((None, None),)
    are_texts = isinstance(target, str) and isinstance(word, str) and target and word
    if more or not are_texts or said.get("transform") not in {None, "answer"}:
        problems.add((*where, "ticks"), "shape", expected=SHAPE)
        return None
    if said.get("direction", "forward") != "forward":
        problems.add((*where, "direction"), "shape", expected="forward")
    return str(target), str(word)


def checked(columns: Mapping[str, Column], problems: Problems, document: Document) -> dict[str, Column]:
    """The columns, each that is ticked with the data class of the one whose words they are."""
    found = dict(columns)
    for name, column in columns.items():
        if column.ticks is None:
            continue
        if _fits(column, columns, problems, document):
            found[name] = replace(column, data_class=column.data_class or columns[column.ticks[0]].data_class)
        else:
            found[name] = replace(column, ticks=None)
    return found


def _fits(column: Column, columns: Mapping[str, Column], problems: Problems, document: Document) -> bool:
    """Whether there is something to add its word to. A file that extends another may read that by other lists: the ticks of what
    it extends are no mistake of it, and say nothing then."""
    assert column.ticks is not None
    where: Where = ("columns", column.name, "ticks")
    name, word = column.ticks
    other = columns.get(name)
    if other is None:
        problems.add(where, "unknown-column", column=name)
        return False
    if not isinstance(column.transform, Answer) or (other.transform is None and not other.repeat):
        return False  # one of them is ignored, or told of already
    if not isinstance(other.transform, Codes) or other.direction == "back":
        problem = "ticks-no-list"
    elif column.within or other.within:
        problem = "ticks-repeat"
    elif not other.transform.vocabulary.meaning(word):
        problem = "ticks-word"
    else:
        return True
    if document.place(where).startswith(f"{document.name}:"):
        problems.add(where, problem, column=name, word=word)
    return False


def untold(columns: Mapping[str, Column], unsaid: Collection[str]) -> dict[str, None]:
    """The columns that a record could not tell, and those whose words a tick among them may have added."""
    added = (columns[name].ticks for name in unsaid if name in columns)
    return dict.fromkeys((*unsaid, *(one[0] for one in added if one)))
