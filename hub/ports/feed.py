"""What has happened, in the order of the commits: the feed of a deployment, which every process reads for itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol


@dataclass(frozen=True)
class Happened:
    """A row that a commit wrote into the outbox. `place`: where it stands in the feed; places sort as texts. `commit`: which one
    wrote it. `recipient`: the organisation that alone is to be told, "" where there is none. `version` None: the commit wrote no
    version of what the row is about."""

    place: str
    commit: str
    kind: str  # noun.verb, as `referral.complete`
    reference: str
    recipient: str
    version: int | None
    at: datetime | None


class Stretch(NamedTuple):
    """The next part of the feed, and the place that was reached with it."""

    rows: Sequence[Happened]
    reached: str


class Forgotten(Exception):  # noqa: N818 — the field's word
    """The feed does not know this place, or not any more: what came after it cannot be told."""


class Feed(Protocol):
    def follow(self) -> Iterator[Stretch]:
        """From now on, without end. The first stretch is empty and says where that is; one without rows comes at least every few
        seconds."""

    def since(self, place: str, until: str) -> Iterator[Stretch]:
        """What came after one place and not after another that was reached. Raises Forgotten."""
