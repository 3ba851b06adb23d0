"""What is told of a period beside the shorter ones in it, whose reports may be asked for as well. Pure.

The shortest tell what `hub.referral.suppression` lets them. A longer one, made of whole shorter ones, tells what it may by the
same rule, less what would give away a small number of theirs: cells are held back until every small number that was not told
could be as much as one that is. So whoever sets all reports of a year against each other learns of nobody. How referrals ended by
service and by place is told of the shortest periods alone.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hub.referral.counting import Case, Counted, count
from hub.referral.courses import UNSAID, Dimension
from hub.referral.crossing import CROSSED
from hub.referral.suppression import WHOLE, Told, suppress, told
from hub.referral.tables import Known, Sum, Table, betrayed

Count = Callable[[Iterable[Case]], tuple[Counted, ...]]


@dataclass(frozen=True)
class Span:
    """A period: what was counted in it, and what is told of that."""

    counted: tuple[Counted, ...]
    told: tuple[Told, ...]
    parts: tuple["Span", ...] = ()


def span(months: Sequence[Sequence[Case]], lengths: Sequence[int], smallest: int, counts: Count = count) -> Span:
    """`months`: the cases of each, from the first; `lengths`: of the period itself, of those in it, and so on to the shortest.
    `counts`: the groups, of which the first is the whole that the others are parts of."""
    counted = counts(case for cases in months for case in cases)
    if len(lengths) == 1:
        return Span(counted, told(counted, smallest))
    size, shorter = lengths[1], lengths[1:]
    parts = tuple(span(months[at : at + size], shorter, smallest, counts) for at in range(0, len(months), size))
    return Span(counted, _longer(counted, parts, smallest), parts)


def _longer(counted: tuple[Counted, ...], parts: tuple[Span, ...], smallest: int) -> tuple[Told, ...]:
    nothing = tuple(Told(one.group, None, {}) for one in counted)
    whole = counted[0].whole
    if 0 < whole < smallest:
        return nothing
    rest, fates = tuple(_fates(one, smallest) for one in parts), _by_fate(counted)
    known = _kept(Sum(whole, whole, whole), fates, rest, smallest)
    if known is None and betrayed(Table(Sum(whole, whole, whole), fates, None, rest), smallest) is not None:
        return nothing
    wholes = {counted[0].group: whole, **(known or {})}
    return tuple(
        Told(one.group, wholes.get(one.group), _breakdowns(number, wholes.get(one.group), one, parts, smallest))
        for number, one in enumerate(counted)
    )


def _breakdowns(
    number: int, whole: int | None, one: Counted, parts: tuple[Span, ...], smallest: int
) -> dict[Dimension, Known]:
    if whole is None:
        return {}
    found = {}
    for name, cells in one.by.items():
        if one.group == WHOLE or name not in CROSSED:
            shorter = tuple(_table(part, number, name, smallest) for part in parts)
            found[name] = _kept(Sum(whole, whole, whole), cells, shorter, smallest)
    return {name: known for name, known in found.items() if known}


def _kept(whole: Sum, cells: dict[str, int], parts: tuple[Table, ...], smallest: int) -> Known | None:
    """What may be told of a breakdown; None: it may not be told."""
    known = suppress(cells, smallest)
    while known and (columns := betrayed(Table(whole, cells, known, parts), smallest)) is not None:
        known = _less(known, columns)
    return known


def _less(known: dict[str, int | None], columns: Sequence[str]) -> dict[str, int | None] | None:
    """Without the columns that give something away; where they are held back already, without the smallest that is left."""
    left = {name: number for name, number in known.items() if number}
    held = left.keys() & set(columns) or set(sorted(left, key=lambda name: (left[name], name))[:1])
    return {name: None if name in held else number for name, number in known.items()} if held else None


def _fates(one: Span, smallest: int) -> Table:
    """How the referrals of a period ended, as far as it is told."""
    tells = one.told
    known: dict[str, int | None] = {group.group: group.whole for group in tells[1:]}
    cells = _by_fate(one.counted)
    known[UNSAID] = cells[UNSAID] if None not in known.values() else None
    known = {name: 0 if number is None and not cells[name] else number for name, number in known.items()}
    shorter = tuple(_fates(part, smallest) for part in one.parts)
    whole = _sum(one, 0, smallest)
    return Table(whole, cells, known if tells[0].whole is not None else None, shorter)


def _by_fate(counted: tuple[Counted, ...]) -> dict[str, int]:
    sent, *ended = counted
    fates: dict[str, int] = {one.group: one.whole for one in ended}
    return {**fates, UNSAID: sent.whole - sum(fates.values())}


def _table(one: Span, number: int, name: Dimension, smallest: int) -> Table:
    known = one.told[number].by.get(name)
    shorter = tuple(_table(part, number, name, smallest) for part in one.parts)
    return Table(_sum(one, number, smallest), one.counted[number].by[name], known, shorter)


def _sum(one: Span, number: int, smallest: int) -> Sum:
    """Of few in all, all know that they are few; of those that ended so, what the rule says."""
    value, sent = one.counted[number].whole, one.counted[0].whole
    if one.told[number].whole is not None:
        return Sum(value, value, value)
    if one.told[0].whole is None and sent < smallest:
        return Sum(value, min(value, 1), smallest - 1)
    return Sum(value, min(value, 1), max(2 * smallest - 1, sent))
