"""How referrals ended, by service and by place: which rows of a table of two ways are told, so that no small number is, and none
can be worked out from its sums, nor from the rule. Pure.

A row is told whole or not at all: how many were completed, refused, and the rest, which is what is left of those that were sent.
Held back is each row with a number below twice the smallest, be it none at all (of a way in which any stands), so that nobody
knows which of its numbers is small, nor that one is. Then the next ones, until two at least are held back and of what they are
together each alone could be no small number. Where that cannot be had, the table is not told.
See the handbook on statistical disclosure control, https://ec.europa.eu/eurostat/cros/content/handbook-statistical-disclosure-control_en
"""

from collections.abc import Mapping, Sequence
from typing import Final

from hub.referral.courses import Dimension

CROSSED: Final[tuple[Dimension, ...]] = ("service", "area")

Rows = Mapping[str, Sequence[int]]
"""By what is told apart, one number for each way in which a referral can stand."""


def held_back(rows: Rows, unsaid: frozenset[str], smallest: int) -> frozenset[str] | None:
    """The rows that are not told; None: none is. `unsaid`: those whose sum is not told either. The sums of the columns are."""
    used = [at for at, column in enumerate(zip(*rows.values(), strict=True)) if any(column)]
    least = {name: min((row[at] for at in used), default=0) for name, row in rows.items()}
    low = 2 * smallest - 1
    for edge in (low, *sorted(number for number in least.values() if number > low)):
        held = unsaid | {name for name, number in least.items() if used and number <= edge}
        if not held or _safe([rows[name] for name in held], smallest):
            return held
    return None


def _safe(held: Sequence[Sequence[int]], smallest: int) -> bool:
    """Two rows at least; and each column has nothing in them, which all may know, or so much that any could have enough."""
    sums = (sum(column) for column in zip(*held, strict=True))
    return len(held) > 1 and all(not whole or whole - (len(held) - 1) >= smallest for whole in sums)
