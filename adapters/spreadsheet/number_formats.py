"""Which numbers of a workbook are dates, times or durations: its formats say so, and nothing else does.

ECMA-376 part 1, 18.8.30 numFmt. Read as calamine reads them, so that a long register says what a short one would.
"""

from datetime import datetime, time, timedelta
from typing import IO, Final

from adapters.spreadsheet.cells import Cell
from adapters.spreadsheet.xml_parts import Attributes, Passing

DATE: Final = 1
DURATION: Final = 2
_DATES: Final = (*range(14, 23), *range(27, 37), 45, 47, *range(50, 59))
_BUILT_IN: Final = {**{str(number): DATE for number in _DATES}, "46": DURATION}
_DAY: Final = 86_400_000  # milliseconds, to which a date is rounded
_EPOCH: Final = datetime(1899, 12, 30)
_EPOCH_1904: Final = datetime(1904, 1, 1)


def moments(part: IO[bytes] | None) -> tuple[int, ...]:
    """For each style of a cell, in the order of `xl/styles.xml`: DATE, DURATION or 0."""
    own: dict[str, int] = {}
    styles: list[str] = []
    within = False

    def start(name: str, attributes: Attributes) -> None:
        nonlocal within
        if name == "numFmt":
            own[attributes.get("numFmtId", "")] = meaning(attributes.get("formatCode", ""))
        elif name == "cellXfs":
            within = True
        elif name == "xf" and within and len(styles) < 70_000:  # a workbook has 65,490 at most
            styles.append(attributes.get("numFmtId", "0"))

    def end(name: str) -> None:
        nonlocal within
        within = within and name != "cellXfs"

    if part:
        for _ in Passing(start, end).over(part):
            pass
    return tuple(own[one] if one in own else _BUILT_IN.get(one, 0) for one in styles)


def meaning(code: str) -> int:
    """DATE, DURATION or 0, from the first section of a format."""
    escaped = quoted = elapsed = clock = False
    brackets, before = 0, " "
    for sign in code:
        small = sign.lower()
        if escaped:
            escaped = False
        elif quoted:
            quoted = sign != '"'
        elif sign in '_\\"':
            escaped, quoted = sign != '"', sign == '"'
        elif sign == ";":
            return 0
        elif sign == "[":
            brackets += 1
        elif sign == "]":
            if brackets == 1 and elapsed:
                return DURATION
            brackets = max(0, brackets - 1)
        elif not brackets and small == "a" and not clock:
            clock = True
        elif not brackets and (small in "pm/" if clock else small in "dmhys"):
            return DATE
        elif not (elapsed and small == before.lower()):
            elapsed = before == "[" and small in "mhs"
        before = sign
    return 0


def moment(number: float, kind: int, *, since_1904: bool) -> Cell:
    """What a number of this kind shows; the number itself where the calendar has no such day."""
    try:
        if kind == DURATION:
            return timedelta(milliseconds=round(number * _DAY))
        if since_1904:
            shown = _EPOCH_1904 + timedelta(milliseconds=round(number * _DAY))
        else:  # Excel has a 29 February 1900; what is below it is a day later than it says
            shown = _EPOCH + timedelta(milliseconds=round((number + (number < 60)) * _DAY))
    except (OverflowError, ValueError):
        return number
    if number < 1:
        return shown.time()
    return shown.date() if shown.time() == time() else shown
