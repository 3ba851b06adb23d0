"""A header that stands in a sheet in two languages, one row below the other: which rows are that, and what columns are called.

The second row is no record, and a record must never be taken for it: it would be lost. So it is one only where it is as full,
in the other script, has nothing that is typed in cells, and differs from what stands below it: words where others have numbers
and dates, or names of the very columns that they stand in. What merely looks so is asked about.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple

from hub.fhir.folding import ascii_digits, fold
from hub.mapping.scaffold.names import Names

FEWEST: Final = 3
FULL: Final = 0.6  # of the columns of either row that have both
GAPS: Final = 8  # of so many cells of the upper row one may have nothing below it
OTHER: Final = 0.75  # of the cells, in the other script than the one above
OWN: Final = 0.8  # of the cells of a header that are called as no other is
MOSTLY: Final = 0.8  # of the cells of a column of numbers or dates
KNOWN: Final = 0.2  # at most: cells that stand further down once more
SIGN: Final = 3  # letters of a tick: "x", "oui", "نعم"
LOOKED_AT: Final = 60  # rows
GROUP: Final = 2  # cells without anything above, right of a heading
_BRACKETS: Final = re.compile(r"[(\[][^)\]]*[)\]]")
_ARABIC: Final = re.compile(r"[\u0621-\u064a]")
_LETTER: Final = re.compile(r"[^\W\d_]")
_DATE: Final = re.compile(r"\d{1,4}[/.\-]\d{1,2}[/.\-]\d{2,4}")
_NUMBER: Final = re.compile(r"\d+")
_WORD: Final = re.compile(r"[^\W\d_]+")

Rows = Sequence[Sequence[str]]


class Called(NamedTuple):
    """What a column is called by both rows. `below`: its second name; `heading`: what stands above both."""

    header: str
    below: str = ""
    heading: str = ""


def is_in_two(upper: Sequence[str], lower: Sequence[str], data: Rows, names: Names) -> bool:
    """Whether two rows, one below the other, are one header in two scripts. `data`: the rows below them."""
    pairs = _pairs(upper, lower)
    if not _look_so(pairs):
        return False
    told = [row for row in data if sum(map(bool, row)) > 1][:LOOKED_AT]
    met = {fold(cell) for row in told for cell in row if cell.strip()}
    if any(_is_numbered_like(cell, _column(told, at)) for at, (_, cell) in enumerate(pairs)):
        return False
    both = [(at, *pair) for at, pair in enumerate(pairs) if all(pair)]
    known = sum(fold(cell) in met for _, _, cell in both)
    signs = {fold(cell) for at, label, cell in both if _tells(label, cell, _column(told, at), names, empty=not told)}
    return known <= KNOWN * len(both) and len(signs - met) >= FEWEST


def may_be_in_two(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Whether they look so, by themselves: that is no proof."""
    return _look_so(_pairs(upper, lower))


def _tells(label: str, cell: str, values: Sequence[str], names: Names, *, empty: bool) -> bool:
    """Whether a cell speaks for a header. A column may be ticked with its own name; not where others say more in it. `empty`:
    nothing stands below at all."""
    told = empty or any(_has_number(value) or len(value.strip()) > SIGN for value in values)
    return _is_unlike(cell, values) or (told and _means_the_same(label, cell, names))


def says_again(labels: Sequence[str], cells: Sequence[str], names: Names) -> bool:
    """Whether a row is the header once more in a language of the same script: as full, without any number, and most of its cells
    are called as the column that they stand in, in other words."""
    pairs = _pairs(labels, cells)
    both = [pair for pair in pairs if all(pair)]
    if len(both) < FULL * sum(map(any, pairs)) or any(_has_number(_outside(cell)) for _, cell in pairs):
        return False
    same = sum(fold(label) != fold(cell) and bool(_of(label, names) & _of(cell, names)) for label, cell in both)
    return same >= max(FEWEST, FULL * len(both))


