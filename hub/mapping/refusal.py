"""Whether a record says that she does not agree: the answer on which its consent depends is no.

Such a record writes no consent, which alone would not be told from one of which nobody asked.
"""

from collections.abc import Iterator
from typing import Final

from hub.mapping.cells import text_of
from hub.mapping.conditions import All, Among, Condition, Either
from hub.mapping.model import Context
from hub.mapping.plan import Column, Plan
from hub.ports import SourceRecord

CONSENT: Final = "Consent"
NO: Final = "no"
YES: Final = "yes"


def columns(plan: Plan) -> tuple[Column, ...]:
    """Those of the record itself to which a yes makes a consent."""
    blocks = (one for one in plan.blocks if one.root.slot.type == CONSENT and one.when is not None)
    names = dict.fromkeys(name for one in blocks if one.when for name in _answers(one.when))
    return tuple(plan.columns[name] for name in names if not plan.columns[name].within)


def says_no(columns_: tuple[Column, ...], record: SourceRecord, context: Context) -> bool:
    return any(_means(one, record, context) == NO for one in columns_)


def _means(column: Column, record: SourceRecord, context: Context) -> object:
    told = record.content.get(column.name)
    if told is None or column.transform is None:
        return None
    return column.transform.forward(text_of(told), context).value


def _answers(condition: Condition) -> Iterator[str]:
    if isinstance(condition, Among) and condition.wanted == {YES}:
        yield condition.column
    elif isinstance(condition, All | Either):
        for one in condition.inner:
            yield from _answers(one)
