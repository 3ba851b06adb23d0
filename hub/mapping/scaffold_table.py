"""Where a table begins in a sheet that nobody knows: the row, or the pair of rows, whose cells are called as columns are.

A row above it that has fewer cells holds headings: each is over its column and the following ones. In the export of a survey tool
headings stand in the header itself: `perp/perp_rel`, and `viol_type/sexual` is one answer of `viol_type`, said again.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hub.mapping.scaffold_choices import Choice
from hub.mapping.scaffold_names import Names

SEARCHED: Final = 40
CALLED: Final = 0.6
FEWEST: Final = 3
PAIR: Final = 2
NAMED: Final = 2  # the last labels of a form's question are its name, and the way to it
STEPS: Final = 2  # headers that begin alike, from which they are ways
_DOTTED: Final = re.compile(r"[A-Za-z]\w+(\.\w{2,})+$")
_TITLE: Final = re.compile(r"\w\s*:\s*\w|\d{3}|\d[/.\-]\d|.{60}")
"""What stands above a table and heads no columns: "Responsable : ...", a day, a year, a sentence."""
TICKED: Final = frozenset({"", "0", "1", "0.0", "1.0", "true", "false", "True", "False", "TRUE", "FALSE"})

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True, repr=False)
class Question:
    """A column of a source: what it is called (in several languages, for a form), and what stands in it."""

    header: str
    values: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    repeated: bool = False  # asked once for each item of a repeat
    kind: str = ""  # type of a form's question: its values are the choices that the form offers, and nobody's answers
    choices: tuple[Choice, ...] = ()
    group: str = ""  # the heading above
    path: bool = False  # the header is the way to it, and its labels alone say what it is
    spaced: bool = False  # several answers stand in a cell, between spaces, as survey tools write them
    again: str = ""  # header of the question of whose answers this is one
    below: str = ""  # the header once more in another language, in the row below
    twin: bool = False  # another column, further on, is called the same and is no question

    @property
    def texts(self) -> tuple[str, ...]:
        return self.labels if self.path else (self.header, *self.labels)

    @property
    def shown(self) -> tuple[str, ...]:
        """What people read: of a form the labels, and its names only where it has none."""
        return (self.labels[:-NAMED] or self.labels) if self.path else self.texts


def questions(rows: Rows, names: Names) -> list[Question]:
    """The columns of a sheet; none when it holds no table."""
    found = [(score, -end, -height, labels) for score, end, height, labels in _headers(rows, names)]
    if not found:
        return []
    score, end, height, labels = max(found, key=lambda one: one[:3])
    if score < FEWEST:
        return []
    below = [row for row in rows[-end:] if sum(bool(cell) for cell in row) > 1]
    other: Sequence[str] = ()
    if below and _is_header_again(labels, below[0], names):
        other, below = below[0], below[1:]
    first = -end + height  # where the header begins
    if height == -PAIR:
        groups = _over(rows[first], rows[first + 1], len(labels))
    else:
        groups = _groups(rows[first - 1] if first > 0 else (), labels)
    asked = list(_named(labels, groups, below, other))
    return [replace(one, twin=True) if one.header in _twins(labels, groups) else one for one in _by_path(asked)]


def _is_header_again(labels: Sequence[str], row: Sequence[str], names: Names) -> bool:
    """The same header in another language, below the first: most of its cells are called as columns are, or several are called as
    what stands above them, and none holds a number."""
    cells = [" ".join(cell.split()) for cell in row]
    if _called(cells, names) >= max(FEWEST, CALLED * sum(map(bool, cells))):
        return True
    if any(map(str.isdecimal, "".join(cells))):
        return False
    return sum(_means_the_same(*pair, names) for pair in zip(labels, cells, strict=False)) >= FEWEST


def _means_the_same(label: str, cell: str, names: Names) -> bool:
    """Whether both are called as one column is, in two alphabets."""
    if not label or not cell or names.language(label) == names.language(cell):
        return False
    one, other = ({near.column for near in names.near(text)[:1] if near.whole} for text in (label, cell))
    return bool(one & other)


def _named(labels: Sequence[str], groups: Sequence[str], below: Rows, other: Sequence[str]) -> Iterator[Question]:
    """A header below several headings names the first column by itself, the others by both: as the door to spreadsheets does."""
    seen: set[str] = set()
    for at, (label, group) in enumerate(zip(labels, groups, strict=True)):
        values = tuple(row[at] for row in below if at < len(row))
        header = f"{group} {label}" if group and label in seen else label
        if header and header not in seen:
            seen |= {label, header}
            (again,) = _cells_at(at, other)
            yield Question(header, values, (label,), group=group, path=header != label, below=again)


def _twins(labels: Sequence[str], groups: Sequence[str]) -> set[str]:
    """Headers of several columns, with one heading above all of them."""
    times = Counter(zip(labels, groups, strict=True))
    return {
        name for (label, group), count in times.items() if label and count > 1 for name in (label, f"{group} {label}")
    }


def _groups(above: Sequence[str], labels: Sequence[str]) -> list[str]:
    """The heading of each column: merged cells hold it in the first of them, or in each."""
    cells = [" ".join(cell.split()) for cell in above[: len(labels)]]
    several = len({cell for cell in cells if cell}) > 1
    found, last = [], ""
    for at in range(len(labels)):
        last = (cells[at] if at < len(cells) else "") or last
        found.append(last if several and not _TITLE.search(last) else "")
    return found


def _over(upper: Sequence[str], lower: Sequence[str], width: int) -> list[str]:
    """The heading of each column in a header of two rows: none over a cell that is merged over both, and what follows it."""
    found, last = [], ""
    for above, below in (_cells_at(at, upper, lower) for at in range(width)):
        last = (above or last) if below else ""
        found.append(last)
    return found


def _cells_at(at: int, *rows: Sequence[str]) -> tuple[str, ...]:
    return tuple(" ".join(row[at].split()) if at < len(row) else "" for row in rows)


def _by_path(asked: Sequence[Question]) -> Iterator[Question]:
    """Headers that are ways of several steps, where steps recur: `perp/sex`, `form.perp.sex`, "Auteur/Sexe"."""
    first = Counter(way[0] for one in asked if not one.path and len(way := _way(one.header)) > 1)
    known = {one.header for one in asked}
    for one in asked:
        *group, last = _way(one.header)
        above = one.header.removesuffix(last)[:-1]
        if one.path or first[group[0] if group else ""] < (FEWEST if " " in one.header else STEPS):
            yield one
        elif above in known and set(one.values) <= TICKED:
            yield replace(one, again=above)
        else:
            spaced = any(other.startswith(f"{one.header}/") for other in known)
            yield replace(one, labels=(spoken(last),), group=spoken(" ".join(group)), path=True, spaced=spaced)


def _way(header: str) -> list[str]:
    if "/" not in header and _DOTTED.match(header):
        return header.split(".")
    return header.split("/")


def spoken(path: str) -> str:
    return path.replace("/", " ")


def _headers(rows: Rows, names: Names) -> list[tuple[int, int, int, list[str]]]:
    """How many cells are called as columns are, where the header ends, how high it is, and its labels."""
    found = []
    for top, row in enumerate(rows[:SEARCHED]):
        cells = [" ".join(cell.split()) for cell in row]
        if sum(map(bool, cells)) < FEWEST:
            continue
        found.append((_called(cells, names), top + 1, 1, cells))
        if top + 1 < len(rows):
            pair = _pair(cells, [" ".join(cell.split()) for cell in rows[top + 1]])
            found.append((_called(pair, names) + _kinds(cells, rows[top + 1], pair, names), top + 2, 2, pair))
    return found


def _kinds(upper: Sequence[str], lower: Sequence[str], pair: Sequence[str], names: Names) -> int:
    """How many kinds of violence are told apart below a heading of violence."""
    below = zip(pair, _over(upper, lower, len(pair)), strict=True)
    return len({kind for label, group in below if group and (kind := names.kinds.kind(group, [label]))})


def _pair(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """What stands below a merged cell is called by itself, else by the cell above: as the door to spreadsheets reads it."""
    width = max(len(upper), len(lower))
    above, below = ([*cells, *[""] * (width - len(cells))] for cells in (upper, lower))
    return [lower_cell or upper_cell for upper_cell, lower_cell in zip(above, below, strict=True)]


def _called(cells: Sequence[str], names: Names) -> int:
    columns = {
        best[0].column for cell in cells if len(cell) < 80 and (best := names.near(cell)) and best[0].score > CALLED
    }
    return len(columns)
