"""One cell, as text: what a person would have typed.

Excel keeps every number as a float of 15 digits and shows some of them as dates; an error in a formula is an empty cell.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

Cell = int | float | str | bool | date | datetime | time | timedelta

ERRORS: Final = frozenset(
    {
        "#N/A",
        "#N/D",
        "#REF!",
        "#VALUE!",
        "#VALEUR!",
        "#DIV/0!",
        "#NAME?",
        "#NOM?",
        "#NULL!",
        "#NUL!",
        "#NUM!",
        "#NOMBRE!",
    }
)
LOST_DIGITS: Final = 1e15
"""From here on a float no longer holds the digits that were typed."""

CALENDAR_1904: Final = timedelta(days=1462)
"""Between the two epochs of Excel: https://support.microsoft.com/office/e7fe7167-48a9-4b96-bb53-5612a800b487"""


class Row(NamedTuple):
    """A row as it stands in its sheet, numbered as the spreadsheet program numbers it."""

    number: int
    cells: Sequence[Cell]
    trouble: str = ""  # key of the sentence that says why these cells cannot be trusted
    lines: int = 1


class Sheet(NamedTuple):
    """`number` counts the sheets that a person sees, from 1; None: the file has no sheets."""

    number: int | None
    rows: Iterable[Row]


def spell(value: Cell, shift: timedelta | None = None) -> str:
    """The text of a cell; empty when there is nothing in it. `shift` moves dates to the other calendar of Excel."""
    if isinstance(value, str):
        text = value.strip()
        return "" if text[:1] == "#" and text.upper() in ERRORS else text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(int(value)) if float(value).is_integer() else format(value, ".15g")
    if isinstance(value, date):
        return _date(value + shift if shift else value)
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    return _duration(value)


def _date(value: date) -> str:
    if isinstance(value, datetime) and value.time() != time():
        return value.isoformat(timespec="minutes")
    return value.isoformat()[:10]


def _duration(value: timedelta) -> str:
    hours, rest = divmod(int(value.total_seconds()), 3600)
    return f"{hours:02}:{rest // 60:02}"
