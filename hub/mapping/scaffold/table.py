"""Where a table begins in a sheet that nobody knows: the row, or the pair of rows, whose cells are called as columns are.

A row above it that has fewer cells holds headings: each is over its column and the following ones. In the export of a survey tool
headings stand in the header itself: `perp/perp_rel`, and `viol_type/sexual` is one answer of `viol_type`, said again.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hub.fhir.totals import is_total
from hub.mapping.scaffold.choices import Choice
from hub.mapping.scaffold.languages import called, is_in_two, may_be_in_two, says_again
from hub.mapping.scaffold.names import Names

SEARCHED: Final = 40
CALLED: Final = 0.6
FEWEST: Final = 3
_NUMBER: Final = re.compile(r"[\d/.,:\- ]+$")
LIKE: Final = 6  # cells of a header that only resemble headers
RECORDS: Final = 2
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
    below: str = (
        ""  # the header once more in another language, in the row below; nothing where another column is called so
    )
    twin: bool = False  # another column, further on, is called the same and is no question

    @property
    def texts(self) -> tuple[str, ...]:
        return self.labels if self.path else (self.header, *self.labels)

    @property
    def both(self) -> tuple[str, ...]:
        """What a header in two languages is called in each; empty where it is in one."""
        return self.labels if len(self.labels) > 1 and not self.kind else ()

    @property
    def shown(self) -> tuple[str, ...]:
        """What people read: of a form the labels, and its names only where it has none."""
        return (self.labels[:-NAMED] or self.labels) if self.path else self.texts


@dataclass(frozen=True, repr=False)
class _Table:
    """`labels`: what the columns are called; `others`: the same in another language; `groups`: headings above; `below`: rows."""

    labels: Sequence[str]
    groups: Sequence[str]
    below: Rows
    others: Sequence[str] = ()


def questions(rows: Rows, names: Names) -> list[Question]:
    """The columns of a sheet; none when it holds no table."""
    found = _found(rows, names)
    if found is None:
        return []
    table = _in_two_languages(rows, *found, names) or _in_one(rows, *found, names)
    twins = _twins(table.labels, table.groups)
    return [replace(one, twin=True) if one.header in twins else one for one in _by_path(list(_named(table)))]


def asks_of_second_header(rows: Rows, names: Names) -> bool:
    """Whether the first row that is taken for a record looks like the header in the other script. Somebody must say if it is."""
    found = _found(rows, names)
    if found is None or _in_two_languages(rows, *found, names):
        return False
    table = _in_one(rows, *found, names)
    return not table.others and bool(table.below) and may_be_in_two(table.labels, table.below[0])


def _found(rows: Rows, names: Names) -> tuple[int, int, list[str]] | None:
    """Where the header begins, how many rows it has, and its labels."""
    found = [(score, -end, -height, labels) for score, end, height, labels in _headers(rows, names)]
    score, end, height, labels = max(found, key=lambda one: one[:3], default=(0, 0, 0, []))
    return (-end + height, -height, labels) if score >= FEWEST else _resembling(rows, names)


def _resembling(rows: Rows, names: Names) -> tuple[int, int, list[str]] | None:
    """The row of which most cells resemble headers, where nothing is called as a column is: of a dialect, or of habits of one's
    own. It says nothing that the rows below say again, holds no number, and they are as full."""
    best: tuple[int, int, list[str]] | None = None
    for top, row in enumerate(rows[:SEARCHED]):
        cells, below = _cells(row), rows[top + 1 :]
        full = sum(map(bool, cells))
        if full < LIKE or any(_NUMBER.match(cell) for cell in cells):
            continue
        columns = [{" ".join(one[at].split()) for one in below if at < len(one)} for at in range(len(cells))]
        again = any(cell in said for cell, said in zip(cells, columns, strict=True) if cell)
        score = sum(map(names.resembles, cells))
        records = sum(2 * sum(map(bool, one)) >= full for one in below)
        if (
            score >= LIKE
            and 2 * score >= full
            and not again
            and records >= RECORDS
            and (best is None or score > best[0])
        ):
            best = score, top, cells
    return best and (best[1], 1, best[2])


def _in_one(rows: Rows, first: int, height: int, labels: list[str], names: Names) -> _Table:
    """In one language, or in two that are written alike."""
    below = _filled(rows[first + height :])
    groups = _groups_of(rows, first, height, labels)
    if below and says_again(labels, below[0], names):
        return _Table(labels, groups, below[1:], _cells(below[0]))
    return _Table(labels, groups, below)


def _in_two_languages(rows: Rows, first: int, height: int, labels: list[str], names: Names) -> _Table | None:
    """The row found may be the upper one of both, or the lower, or they were taken for a header of two rows."""
    end = first + height
    candidates = [(first, height, labels, end)]
    if height == 1 and first > 0:
        candidates.append((first - 1, 1, _cells(rows[first - 1]), first))
    if height == PAIR:
        candidates.insert(0, (first, 1, _cells(rows[first]), first + 1))
    for top, high, upper, other in candidates:
        below = _filled(rows[other + 1 :])
        if other < len(rows) and is_in_two(upper, rows[other], below, names):
            return _of_both(upper, rows[other], _groups_of(rows, top, high, upper), below)
    return None


def _of_both(upper: Sequence[str], lower: Sequence[str], above: Sequence[str], below: Rows) -> _Table:
    """What the upper row calls as another column already goes by the name of the lower."""
    headings = [*above, *[""] * (len(lower) - len(above))]
    labels: list[str] = []
    others: list[str] = []
    groups = []
    for one, heading in zip(called(upper, lower), headings, strict=False):
        swapped = one.below and one.header in labels
        labels.append(one.below if swapped else one.header)
        others.append(one.header if swapped else one.below)
        groups.append(one.heading or heading)
    return _Table(labels, groups, below, others)


def _groups_of(rows: Rows, first: int, height: int, labels: Sequence[str]) -> list[str]:
    if height == PAIR:
        return _over(rows[first], rows[first + 1], len(labels))
    return _groups(rows[first - 1] if first > 0 else (), labels)


def _filled(rows: Rows) -> Rows:
    """A row of totals is no record: what stands in it is nobody's."""
    return [
        row for row in rows if sum(bool(cell) for cell in row) > 1 and not is_total(next(filter(str.strip, row), ""))
    ]


def _cells(row: Sequence[str]) -> list[str]:
    return [" ".join(cell.split()) for cell in row]


def _named(table: _Table) -> Iterator[Question]:
    """A header below several headings names the first column by itself, the others by both: as the door to spreadsheets does."""
    seen: set[str] = set()
    told = set(table.labels)
    for at, (label, group) in enumerate(zip(table.labels, table.groups, strict=True)):
        values = tuple(row[at] for row in table.below if at < len(row))
        header = f"{group} {label}" if group and label in seen else label
        if header and header not in seen:
            (again,) = _cells_at(at, table.others)
            labels = tuple(dict.fromkeys([label, *filter(None, [again])]))
            below = "" if again in told else again  # it would name another column, too
            seen |= {label, header}
            told.add(again)
            yield Question(header, values, labels, group=group, path=header != label, below=below)


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
            labels = (spoken(last), *one.labels[1:])
            yield replace(one, labels=labels, group=spoken(" ".join(group)), path=True, spaced=spaced)


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
