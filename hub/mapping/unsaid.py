"""Of which resources a record could not say whether they are there: their conditions hang on columns that it could not tell.

A condition that what was said has answered is answered: only where the missing answer could have made it hold is the resource
untold. A repeat that could not be told may have held any item. And of which properties of the resources that are there it says
nothing (`parts`).
"""

from collections.abc import Collection, Iterator, Set
from collections.abc import Mapping as Map
from typing import Any, NamedTuple

from hub.mapping.back import holds
from hub.mapping.cells import columns
from hub.mapping.conditions import UNSAID
from hub.mapping.elements import scopes
from hub.mapping.model import ANY, Code, Values, tokens
from hub.mapping.plan import Block, Branch, Derived, Plan, walk


def untold(plan: Plan, values: Values, unsaid: Collection[str]) -> frozenset[str]:
    """Local names of such resources; with `*` at the end, all that begin so."""
    open_ = dict.fromkeys(unsaid, UNSAID)
    return frozenset(name for block in plan.blocks for name in _of(block, values, open_))


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
    """What a record leaves open in resources whose local name is, or with `*` begins, so: a property, of a list the slice."""

    local: str
    key: str
    marks: Map[str, Any]

    def is_of(self, local: str) -> bool:
        stem = self.local.removesuffix(ANY)
        return local.startswith(stem) if stem != self.local else local.partition("#")[0] == stem

    def has(self, item: object) -> bool:
        """Whether this item of a list belongs to it."""
        return holds(item, self.marks)


def parts(plan: Plan, unsaid: Set[str]) -> tuple[Part, ...]:
    """The properties that come from columns which a record could not tell."""
    found = []
    for block in plan.blocks:
        stem, _, key = block.local.partition("{")
        for child in block.root.children.values():
            if not unsaid.isdisjoint(column for branch in walk(child) for column in _columns(branch)):
                found.append(Part(stem + (ANY if key else ""), child.slot.key, child.slot.marks))
    return tuple(found)


def _columns(branch: Branch) -> Iterator[str]:
    """All that say something here, derivations included."""
    yield from columns(branch)
    derived = [one.source for one in branch.alternatives if isinstance(one.source, Derived)]
    if branch.for_each:
        yield branch.for_each.column
        derived += [branch.for_each.derived] if branch.for_each.derived else []
    for one in derived:
        yield from one.columns