def _means_the_same(label: str, cell: str, names: Names) -> bool:
    """Whether both are called as one column is, in two alphabets."""
    return names.language(label) != names.language(cell) and bool(_of(label, names) & _of(cell, names))


def _of(text: str, names: Names) -> set[str]:
    """The column that it is the name of."""
    return {near.column for near in names.near(text)[:1] if near.whole}


def called(upper: Sequence[str], lower: Sequence[str]) -> list[Called]:
    """What each column is called. Below an upper cell that is merged over several columns, the lower row alone names them."""
    pairs = _pairs(upper, lower)
    found, heading, until = [], "", 0
    for at, (above, below) in enumerate(pairs):
        if above:
            run = _merged(pairs, at)
            same = bool(below) and run > 0 and _script(above) == _script(below)
            heading, until = (above, at + run) if run >= GROUP or same else ("", 0)
        if heading and at <= until:
            found.append(Called(below, "", heading))
        else:
            found.append(Called(above or below, below if above else ""))
    return found


def _pairs(upper: Sequence[str], lower: Sequence[str]) -> list[tuple[str, str]]:
    return [(_words(above), _words(below)) for above, below in zip_longest(upper, lower, fillvalue="")]


def _look_so(pairs: Sequence[tuple[str, str]]) -> bool:
    """As full, written with letters, each cell of its own, and in different scripts."""
    both = [pair for pair in pairs if all(pair)]
    if len(both) < max(FEWEST, FULL * sum(map(any, pairs))):
        return False
    gaps = sum(bool(above) and not below for above, below in pairs)
    if gaps > max(1, len(both) // GAPS) or any(_is_typed(cell) for pair in pairs for cell in pair if cell):
        return False
    if any(len({fold(one) for one in row}) < OWN * len(row) for row in zip(*both, strict=True)):
        return False
    differ = sum(_script(above) != _script(below) for above, below in both)
    return differ >= OTHER * len(both) and _script(_all(both, 0)) != _script(_all(both, 1))


def _is_typed(cell: str) -> bool:
    """A number, a date: what has no letter, or a day in it."""
    return _LETTER.search(cell) is None or _DATE.search(ascii_digits(cell)) is not None


def _is_unlike(cell: str, values: Sequence[str]) -> bool:
    """A word, where nearly all others have a number."""
    numbers = sum(map(_has_number, values))
    return len(values) > 1 and numbers >= MOSTLY * len(values) and not _has_number(_outside(cell))


def _is_numbered_like(cell: str, values: Sequence[str]) -> bool:
    """Whether it is written as one below it is, but for the number: "A-1" above "A-2"."""
    return _has_number(_outside(cell)) and _shape(cell) in map(_shape, values)


def _column(rows: Rows, at: int) -> list[str]:
    return [row[at] for row in rows if at < len(row) and row[at].strip()]


def _merged(pairs: Sequence[tuple[str, str]], at: int) -> int:
    """How many columns to the right have a name in the lower row alone."""
    run = 0
    while at + run + 1 < len(pairs) and not pairs[at + run + 1][0] and pairs[at + run + 1][1]:
        run += 1
    return run


def _outside(cell: str) -> str:
    return _BRACKETS.sub(" ", cell)


def _has_number(cell: str) -> bool:
    return any(map(str.isdecimal, cell))


def _shape(cell: str) -> str:
    """How it is written, whatever the numbers and the words."""
    return _WORD.sub("a", _NUMBER.sub("0", ascii_digits(cell)))


def _script(text: str) -> str:
    letters = _LETTER.findall(text)
    return "arabic" if 2 * sum(bool(_ARABIC.match(one)) for one in letters) > len(letters) else "latin"


def _all(pairs: Iterable[Sequence[str]], at: int) -> str:
    return " ".join(pair[at] for pair in pairs)


def _words(cell: str) -> str:
    """In one line; a sign alone says nothing."""
    return " ".join(cell.split()) if _LETTER.search(cell) or _has_number(cell) else ""


__all__ = ["Called", "called", "is_in_two", "may_be_in_two", "says_again"]
