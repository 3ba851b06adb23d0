"""Whether a record says that she does not agree: the answer on which its consent depends is no.

Such a record writes no consent, which alone would not be told from one of which nobody asked.
"""

from collections.abc import Container, Iterator
from typing import Final

from hub.mapping.cells import text_of
from hub.mapping.conditions import All, Among, Condition, Either
from hub.mapping.model import Context
from hub.mapping.plan import Block, Column, FromColumn, Plan
from hub.ports import SourceRecord

CONSENT: Final = "Consent"
NO: Final = "no"
YES: Final = "yes"
TO_BE_COUNTED: Final = "statistics-consent"


def _sharing(plan: Plan) -> list[Block]:
    """The consents to share: whether she may be counted is another question, and a no to it is none to a referral."""
    return [one for one in plan.blocks if one.root.slot.type == CONSENT and one.profile != TO_BE_COUNTED]


def columns(plan: Plan) -> tuple[Column, ...]:
    """Those of the record itself to which a yes makes a consent."""
    names = dict.fromkeys(name for one in _sharing(plan) if one.when for name in _answers(one.when))
    return tuple(plan.columns[name] for name in names if not plan.columns[name].within)


def listed_in(plan: Plan) -> Iterator[str]:
    """The repeats whose items make a consent each."""
    for one in _sharing(plan):
        if one.for_each and one.for_each.column:
            yield one.for_each.column


def dated_by(plan: Plan) -> tuple[tuple[Column, str], ...]:
    """Those of the record itself that a consent has its date from, each with the part of it."""
    dates = (branch for one in _sharing(plan) for (name, _), branch in one.root.children.items() if name == "dateTime")
    sources = (one.source for branch in dates for one in branch.alternatives)
    named = dict.fromkeys((one.column, one.part) for one in sources if isinstance(one, FromColumn))
    return tuple((plan.columns[name], part) for name, part in named if not plan.columns[name].within)


def said_on(dated: tuple[tuple[Column, str], ...], record: SourceRecord, context: Context) -> Iterator[str]:
    """The days, or less exactly, on which a record says that she was asked."""
    for column, part in dated:
        meant = _means(column, record, context)
        if meant is not None and column.transform is not None:
            yield str(column.transform.part(meant, part))


def says_no(columns_: tuple[Column, ...], record: SourceRecord, context: Context) -> bool:
    return any(_means(one, record, context) == NO for one in columns_)


def says_what_nobody_understands(
    columns_: tuple[Column, ...], record: SourceRecord, context: Context, *, blank: Container[str]
) -> bool:
    """An answer that was given, and that a column with `on_error: warn` leaves out. `blank`: words that say nothing."""
    warns = ((one, text_of(record.content.get(one.name, "")).strip()) for one in columns_ if one.warns)
    given = (one for one, text in warns if text and text.casefold() not in blank)
    return any(_means(one, record, context) is None for one in given)


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
