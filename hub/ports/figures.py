"""What is kept for counting: the course of each referral, and who may be counted when. Nothing of it is ever served."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from hub.ports.records import Visible


@dataclass(frozen=True, repr=False)
class Course:
    """One referral: when it first came to each status, where it is now, and what its notice says in codes."""

    first: Mapping[str, datetime]
    status: str
    said: Mapping[str, str]
    person: str = ""


class Uncounted(NamedTuple):
    """A Task whose course is not kept, as it was stored before courses were: its history tells it."""

    id: str
    person: str


class Figures(Protocol):
    def courses(self, visible: Visible, since: datetime, before: datetime) -> Sequence[Course]:
        """Of the referrals that were sent in this time."""

    def without_course(self, visible: Visible) -> Sequence[Uncounted]: ...

    def counted(self, keeper: str, at: datetime) -> Mapping[str, str]:
        """The persons who may be counted at this instant, by what this organisation keeps of them: each with the main type of
        violence, or ""."""

    def unsettled(self, persons: Iterable[str]) -> frozenset[str]:
        """Those of them of whom it is not known whether they may be counted."""
