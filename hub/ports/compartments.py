"""Everything kept about one person, as acts on her are computed from it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any, Final, overload

from hub.ports.records import Stored

Kinds = Mapping[str, Mapping[str, Stored]]
"""Type → id → what is stored."""

IDS_OF_ONE: Final = 16
"""Ids that take as much room as a document."""


class Documents(Sequence[Stored]):
    """The documents of one person, type by type, of each type the newest last.

    An act on her makes the next one of these out of this. That reads no document which the act does not write: of somebody
    with many, most lie where the processor has to wait for them.
    """

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds

    @classmethod
    def of(cls, documents: Iterable[Stored]) -> "Documents":
        kinds: dict[str, dict[str, Stored]] = {}
        for one in documents:
            kinds.setdefault(one.type, {})[one.id] = one
        return cls(dict(sorted(kinds.items())))

    def changed(self, written: Iterable[Stored], removed: Iterable[Stored]) -> "Documents":
        """With these put in, or in the place of what they replace, and without those."""
        kinds: dict[str, dict[str, Stored]] = {}
        for one in removed:
            self._own(kinds, one.type).pop(one.id, None)
        for one in written:
            self._own(kinds, one.type)[one.id] = one
        there = {**self._kinds, **kinds}
        ordered = dict(sorted(there.items())) if there.keys() != self._kinds.keys() else there
        return Documents({type_: mine for type_, mine in ordered.items() if mine})

    def _own(self, kinds: dict[str, dict[str, Stored]], type_: str) -> dict[str, Stored]:
        if type_ not in kinds:
            kinds[type_] = dict(self._kinds.get(type_, {}))
        return kinds[type_]

    def outline(self, types: Collection[str], revision: int, read: "Read") -> "Documents":
        """These types alone, and the ids of all else, of a person at this revision."""
        held = {type_: mine for type_, mine in self._kinds.items() if type_ in types}
        return Outline(
            held, {type_: frozenset(self._kinds[type_]) for type_ in self._kinds.keys() - held}, revision, read
        )

    @property
    def is_read(self) -> bool:
        """Whether nothing is left to read of them."""
        return True

    @property
    def weight(self) -> int:
        """The room that they take, in documents."""
        return len(self)

    def at_hand(self) -> Iterator[Stored]:
        """Those that nobody has to read."""
        return chain.from_iterable(mine.values() for mine in self._kinds.values())

    def find(self, type_: str, id_: str) -> Stored | None:
        return self._kinds.get(type_, {}).get(id_)

    def of_type(self, type_: str) -> Iterator[Stored]:
        return iter(self._kinds.get(type_, {}).values())

    def __iter__(self) -> Iterator[Stored]:
        return self.at_hand()

    def __len__(self) -> int:
        return sum(map(len, self._kinds.values()))

    @overload
    def __getitem__(self, place: int) -> Stored: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Stored, ...]: ...
    def __getitem__(self, place: int | slice) -> Stored | tuple[Stored, ...]:
        return tuple(self)[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Documents) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Documents {len(self)}>"


Read = Callable[[int], Documents]
"""All documents of a person as she is at this revision. Raises Conflict where she is at another."""


class Outline(Documents):
    """The documents of some types, and of all else the ids: it is read once any of it is asked for.

    Only for what is computed to be committed: a commit says whether she was at this revision all the while.
    """

    def __init__(self, kinds: Kinds, others: Mapping[str, frozenset[str]], revision: int, read: Read) -> None:
        super().__init__(kinds)
        self._others = others
        self._revision = revision
        self._read = read

    @cached_property
    def _whole(self) -> Documents:
        return self._read(self._revision)

    @property
    def is_read(self) -> bool:
        return "_whole" in vars(self)

    @property
    def weight(self) -> int:
        left_out = sum(map(len, self._others.values()))
        return len(self._whole) if self.is_read else super().__len__() + left_out // IDS_OF_ONE

    def at_hand(self) -> Iterator[Stored]:
        return self._whole.at_hand() if self.is_read else super().at_hand()

    def added(self, references: Iterable[tuple[str, str]]) -> Documents:
        """After an act that only added these, by type and id, to what is left out."""
        ids: dict[str, list[str]] = {}
        for type_, id_ in references:
            ids.setdefault(type_, []).append(id_)
        others = {
            **self._others,
            **{type_: self._others.get(type_, frozenset()).union(more) for type_, more in ids.items()},
        }
        return Outline(self._kinds, others, self._revision + 1, self._read)

    def changed(self, written: Iterable[Stored], removed: Iterable[Stored]) -> Documents:
        return self._whole.changed(written, removed)

    def outline(self, types: Collection[str], revision: int, read: Read) -> Documents:
        return self._whole.outline(types, revision, read) if self.is_read else self

    def find(self, type_: str, id_: str) -> Stored | None:
        left_out = id_ in self._others.get(type_, ())
        return self._whole.find(type_, id_) if left_out else super().find(type_, id_)

    def of_type(self, type_: str) -> Iterator[Stored]:
        return self._whole.of_type(type_) if type_ in self._others else super().of_type(type_)

    def __iter__(self) -> Iterator[Stored]:
        return iter(self._whole)

    def __len__(self) -> int:
        return super().__len__() + sum(map(len, self._others.values()))


@dataclass(frozen=True)
class Compartment:
    """Everything kept about one person, and the revision it was read at. `due`: as in `Changes`; None: not known. `gone`: what
    was deleted of hers, by the versions that say so. `worked_out`: notes of whoever works something out of it, for the next who
    does: they say of what they are true, and are forgotten with it. `rest`: as in `Changes`, of this very revision."""

    person: str
    revision: int
    documents: Documents = field(default_factory=lambda: Documents({}))
    due: datetime | None = None
    gone: tuple[Stored, ...] = ()
    worked_out: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    rest: Any = field(default=None, compare=False, repr=False)
