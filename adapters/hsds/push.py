"""Nothing goes back into a directory that is read: it holds services, and what became of a referral is no business of its readers."""

from collections.abc import Sequence

from hub.ports import Connection, FollowUp


def push(connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
    """Nobody is told anything."""
