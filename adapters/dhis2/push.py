"""Nothing: no record came from here, so that none is followed up. `report.py` is the way out."""

from collections.abc import Sequence

from hub.ports import Connection, FollowUp


def push(connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
    """Tells DHIS2 nothing about anybody's referral."""
