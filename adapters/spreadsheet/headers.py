"""Which row is the header, and which column of the mapping each of its cells names.

Registers begin with a title, an address, a month; some spread the header over two rows, the upper one merged into groups.
The header is the row, or the pair of rows, that names the most columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.spreadsheet.cells import Cell, spell
from hub.fhir.folding import fold
from hub.ports import Layout

SEARCHED: Final = 40  # rows from the top of a sheet
ENOUGH: Final = 3  # columns that a row must name to be a header

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


class Aliases:
    """The headers that a layout knows, folded. An alias named earlier in a column's list names it more exactly."""

    def __init__(self, layout: Layout) -> None:
        self.required = layout.required
        self.enough = min(ENOUGH, len(layout.columns))
        self._columns: dict[str, list[tuple[int, int, str]]] = {}
        for order, (column, headers) in enumerate(layout.columns.items()):
            for rank, header in enumerate([*headers, column]):
                self._columns.setdefault(fold(header), []).append((rank, order, column))

    def match(self, labels: Labels) -> dict[int, str]:
        """Position → column, each column and each position at most once, exact names first."""
        claims = sorted(
            (option, rank, position, order, column)
            for position, options in enumerate(labels)
            for option, label in enumerate(options)
            for rank, order, column in self._columns.get(fold(label), ())
        )
        found: dict[int, str] = {}
        for _, _, position, _, column in claims:
            if position not in found and column not in found.values():
                found[position] = column
        return found


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
    return _header(-best[1], *chosen, aliases) if chosen else None


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
    for position, options in enumerate(labels):
        text = options[-1] if options else f"column {position + 1}"
        name = matched.get(position) or _free(text, {*spelled, *matched.values()})
        columns.append((position, name))
        spelled[name] = options[0] if options and position in matched else text
    return Header(
        end=end,
        columns=tuple(columns),
        known=frozenset(matched.values()),
        spelled=spelled,
        labels=frozenset(fold(option) for options in labels for option in options),
        missing=tuple(sorted(aliases.required - set(matched.values()))),
    )


def _free(text: str, taken: set[str]) -> str:
    """A column that the mapping does not know keeps its own header, numbered when another one has it already."""
    name, count = text, 1
    while name in taken:
        count += 1
        name = f"{text} ({count})"
    return name
