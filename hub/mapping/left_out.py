"""Which records are not taken, as tests and exercises: by a column and what stands in it. A closed list; one mark is enough.

left_out: [{column: is_test, equals: "yes"}, {column: case_number, begins: [TEST-, ESSAI-]}]

A mark asks what a cell says, folded as words of value lists are; and where its column is read, also what it means.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from hub.fhir.folding import fold
from hub.mapping.cells import text_of
from hub.mapping.model import Context, tokens
from hub.mapping.plan import Column, Mark
from hub.mapping.problems import Problems
from hub.mapping.remembered import Remembered
from hub.ports import SourceRecord

ASKS: Final = frozenset({"equals", "one_of", "begins"})
SETTINGS: Final = ASKS | {"column"}

LeavesOut = Callable[[Mapping[str, Any]], bool]
"""Whether a record of this content is left out."""


class Marks:
    """The marks of a mapping, as they are asked of records."""

    def __init__(self, marks: tuple[Mark, ...], columns: Mapping[str, Column]) -> None:
        self.columns = frozenset(one.column for one in marks)
        self._asked = [(columns[one], tuple(mark for mark in marks if mark.column == one)) for one in self.columns]

    def bound(self, context: Context) -> LeavesOut:
        asked = [(column.name, _asked(column, marks, context)) for column, marks in self._asked]

        def leaves_out(content: Mapping[str, Any]) -> bool:
            for name, holds in asked:
                raw = content.get(name)
                if raw is not None and holds(raw if type(raw) is str else text_of(raw)):
                    return True
            return False

        return leaves_out

    def are_untold(self, record: SourceRecord) -> bool:
        """Whether it says nothing of what they ask about: neither that it is one of these nor that it is none any more."""
        unsaid = self.columns & set(record.unsaid)
        absent = self.columns - record.content.keys() - set(record.cleared) if record.silent else ()
        return bool(unsaid or absent)


def _asked(column: Column, marks: tuple[Mark, ...], context: Context) -> Callable[[str], bool]:
    words = frozenset[str]().union(*(one.words for one in marks))
    beginnings = tuple(beginning for one in marks for beginning in one.beginnings)
    transform = column.transform if words and column.is_read else None

    def holds(text: str) -> bool:
        said = fold(text)
        if said in words or (beginnings and said.startswith(beginnings)):
            return True
        value = transform.forward(text, context).value if transform and said else None
        return value is not None and any(fold(one) in words for one in tokens(value))

    recurs = transform is None or transform.recurs
    return Remembered(holds).__getitem__ if recurs and not beginnings else holds


def read(said: Any, columns: Mapping[str, Column], problems: Problems) -> tuple[Mark, ...]:
    if not isinstance(said, list):
        if said is not None:
            problems.add(("left_out",), "shape", expected="left_out: [{column, equals}]")
        return ()
    marks = (_mark(one, position, columns, problems) for position, one in enumerate(said))
    return tuple(one for one in marks if one)


def _mark(said: Any, position: int, columns: Mapping[str, Column], problems: Problems) -> Mark | None:
    where = ("left_out", position)
    for key in said.keys() - SETTINGS if isinstance(said, dict) else ():
        problems.add((*where, key), "unknown-key", setting=str(key), known=", ".join(sorted(SETTINGS)))
    asks = ASKS & said.keys() if isinstance(said, dict) else frozenset[str]()
    if len(asks) != 1:
        problems.add(where, "shape", expected="column, equals | one_of | begins")
        return None
    column = columns.get(str(said.get("column")))
    if column is None:
        problems.add((*where, "column"), "unknown-column", column=str(said.get("column", "")))
        return None
    if column.repeat or column.within or column.direction == "back":
        problems.add((*where, "column"), "not-of-record", column=column.name)
    (ask,) = asks
    told = _told(said[ask], several=ask != "equals")
    words = frozenset(_beginning(one) if ask == "begins" else fold(one) for one in told)
    if not words or not all(word.strip() for word in words):
        problems.add((*where, ask), "no-words", setting=ask)
        return None
    return Mark(column.name, *((frozenset(), tuple(sorted(words))) if ask == "begins" else (words, ())))


def _told(said: Any, *, several: bool) -> list[str]:
    """A word, or where several may stand, a list of words; nothing else is any."""
    given = said if several and isinstance(said, list) else [said]
    return [word for one in given for word in tokens(one)] if all(map(_is_word, given)) else []


def _is_word(one: Any) -> bool:
    return isinstance(one, str | int | float | bool)


def _beginning(word: str) -> str:
    """Folded with something behind it: `TEST_` ends with what parts it from the rest."""
    return fold(f"{word}0")[:-1]
