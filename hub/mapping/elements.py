"""Elements as closures: from the values of a record to the JSON of each element, decided when the mapping is loaded.

The plain reading of a mapping. `hub.mapping.compiled` says the same faster, and asks these for what it remembers.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from hub.mapping.cells import Run
from hub.mapping.deciding import ITEM, deciding
from hub.mapping.leaves import Emit, derived, first, leaf, only_when
from hub.mapping.model import Code, Context, Values
from hub.mapping.plan import Branch, ForEach

NOBODY: Final = Run(Context("", str, date.min), {})
"""For what depends on nothing but the values of columns."""

Part = tuple[str, Emit]
"""A property, and what writes it."""


def properties(branch: Branch) -> tuple[tuple[str, tuple[Branch, ...]], ...]:
    """The properties of an object; slices of one list stand together."""
    found: dict[str, tuple[Branch, ...]] = {}
    for child in branch.children.values():
        found[child.slot.key] = (*found.get(child.slot.key, ()), child)
    return tuple(found.items())


def parts(branch: Branch) -> tuple[Part, ...]:
    return tuple((key, property_of(children)) for key, children in properties(branch))


def write(into: dict[str, Any], properties: Sequence[Part], values: Values, run: Run) -> None:
    """Set the properties that have something to say."""
    for key, emit in properties:
        json = emit(values, run)
        if json is not None:
            into[key] = json


def scopes(each: ForEach, values: Values) -> Iterator[Values]:
    """The record's values once for each item, with the item in the place of the whole."""
    if each.derived is not None:
        for item in derived(each.derived, values) or ():
            yield {**values, ITEM: item}
        return
    items = values.get(each.column)
    if items is None:
        return
    if each.repeat:
        for item in items:
            yield {**values, **item, ITEM: item}
        return
    if each.without:
        left = tuple(item for item in items if item not in (values.get(each.without) or ()))
        items = left or items
    for item in (items,) if isinstance(items, (Code, str)) else items:
        yield {**values, each.column: item, ITEM: item}


def property_of(children: Sequence[Branch]) -> Emit:
    """A list holds what all of them say; anything else is what the first says that says something."""
    emits = [element(child) for child in children]
    return _all(emits) if children[0].slot.is_list else first(emits)


def _all(emits: Sequence[Emit]) -> Emit:
    def all_items(values: Values, run: Run) -> Any:
        found: list[Any] = []
        for emit in emits:
            told = emit(values, run)
            if type(told) is list:
                found += told
            elif told is not None:
                found.append(told)
        return found or None

    return all_items


def element(branch: Branch) -> Emit:
    once = leaf(branch) if branch.alternatives else _object(branch)
    if branch.when is not None:
        once = only_when(branch.when, once)
    return once if branch.for_each is None else _for_each(branch.for_each, once)


def _for_each(each: ForEach, emit: Emit) -> Emit:
    def emit_all(values: Values, run: Run) -> Any:
        told = [emit(scope, run) for scope in scopes(each, values)]
        return [one for one in told if one is not None] or None

    return emit_all


def _object(branch: Branch) -> Emit:
    """An object is written when a source of its own says something; constants and references only dress it."""
    fixed, own, dress = divided(branch)
    live, more = parts(own), parts(dress)
    bare = len(fixed) if live else -1

    def object_(values: Values, run: Run) -> Any:
        told = dict(fixed)
        write(told, live, values, run)
        if len(told) == bare:
            return None
        _dress(told, more, values, run)
        return told or None

    return object_


def divided(branch: Branch) -> tuple[dict[str, Any], Branch, Branch]:
    """What an element always says, what it says of its own, and what only dresses it. Dress that never varies is of the first."""
    fixed, live, dress = dict(branch.constants), _only(branch, live=True), _only(branch, live=False)
    if not deciding(dress) and not {key for key, _ in properties(live)} & {key for key, _ in properties(dress)}:
        write(fixed, parts(dress), {}, NOBODY)
        dress = Branch(branch.slot)
    return fixed, live, dress


def _only(branch: Branch, *, live: bool) -> Branch:
    return Branch(branch.slot, children={key: one for key, one in branch.children.items() if one.live is live})


def _dress(told: dict[str, Any], more: Sequence[Part], values: Values, run: Run) -> None:
    dressing: dict[str, Any] = {}
    write(dressing, more, values, run)
    for key, json in dressing.items():
        told[key] = dressed(told.get(key), json)


def dressed(before: Any, json: Any) -> Any:
    """Lists go on from what stands there; anything else takes its place."""
    return before + json if before is not None and type(json) is list else json
