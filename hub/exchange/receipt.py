"""What became of some records, in numbers and places: what a pull or a replay answers.

Of many records the first places of each finding are named, and the others counted (`tally.py`): the numbers are of all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hub.fhir.issues import Issue

ENOUGH_TO_DOUBT: Final = 20
"""So many records are left out and none is taken: a sign that every record has, and not only tests."""
ALL_LEFT_OUT: Final = "receive.all-left-out"


@dataclass(frozen=True)
class Rejected:
    """A record in quarantine: where it stands, why, and what else was found in it; the reasons come first."""

    place: str
    issues: tuple[Issue, ...]
    again: bool = False  # it was there before, unchanged


@dataclass(frozen=True)
class Unnamed:
    """Findings that read alike, at so many places beside those that are named. `aside`: their records are set aside."""

    issue: Issue
    places: int
    aside: bool


@dataclass(frozen=True)
class Receipt:
    """What became of some records."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    withdrawn: int = 0  # by their source
    left_out: int = 0  # as their mapping says: tests and exercises, of which nothing is kept
    rejected: tuple[Rejected, ...] = ()
    warnings: tuple[tuple[str, Issue], ...] = ()
    referrals: Mapping[str, int] = field(default_factory=dict)  # action → how many
    unread: int = 0  # in quarantine, and not given this time: a file that has not changed is not read again
    unnamed: tuple[Unnamed, ...] = ()
    unnamed_aside: int = 0  # records set aside now, beside those in `rejected`
    unnamed_waiting: int = 0  # the same of those set aside before

    @property
    def numbers(self) -> dict[str, int]:
        """`quarantined`: set aside now; `waiting`: set aside before and not changed since."""
        again = sum(one.again for one in self.rejected)
        return {
            "read": self.read,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "quarantined": len(self.rejected) - again + self.unnamed_aside,
            "waiting": again + self.unnamed_waiting + self.unread,
            "withdrawn": self.withdrawn,
            "left_out": self.left_out,
        }

    @property
    def set_aside(self) -> int:
        """Of the records that were read, now or before."""
        return len(self.rejected) + self.unnamed_aside + self.unnamed_waiting

    @property
    def doubts(self) -> tuple[tuple[str, Issue], ...]:
        """What to look at although nothing was set aside for it: of all together first, then where it stands."""
        if not is_all_left_out(self.read, self.left_out):
            return self.warnings
        found = Issue("warning", "business-rule", ALL_LEFT_OUT, params={"count": str(self.left_out)})
        return (("", found), *self.warnings)

    def __add__(self, other: "Receipt") -> "Receipt":
        actions = {*self.referrals, *other.referrals}
        return Receipt(
            self.read + other.read,
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.withdrawn + other.withdrawn,
            self.left_out + other.left_out,
            self.rejected + other.rejected,
            self.warnings + other.warnings,
            {action: self.referrals.get(action, 0) + other.referrals.get(action, 0) for action in actions},
            self.unread + other.unread,
            self.unnamed + other.unnamed,
            self.unnamed_aside + other.unnamed_aside,
            self.unnamed_waiting + other.unnamed_waiting,
        )


def is_all_left_out(read: int, left_out: int) -> bool:
    """Whether `left_out` of a mapping holds for every record that was read, and these were enough to doubt it."""
    return read == left_out >= ENOUGH_TO_DOUBT
