"""The database."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from hub.fhir.query import Query
from hub.ports.compartments import Compartment
from hub.ports.delivery import Deliveries
from hub.ports.doors import Watermark
from hub.ports.exports import Exports, Scan
from hub.ports.figures import Figures
from hub.ports.history import Past, Versions
from hub.ports.judgements import Judgements
from hub.ports.keys import KeyProof
from hub.ports.records import Aside, Changes, Found, Gathered, LedgerEntry, Quarantined, SetAside, Stored, Visible
from hub.ports.subscriptions import Subscriptions


class Store(Protocol):
    """The database. Every method that a caller's request can reach takes the `Visible` predicate."""

    def commit(self, changes: Changes, *, company: int = 1) -> datetime:
        """Write everything in one transaction, durably; the instant of its versions. Raises Conflict when a version or a person's
        revision moved on. Of audit events alone each is whole by itself. `company`: how many acts are under way, which may share
        the transaction."""

    def ready(self, changes: Changes) -> Callable[[], None]:
        """The same in two steps: what can be computed is computed now; what is given back does the rest, in any thread."""

    def read(self, type_: str, id_: str, visible: Visible | None) -> Stored | None:
        """The current version, or None. `visible=None` is for the hub's own acts, whose result is never served."""

    def gone(self, type_: str, id_: str, custodian: str) -> Stored | None:
        """The version that says that a resource which `custodian` kept is deleted, where it is."""

    def search(self, query: Query, visible: Visible) -> Found: ...

    def search_all(self, asked: Sequence[tuple[Query, Visible]]) -> Found:
        """Of several types, the last change first. Page and count are those of the first query."""

    def ids(
        self, query: Query, visible: Visible, limit: int, through: tuple[str, str] | None = None
    ) -> tuple[str, ...]:
        """The ids of what a query finds, no more than `limit`; `through`: those of the resources that it refers to, by a
        parameter and of a type."""

    def explain(self, query: Query, visible: Visible) -> Mapping[str, Any]:
        """How the database answers a query: for operators, never for callers. No value of the query is told."""

    def gather(self, asked: Sequence[tuple[Query, Visible]], count: int, after: str = "", *, person: str) -> Gathered:
        """A page of all that matches one of these of a person, type by type in their order, and by id in each."""

    def gather_all(
        self, asked: Sequence[tuple[Query, Visible]], count: int, after: str = "", *, patients: Visible
    ) -> Gathered:
        """The same of each person whose Patient is among `patients`, one after the other."""

    def scan(self, asked: Sequence[tuple[Query, Visible]], scan: Scan) -> tuple[Stored, ...]:
        """What any of these queries of one type finds, each with what its caller may see, in the order of ids; no total."""

    def values(
        self, query: Query, visible: Visible, names: Sequence[str], limit: int
    ) -> dict[str, tuple[str, ...]] | None:
        """The different values of these parameters over what a query finds, in order; None where that takes long."""

    def deletions(self, past: Past, scan: Scan) -> tuple[Stored, ...]:
        """What its keeper deleted of one type, in the order of ids."""

    @property
    def exports(self) -> Exports: ...

    @property
    def deliveries(self) -> Deliveries: ...

    @property
    def figures(self) -> Figures: ...

    @property
    def subscriptions(self) -> Subscriptions: ...

    @property
    def judgements(self) -> Judgements: ...

    def history(self, pasts: Sequence[Past], asked: Versions) -> Found:
        """Versions, newest first; a deletion is one of them. Each has the keys of the present document."""

    def naming(self, references: Sequence[str]) -> tuple[Stored, ...]:
        """Groups and lists of no person that name any of these. For the hub's own acts, whose result is never served."""

    def key_proof(self, person: str) -> KeyProof | None:
        """Of the data key of a person."""

    def compartments(self, persons: Iterable[str]) -> dict[str, Compartment]:
        """Compartments of persons that exist, each read consistently."""

    def supposed(self, person: str) -> Compartment | None:
        """Her compartment as it was when it was last read or written here; None where it is not at hand, or not to be relied on.
        Nothing is asked of the database: what follows from it counts once it is committed, or once `compartments` has said that
        she is still so."""

    def doubt(self) -> None:
        """What was supposed was not so: other processes act on the same persons. For a while nothing is supposed."""

    def remembers(self, person: str, custodian: str) -> bool:
        """Whether her compartment was at hand a moment ago and this was who kept her record: a hint, and no answer. Nothing is
        asked of the database."""

    def followers(self, references: Iterable[str]) -> frozenset[str]:
        """Persons whose Consents name any of these groups and posts."""

    def grounds(self, person: str | None) -> tuple[Stored, ...]:
        """The Consents and Tasks of a person, and what says which of them count; of None, those of somebody drawn at random, by
        the same questions."""

    def ledger(self, keys: Iterable[str]) -> dict[str, LedgerEntry]: ...

    def ledger_of(self, connection: str, kind: str, before: datetime) -> Iterator[str]:
        """Keys of the records of a connection that stand, stored or in quarantine, and were last written before an instant."""

    def are_all_left_out(self, connection: str, least: int) -> bool:
        """Whether no record of a connection stands, and at least so many were left out as their mapping says."""

    def origin(self, reference: str) -> LedgerEntry | None:
        """The ledger entry of the source record that a resource came from."""

    def identities(self, keys: Iterable[str]) -> dict[str, str]: ...

    def guard(self, name: str) -> int:
        """How often acts were committed under this name; it moves on with each that says so."""

    def watermark(self, connection: str) -> Watermark | None: ...

    def quarantine(
        self, connection: str | None = None, key: str | None = None, *, discarded: bool = False
    ) -> Iterator[Quarantined]:
        """What waits to be understood, in the order in which it came; or what is `discarded` and could still be taken back.
        Of a connection it is read bit by bit: a record that is set aside again meanwhile may be met again."""

    def quarantine_keys(self, *, discarded: bool = False) -> Iterator[str]:
        """The keys alone, in no order."""

    def all_set_aside(self) -> dict[str, int]:
        """`set_aside` of every connection that has any, be it gone."""

    def waiting(self, connections: Iterable[str]) -> dict[str, Aside]:
        """Of those of these connections that have any set aside: the same number, and since when."""

    def reasons(self, connection: str, limit: int) -> Iterator[SetAside]:
        """Why records of a connection are set aside, of so many that were tried least lately. What they say is not read."""

    def set_aside(self, connection: str) -> int:
        """How many records of a connection wait in quarantine, without those that are discarded."""

    def due_persons(self, now: datetime, limit: int) -> list[str]:
        """Persons whose keys have opened or closed by themselves since they were last settled, or might have."""

    def follow_rules(self, signature: str) -> bool:
        """From now on keys follow from other rules, where this signature is another than before: then True, and all persons are
        due."""

    def follow_directory(self) -> bool:
        """Whether a service of the directory has changed since this was asked last: then whoever has a referral that is open to
        claim is due."""

    def take_turn(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Whether `holder` has the turn `name` until `until`: nobody else of any process has."""

    def end_turn(self, name: str, holder: str) -> None: ...

    def counts(self) -> dict[str, int]:
        """How many documents of each kind are stored: for status pages, never for callers."""
