"""What a mapping file says, checked and resolved: columns, and blocks of elements. Plain values, without behaviour.

`hub.mapping.reading` makes them from YAML; `hub.mapping.forward` and `hub.mapping.back` compile them into closures.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from hub.mapping.conditions import Condition
from hub.mapping.derive import Derivation
from hub.mapping.figures import Cells
from hub.mapping.model import Transform
from hub.mapping.rows import Trait
from hub.mapping.schema import Slot


@dataclass(frozen=True)
class Otherwise:
    """What a cell means that says nothing: what `column` says, or the usual service of the organisation in it."""

    column: str
    is_service: bool = False


@dataclass(frozen=True)
class Column:
    """A column or question. `transform` None: a repeat, or a column that is known and not read."""

    name: str
    headers: tuple[str, ...]
    transform: Transform | None
    required: bool = False
    warns: bool = False  # a cell that cannot be read is left out with a warning instead of stopping the record
    direction: Literal["both", "forward", "back"] = "both"
    repeat: bool = False
    within: str = ""  # the repeat it stands in
    data_class: str = ""  # empty: that of the first element it goes to
    ticks: tuple[str, str] | None = None  # a column of codes and the word that a yes in this one adds to its cell
    otherwise: Otherwise | None = None
    adds_to: str = ""  # the column to whose cell what stands in this one is added

    @property
    def is_read(self) -> bool:
        """Whether it stands in a record of its own accord, and means something."""
        return self.transform is not None and self.direction != "back" and not self.within


@dataclass(frozen=True)
class FromColumn:
    column: str
    transform: Transform
    part: str = ""


@dataclass(frozen=True)
class FromItem:
    """The item of the nearest `for_each`."""


@dataclass(frozen=True)
class Constant:
    json: Any


@dataclass(frozen=True)
class FromDrafts:
    locals: tuple[str, ...]


@dataclass(frozen=True)
class Custodian:
    pass


@dataclass(frozen=True)
class Derived:
    derivation: Derivation
    columns: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Composed:
    """A code made unique by the year of a date: `12` of 2026 is `12/2026`. A code that holds a year stays as it is.

    `digest` hides a code that must not leave its association behind a stable one; there is no way back from it.
    """

    code: str
    date: str
    separator: str = "/"
    prefix: str = ""
    digest: bool = False


Source = FromColumn | FromItem | Constant | FromDrafts | Custodian | Derived | Composed


def columns_of(source: Source) -> tuple[str, ...]:
    """The columns that it reads."""
    if isinstance(source, FromColumn):
        return (source.column,)
    if isinstance(source, Composed):
        return (source.code, source.date)
    return source.columns if isinstance(source, Derived) else ()


LIVE = (FromColumn, FromItem, Derived, Composed)
"""Sources that say something of their own. An object that holds only the others is not worth writing."""


@dataclass(frozen=True)
class Alternative:
    source: Source
    when: Condition | None = None
    asks: frozenset[str] = frozenset()  # the columns that `when` asks about
    inverts: bool = True
    proves: tuple[tuple[str, str], ...] = ()  # column and answer that a constant under `when: {equals: …}` stands for


@dataclass(frozen=True)
class ForEach:
    """Once for each value of a column, each item of a repeat, each code of a derivation (`column` empty)."""

    column: str = ""
    repeat: bool = False
    derived: Derived | None = None
    without: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Those that say how many times."""
        return self.derived.columns if self.derived else (self.column,)


@dataclass
class Branch:
    """An element: a leaf has alternatives, an object has children. Grows while the mapping is read, then stays."""

    slot: Slot
    alternatives: tuple[Alternative, ...] = ()
    children: dict[tuple[str, str], "Branch"] = field(default_factory=dict)
    for_each: ForEach | None = None
    when: Condition | None = None
    asks: frozenset[str] = frozenset()  # the columns that `when` asks about
    constants: dict[str, Any] = field(default_factory=dict)  # what the profile fixes below this element

    @property
    def live(self) -> bool:
        own = any(isinstance(one.source, LIVE) for one in self.alternatives)
        return own or self.for_each is not None or any(child.live for child in self.children.values())

    @property
    def one_way(self) -> bool:
        """Whether it has sources of its own, and none of them can be turned round."""
        own = [one for one in self.alternatives if isinstance(one.source, LIVE)]
        return bool(own) and not any(one.inverts and isinstance(one.source, FromColumn | Composed) for one in own)


@dataclass(frozen=True)
class Block:
    """One resource, or one for each item."""

    local: str
    profile: str
    root: Branch
    identity: Branch | None = None
    for_each: ForEach | None = None
    when: Condition | None = None
    proves: tuple[tuple[str, str], ...] = ()
    recognised_by: str = ""  # a property that tells its resources from those of a later block with the same local name


@dataclass(frozen=True)
class Check:
    """`warns`: it does not stop the record, and somebody is told."""

    when: Condition
    say: str
    column: str
    for_each: ForEach | None = None
    warns: bool = False


@dataclass(frozen=True)
class Mark:
    """A record whose column says one of these words, or begins so, is left out. All of it is folded."""

    column: str
    words: frozenset[str] = frozenset()
    beginnings: tuple[str, ...] = ()


BESIDE: Final = frozenset({"information-asked", "cancellation-asked", "messages-waiting"})
"""What can be told beside the Task itself: how much about it waits for an answer. A number, never what it says."""


@dataclass(frozen=True)
class FollowUp:
    root: Branch
    by: Branch | None = None  # what tells several referrals of one record apart
    labels: Transform | None = None
    beside: Mapping[str, str] = field(default_factory=dict)  # one of BESIDE → column


def walk(branch: Branch) -> Iterator[Branch]:
    """The element and all below it."""
    yield branch
    for child in branch.children.values():
        yield from walk(child)


@dataclass(frozen=True)
class Plan:
    """A mapping, read."""

    id: str
    version: str
    title: Mapping[str, str]
    kinds: tuple[str, ...]
    language: str
    columns: Mapping[str, Column]
    blank: frozenset[str]
    blocks: tuple[Block, ...]
    checks: tuple[Check, ...] = ()
    follow_up: FollowUp | None = None
    key: tuple[str, ...] = ()
    sheet: str | None = None
    named: frozenset[str] = frozenset()  # columns that it says itself to stand in the form, where it extends another
    answers: tuple[str, ...] = ()  # mappings of what the other side says of a referral that was sent to it
    figures: tuple[Cells, ...] = ()  # where the numbers of the monthly report go
    rows: tuple[Trait, ...] = ()  # where what is told of single referrals goes
    left_out: tuple[Mark, ...] = ()  # any of these says that a record is a test, or for another reason none to be taken

    @property
    def one_way(self) -> tuple[str, ...]:
        """Paths of the elements that say something and have no way back of their own."""
        leaves = (branch for block in self.blocks for branch in walk(block.root))
        return tuple(dict.fromkeys(leaf.slot.path for leaf in leaves if leaf.one_way))
