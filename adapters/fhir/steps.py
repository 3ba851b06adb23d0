"""What may be told of a Task that stands elsewhere: forward only, by the steps that every partner knows.

Partners of SDOH Clinical Care know neither `received` nor `ready`; the mapping says `requested` to all, which moves nothing.
https://hl7.org/fhir/us/sdoh-clinicalcare/ · https://hl7.org/fhir/R4/task.html#statemachine
"""

from collections.abc import Sequence
from typing import Final

RANK: Final = {
    "draft": 0, "requested": 1, "received": 2, "ready": 3, "accepted": 3, "in-progress": 4, "on-hold": 4,
    "completed": 9, "failed": 9, "rejected": 9, "cancelled": 9, "entered-in-error": 10,
}  # fmt: skip
OVER: Final = 9
BEGUN: Final = frozenset({"in-progress", "on-hold", "completed", "failed"})
"""Whoever has begun has accepted; a partner that keeps to the state machine asks for that step too."""


def steps(before: str, after: str) -> Sequence[str]:
    """The statuses to be written one after another; none where it stands there, is further, or is over."""
    here, there = RANK.get(before), RANK.get(after)
    if here is None or there is None or before == after or here >= OVER or there < here:
        return ()
    return ("accepted", after) if after in BEGUN and here < RANK["accepted"] else (after,)
