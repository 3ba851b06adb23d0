"""The use cases: what the hub does, one module per verb. I/O only through the ports that `Hub` holds."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from hub.consent.membership import Entry
from hub.consent.policies import Policies, packaged
from hub.consent.rules import purposes_under
from hub.errors import HubError, Problem
from hub.exchange.decided import Decided
from hub.exchange.offerings import Offerings
from hub.exchange.opening_hours import OpeningHours
from hub.exchange.pseudonyms import Pseudonyms
from hub.exchange.queue import Queue
from hub.exchange.ruling import Ruling
from hub.fhir.issues import Issue
from hub.fhir.references import split
from hub.ports import Clock, Directory, ExportLimits, Ids, Store
from hub.referral import deadline_file
from hub.referral.deadlines import Deadlines
from hub.referral.reporting import Reporting
from hub.referral.timing import Timing

__all__ = ["Hub", "Invalid", "Page", "Part", "View"]


@dataclass(frozen=True)
class Hub:
    """The ports, handed to every use case. `pepper`: the secret that keys hashes of source ids and identities;
    `policies`: what this deployment says beside the consents; `deadlines`: how long things may take; `reporting`: how referrals
    are counted."""

    store: Store
    clock: Clock
    ids: Ids
    directory: Directory
    pepper: bytes = field(repr=False)
    policies: Policies = field(default_factory=packaged)
    exports: ExportLimits = field(default_factory=ExportLimits)
    deadlines: Deadlines = field(default_factory=deadline_file.packaged)
    reporting: Reporting = field(default_factory=Reporting)
    queue: Queue = field(default_factory=Queue, repr=False, compare=False)
    decided: Decided = field(default_factory=Decided, repr=False, compare=False)

    @property
    def rules(self) -> Ruling:
        """By what Consents are read here, and how long things may take."""
        return Ruling(
            self.policies, purposes_under(), self.directory.below, self._entry, self.offerings, timing=self.timing
        )

    @cached_property
    def offerings(self) -> Offerings:
        return Offerings(self.store, self.clock, self.directory)

    @cached_property
    def timing(self) -> Timing:
        return Timing(self.deadlines, OpeningHours(self.store, self.clock, self.deadlines.calendar))

    def _entry(self, reference: str) -> Entry | None:
        """A group or a post as it is stored: for what the hub works out itself, never to be served."""
        stored = self.store.read(*split(reference), None)
        if stored is None or stored.person is not None:
            return None
        return Entry(stored.resource(), stored.custodian or "", stored.version)

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """By which number each organisation knows a survivor."""
        return Pseudonyms(self.pepper)


@dataclass(frozen=True, repr=False)
class View:
    """A resource as one caller may see it. `text` is the JSON to serve."""

    type: str
    id: str
    version: int
    at: datetime
    text: str


@dataclass(frozen=True, repr=False)
class Page:
    """`total` counts everything that the caller may see and that matches, None where it was not wanted; `after` leads to the
    next page. `included`: what was asked for along with the matches."""

    total: int | None
    entries: tuple[View, ...]
    after: str | None
    included: tuple[View, ...] = ()


@dataclass(frozen=True, repr=False)
class Part:
    """As `Page`, of one survivor's records, or of several survivors', of which the total is not counted."""

    total: int | None
    entries: tuple[View, ...]
    after: str | None


class Invalid(HubError):  # noqa: N818
    """A resource that does not conform, with all findings."""

    def __init__(self, problem: Problem, issues: tuple[Issue, ...]) -> None:
        super().__init__(problem)
        self.issues = issues
