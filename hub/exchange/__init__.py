"""The use cases: what the hub does, one module per verb. I/O only through the ports that `Hub` holds."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from hub.consent.policies import Policies, packaged
from hub.consent.rules import Rules, purposes_under
from hub.errors import HubError, Problem
from hub.exchange.pseudonyms import Pseudonyms
from hub.fhir.issues import Issue
from hub.ports import Clock, Directory, ExportLimits, Ids, Store

__all__ = ["Hub", "Invalid", "Page", "View"]


@dataclass(frozen=True)
class Hub:
    """The ports, handed to every use case. `pepper`: the secret that keys hashes of source ids and identities;
    `policies`: what this deployment says beside the consents."""

    store: Store
    clock: Clock
    ids: Ids
    directory: Directory
    pepper: bytes = field(repr=False)
    policies: Policies = field(default_factory=packaged)
    exports: ExportLimits = field(default_factory=ExportLimits)

    @property
    def rules(self) -> Rules:
        """By what Consents are read here."""
        return Rules(self.policies, purposes_under(), self.directory.below)

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
    """`total` counts everything that the caller may see and that matches; `after` leads to the next page."""

    total: int
    entries: tuple[View, ...]
    after: str | None


class Invalid(HubError):  # noqa: N818
    """A resource that does not conform, with all findings."""

    def __init__(self, problem: Problem, issues: tuple[Issue, ...]) -> None:
        super().__init__(problem)
        self.issues = issues
