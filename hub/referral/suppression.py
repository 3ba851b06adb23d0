"""What of a breakdown is told: no small number, and none that can be worked out from what stands beside it. Pure.

Where there is a small cell, all that are less than twice the smallest are held back, whichever they are, and with them the next
ones until two at least are; cells that are equal go together. So of what is held back nobody can say how much each is: also not
who knows this rule. Where that cannot be had, the breakdown is not told.
See the handbook on statistical disclosure control, https://ec.europa.eu/eurostat/cros/content/handbook-statistical-disclosure-control_en
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.referral.counting import Breakdowns, Counted, Group
from hub.referral.courses import UNSAID, Dimension


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
    return tuple(_told(one, wholes[one.group], smallest) for one in counted)


def _told(one: Counted, whole: int | None, smallest: int) -> Told:
    if whole is None:
        return Told(one.group, None, {})
    return Told(one.group, whole, dict(_broken_down(one.by, smallest)))


def _broken_down(by: Breakdowns, smallest: int) -> list[tuple[Dimension, Mapping[str, int | None]]]:
    found = ((name, suppress(cells, smallest)) for name, cells in by.items())
    return [(name, cells) for name, cells in found if cells]
