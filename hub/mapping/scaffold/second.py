"""A second opinion on what a header is: what it is like, beside what it is called.

It proposes where no name is near, as a question; it doubts what it thinks unlikely; it makes nothing certain.
"""

from collections.abc import Mapping
from typing import Final

from hub.mapping.scaffold.names import Near
from hub.mapping.scaffold.sentences import NOTHING

CLEAR: Final = 0.3  # so far ahead of all others
STRANGE: Final = 0.45  # so near to what no column is: nothing is proposed for that alone
NEARLY: Final = 0.25  # so far behind the first, and still likely
DOUBT: Final = 1.5  # so far behind that its own name is no longer beyond doubt
SAME: Final = 0.01  # two columns of one meaning
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
    first = next(iter(likely), "")
    if first not in {*nears, NOTHING}:  # of another kind of file, or forbidden
        return dict(nears)
    strange = first != NOTHING and -likely.get(NOTHING, -FAR) < STRANGE
    clear = not strange and not any(SAME < -behind < CLEAR for behind in likely.values())
    told = "" if strange else first
    return {column: _heard(near, likely, told, clear=clear) for column, near in nears.items()}


def _heard(near: Near, likely: Mapping[str, float], first: str, *, clear: bool) -> Near:
    if near.column not in likely:  # nobody has written headers of it
        return near
    behind = -likely[near.column]
    alike = clear and behind <= SAME
    if near.whole:
        doubted = behind > DOUBT or (near.vague and clear and behind > SAME)
        return near._replace(doubted=doubted, alike=alike)
    if near.initials:
        return near
    if first and behind <= SAME:
        return near._replace(score=max(near.score, FIRST if clear else DOUBTFUL), alike=alike)
    if first and behind <= NEARLY:
        return near._replace(score=max(near.score, NEXT))
    limit = UNLIKELY if behind > FAR else DOUBTFUL if clear else 1.0
    return near._replace(score=min(near.score, limit))


__all__ = ["is_plain", "second"]
