"""What an organisation reports each period to whoever keeps the public statistics: figures about nobody."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, runtime_checkable

from hub.fhir.issues import Issue
from hub.ports.doors import Connection


@dataclass(frozen=True)
class Figure:
    """A cell of a report, by the tool's own codes; `option` is empty where the cell is not broken down.

    `number` None: it is not told, so that what the tool holds from an earlier report has to go.
    """

    element: str
    option: str
    number: int | None


@dataclass(frozen=True)
class Row:
    """So many referrals of which the same is said: by dimension its code; where a tool is told, by its element its option."""

    said: Mapping[str, str]
    number: int


@dataclass(frozen=True)
class Rows:
    """All referrals of a period, one by one, or none of them. `held`: the dimensions that are not told, of too few."""

    rows: tuple[Row, ...]
    held: tuple[str, ...] = ()


@dataclass(frozen=True)
class Return:
    """Every cell that the mapping knows, each once, also those of which there are none. `unmapped`: what is counted and has
    no cell, as `group/dimension/code`. `rows` None: nothing is said of single referrals."""

    first: date
    last: date
    figures: tuple[Figure, ...]
    unmapped: tuple[str, ...] = ()
    rows: Rows | None = None


@dataclass(frozen=True)
class Reported:
    """What the tool made of it, in numbers, and what it did not take. `begun`, `ended`: referrals told one by one, and those
    taken back, where the others count cells."""

    imported: int = 0
    updated: int = 0
    deleted: int = 0
    ignored: int = 0
    issues: Sequence[Issue] = field(default=())
    begun: int = 0
    ended: int = 0


@runtime_checkable
class Reporting(Protocol):
    """An adapter whose tool takes the figures of an organisation."""

    def report(self, connection: Connection, figures: Return, *, dry_run: bool = False) -> Reported:
        """Make the tool hold these figures for the period, and no others in their cells. Sending them twice has the effect of
        once. Nothing is changed where the tool would not take all of them. Raises Fatal or Retriable."""


@runtime_checkable
class Coded(Protocol):
    """A Reporting adapter that can look for the codes of its mapping before anything is reported."""

    def codes(self, connection: Connection, cells: Sequence[Figure], rows: Sequence[Row] = ()) -> Iterable[Issue]:
        """A finding for each code of these cells and rows that the tool does not have. Raises Fatal or Retriable."""
