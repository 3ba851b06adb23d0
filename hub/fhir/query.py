"""The tree that a FHIR search string becomes: what `hub.search` writes and `hub.store` turns into a database query.

https://hl7.org/fhir/R4/search.html
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from hub.fhir.folding import fold

ParameterType = Literal["string", "token", "reference", "date", "number", "quantity", "uri", "composite", "special"]
Prefix = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]
Modifier = Literal["not", "missing", "exact", "contains", "text", "of-type", "identifier", "below", "versioned"]
"""`versioned`: of a canonical, in any version. `:in`, `:not-in`, `:above` and `:below` of a token become the codes they mean."""


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

    prefix: Prefix
    low: datetime
    high: datetime


@dataclass(frozen=True)
class Amount:
    """A number with a comparison prefix, and the half-open range [low, high) that its digits mean. `unit`: of a quantity; its
    system None: a code or a unit of any system."""

    prefix: Prefix
    value: Decimal
    low: Decimal
    high: Decimal
    unit: Token | None = None


@dataclass(frozen=True)
class Near:
    """A circle on the earth."""

    latitude: float
    longitude: float
    kilometres: float


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


@dataclass(frozen=True)
class Together:
    """Values of a composite that stand in one repetition: one match for each component, named `a`, `b` …"""

    parts: "tuple[Match, ...]"


@dataclass(frozen=True)
class Chained:
    """What `query` finds; with `through`, what this parameter of it refers to (`_has`). `ids`: once it has been asked.

    A page is bound to what was asked, not to what there was when it was asked.
    """

    query: "Query"
    through: str = ""
    ids: tuple[str, ...] | None = field(default=None, repr=False, compare=False)


Value = Token | Target | Span | Amount | Near | Word | ById | Sealed | Together | Chained


@dataclass(frozen=True)
class Match:
    """One parameter: its values are alternatives; several matches of a query must all hold. `_has` is one whose values are
    `Chained`."""

    parameter: str
    type: ParameterType
    values: tuple[Value, ...]
    modifier: Modifier | None = None


@dataclass(frozen=True)
class Sort:
    parameter: str
    descending: bool = False


@dataclass(frozen=True)
class Include:
    """`_include`, or `_revinclude` where it is `reverse`. `parameter` `*`: any; `target` "": any type; `iterate`: also of what is
    included."""

    source: str
    parameter: str
    target: str = ""
    reverse: bool = False
    iterate: bool = False


@dataclass(frozen=True)
class Query:
    """`any_of`: where there are any, one of these must hold too (a compartment). `count` None: the server's default page; 0: the
    total alone. `after`: where the page begins, in the store's words. `counted`: whether the total is wanted;
    `accurate`: however long it takes to count."""

    type: str
    matches: tuple[Match, ...] = ()
    sort: tuple[Sort, ...] = ()
    count: int | None = None
    after: str | None = None
    any_of: tuple[Match, ...] = ()
    includes: tuple[Include, ...] = ()
    counted: bool = True
    accurate: bool = False

    @property
    def reads(self) -> tuple[Match, ...]:
        """Every match that a document is asked by."""
        return (*self.matches, *self.any_of)

    @property
    def meaning(self) -> str:
        """What is looked for, the same however it was written: the order of parameters and of alternatives, what is said twice,
        and in text what a search makes no difference of change nothing. Order, pages and includes are no part of it."""
        every = (sorted({_meant(one) for one in matches}) for matches in (self.matches, self.any_of))
        return repr((self.type, *every))


def _meant(match: Match) -> str:
    folded = match.type == "string" and match.modifier in {None, "contains"}
    return repr((match.parameter, match.modifier, sorted({_value_meant(one, folded) for one in match.values})))


def _value_meant(value: Value, folded: bool) -> str:
    match value:
        case Chained():
            return repr((value.through, value.query.meaning))
        case Together():
            return repr([_meant(one) for one in value.parts])
        case Word() if folded:
            return repr(Word(fold(value.text)))
    return repr(value)
