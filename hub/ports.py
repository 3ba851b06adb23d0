"""What the hub asks of the outside world, and the values that pass through those doors."""

from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from hub.fhir import Resource
from hub.fhir.issues import Issue
from hub.fhir.query import Match, Query
from hub.fhir.serial import loads

FOREVER = datetime.fromisoformat("9999-12-31T00:00:00+00:00")
KEK_LENGTH = 96
LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Clock(Protocol):
    def now(self) -> datetime:
        """The instant, in UTC, with milliseconds."""


class Ids(Protocol):
    def new(self) -> str:
        """A random logical id: nothing can be read from it."""


# --- doors: adapters -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layout:
    """What a mapping knows of a source's shape. `columns`: the column's name in the mapping → headers it goes by."""

    columns: Mapping[str, Sequence[str]]
    required: frozenset[str] = frozenset()
    key: tuple[str, ...] = ()
    sheet: str | None = None  # pattern of the sheets to read; None: every visible sheet that has the header
    follow_up: tuple[str, ...] = ()  # columns that go back to the source


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
    record again for a write-back; nothing in it identifies a person.
    """

    kind: str
    id: str
    version: str
    content: Mapping[str, Any]
    place: Place
    handle: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # column name → header as the source spells it
    issues: tuple[Issue, ...] = ()  # what the adapter itself could not read

    def __repr__(self) -> str:
        return f"<SourceRecord {self.kind} {self.place}>"


@dataclass(frozen=True)
class Watermark:
    """How far a connection was read, in the adapter's own words. Kept only after all records before it are stored."""

    value: str


Pulled = SourceRecord | Watermark


@dataclass(frozen=True, repr=False)
class FollowUp:
    """What a source is told about one of its records: `values` by column name, as the mapping wrote them back."""

    id: str  # idempotency key: the same follow-up sent twice has the same id
    handle: Mapping[str, str]
    values: Mapping[str, str]

    def __repr__(self) -> str:
        return f"<FollowUp {self.id}>"


@dataclass(frozen=True)
class Manifest:
    name: str
    title: Mapping[str, str]  # by language
    settings: Mapping[str, str]  # name → what it means
    secrets: Mapping[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    writes_back: bool = True


class Adapter(Protocol):
    """A door to one kind of tool."""

    manifest: Manifest

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        """Records in the source's order, each once, and watermarks between them. Raises Fatal or Retriable."""

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        """Write follow-ups into the tool; sending one twice has the effect of once. Raises Fatal or Retriable."""

    def check(self, connection: Connection) -> Iterator[Issue]:
        """What would stop `pull` now (settings, credentials, reachability), reading at most a few records."""


# --- keys ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kek:
    """A key-encryption key. Its id says nothing of it, and stands beside each data key that it wraps."""

    id: str
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, text: str) -> "Kek":
        """As it is written in the deployment's secrets: base64 of 96 bytes. Raises ValueError."""
        secret = b64decode(text, validate=True)
        if len(secret) != KEK_LENGTH:
            raise ValueError("not a key-encryption key")
        return cls(f"k{sha256(secret).hexdigest()[:16]}", secret)


@dataclass(frozen=True)
class KeyProof:
    """What can be said of a data key without giving it away: its UUID, and the SHA-256 of its bytes."""

    id: str
    fingerprint: str


class DataKeys(Protocol):
    """The data keys in the database, for those who look after them."""

    def wrapped(self) -> Mapping[str, int]:
        """How many data keys each key-encryption key wraps, by its id."""

    def rewrap(self) -> int:
        """Wrap some that the current one does not wrap yet, and say how many: 0 when nothing is left to do."""


class KeyEncryption(Protocol):
    """The key-encryption keys as they are now: asked at each use, since they may be rotated while the hub runs."""

    def current(self) -> Kek:
        """The one that wraps new data keys."""

    def find(self, id_: str) -> Kek | None:
        """One that unwraps."""


