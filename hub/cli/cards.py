"""Cards: records one under the other, a line for each thing, for what is too wide for a table in this terminal.

References are copied into the next command, so they are never cut or folded.
"""

from collections.abc import Iterable, Sequence

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text


def cards(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Group:
    return Group(*(Padding(_card(headings, row), (0, 0, 1, 0)) for row in rows))


def _card(headings: Sequence[str], row: Sequence[str]) -> Table:
    card = Table.grid(padding=(0, 2))
    for heading, cell in zip(headings, row, strict=True):
        if cell:
            card.add_row(heading, Text(cell, overflow="fold"))
    return card
