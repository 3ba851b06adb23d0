"""Doors to the tools of associations, and the values that pass through them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from hub.fhir import Resource
from hub.fhir.issues import Issue


@dataclass(frozen=True)
class Layout:
    """What a mapping knows of a source's shape. `columns`: the column's name in the mapping → headers it goes by."""

    columns: Mapping[str, Sequence[str]]
    required: frozenset[str] = frozenset()
    key: tuple[str, ...] = ()
    sheet: str | None = None  # pattern of the sheets to read; None: every visible sheet that has the header
    follow_up: tuple[str, ...] = ()  # columns that go back to the source
    expected: frozenset[str] = frozenset()  # columns that the mapping was made for: one that is not there is told
    keyed: frozenset[str] = frozenset()  # those of `key` that each table has: without one of them it is another table


@dataclass(frozen=True)
class Connection:
    """One tool of one organisation, as the deployment folder describes it. `secret(name)` reads a secret when it is needed."""

    id: str
    organization: str
    adapter: str
    mapping: str
    settings: Mapping[str, Any]
    folder: Path  # relative paths in settings start here
    layout: Layout
    secret: Callable[[str], str] = field(repr=False)


@dataclass(frozen=True)
class Place:
    """Where a record stands, so that a person finds it. Sheets by number: their names can be names of people."""

    sheet: int | None = None
    row: int | None = None
    record: str | None = None  # the tool's own technical number, never a name or a code of a person

    def __str__(self) -> str:
        parts = [f"sheet {self.sheet}"] if self.sheet else []
        parts += [f"row {self.row}"] if self.row else []
        parts += [f"record {self.record}"] if self.record else []
        return ", ".join(parts)


@dataclass(frozen=True, repr=False)
class SourceRecord:
    """A record as a tool gave it, before mapping. Its content is never printed.

    `id` is stable across edits; `version` changes with every edit and with nothing else. `content` is by column name of
    the layout where the adapter knows it, else by the tool's own name. `handle` is what the adapter needs to find the
    record again for a write-back; nothing in it identifies a person. `silent`: of what the record does not mention it says
    nothing, so that what was told of the person before stays; `cleared`: columns that it says are to be empty; `unsaid`: columns
    that it could not tell, filled or empty, so that what an earlier version made of them stands.
    """

    kind: str
    id: str
    version: str
    content: Mapping[str, Any]
    place: Place
    handle: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # column name → header as the source spells it
    issues: tuple[Issue, ...] = ()  # what the adapter itself could not read
    silent: bool = False
    cleared: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()
    revision: int | None = (
        None  # grows with every edit, where the tool has such a number: an older one replaces nothing
    )

    def __repr__(self) -> str:
        return f"<SourceRecord {self.kind} {self.place}>"


@dataclass(frozen=True)
class Watermark:
    """How far a connection was read, in the adapter's own words. Kept only after all records before it are stored."""

    value: str


@dataclass(frozen=True)
class Present:
    """Records of a kind that are in the tool now, by their ids, whether they are read again or not."""

    kind: str
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Withdrawn:
    """The tool itself says that a record is no more: deleted, archived, out of what is read. `revision` as of a record."""

    kind: str
    id: str
    revision: int | None = None


@dataclass(frozen=True)
class Complete:
    """Everything of this kind that is in the tool was given by this pull, as a record or as present: what the hub knows besides
    is no longer there. Only said after a scan that nothing interrupted; what a filter or a page may have left out forbids it."""

    kind: str


Pulled = SourceRecord | Withdrawn | Present | Complete | Watermark


@dataclass(frozen=True, repr=False)
class FollowUp:
    """What a source is told about one of its records: `values` by column name, as the mapping wrote them back. `as_of`: it
    was so at that moment, and what is told of a later one is newer, whichever arrives first."""

    id: str  # idempotency key: the same follow-up sent twice has the same id
    handle: Mapping[str, str]
    values: Mapping[str, str]
    as_of: datetime | None = None

    def __repr__(self) -> str:
        return f"<FollowUp {self.id}>"


