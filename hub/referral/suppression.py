"""What of a breakdown is told: no small number, and none that can be worked out from what stands beside it. Pure.

Where there is a small cell, all that are less than twice the smallest are held back, whichever they are, and with them the next
ones until two at least are; cells that are equal go together. So of what is held back nobody can say how much each is: also not
who knows this rule. Where that cannot be had, the breakdown is not told.
See the handbook on statistical disclosure control, https://ec.europa.eu/eurostat/cros/content/handbook-statistical-disclosure-control_en
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hub.referral.counting import Breakdowns, Counted, Group
from hub.referral.courses import UNSAID, Dimension
from hub.referral.crossing import CROSSED, held_back

WHOLE: Final[Group] = "referrals-sent"


@dataclass(frozen=True)
class Told:
    """A group as it is told: None in place of a number that is held back. What is not told at all is not in `by`."""

    group: Group
    whole: int | None
    by: Mapping[Dimension, Mapping[str, int | None]]


def suppress(cells: Mapping[str, int], smallest: int) -> dict[str, int | None] | None:
    """A breakdown whose whole is told: each number, or None where it is held back. None: the breakdown itself is not told."""
    if not any(0 < number < smallest for number in cells.values()):
        return dict(cells)
    low = 2 * smallest - 1
    for edge in (low, *sorted(number for number in cells.values() if number > low)):
        held = [name for name, number in cells.items() if 0 < number <= edge]
        if _safe([cells[name] for name in held], smallest):
            return {name: None if name in held else number for name, number in cells.items()}
    return None


def _safe(held: list[int], smallest: int) -> bool:
    """Two at least; and of what they are together, which can be worked out, each alone could be `smallest` or more."""
    return len(held) > 1 and sum(held) - (len(held) - 1) >= smallest


def told(counted: tuple[Counted, ...], smallest: int) -> tuple[Told, ...]:
    """All groups of a report. How referrals ended is a breakdown of those that were sent; what has not ended so is its rest."""
    sent, *ended = counted
    if 0 < sent.whole < smallest:
        return tuple(Told(one.group, None, {}) for one in counted)
    fates: dict[str, int] = {one.group: one.whole for one in ended}
    cells: dict[str, int] = {**fates, UNSAID: sent.whole - sum(fates.values())}
    known = suppress(cells, smallest) or dict.fromkeys(cells)
    wholes = {sent.group: sent.whole, **{one.group: known[one.group] for one in ended}}
    apart = [_told(one, wholes[one.group], smallest) for one in counted]
    return _crossed(counted, apart, smallest) if None not in known.values() else tuple(apart)


def _told(one: Counted, whole: int | None, smallest: int) -> Told:
    """Without what is told of two ways together."""
    if whole is None:
        return Told(one.group, None, {})
    by = one.by if one.group == WHOLE else {name: cells for name, cells in one.by.items() if name not in CROSSED}
    return Told(one.group, whole, dict(_broken_down(by, smallest)))


def _crossed(counted: Sequence[Counted], apart: Sequence[Told], smallest: int) -> tuple[Told, ...]:
    """With how they ended by service and by place, as far as the sums by service and by place are told."""
    sums, *ended = apart
    for name, told_sums in ((name, sums.by[name]) for name in CROSSED if name in sums.by):
        wholes, *parts = (one.by.get(name, {}) for one in counted)
        rows = {row: _row(number, [part.get(row, 0) for part in parts]) for row, number in wholes.items()}
        held = held_back(rows, frozenset(row for row, number in told_sums.items() if number is None), smallest)
        if held is not None:
            ended = [
                replace(one, by={**one.by, name: {row: None if row in held else rows[row][at] for row in rows}})
                for at, one in enumerate(ended)
            ]
    return (sums, *ended)


def _row(whole: int, parts: Sequence[int]) -> tuple[int, ...]:
    return *parts, whole - sum(parts)


def _broken_down(by: Breakdowns, smallest: int) -> list[tuple[Dimension, Mapping[str, int | None]]]:
    found = ((name, suppress(cells, smallest)) for name, cells in by.items())
    return [(name, cells) for name, cells in found if cells]
