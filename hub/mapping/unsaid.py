"""Of which resources a record could not say whether they are there: their conditions hang on columns that it could not tell.

A condition that what was said has answered is answered: only where the missing answer could have made it hold is the resource
untold. A repeat that could not be told may have held any item. And of which properties of the resources that are there it says
nothing (`parts`).
"""

from collections.abc import Collection, Iterable, Iterator
from collections.abc import Mapping as Map
from typing import Any, NamedTuple

from hub.mapping import adds, otherwise, ticks
from hub.mapping.back import holds
from hub.mapping.cells import Run
from hub.mapping.conditions import UNSAID, Condition
from hub.mapping.elements import element, properties, scopes
from hub.mapping.leaves import leaf
from hub.mapping.model import ANY, Code, Values, tokens
from hub.mapping.plan import Block, Branch, Plan, columns_of


def untold(plan: Plan, values: Values, unsaid: Collection[str]) -> frozenset[str]:
    """Local names of such resources; with `*` at the end, all that begin so."""
    open_ = _open(plan, unsaid)
    return frozenset(name for block in plan.blocks for name in _of(block, values, open_))


def _open(plan: Plan, unsaid: Collection[str]) -> Values:
    """The columns that may have said something."""
    found: Collection[str] = unsaid
    for untold_by in (adds.untold, ticks.untold, otherwise.untold):
        found = untold_by(plan.columns, found)
    return dict.fromkeys(found, UNSAID)


def _of(block: Block, values: Values, open_: Values) -> Iterator[str]:
    stem, _, key = block.local.partition("{")
    key = key.removesuffix("}")
    if key in open_ or (block.for_each and block.for_each.column in open_):
        yield stem + ANY
    if block.when is None:
        return
    for scope in scopes(block.for_each, values) if block.for_each else (values,):
        named = scope.get(key)
        if not block.when(scope) and block.when({**scope, **open_}) and (not key or named is not None):
            yield stem + (_word(named) if key else "")


def _word(value: object) -> str:
    return value.code if isinstance(value, Code) else tokens(value)[0]


class Part(NamedTuple):
    """What a record leaves open in resources whose local name is, or with `*` begins, so: a property, of a list the slice.

    `below`: only so much of it, where it is an object. `several`: a list whose items are told apart by what they say alone.
    """

    local: str
    key: str
    marks: Map[str, Any]
    below: tuple["Part", ...] = ()
    several: bool = False

    def is_of(self, local: str) -> bool:
        stem = self.local.removesuffix(ANY)
        return local.startswith(stem) if stem != self.local else local.partition("#")[0] == stem

    def has(self, item: object) -> bool:
        """Whether this item of a list belongs to it."""
        return holds(item, self.marks)


def parts(plan: Plan, values: Values, unsaid: Collection[str], run: Run) -> tuple[Part, ...]:
    """What comes from columns that a record with these values could not tell, and from nothing that it tells before them: what
    stands in their place for want of a better (a constant, a coarser column) is none of its words."""
    open_ = _open(plan, unsaid)
    found: list[Part] = []
    for block in plan.blocks:
        stem, _, key = block.local.partition("{")
        key = key.removesuffix("}")
        for scope in scopes(block.for_each, values) if block.for_each else (values,):
            named = scope.get(key) if key else ""
            if named is not None:
                local = stem + (_word(named) if key else "")
                found += _below(block.root, local, scope, _Doubt(open_, run))
    return tuple(found)


class _Doubt(NamedTuple):
    open_: Values
    run: Run

    def of(self, columns: Iterable[str], values: Values) -> bool:
        return any(one in self.open_ and values.get(one) is None for one in columns)

    def may_hold(self, when: Condition | None, values: Values) -> bool:
        missing = {name: value for name, value in self.open_.items() if values.get(name) is None}
        return when is None or when(values) or when({**values, **missing})


def _below(branch: Branch, local: str, values: Values, doubt: _Doubt) -> Iterator[Part]:
    """The open properties of an object."""
    for key, children in properties(branch):
        for child in children:
            slot, alike = child.slot, child.for_each is not None or (len(children) > 1 and not child.slot.marks)
            inside = tuple(scopes(child.for_each, values)) if child.for_each else (values,)
            below = [part for scope in inside for part in _below(child, local, scope, doubt)]
            if doubt.of(_around(child), values) or any(_is_open(child, scope, doubt) for scope in inside):
                yield Part(local, key, slot.marks, (), alike)
            elif below:
                yield Part(local, key, slot.marks, tuple(below), alike)
            if not slot.is_list and element(child)(values, doubt.run) is not None:
                break


def _around(branch: Branch) -> Iterator[str]:
    """The columns on which it hangs whether it is there, and how many times."""
    yield from branch.asks
    yield from branch.for_each.columns if branch.for_each else ()


def _is_open(leaf_: Branch, values: Values, doubt: _Doubt) -> bool:
    """Whether something untold comes before all that says something here."""
    for one in leaf_.alternatives:
        if not doubt.may_hold(one.when, values):
            continue
        if doubt.of({*one.asks, *columns_of(one.source)}, values):
            return True
        if leaf(Branch(leaf_.slot, (one,)))(values, doubt.run) is not None:
            return False
    return False
