"""The values that pass through a mapping: what goes in with a record, what comes out of it, and one cell's reading."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple, Protocol

from hub.fhir import Resource
from hub.fhir.issues import Issue

Values = Mapping[str, Any]
"""What the cells of one record mean, by column name. A repeat's value is a tuple of such mappings, one for each item."""


def _no_service(organization: str) -> None:
    """Of nobody is it known."""


@dataclass(frozen=True)
class Context:
    """What a mapping must know that stands neither in the record nor in the mapping."""

    organization: str  # id of the custodian
    find_organization: Callable[[str], str | None]
    today: date
    name_organization: Callable[[str], str] = (
        str  # id → the name that the source's people read; the id itself by default
    )
    usual_service: Callable[[str], str | None] = (
        _no_service  # id → the code of the service that is meant where only the organisation is told
    )


class Draft(NamedTuple):
    """A resource without id. References to other drafts of the record read `{"reference": "draft:<local>"}`.

    `identity` is a business identity that several records may share, already scoped by organisation; None: this resource
    belongs to this record alone.
    """

    local: str
    identity: str | None
    resource: Resource

    def __repr__(self) -> str:
        return f"<Draft {self.local}>"


ANY: Final = "*"
"""Ends what stands for all local names that begin so."""


class Mapped(NamedTuple):
    """What became of a record. When an issue `blocks`, the record goes to quarantine and its drafts are not to be stored.

    `issues` holds those that the adapter found too. `links` are the drafts' references to each other, as they stand in the
    resources: whoever gives ids writes them there. `untold`: the local names of what the record could not say (`unsaid.py`).
    `left_out`: the mapping says that such a record is not taken; there are no drafts then.
    """

    drafts: tuple[Draft, ...]
    issues: tuple[Issue, ...]
    links: tuple[dict[str, str], ...] = ()
    untold: frozenset[str] = frozenset()
    left_out: bool = False

    def is_untold(self, local: str) -> bool:
        """`need#2` is one more of `need`."""
        stems = (one.removesuffix(ANY) for one in self.untold if one.endswith(ANY))
        return local.partition("#")[0] in self.untold or any(map(local.startswith, stems))

    def __repr__(self) -> str:
        return f"<Mapped {len(self.drafts)} drafts, {len(self.issues)} issues>"


class Code(NamedTuple):
    """One meaning of a word: a code in a code system."""

    system: str
    code: str


@dataclass(frozen=True, repr=False)
class Trouble:
    """Why a cell could not be read. `text` is a catalogue key; `value` is shown only for columns that identify no one."""

    text: str
    params: Mapping[str, str] = field(default_factory=dict)
    value: str = ""
    warns: bool = False  # the cell is left out (or kept as it is), whatever the column's severity policy


class Reading(NamedTuple):
    """What a cell means (`value` None: nothing), and what stood in the way."""

    value: Any = None
    trouble: Trouble | None = None

    def __repr__(self) -> str:
        return "<Reading>"


NOTHING = Reading()


class Transform(Protocol):
    """How the cells of a column are read and written: `forward(back(value))` is `value`, for every value `forward` gives.

    `parts` names the pieces of a value that can go to different elements (empty: the value itself); `join` is the inverse
    of `part`. `recurs`: a register says few different things in such a column, so that what follows from them is worth
    remembering; `steady`: a cell means the same for as long as the context is.
    """

    @property
    def recurs(self) -> bool: ...

    @property
    def steady(self) -> bool: ...

    @property
    def parts(self) -> tuple[str, ...]: ...

    def forward(self, text: str, context: Context) -> Reading:
        """What a cell that is not blank means."""

    def back(self, value: Any) -> str:
        """The cell in its canonical form."""

    def part(self, value: Any, name: str) -> Any:
        """One piece; None when the value does not have it."""

    def join(self, parts: Mapping[str, Any]) -> Any:
        """The value of its pieces; None when they say nothing."""


def tokens(value: Any) -> tuple[str, ...]:
    """The plain words that conditions compare with: codes without their systems, `true` and `false`."""
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, Code):
        return (value.code,)
    if isinstance(value, tuple):
        return tuple(item.code if isinstance(item, Code) else str(item) for item in value)
    return (str(value),)
