"""Which row is the header, and which column of the mapping each of its cells names.

Registers begin with a title, an address, a month; some spread the header over two rows, the upper one merged into groups.
The header is the row, or the pair of rows, that names the most columns. Where a register is kept in two languages the same
header stands below in the other one: it is no record. It is known by its words, which the mapping lists beside the others.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from adapters.spreadsheet.cells import Cell, spell
from hub.fhir.folding import fold
from hub.ports import Layout

SEARCHED: Final = 40  # rows from the top of a sheet
ENOUGH: Final = 3  # columns that a row must name to be a header
MOST: Final = 0.6  # of the cells of a row, in the place of the column that they name, for it to be the header once more

_BRACKETS: Final = re.compile(r"[(\[][^)\]]*[)\]]")
_ARABIC: Final = re.compile(r"[\u0621-\u064a]")

Labels = list[list[str]]  # for each position, the texts that may name its column, best first


@dataclass(frozen=True)
class Header:
    """`columns`: position → column name, known or not, in the order of the sheet."""

    end: int  # index, among the rows searched, of the first row below
    columns: tuple[tuple[int, str], ...]
    known: frozenset[str]
    spelled: Mapping[str, str]  # column name → header as the source spells it
    labels: frozenset[str]  # folded texts of the header's cells
    missing: tuple[str, ...] = ()  # required columns that are not there
    keyless: tuple[str, ...] = ()  # columns of the key that are not there, and must be
    height: int = 1  # rows
    twice: tuple[
        str, ...
    ] = ()  # headers of columns that are read, as the source spells them, which another column has too


class Aliases:
    """The headers that a layout knows, folded. An alias named earlier in a column's list names it more exactly."""

    def __init__(self, layout: Layout) -> None:
        self.required = layout.required
        self.keyed = tuple(column for column in layout.key if column in layout.keyed)
        self.telling = layout.required | frozenset(layout.key)
        self.enough = min(ENOUGH, len(layout.columns))
        self._columns: dict[str, list[tuple[int, int, str]]] = {}
        for order, (column, headers) in enumerate(layout.columns.items()):
            for rank, header in enumerate([*headers, column]):
                self._columns.setdefault(fold(header), []).append((rank, order, column))

    def match(self, labels: Labels, but: Collection[str] = ()) -> dict[int, str]:
        """Position → column, each column and each position at most once, exact names first. `but`: columns that are found."""
        claims = sorted(
            (option, rank, position, order, column)
            for position, options in enumerate(labels)
            for option, label in enumerate(options)
            for rank, order, column in self._columns.get(fold(label), ())
            if column not in but
        )
        found: dict[int, str] = {}
        for _, _, position, _, column in claims:
            if position not in found and column not in found.values():
                found[position] = column
        return found

    def names(self, label: str, column: str) -> bool:
        return any(column == one for _, _, one in self._columns.get(fold(label), ()))


def find(rows: Sequence[Sequence[Cell]], aliases: Aliases) -> Header | None:
    """The header among the first rows of a sheet, or None. Ties go to the one that ends first, then to the single row."""
    best: tuple[int, int, int] = (0, 0, 0)
    chosen: tuple[Labels, dict[int, str]] | None = None
    for top in range(len(rows)):
        for height, labels in enumerate(_readings(rows, top), start=1):
            matched = aliases.match(labels)
            rank = (len(matched), -top - height, -height)
            if len(matched) >= aliases.enough and (chosen is None or rank > best):
                best, chosen = rank, (labels, matched)
    if chosen is None:
        return None
    header = replace(_header(-best[1], *chosen, aliases), height=-best[2])
    return _with_repetitions(header, *chosen, rows, aliases)


def _with_repetitions(
    header: Header, labels: Labels, matched: dict[int, str], rows: Sequence[Sequence[Cell]], aliases: Aliases
) -> Header:
    """The header that ends where it has been said for the last time, in whatever language. A column that has no name of its own
    before goes by the one that it has then."""
    while header.end < len(rows):
        repeated = _repeated(header, rows, aliases)
        if not repeated:
            break
        again = repeated[-1]
        found = aliases.match([[] if at in matched else options for at, options in enumerate(again)], matched.values())
        labels = [
            again[at] if at in found else labels[at] if at < len(labels) else []
            for at in range(max(len(labels), *(at + 1 for at in found), 0))
        ]
        matched |= found
        said = header.labels | {fold(option) for options in again for option in options}
        end = header.end + len(repeated)
        header = replace(_header(end, labels, matched, aliases), height=header.height, labels=said)
    return header


def _repeated(header: Header, rows: Sequence[Sequence[Cell]], aliases: Aliases) -> list[Labels]:
    """The readings of the rows below the header that are the header once more: none, one, or two where it has two rows itself."""
    alone, *pair = _readings(rows, header.end) or [[]]
    if pair and header.height == 1 + len(pair) and _may_stand_over(header, alone, aliases):
        known = [column for column, _ in _said(header, pair[0]) if column in header.known]
        if _says_again(header, pair[0], aliases) and set(known) == _named(header, pair[0], aliases):
            return [alone, *pair]
    return [alone] if _says_again(header, alone, aliases) else []


