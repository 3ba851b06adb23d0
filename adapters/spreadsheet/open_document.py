"""How much an ODS would take to open: calamine holds each sheet from its first cell to its last, and equal cells and rows are
written once with the number of their repetitions.

OpenDocument 1.3 part 3, 9.1: https://docs.oasis-open.org/office/OpenDocument/v1.3/os/part3-schema/
"""

from typing import IO, Final

from adapters.spreadsheet.xml_parts import Attributes, Passing
from hub.errors import Fatal

_MAX: Final = 1 << 24  # a number of repetitions: no sheet has more places in a row


def cells(part: IO[bytes]) -> int:
    """The places that its largest sheet spans. Raises Fatal for what is damaged."""
    largest = height = width = row = column = times = again = filled = 0

    def start(name: str, attributes: Attributes) -> None:
        nonlocal height, width, row, column, times, again, filled
        if name in {"table-cell", "covered-table-cell"}:
            again = _times(attributes, "columns")
            column += again
            if any(key.endswith(":value-type") for key in attributes):
                filled = column
        elif name == "p":
            filled = column
        elif name == "table-row":
            column, filled, times = 0, 0, _times(attributes, "rows")
        elif name == "table":
            height = width = row = 0

    def end(name: str) -> None:
        nonlocal largest, height, width, row
        if name == "table-row":
            row += times
            if filled:
                height, width = row, max(width, filled)
                largest = max(largest, height * width)

    for _ in Passing(start, end).over(part):
        pass
    return largest


def _times(attributes: Attributes, what: str) -> int:
    written = next((value for key, value in attributes.items() if key.endswith(f":number-{what}-repeated")), "1")
    try:
        return min(max(int(written), 1), _MAX)
    except ValueError:
        raise Fatal("adapters.file-unreadable") from None
