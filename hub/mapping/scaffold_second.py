"""A second opinion on what a header is: what it is like, beside what it is called.

It proposes where no name is near, as a question; it doubts what it thinks unlikely; it makes nothing certain.
"""

from collections.abc import Mapping
from typing import Final

from hub.mapping.scaffold_names import Near
from hub.mapping.scaffold_sentences import NOTHING

CLEAR: Final = 0.4  # so far ahead of all others
NEARLY: Final = 0.25  # so far behind the first, and still likely
FAR: Final = 1.0  # so far behind, and unlikely
FIRST: Final = 0.66
DOUBTFUL: Final = 0.56
NEXT: Final = 0.46
UNLIKELY: Final = 0.4


def is_plain(column: str, likely: Mapping[str, float]) -> bool:
    """Whether a header is so much like those of this column that words which speak against it count for nothing."""
    first, next_ = [*likely.items(), ("", 0.0), ("", 0.0)][:2]
    return first[0] == column and -next_[1] >= FAR


def second(nears: Mapping[str, Near], likely: Mapping[str, float]) -> dict[str, Near]:
    """`likely`: columns, the likeliest first, and how far behind it each is."""
    if not likely:
        return dict(nears)
    first, next_ = [*likely.items(), ("", -9.0), ("", -9.0)][:2]
    clear = -next_[1] >= CLEAR
    return {column: _heard(near, likely, first[0], clear=clear) for column, near in nears.items()}


def _heard(near: Near, likely: Mapping[str, float], first: str, *, clear: bool) -> Near:
    behind = -likely.get(near.column, 0.0)
    alike = clear and near.column == first
    if near.whole:
        doubted = near.column != first and (behind > FAR or near.vague)
        return near._replace(doubted=doubted, alike=alike)
    if near.column == first:
        return near._replace(score=max(near.score, FIRST if clear else DOUBTFUL), alike=alike)
    if behind <= NEARLY:
        return near._replace(score=max(near.score, NEXT))
    limit = UNLIKELY if behind > FAR else DOUBTFUL if clear else 1.0
    return near._replace(score=min(near.score, limit))


__all__ = ["is_plain", "second"]
