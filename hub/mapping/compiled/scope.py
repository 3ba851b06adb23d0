"""What each column is called in the function, where in it one stands: in a `for_each`, a column is its item."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hub.mapping.compiled.program import Program
from hub.mapping.deciding import ITEM
from hub.mapping.model import Code
from hub.mapping.plan import Column, ForEach
from hub.mapping.remembered import Remembered
from hub.mapping.transforms.phones import Phones
from hub.mapping.transforms.texts import Digits, Text

Work = Callable[[Any], Any]
_ONE: Final = (Code, str)


@dataclass(frozen=True)
class Told:
    """A JSON in the function: its name, whether it may be None, and whether it is a list (None: seen when it runs)."""

    text: str
    sure: bool = False
    is_list: bool | None = False


@dataclass(frozen=True)
class Scope:
    """`read`: the columns whose cells are read with all that follows from them alone, and what that is."""

    program: Program
    columns: Mapping[str, Column]
    names: Mapping[str, str]
    texts: frozenset[str]  # columns that are None or text here
    recurring: frozenset[str]
    read: Mapping[str, list[tuple[str, Work]]]
    own: frozenset[str] = field(default=frozenset())  # columns that are not those of the record here

    def get(self, column: str) -> str:
        return self.names.get(column, "None")

    def follows(self, column: str, work: Work) -> str:
        """What follows from a recurring column alone: read with its cell, or looked up by its value."""
        if column in self.read and column not in self.own:
            for name, other in self.read[column]:
                if other == work:
                    return name
            name = self.program.name("j")
            self.read[column].append((name, work))
            return name
        memory = self.program.remember(lambda context: Remembered(work))
        return f"{memory}[{self.get(column)}]"

    def within(self, names: Mapping[str, str], texts: frozenset[str] = frozenset()) -> "Scope":
        return replace(
            self,
            names={**self.names, **names},
            texts=(self.texts - names.keys()) | texts,
            own=self.own | names.keys(),
        )

    @contextmanager
    def each(self, each: ForEach) -> Iterator["Scope"]:
        """A loop over the items; its scope is that of one item."""
        program, item = self.program, self.program.name("i")
        if each.derived is not None:
            told = f"{program.bind(_of(each))}([{', '.join(map(self.get, each.derived.columns))}])"
            with program.under(f"for {item} in {told} or ():"):
                yield self.within({ITEM: item})
            return
        items = self.get(each.column)
        with program.under(f"if {items} is not None:"):
            if each.repeat:
                with program.under(f"for {item} in {items}:"):
                    yield self._of_repeat(each.column, item)
                return
            if each.without:
                items, asked = program.name("v"), items
                program.add(f"{items} = left({asked}, {self.get(each.without)})")
            with program.under(f"for {item} in ({items},) if isinstance({items}, one) else {items}:"):
                yield self._of_items(each.column, item)

    def _of_items(self, column: str, item: str) -> "Scope":
        is_text = isinstance(self.columns[column].transform, Phones)
        return self.within({column: item, ITEM: item}, frozenset({column, ITEM}) if is_text else frozenset())

    def _of_repeat(self, repeat: str, item: str) -> "Scope":
        inside = {name: self.program.name("v") for name, column in self.columns.items() if column.within == repeat}
        for column, name in inside.items():
            self.program.add(f"{name} = {item}.get({self.program.bind(column)}, {self.get(column)})")
        return self.within({**inside, ITEM: item}, texts(self.columns) & inside.keys())


def texts(columns: Mapping[str, Column]) -> frozenset[str]:
    """Columns whose values are text."""
    return frozenset(name for name, one in columns.items() if isinstance(one.transform, Text | Digits))


def _of(each: ForEach) -> Work:
    assert each.derived is not None
    source = each.derived
    return lambda values: source.derivation(values, source.settings)


def left(items: Any, without: Any) -> Any:
    """The items that do not stand elsewhere; all of them where each of them does."""
    return tuple(item for item in items if item not in (without or ())) or items


BOUND: Final[Mapping[str, Any]] = {"left": left, "one": _ONE, "isinstance": isinstance}