def _says_again(header: Header, labels: Labels, aliases: Aliases) -> bool:
    """Whether most cells name the very column that they stand in, one of them a column that tells rows apart or that each must
    fill: words that no record has there, not even where a box is ticked with the name of its column. The others hold no number,
    and what stands in columns that the mapping does not know is not asked."""
    said, named = _said(header, labels), _named(header, labels, aliases)
    tells = not aliases.telling or bool(named & aliases.telling)
    asked = said if not aliases.telling else [one for one in said if one[0] in header.known]
    own = [one for one in said if one[0] not in named]  # a header may hold a number itself: "danger (1-3)"
    return tells and len(named) >= max(aliases.enough, MOST * len(asked)) and not _has_number(own)


def _may_stand_over(header: Header, labels: Labels, aliases: Aliases) -> bool:
    """Whether a row is no record: it has no number, and nothing of its own in the columns that each record fills."""
    said = _said(header, labels)
    own = [column for column, options in said if column in aliases.telling and not aliases.names(options[0], column)]
    return bool(aliases.telling) and not own and not _has_number(said)


def _said(header: Header, labels: Labels) -> list[tuple[str, list[str]]]:
    return [(column, options) for (_, column), options in zip(header.columns, labels, strict=False) if options]


def _named(header: Header, labels: Labels, aliases: Aliases) -> set[str]:
    """The columns in whose place they are named."""
    said = _said(header, labels)
    return {column for column, options in said if any(aliases.names(option, column) for option in options)}


def _has_number(said: Sequence[tuple[str, list[str]]]) -> bool:
    return any(character.isdecimal() for _, options in said for character in options[0])


def may_say_again(header: Header, cells: Sequence[Cell]) -> bool:
    """Whether the row below a header looks like it in words that the mapping does not list: as full, without any number outside
    brackets, and in the other script. That is no proof, so that it stays a record; somebody is told what to do if it is none."""
    labels = [label for label in map(_label, cells) if label]
    if len(labels) < max(ENOUGH, len(header.known)) or any(map(str.isdecimal, _BRACKETS.sub("", " ".join(labels)))):
        return False
    return {_script(header.labels), _script(labels)} == {"arabic", "latin"}


def _script(labels: Collection[str]) -> str:
    """In which most of them are written; none, where they mix."""
    share = sum(bool(_ARABIC.search(label)) for label in labels) / len(labels)
    return "arabic" if share >= MOST else "latin" if share <= 1 - MOST else ""


def _readings(rows: Sequence[Sequence[Cell]], top: int) -> list[Labels]:
    """The row alone, and the row as the upper half of a header of two."""
    upper = [_label(cell) for cell in rows[top]]
    if not any(upper):
        return []
    alone = [[text] if text else [] for text in upper]
    if top + 1 == len(rows):
        return [alone]
    return [alone, _pair(upper, [_label(cell) for cell in rows[top + 1]])]


def _pair(upper: list[str], lower: list[str]) -> Labels:
    """A merged cell keeps its text in its first position only: the group's name counts for those to its right."""
    labels: Labels = []
    group = ""
    for position in range(max(len(upper), len(lower))):
        above = upper[position] if position < len(upper) else ""
        below = lower[position] if position < len(lower) else ""
        group = above or group
        if below:
            labels.append([below, f"{group} {below}"] if group else [below])
        else:
            labels.append([above] if above else [])
    return labels


def _label(cell: Cell) -> str:
    return " ".join(spell(cell).split())


def _header(end: int, labels: Labels, matched: dict[int, str], aliases: Aliases) -> Header:
    columns: list[tuple[int, str]] = []
    spelled: dict[str, str] = {}
    taken, times = set(matched.values()), Counter[str]()
    for position, options in enumerate(labels):
        text = options[-1] if options else f"column {position + 1}"
        name = matched.get(position) or _free(text, taken, times)
        columns.append((position, name))
        spelled[name] = options[0] if options and position in matched else text
    return Header(
        end=end,
        columns=tuple(columns),
        known=frozenset(matched.values()),
        spelled=spelled,
        labels=frozenset(fold(option) for options in labels for option in options),
        missing=tuple(sorted(aliases.required - set(matched.values()))),
        keyless=tuple(column for column in aliases.keyed if column not in matched.values()),
        twice=tuple(_twice(labels, matched)),
    )


def _twice(labels: Labels, matched: Mapping[int, str]) -> Iterator[str]:
    """Of columns that are called the same, and have the same heading above, one alone is given to a column of the mapping."""
    named = [tuple(map(fold, options)) for options in labels]
    left = {name for position, name in enumerate(named) if position not in matched}
    yield from (labels[position][0] for position in sorted(matched) if named[position] in left)


def _free(text: str, taken: set[str], times: Counter[str]) -> str:
    """A column that the mapping does not know keeps its own header, numbered when another one has it already. `times`: how often
    each was given so far, so that a sheet of thousands of equal headers is not counted through for each."""
    name = text
    times[text] += 1
    if name in taken:
        times[text] = max(times[text], 2)
        while (name := f"{text} ({times[text]})") in taken:
            times[text] += 1
    taken.add(name)
    return name
