"""The audit trail."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Head:
    """The last link of a chain of audit events: its place, counted from 1, and its hash."""

    sequence: int
    hash: str


@dataclass(frozen=True)
class Link:
    """One event of a chain as it is kept now. `content`: the digest of the event as it is now, "" where it cannot be read;
    `hidden`: searches do not find it by what it says."""

    sequence: int
    hash: str
    event: str
    content: str
    hidden: bool = False


class Trail(Protocol):
    """The audit events in their chains, and the checkpoints that vouch for them. Nothing here is for callers."""

    def heads(self) -> dict[int, Head]:
        """The last link of every chain."""

    def chain(self, shard: int) -> Iterator[Link]:
        """One chain in its order, a little at a time."""

    def unchained(self) -> Iterator[Link]:
        """Events that stand in no chain, by id: those from before there were chains."""

    def checkpoints(self) -> Iterator[str]:
        """Checkpoints as they were signed, in their order."""

    def last_checkpoint(self) -> tuple[int, str] | None: ...

    def save_checkpoint(self, number: int, line: str) -> bool:
        """False when this number exists."""
