"""A door and the tool behind it, as the kit moves them, and what a pull of it gave."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from adapters.replay import StandIn
from hub.ports import Adapter, Complete, Connection, FollowUp, Present, Pulled, Return, SourceRecord, Watermark


class Case(ABC):
    """What a door brings to the kit. The tool holds at least three records, of every kind that the manifest names."""

    adapter: Adapter
    folder: Path  # the door's package
    mapping: str  # the name of a mapping that reads this tool
    search: Sequence[Path] = ()  # folders in which mappings lie, beside those of the hub
    marks: Sequence[str] = ()  # what stands in the tool and identifies somebody: it may appear nowhere else
    blocked: frozenset[str] = frozenset()  # ids of records that no mapping is expected to understand
    today: date = date(2026, 11, 23)

    @abstractmethod
    def connection(self, **settings: Any) -> Connection:
        """A connection that works, with these settings besides."""

    @abstractmethod
    def add(self) -> None:
        """One more record comes into the tool."""

    @abstractmethod
    def edit(self) -> None:
        """A record that is there is edited: one of its answers, and one that does not go back to the tool."""

    @abstractmethod
    def spoil(self) -> None:
        """One of the records that are there becomes one that cannot be read, while the others can."""

    def delete(self) -> None:
        """A record that is there goes for good. For doors that declare `complete-scan`."""
        raise NotImplementedError

    def told(self) -> object:
        """All that follow-ups have left in the tool, to be compared. For doors that write back; for doors that
        report, by element and option."""
        raise NotImplementedError

    def figures(self) -> Return:
        """What is reported: a number, none, and one that is not told; with rows, where the tool takes them. For doors that
        report."""
        raise NotImplementedError

    def told_singly(self) -> Mapping[frozenset[tuple[str, str]], int]:
        """How many referrals stand in the tool one by one, by what is said of them. For doors whose report has rows."""
        raise NotImplementedError

    def values(self) -> Mapping[str, str]:
        """What a follow-up says, by column."""
        return dict.fromkeys(self.connection().layout.follow_up, "x")

    def follow_up(self, record: SourceRecord, id_: str = "task-1", **values: str) -> FollowUp:
        return FollowUp(id_, record.handle, {**self.values(), **values})

    def find(self, organization: str) -> str | None:
        """The id of an organisation that records name; every name is known by default."""
        return "organization"


class HttpCase(Case):
    """A door to a tool that is asked over HTTP, and its stand-in."""

    stand_in: StandIn

    @abstractmethod
    def hurry(self) -> None:
        """From now on the door waits for no answer longer than half a second."""


@dataclass(frozen=True)
class Read:
    """What one pull gave, in its order."""

    pulled: tuple[Pulled, ...]
    records: tuple[SourceRecord, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "records", tuple(one for one in self.pulled if isinstance(one, SourceRecord)))

    @property
    def versions(self) -> dict[tuple[str, str], str]:
        return {(one.kind, one.id): one.version for one in self.records}

    @property
    def reached(self) -> Watermark | None:
        return next((one for one in reversed(self.pulled) if isinstance(one, Watermark)), None)

    @property
    def complete(self) -> set[str]:
        """Kinds of which it was said that all were given."""
        return {one.kind for one in self.pulled if isinstance(one, Complete)}

    @property
    def present(self) -> set[tuple[str, str]]:
        """What is in the tool, by this pull."""
        named = {(one.kind, id_) for one in self.pulled if isinstance(one, Present) for id_ in one.ids}
        return named | self.versions.keys()


def read(case: Case, since: Watermark | None = None) -> Read:
    """One pull, to its end."""
    return Read(tuple(case.adapter.pull(case.connection(), since)))


def begun(case: Case, since: Watermark | None = None, *, records: int) -> tuple[Read, Iterator[Pulled]]:
    """A pull of which so many records were taken, and the rest of it."""
    pulled = case.adapter.pull(case.connection(), since)
    taken: list[Pulled] = []
    while sum(isinstance(one, SourceRecord) for one in taken) < records and (one := next(pulled, None)) is not None:
        taken.append(one)
    return Read(tuple(taken)), pulled
