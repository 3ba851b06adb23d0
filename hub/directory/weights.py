"""What may be found about a service that somebody looks for, and what each finding is worth: all that the order follows from.

One table, so that whoever knows the field better than we do can read it and change it. Nobody has measured these weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Worth:
    """`aspect`: of the findings of one aspect a service has one. `doubt`: to be asked about before somebody is sent there."""

    aspect: str
    points: int
    doubt: bool = False


WORTH: Final[Mapping[str, Worth]] = {
    "serves-area": Worth("area", 40),
    "serves-region": Worth("area", 22),
    "area-not-told": Worth("area", 8, doubt=True),
    "elsewhere": Worth("area", 0),
    "has-room": Worth("room", 25),
    "assesses-first": Worth("room", 16),
    "waiting-list": Worth("room", 12),
    "room-not-confirmed": Worth("room", 10, doubt=True),
    "room-not-told": Worth("room", 10, doubt=True),
    "refused-for-room": Worth("room", 5, doubt=True),
    "no-room": Worth("room", 0),
    "open-now": Worth("opening", 15),
    "opens-within-a-day": Worth("opening", 10),
    "opens-later": Worth("opening", 5),
    "hours-not-told": Worth("opening", 3, doubt=True),
    "answers-within-4-hours": Worth("response", 10),
    "answers-within-a-day": Worth("response", 8),
    "answers-within-3-days": Worth("response", 5),
    "answers-later": Worth("response", 2),
    "response-not-told": Worth("response", 1, doubt=True),
    "age-received": Worth("ages", 5),
    "age-received-in-part": Worth("ages", 3, doubt=True),
    "ages-not-told": Worth("ages", 2, doubt=True),
    "speaks-all": Worth("language", 12),
    "speaks-some": Worth("language", 8),
    "interpreter": Worth("language", 6),
    "languages-not-told": Worth("language", 3, doubt=True),
    "speaks-none": Worth("language", 0, doubt=True),
    "has-all": Worth("characteristic", 16),
    "has-some": Worth("characteristic", 8, doubt=True),
    "features-not-told": Worth("characteristic", 4, doubt=True),
    "has-none": Worth("characteristic", 0, doubt=True),
    "receives-all-asked": Worth("eligibility", 16),
    "receives-some-asked": Worth("eligibility", 8, doubt=True),
    "eligibility-not-told": Worth("eligibility", 4, doubt=True),
    "receives-others": Worth("eligibility", 0, doubt=True),
}
"""Finding (a code of the code system match-reason) → what it is worth. What is not told is worth less than a good
answer, and more than a no."""

URGENT: Final = frozenset({"urgent", "asap", "stat"})
TIMES_IF_URGENT: Final[Mapping[str, int]] = {"opening": 2, "response": 2}
"""Aspect → how many times its points count when it is urgent."""

ANSWERS: Final = ((4, "answers-within-4-hours"), (24, "answers-within-a-day"), (72, "answers-within-3-days"))
"""Hours within which a referral is answered → finding; beyond them `answers-later`."""

ROOM: Final[Mapping[str, str]] = {
    "capacity": "has-room",
    "additional-assessment-required": "assesses-first",
    "waitlist": "waiting-list",
    "no-capacity": "no-room",
}
"""Code of capacity-status → finding, while it is confirmed."""

CONFIRMED_FOR_DAYS: Final[Mapping[str, int]] = {"shelter": 3, "": 30}
"""Type of service ("": all others) → for how many days what was said of its room holds."""

MOST: Final[Mapping[str, int]] = {
    aspect: max(one.points for one in WORTH.values() if one.aspect == aspect)
    for aspect in {one.aspect for one in WORTH.values()}
}
"""Aspect → what the best finding is worth."""


def times(aspect: str, priority: str) -> int:
    return TIMES_IF_URGENT.get(aspect, 1) if priority in URGENT else 1