# --- the store -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    """Who may see a document: `grant` is `recipient|purpose|data class`; it opens at `since` and closes at `until`.

    `unless`: marks of a person (her reference, a function) to whom it is no key.
    """

    grant: str
    since: datetime = LONG_AGO
    until: datetime = FOREVER
    unless: frozenset[str] = frozenset()


@dataclass(frozen=True, repr=False)
class Stored:
    """One version of a resource as the database keeps it: its text, or what of it is not encrypted and an opener for the rest."""

    type: str
    id: str
    version: int
    at: datetime
    kept: str
    person: str | None
    custodian: str | None
    keys: tuple[Key, ...] = ()
    opener: Callable[[frozenset[str] | None], str] | None = field(default=None, compare=False)

    @cached_property
    def text(self) -> str:
        """All of it, as it was stored."""
        return self.opener(None) if self.opener else self.kept

    def resource(self) -> Resource:
        parsed: Resource = loads(self.text)
        return parsed

    def opened(self, classes: frozenset[str]) -> Resource:
        """Without the encrypted elements of other classes, which stay closed."""
        parsed: Resource = loads(self.opener(classes) if self.opener else self.kept)
        return parsed

    def __repr__(self) -> str:
        return f"<Stored {self.type} v{self.version}>"


@dataclass(frozen=True)
class Visible:
    """The predicate that every query carries: a document counts when one of its keys is among `grants` and open `at`.

    `also`: further sets, one for each other data class that the query reads; one key of each must be open too.
    Where the profiles of a type need different keys, this speaks of documents of `profiles` alone ("": of those that were
    stored without one), and each of `others` of its own; without others, of all documents.
    `narrowed`: where there are any, the document must be one of these besides. `bound`: where there is one, the document must
    be of this person and keeper. `marks`: of the person who asks; a key that is closed to one of them does not count.
    """

    grants: frozenset[str]
    at: datetime
    also: tuple[frozenset[str], ...] = ()
    profiles: frozenset[str] = frozenset()
    others: "tuple[Visible, ...]" = ()
    narrowed: tuple["Narrowed", ...] = ()
    bound: "frozenset[Kept]" = frozenset()
    marks: frozenset[str] = frozenset()


class Kept(NamedTuple):
    """All that one organisation keeps about one person: what one consent can speak of."""

    person: str
    custodian: str


@dataclass(frozen=True)
class Narrowed:
    """Documents that match, and on which one key of each set is open: a match reads data classes as a search does.

    `profiles`: where this depends on a document's profile, those of which it speaks.
    """

    matches: tuple[Match, ...]
    also: tuple[frozenset[str], ...] = ()
    profiles: frozenset[str] = frozenset()


@dataclass(frozen=True, repr=False)
class Save:
    """A resource to write. `replaces` is the version it was computed from; None: it must not exist yet.

    The store sets `meta.versionId` and `meta.lastUpdated` and keeps the replaced version in the history.
    """

    resource: Resource
    person: str | None
    custodian: str | None
    keys: tuple[Key, ...]
    replaces: int | None = None


@dataclass(frozen=True)
class Rekey:
    """New disclosure keys for a stored document whose content does not change."""

    type: str
    id: str
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class LedgerEntry:
    """What became of one source record. `resources`: local name in the mapping → `Type/id`. `consents`: the version in which it
    left each Consent, so that what somebody has changed since is known."""

    key: str
    connection: str
    version: str
    mapping: str
    resources: Mapping[str, str]
    handle: Mapping[str, str]
    at: datetime
    state: Literal["stored", "quarantined", "erased"] = "stored"
    consents: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class Quarantined:
    """A record that could not be understood, kept whole until it is. `content` is shown to no one; `issues` to integrators."""

    key: str
    connection: str
    mapping: str
    place: str
    issues: tuple[Issue, ...]
    content: Mapping[str, Any]
    at: datetime
    record: Mapping[str, Any]  # the SourceRecord's other fields, for replay


@dataclass(frozen=True)
class Due:
    """A row of the outbox: something to do after the commit that wrote it. `recipient`: the organisation that is to be told,
    empty where it is the keeper of the record itself."""

    kind: str  # noun.verb, as `referral.complete`
    connection: str
    reference: str  # `Task/…`
    id: str = ""
    attempts: int = 0
    next_try: datetime = LONG_AGO
    payload: Mapping[str, Any] = field(default_factory=dict)
    recipient: str = ""


@dataclass(frozen=True)
class Void:
    """What waits in the outbox to tell `recipient` of `reference` is not sent any more. `reason`: a key of the text catalogue."""

    reference: str
    recipient: str
    reason: str


@dataclass(frozen=True)
class Changes:
    """All that one act changes. Committed whole or not at all.

    `persons`: person id → revision of the compartment that the change was computed from (0: the person is new). Two acts
    on one person can therefore never both be computed from the same state.
    """

    saves: Sequence[Save] = ()
    rekeys: Sequence[Rekey] = ()
    persons: Mapping[str, int] = field(default_factory=dict)
    ledger: Sequence[LedgerEntry] = ()
    identities: Mapping[str, str] = field(default_factory=dict)  # keyed hash of a business identity → `Type/id`
    quarantine: Sequence[Quarantined] = ()
    released: Sequence[str] = ()  # quarantine keys that are understood now
    outbox: Sequence[Due] = ()
    voids: Sequence[Void] = ()
    due: Mapping[str, datetime] = field(default_factory=dict)  # person → when her keys next open or close by themselves
    erased: Mapping[str, Sequence[str]] = field(default_factory=dict)  # person → all `Type/id` of her compartment
    watermark: tuple[str, Watermark] | None = None  # connection id, value
    tokens: "Sequence[Token]" = ()
    ended: Sequence[tuple[str, str]] = ()  # tokens that end: hash, and the client whose they must be


@dataclass(frozen=True)
class Compartment:
    """Everything kept about one person, and the revision it was read at. `due`: as in `Changes`; None: not known."""

    person: str
    revision: int
    documents: tuple[Stored, ...] = ()
    due: datetime | None = None


@dataclass(frozen=True)
class Found:
    """A page. `total` counts all that the caller may see; `after` is None on the last page."""

    total: int
    page: tuple[Stored, ...]
    after: str | None


class Store(Protocol):
    """The database. Every method that a caller's request can reach takes the `Visible` predicate."""

    def commit(self, changes: Changes) -> None:
        """Write everything in one transaction, durably. Raises Conflict when a version or a person's revision moved on."""

    def read(self, type_: str, id_: str, visible: Visible | None) -> Stored | None:
        """The current version, or None. `visible=None` is for the hub's own acts, whose result is never served."""

    def search(self, query: Query, visible: Visible) -> Found: ...

    def key_proof(self, person: str) -> KeyProof | None:
        """Of the data key of a person."""

    def compartments(self, persons: Iterable[str]) -> dict[str, Compartment]:
        """Compartments of persons that exist, each read consistently."""

    def grounds(self, person: str | None) -> tuple[Stored, ...]:
        """The Consents and Tasks of a person, and what says which of them count; of None, those of somebody drawn at random, by
        the same questions."""

    def ledger(self, keys: Iterable[str]) -> dict[str, LedgerEntry]: ...

    def origin(self, reference: str) -> LedgerEntry | None:
        """The ledger entry of the source record that a resource came from."""

    def identities(self, keys: Iterable[str]) -> dict[str, str]: ...

    def watermark(self, connection: str) -> Watermark | None: ...

    def quarantine(self, connection: str | None = None, key: str | None = None) -> Iterator[Quarantined]: ...

    def lease(self, now: datetime, until: datetime, limit: int) -> list[Due]:
        """Rows of the outbox that are due, taken by this worker alone until `until`."""

    def settle(self, due: Due, *, next_try: datetime | None = None, error: str = "", void: str = "") -> None:
        """The row is done; or, with `next_try`, is to be tried again then, its attempts counted; `error` is a catalogue key.

        `void`: the catalogue key of the reason why it is not sent at all.
        """

    def due_persons(self, now: datetime, limit: int) -> list[str]:
        """Persons whose keys have opened or closed by themselves since they were last settled, or might have."""

    def follow_rules(self, signature: str) -> bool:
        """From now on keys follow from other rules, where this signature is another than before: then True, and all persons are
        due."""

    def take_turn(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Whether `holder` has the turn `name` until `until`: nobody else of any process has."""

    def end_turn(self, name: str, holder: str) -> None: ...

    def counts(self) -> dict[str, int]:
        """How many documents of each kind are stored: for status pages, never for callers."""


# --- the audit trail -------------------------------------------------------------------------------------------------


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


# --- clients and tokens ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Client:
    """A registered system of one organisation."""

    id: str
    organization: str
    jwks: Mapping[str, Any]
    scopes: frozenset[str]
    purposes: tuple[str, ...]  # http://terminology.hl7.org/CodeSystem/v3-ActReason; the first is the default
    title: str = ""
    introspects: bool = False  # whether it may ask about the tokens of other clients, as a resource server does
    redirects: tuple[str, ...] = ()  # where people who signed in are sent back to, exactly so
    is_public: bool = False  # it can keep no secret, as an application on a phone
    disabled: bool = False
    jwks_url: str = ""  # where its keys are, where they are not in `jwks`


@dataclass(frozen=True)
class Binding:
    """The Consents that a token is bound to, each in the version that was read, and what they say of it.

    Another version of one of them ends the token, whatever it says. `policies` and `residual` are told as IHE PCF names them.
    """

    consents: tuple[tuple[str, int], ...]  # id, version
    kept: frozenset[Kept]
    until: datetime
    policies: tuple[str, ...] = ()
    residual: tuple[Mapping[str, Any], ...] = ()

    @property
    def person(self) -> str:
        """Whom all of them are of."""
        return next(iter(self.kept)).person


@dataclass(frozen=True)
class Token:
    """An access token as kept: only its hash. It carries who asks, for what purpose, from when until when, by which key."""

    hash: str
    client: str
    organization: str
    scopes: frozenset[str]
    purpose: str
    until: datetime
    since: datetime = LONG_AGO
    kid: str = ""  # of the client's key that got it
    practitioner: str = ""  # `Practitioner/…` of the person in whose name it is; "" for a system's own
    roles: frozenset[str] = frozenset()
    account: str = ""
    family: str = ""  # of the sign-in that it came from
    binding: Binding | None = None


class KeySource(Protocol):
    """Where the public keys of a client are found."""

    def of(self, client: Client, kid: str, now: datetime) -> Mapping[str, Any]:
        """Its JWK Set, in which `kid` is looked for. Raises ValueError where there is none to be had."""


class Registry(Protocol):
    """Clients, tokens, used assertion ids, and how often somebody asked."""

    def client(self, id_: str) -> Client | None: ...

    def clients(self) -> Iterator[Client]: ...

    def save_client(self, client: Client) -> None: ...

    def save_token(self, token: Token, *events: Save) -> None:
        """With the audit events that tell of it, in one transaction."""

    def change_client(self, client: Client, replaces: Client | None, told: Sequence[Save] = ()) -> None:
        """With its audit events, in one transaction. Raises Conflict where the client is not `replaces` any more (None: there is
        none yet). Tokens that were got by a key it has no more end; where it is disabled, all that it holds."""

    def token(self, hash_: str, now: datetime) -> Token | None:
        """None also where a Consent that it is bound to is no longer in the version that was read."""

    def end_token(self, hash_: str, client: str, *events: Save) -> None:
        """A token of this client is none any more, for the next look-up of any process. Of another client's, nothing changes."""

    def use_assertion(self, client: str, jti: str, until: datetime) -> bool:
        """True the first time; False when this assertion was used before."""

    def count(self, key: str, until: datetime) -> int:
        """Add one to a count that is forgotten at `until`; what it is now."""

    def counts(self, keys: Iterable[str]) -> Mapping[str, int]:
        """The counts that are above 0."""


@dataclass(frozen=True)
class Within:
    """What a token reaches of a type by one interaction (read, search, update): what matches one of these."""

    type: str
    interaction: str
    any_of: tuple[tuple[Match, ...], ...]


@dataclass(frozen=True)
class Caller:
    """Who asks: the frozen result of a valid token. What no `within` names is not narrowed."""

    client: str
    organization: str
    purpose: str
    scopes: frozenset[str] = frozenset()
    token: str = ""  # hash, for the audit
    within: tuple[Within, ...] = ()
    practitioner: str = ""  # `Practitioner/…` of a person who signed in; "" for a system
    roles: frozenset[str] = frozenset()  # codes of the code system desk-role, of a person; of a system, none
    bound: frozenset[Kept] = frozenset()  # what its token is bound to by consents; nothing here: it is not bound


class Directory(Protocol):
    """Organisations and the names they go by."""

    def find(self, text: str) -> str | None:
        """The id of the organisation that goes by this name, in any of its spellings; None when unknown or ambiguous."""

    def name(self, id_: str, language: str) -> str:
        """What an organisation is called in a language, else in the first that it has; the id itself when it is unknown."""

    def organization(self, id_: str) -> Mapping[str, Any] | None: ...

    def organizations(self) -> Iterable[str]:
        """The ids of all of them."""

    def below(self, id_: str) -> frozenset[str]:
        """The organisation and all that stand below it by Organization.partOf, at any depth."""
