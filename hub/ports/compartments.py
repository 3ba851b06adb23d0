"""Everything kept about one person, as acts on her are computed from it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, overload

from hub.ports.records import Stored

Kinds = Mapping[str, Mapping[str, Stored]]
"""Type → id → what is stored."""


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

    def find(self, type_: str, id_: str) -> Stored | None:
        return self._kinds.get(type_, {}).get(id_)

    def of_type(self, type_: str) -> Iterator[Stored]:
        return iter(self._kinds.get(type_, {}).values())

    def __iter__(self) -> Iterator[Stored]:
        return chain.from_iterable(mine.values() for mine in self._kinds.values())

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
