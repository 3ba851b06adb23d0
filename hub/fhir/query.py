"""The tree that a FHIR search string becomes: what `hub.search` writes and `hub.store` turns into a database query.

https://hl7.org/fhir/R4/search.html
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

ParameterType = Literal["string", "token", "reference", "date", "number", "quantity", "uri", "composite", "special"]


@dataclass(frozen=True)
class Token:
    """`system` None: any system; empty: none. `code` None: any code of the system."""

    system: str | None
    code: str | None


@dataclass(frozen=True)
class Target:
    """A literal reference; `type` None: any type."""

    type: str | None
    id: str


@dataclass(frozen=True)
class Span:
    """A date with a comparison prefix, as the half-open instant range [low, high) that its precision means."""

    prefix: Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"]
    low: datetime
    high: datetime


@dataclass(frozen=True)
class Word:
    """Text for a string or uri parameter, as the caller wrote it."""

    text: str


@dataclass(frozen=True)
class ById:
    """The document of this id, whatever stands in it: what a number means that only its owner knows. "": none."""

    id: str


@dataclass(frozen=True)
class Sealed:
    """A value of an encrypted element. `tokens`: for each custodian's key those that must all be there."""

    value: Token | Span | Word
    tokens: tuple[tuple[bytes, ...], ...] = field(
        repr=False
    )  # a page is bound to what was asked, not to who keeps something


Value = Token | Target | Span | Word | ById | Sealed


@dataclass(frozen=True)
class Match:
    """One parameter: its values are alternatives; several matches of a query must all hold."""

    parameter: str
    type: ParameterType
    values: tuple[Value, ...]
    modifier: Literal["not", "missing", "exact", "contains"] | None = None


@dataclass(frozen=True)
class Sort:
    parameter: str
    descending: bool = False


@dataclass(frozen=True)
class Query:
    """`count` None: the server's default page; 0: the total alone. `after`: where the page begins, in the store's words."""

    type: str
    matches: tuple[Match, ...] = ()
    sort: tuple[Sort, ...] = ()
    count: int | None = None
    after: str | None = None
