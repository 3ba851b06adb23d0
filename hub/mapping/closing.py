"""What a no to a kind of data hangs on: a Consent that denies, or may.

It holds until the record says otherwise (docs/mapping-format.md). Of a cell that is left out with a warning nobody knows what it
says; were such a Consent to hang on it, a slip of the pen would open what she has closed.
"""

from collections.abc import Iterator
from itertools import chain

from hub.mapping.conditions import asked
from hub.mapping.plan import Block, Branch, Constant, Plan, columns_of, walk
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
    yield from block.for_each.columns if block.for_each else ()
    for branch in walk(block.root):
        yield from branch.asks
        yield from branch.for_each.columns if branch.for_each else ()
        for one in branch.alternatives:
            yield from one.asks
            yield from columns_of(one.source)
