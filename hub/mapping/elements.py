"""Elements as closures: from the values of a record to the JSON of each element, decided when the mapping is loaded.

What follows from one column alone is worked out once for each of its values, and shared: no one changes a resource in place.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from hub.mapping.cells import Run
from hub.mapping.deciding import ITEM, deciding
from hub.mapping.leaves import Emit, derived, first, leaf, only_when
from hub.mapping.model import Code, Context, Values
from hub.mapping.plan import Branch, ForEach
from hub.mapping.remembered import Remembered

_NOBODY: Final = Run(Context("", str, date.min), {})


class Part(NamedTuple):
    """What writes a property, or items of it. Where one column decides it: that column, and what follows from its values."""

    key: str
    emit: Emit
    column: str = ""
    known: Remembered | None = None


def parts(branch: Branch, recurring: frozenset[str]) -> tuple[Part, ...]:
    """The properties of an object; slices of one list stand together. `recurring`: columns that say few different things."""
    found: dict[str, list[Branch]] = {}
    for child in branch.children.values():
        found.setdefault(child.slot.key, []).append(child)
    return tuple(_property(key, children, recurring) for key, children in found.items())


def write(into: dict[str, Any], properties: Sequence[Part], values: Values, run: Run) -> None:
    """Set the properties that have something to say. This runs for every object of every record."""
    get = values.get
    for key, emit, column, known in properties:
        json = emit(values, run) if known is None else known[get(column)]
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


def _property(key: str, children: Sequence[Branch], recurring: frozenset[str]) -> Part:
    if len(children) == 1 and not children[0].slot.is_list:
        return _part(key, _emit(children[0], recurring), children, recurring)
    items = [_part(key, _emit(child, recurring), [child], recurring) for child in children]
    if not children[0].slot.is_list:
        return Part(key, first([one.emit for one in items]))
    return _part(key, _all(items), children, recurring)


def _part(key: str, emit: Emit, decided: Sequence[Branch], recurring: frozenset[str]) -> Part:
    """With what is remembered, where one recurring column, or two, and nothing else decide."""
    by = sorted(frozenset[str]().union(*map(deciding, decided)))
    if not recurring.issuperset(by) or not 1 <= len(by) <= 2:
        return Part(key, emit)
    if len(by) == 1:
        return Part(key, emit, by[0], Remembered(lambda value: emit({by[0]: value}, _NOBODY)))
    one, other = by
    known = Remembered(lambda both: emit({one: both[0], other: both[1]}, _NOBODY))
    return Part(key, lambda values, run: known[values.get(one), values.get(other)])


def _all(items: Sequence[Part]) -> Emit:
    def all_items(values: Values, run: Run) -> Any:
        found: list[Any] = []
        get = values.get
        for _, emit, column, known in items:
            told = emit(values, run) if known is None else known[get(column)]
            if type(told) is list:
                found += told
            elif told is not None:
                found.append(told)
        return found or None

    return all_items


def _emit(branch: Branch, recurring: frozenset[str]) -> Emit:
    once = leaf(branch) if branch.alternatives else _object(branch, recurring)
    if branch.when is not None:
        once = only_when(branch.when, once)
    return once if branch.for_each is None else _for_each(branch.for_each, once)


def _for_each(each: ForEach, emit: Emit) -> Emit:
    def emit_all(values: Values, run: Run) -> Any:
        told = [emit(scope, run) for scope in scopes(each, values)]
        return [one for one in told if one is not None] or None

    return emit_all


def _object(branch: Branch, recurring: frozenset[str]) -> Emit:
    """An object is written when a source of its own says something; constants and references only dress it."""
    fixed = dict(branch.constants)
    live = parts(_only(branch, live=True), recurring)
    dress = _only(branch, live=False)
    more = parts(dress, recurring)
    if not deciding(dress) and not {one.key for one in live} & {one.key for one in more}:
        write(fixed, more, {}, _NOBODY)
        more = ()
    if len(live) == 1 and not more:
        return _of_one(fixed, live[0])
    bare = len(fixed) if live else -1

    def object_(values: Values, run: Run) -> Any:
        told = fixed.copy()
        write(told, live, values, run)
        if len(told) == bare:
            return None
        if more:
            _dress(told, more, values, run)
        return told or None

    return object_


def _of_one(fixed: Mapping[str, Any], part: Part) -> Emit:
    """An object with one property that says something, as most are."""
    key, emit, column, known = part

    def object_(values: Values, run: Run) -> Any:
        json = emit(values, run) if known is None else known[values.get(column)]
        return None if json is None else {**fixed, key: json}

    return object_


def _dress(told: dict[str, Any], more: Sequence[Part], values: Values, run: Run) -> None:
    dressing: dict[str, Any] = {}
    write(dressing, more, values, run)
    for key, json in dressing.items():
        told[key] = told[key] + json if key in told and type(json) is list else json


def _only(branch: Branch, *, live: bool) -> Branch:
    return Branch(branch.slot, children={key: one for key, one in branch.children.items() if one.live is live})
