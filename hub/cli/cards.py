"""Rows as a table where the terminal is wide enough, else as cards: one under the other, a line for each thing.

References are copied into the next command, so they are never cut or folded.
"""

from collections.abc import Container, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

Rows = Sequence[Sequence[str]]


def fitted(
    headings: Sequence[str], rows: Rows, *, title: str = "", width: int, least: int, whole: Container[int] = ()
) -> RenderableType:
    """`least`: the width from which on it is a table. `whole`: the numbers of columns that stay on one line."""
    if width < least:
        shown = cards(headings, rows)
        return Group(Text(title, style="italic"), Text(), shown) if title else shown
    table = Table(title=title or None, title_justify="left")
    for number, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=number in whole)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def cards(headings: Sequence[str], rows: Rows) -> RenderableType:
    return Group(*(Padding(_card(headings, row), (0, 0, 1, 0)) for row in rows))


def _card(headings: Sequence[str], row: Sequence[str]) -> Table:
    """What is empty has no line."""
    card = Table.grid(padding=(0, 2))
    for heading, cell in zip(headings, row, strict=True):
        if cell:
            card.add_row(Text(heading), Text(cell, overflow="fold"))
    return card