Capability = Literal["read", "http", "complete-scan", "hook", "report"]
"""What a door can do beside writing back: read records, ask a server, prove that a record is gone, be called by its tool, take
the figures of its organisation."""


@dataclass(frozen=True)
class Manifest:
    """What a door is called, what it asks of a connection, and what it promises. Sentences are keys of the text catalogue."""

    name: str
    title: Mapping[str, str]  # by language
    settings: Mapping[str, str]  # name → what it means
    secrets: Mapping[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    writes_back: bool = True
    tells_one: bool = (
        False  # a record has a place for one of the referrals that came from it, so that one of them is told
    )
    types: Mapping[str, str] = field(default_factory=dict)  # setting → JSON type, where it is no text
    kinds: tuple[str, ...] = ()  # of the records that it reads
    capabilities: frozenset[Capability] = frozenset({"read"})


Ready = Callable[[str, Callable[[], None]], None]
"""Told where a listener listens, and how it is stopped."""


Heard = Callable[[], None]
"""Told that there is something to pull."""


def unheard() -> None:
    """Nobody is told: what there is waits for the next pull."""


@runtime_checkable
class Listening(Protocol):
    """An adapter whose tool does not wait to be asked. A connection of it listens where its setting `listen` says.

    What its tool tells only once is on the disk before it is acknowledged. What can be asked for again is a hint, of which
    nothing is kept: whoever listens pulls when it is `heard`, and when it begins.
    """

    def listen(self, connection: Connection, ready: Ready, heard: Heard = unheard) -> None:
        """Returns when it is stopped. `heard` is called by any thread. Raises Fatal."""


@dataclass(frozen=True, repr=False)
class Sample:
    """The top of a table of a source, as text, before anybody knows which row is its header. Never printed."""

    number: int | None  # of the sheet, where there are several
    rows: tuple[tuple[str, ...], ...]


@runtime_checkable
class Sampling(Protocol):
    """An adapter that can show the top of a source that no mapping knows yet."""

    def sample(self, connection: Connection, rows: int) -> Iterator[Sample]:
        """At most so many rows of each table. Raises Fatal."""


@runtime_checkable
class Taking(Protocol):
    """An adapter that reads what somebody hands over as it reads what it finds."""

    def take(self, connection: Connection, content: bytes) -> Iterator[Pulled]:
        """The records of a file that lies nowhere; nothing of it is kept. Nothing at all where this connection is one that is
        pulled: of two registers under one name each would undo the other. Raises Fatal."""


@runtime_checkable
class Referring(Protocol):
    """An adapter whose tool takes referrals that others send to its organisation."""

    def takes(self, connection: Connection) -> bool:
        """Whether this connection is one that referrals are sent to."""

    def refer(self, connection: Connection, referrals: Sequence[FollowUp]) -> Collection[str] | None:
        """Hand referrals over: `values` as the mapping writes them, in `handle` the `referral` and its `event`: `new`,
        `changed` or `cancelled`; and until when this may be known (`until`), where an end is known. Sending one twice has the
        effect of once; that one was cancelled is told only where it was sent before. Which of them are there and wait, so
        that nobody has received them. Raises Fatal or Retriable."""


@runtime_checkable
class Completing(Referring, Protocol):
    """One whose tool keeps a record of the referral, to which is added what its organisation may know once it has accepted. To
    others, as who is sent messages, an acceptance of their own is no news."""

    completes: bool


@runtime_checkable
class Publishing(Protocol):
    """An adapter that shows the directory to anybody, as tools of its kind read it."""

    def publish(self, connection: Connection, entries: Iterable[Resource]) -> int:
        """Show these services, with the places and organisations that they name, and no others any more; how many there are.
        The entries are as everybody may see them. Raises Fatal or Retriable."""


class Adapter(Protocol):
    """A door to one kind of tool."""

    manifest: Manifest

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        """Records in the source's order, each once, and watermarks between them. Raises Fatal or Retriable."""

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        """Write follow-ups into the tool; sending one twice has the effect of once. Raises Fatal or Retriable."""

    def check(self, connection: Connection) -> Iterator[Issue]:
        """What would stop `pull` now (settings, credentials, reachability), reading at most a few records."""
