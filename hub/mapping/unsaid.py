"""Of which resources a record could not say whether they are there: their conditions hang on columns that it could not tell.

A condition that what was said has answered is answered: only where the missing answer could have made it hold is the resource
untold. A repeat that could not be told may have held any item.
"""

from collections.abc import Collection, Iterator

from hub.mapping.conditions import UNSAID
from hub.mapping.elements import scopes
from hub.mapping.model import ANY, Code, Values, tokens
from hub.mapping.plan import Block, Plan


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
