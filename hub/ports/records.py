"""What the database keeps, who may see it, and what one act changes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from hub.fhir import Resource
from hub.fhir.instants import instant
from hub.fhir.issues import Issue
from hub.fhir.query import Match
from hub.fhir.serial import dumps, loads
from hub.ports.doors import Watermark
from hub.ports.surroundings import FOREVER, LONG_AGO

if TYPE_CHECKING:
    from hub.ports.clients import Token
    from hub.ports.discarded import Discard, Discarded


@dataclass(frozen=True)
class Key:
    """Who may see a document: `grant` is `recipient|purpose|data class`; it opens at `since` and closes at `until`.

    `unless`: marks of a person (her reference, a function) to whom it is no key. `because`: the Consents (in which
    version) or review Tasks that it follows from, for the record of looks and decisions; it opens nothing more or less.
    `passing`: it opens the present version alone, since a consent speaks of what stands in that.
    """

    grant: str
    since: datetime = LONG_AGO
    until: datetime = FOREVER
    unless: frozenset[str] = frozenset()
    because: tuple[str, ...] = field(default=(), compare=False)
    passing: bool = False


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
    gone: bool = False  # it says that the resource is deleted

    @cached_property
    def text(self) -> str:
        """All of it, as it was stored."""
        return self.opener(None) if self.opener else self.kept

    @cached_property
    def content(self) -> Resource:
        """The resource, to be read by all who have this version, and changed by nobody."""
        return self.resource()

    def forget_content(self) -> None:
        """It takes four times as much memory as its text, and is parsed again when it is wanted."""
        self.__dict__.pop("content", None)

    def resource(self) -> Resource:
        """One that is the asker's own."""
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
    `lasting`: nor does one that opens the present version alone.
    """

    grants: frozenset[str]
    at: datetime
    also: tuple[frozenset[str], ...] = ()
    profiles: frozenset[str] = frozenset()
    others: "tuple[Visible, ...]" = ()
    narrowed: tuple["Narrowed", ...] = ()
    bound: "frozenset[Kept]" = frozenset()
    marks: frozenset[str] = frozenset()
    lasting: bool = False

    def of_every_version(self) -> "Visible":
        """By the keys that open all versions of a document, not the present one alone; whatever it is narrowed or bound to."""
        others = tuple(one.of_every_version() for one in self.others)
        return replace(self, narrowed=(), bound=frozenset(), others=others, lasting=True)


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

    The store sets `meta.versionId` and `meta.lastUpdated` and keeps the replaced version in the history. `gone`: this version
    says that the resource is deleted; nothing but its type and id is left, and no key.
    """

    resource: Resource
    person: str | None
    custodian: str | None
    keys: tuple[Key, ...]
    replaces: int | None = None
    gone: bool = False

    @property
    def type(self) -> str:
        return str(self.resource["resourceType"])

    @property
    def id(self) -> str:
        return str(self.resource["id"])

    @property
    def version(self) -> int:
        return (self.replaces or 0) + 1

    def stamped(self, at: datetime) -> Resource:
        """`meta.versionId` and `meta.lastUpdated` are the store's to say. To be changed by nobody."""
        return self._at(at).resource

    def text(self, at: datetime) -> str:
        """All of it, stamped."""
        written = self._at(at)
        written.text = written.text or dumps(written.resource)
        return written.text

    def stored(self, at: datetime) -> Stored:
        """As it is read back, once it was committed at this instant."""
        written = self._at(at)
        if written.stored is None:
            text, keys = self.text(at), self.keys
            written.stored = Stored(
                self.type, self.id, self.version, at, text, self.person, self.custodian, keys, gone=self.gone
            )
        return written.stored

    def _at(self, at: datetime) -> "_Written":
        """Of the last instant that somebody asked for."""
        known: _Written | None = self.__dict__.get("_written")
        if known is None or known.at != at:
            stamp = {"versionId": str(self.version), "lastUpdated": instant(at)}
            resource = {**self.resource, "meta": {**self.resource.get("meta", {}), **stamp}}
            known = self.__dict__["_written"] = _Written(at, resource)
        return known


@dataclass(slots=True, repr=False)
class _Written:
    """What a Save becomes at an instant, as far as somebody has asked."""

    at: datetime
    resource: Resource
    text: str = ""
    stored: Stored | None = None


@dataclass(frozen=True)
class Rekey:
    """New disclosure keys for a stored document whose content does not change."""

    type: str
    id: str
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class LedgerEntry:
    """What became of one source record. `resources`: local name in the mapping → `Type/id`. `consents`: the version in which it
    left each Consent, so that what somebody has changed since is known. `kind` and `revision`: as the tool gave them."""

    key: str
    connection: str
    version: str
    mapping: str
    resources: Mapping[str, str]
    handle: Mapping[str, str]
    at: datetime
    state: Literal["stored", "quarantined", "discarded", "left-out", "withdrawn", "erased"] = "stored"
    kind: str = ""
    revision: int | None = None
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
    discarded: "Discarded | None" = None
    since: datetime | None = field(default=None, compare=False)
    """When it was first set aside, also where it was tried again since (`at`). The store's to say."""


@dataclass(frozen=True)
class SetAside:
    """A record in quarantine as whoever mends its source is told of it: without what it says."""

    place: str
    issues: tuple[Issue, ...]
    mapping: str
    since: datetime


@dataclass(frozen=True)
class Aside:
    """How many records of a connection are set aside, and since when the first of them is."""

    count: int
    since: datetime


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


class Counted(NamedTuple):
    """In this time a person may be counted in the reports of the organisation that keeps her consent to it, by the main type of
    violence that it keeps of her."""

    keeper: str
    since: datetime
    until: datetime
    violence: str = ""


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
    guards: Mapping[str, int] = field(default_factory=dict)  # name → how often it had moved on when that was asked
    quarantine: Sequence[Quarantined] = ()
    discards: "Sequence[Discard]" = ()
    released: Sequence[str] = ()  # quarantine keys that are understood now
    outbox: Sequence[Due] = ()
    voids: Sequence[Void] = ()
    due: Mapping[str, datetime] = field(default_factory=dict)  # person → when her keys next open or close by themselves
    follows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Person → the groups and posts that her Consents name, in the versions that her keys were computed from."""
    counted: Mapping[str, "Sequence[Counted]"] = field(default_factory=dict)
    """Person → when she may be counted in reports. Of whom an act does not say it, it is worked out when it is asked."""
    followed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """A group or post that changes → the persons whose Consents name it, all settled with it."""
    erased: Mapping[str, Sequence[str]] = field(default_factory=dict)  # person → all `Type/id` of her compartment
    watermark: tuple[str, Watermark] | None = None  # connection id, value
    tokens: "Sequence[Token]" = ()
    ended: Sequence[tuple[str, str]] = ()  # tokens that end: hash, and the client whose they must be
    alive: frozenset[str] = frozenset()
    """Hashes of tokens that must be there still. Where one is not, nothing is written: HubError(LOGIN)."""
    rest: Mapping[str, Any] = field(default_factory=dict)
    """Person → what is known of her compartment as this leaves it, for whoever acts on her next in this process; not stored."""


@dataclass(frozen=True)
class Found:
    """A page. `total` counts all that the caller may see, None where it was not wanted or takes long; `after` is None on the last
    page."""

    total: int | None
    page: tuple[Stored, ...]
    after: str | None


@dataclass(frozen=True)
class Gathered:
    """A page of what there is about one person, or about several, of whom the total is not counted. `after` as in `Found`."""

    total: int | None
    page: tuple[Stored, ...]
    after: str | None
