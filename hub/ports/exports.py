"""Exports: what was asked, how far the work is, and which documents were found; never what stands in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Protocol

from hub.fhir.issues import Issue
from hub.ports.clients import Caller

State = Literal["running", "done", "failed"]
Kind = Literal["output", "deleted"]


@dataclass(frozen=True)
class ExportLimits:
    """`running`: exports of one client at a time. `lifetime`: of what is ready. `lines`: of one file, and of one step."""

    running: int = 2
    lifetime: timedelta = timedelta(hours=1)
    lines: int = 2000


@dataclass(frozen=True, repr=False)
class Wanted:
    """What a client asked for. `filters`: type → search strings, one of which must be met. `of_people`: only what is somebody's;
    `persons`: only what is theirs; `patients`: who was named, in that order. `elements`: these alone, `[type.]element`."""

    request: str  # the URL as it was asked
    base: str
    types: tuple[str, ...]
    since: datetime | None = None
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    of_people: bool = False
    persons: frozenset[str] | None = None
    patients: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()

    @property
    def stages(self) -> tuple[tuple[Kind, str], ...]:
        """What is done one after the other: of each type what is there, then what has been deleted since."""
        deleted: tuple[tuple[Kind, str], ...] = tuple(("deleted", type_) for type_ in self.types if self.since)
        return (*(("output", type_) for type_ in self.types), *deleted)


class Line(NamedTuple):
    """A document that was found, and the data classes of it that the caller saw."""

    id: str
    version: int
    classes: frozenset[str]


@dataclass(frozen=True)
class Part:
    """One file: so many lines of one type."""

    id: str
    type: str
    count: int
    kind: Kind = "output"


@dataclass(frozen=True, repr=False)
class Export:
    """One export. `place`: how many of its stages are done; `after`: the id up to which the next one is. `step`: of the work, by
    which a worker that comes too late is known. Of `caller`, `within` is left out: it follows from its scopes. `issues`: what
    was asked and is not in it."""

    id: str
    caller: Caller
    wanted: Wanted
    at: datetime
    until: datetime
    state: State = "running"
    place: int = 0
    after: str = ""
    parts: tuple[Part, ...] = ()
    step: int = 0
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True)
class Scan:
    """The next `limit` documents by id. `since`: changed after it; `by`: there at that instant, or changed since (one that was
    made later is left out); `ids`: of these alone."""

    limit: int
    after: str = ""
    since: datetime | None = None
    by: datetime | None = None
    of_people: bool = False
    persons: frozenset[str] | None = None
    ids: tuple[str, ...] | None = None


class Exports(Protocol):
    """Exports under way and ready. One that is over is not there, for nobody."""

    def begin(self, export: Export) -> None: ...

    def running(self, client: str, now: datetime) -> int:
        """How many of this client are under way."""

    def find(self, id_: str, now: datetime) -> Export | None: ...

    def lease(self, now: datetime, until: datetime, id_: str = "") -> Export | None:
        """This export, or the one that has waited longest, to be worked on by the caller alone until then; None where it is
        done, or in other hands."""

    def save(self, export: Export, lines: Sequence[Line], now: datetime) -> bool:
        """A step is done: with `lines`, they are the last of its parts. False where somebody else has done it meanwhile, or
        the export is no more: then nothing is kept of it."""

    def lines(self, part: Part) -> tuple[Line, ...]: ...

    def forget(self, id_: str) -> None: ...

    def forget_old(self, now: datetime) -> None:
        """All that are over at `now`."""
