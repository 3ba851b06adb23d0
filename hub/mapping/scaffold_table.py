"""Where a table begins in a sheet that nobody knows: the row, or the pair of rows, whose cells are called as columns are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hub.mapping.scaffold_choices import Choice
from hub.mapping.scaffold_names import Names

SEARCHED: Final = 40
CALLED: Final = 0.6
FEWEST: Final = 3

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


def questions(rows: Rows, names: Names) -> list[Question]:
    """The columns of a sheet; none when it holds no table."""
    found = [(score, -end, -height, labels) for score, end, height, labels in _headers(rows, names)]
    if not found:
        return []
    score, end, _, labels = max(found, key=lambda one: one[:3])
    if score < FEWEST:
        return []
    below = [row for row in rows[-end:] if sum(bool(cell) for cell in row) > 1]
    return [
        Question(label, tuple(row[at] for row in below if at < len(row)))
        for at, label in enumerate(labels)
        if label and label not in labels[:at]
    ]


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
            found.append((_called(pair, names), top + 2, 2, pair))
    return found


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
