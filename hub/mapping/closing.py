"""What a no to a kind of data hangs on: a Consent that denies, or may.

It holds until the record says otherwise (docs/mapping-format.md). Of a cell that is left out with a warning nobody knows what it
says; were such a Consent to hang on it, a slip of the pen would open what she has closed.
"""

from collections.abc import Iterator
from itertools import chain

from hub.mapping.conditions import asked
from hub.mapping.plan import Block, Branch, Composed, Constant, Derived, ForEach, FromColumn, Plan, Source, walk
from hub.mapping.refusal import CONSENT

DENY = "deny"


def left_out_with_a_warning(plan: Plan) -> Iterator[str]:
    """The columns on which it hangs, and whose cells do not stop their record when they cannot be read."""
    denying = (block for block in plan.blocks if block.root.slot.type == CONSENT and _may_deny(block.root))
    names = dict.fromkeys(name for block in denying for name in _columns(block))
    return (name for name in names if name in plan.columns and plan.columns[name].warns)


def _may_deny(root: Branch) -> bool:
    types = (branch for branch in walk(root) if branch.slot.path.endswith("provision.type"))
    sources = chain.from_iterable((one.source for one in branch.alternatives) for branch in types)
    return any(not isinstance(one, Constant) or one.json == DENY for one in sources)


def _columns(block: Block) -> Iterator[str]:
    yield from asked(block.when) if block.when else ()
    yield from _each(block.for_each)
    for branch in walk(block.root):
        yield from branch.asks
        yield from _each(branch.for_each)
        for one in branch.alternatives:
            yield from one.asks
            yield from _read(one.source)


def _each(each: ForEach | None) -> Iterator[str]:
    if each is not None:
        yield from each.derived.columns if each.derived else (each.column,)


def _read(source: Source) -> tuple[str, ...]:
    if isinstance(source, FromColumn):
        return (source.column,)
    if isinstance(source, Composed):
        return (source.code, source.date)
    return source.columns if isinstance(source, Derived) else ()
