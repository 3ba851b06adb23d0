"""Which columns decide an element: where it is one alone, the element is the same whenever that column says the same."""

from typing import Final

from hub.mapping.plan import Alternative, Branch, Composed, Custodian, ForEach, FromDrafts, FromItem, columns_of

ITEM: Final = "item"
RECORD: Final = "(record)"
"""In the place of a column: something of the record that no column says, as its keeper or its other drafts."""


def deciding(branch: Branch) -> frozenset[str]:
    """The columns that an element and all below it depend on; with RECORD where they are not all that it depends on."""
    found = set(branch.asks)
    for one in branch.alternatives:
        found |= _of(one)
    for child in branch.children.values():
        found |= deciding(child)
    return frozenset(_each(branch.for_each, found) if branch.for_each else found)


def _each(each: ForEach, inside: set[str]) -> set[str]:
    if each.repeat:
        return {RECORD}
    return (inside - {ITEM}) | set(each.columns) | ({each.without} if each.without else set())


def _of(one: Alternative) -> set[str]:
    source = one.source
    found = {*one.asks, *columns_of(source)}
    if isinstance(source, FromDrafts | Custodian | Composed):
        return found | {RECORD}
    return found | {ITEM} if isinstance(source, FromItem) else found
