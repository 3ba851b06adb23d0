"""Nothing goes back into a directory that is read: it holds services, and its readers are told of no referral."""

from collections.abc import Sequence

from hub.ports import Connection, FollowUp


def push(connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
    """Nobody is told anything."""
