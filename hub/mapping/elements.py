"""Elements as closures: from the values of a record to the JSON of each element, decided when the mapping is loaded."""

import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, Final

from hub.mapping.cells import Run
from hub.mapping.encode import codec
from hub.mapping.model import Code, Values
from hub.mapping.plan import (
    Alternative,
    Branch,
    Composed,
    Constant,
    Custodian,
    Derived,
    ForEach,
    FromColumn,
    FromDrafts,
    FromItem,
)
from hub.mapping.transforms.whole import Whole

ITEM: Final = "item"
YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")

Emit = Callable[[Values, Run], Any]
"""The JSON of an element for the values of a record; None: nothing to write."""

Fields = tuple[tuple[str, bool, Emit], ...]
"""Property, whether it is a list, and what writes it."""


def fields(branch: Branch) -> Fields:
    """The properties of an object with what writes them; slices of one list stand together."""
    found: dict[str, tuple[bool, list[Emit]]] = {}
    for child in branch.children.values():
        found.setdefault(child.slot.key, (child.slot.is_list, []))[1].append(_emit(child))
    return tuple((key, is_list, _all(emits) if is_list else _first(emits)) for key, (is_list, emits) in found.items())


def _first(emits: Sequence[Emit]) -> Emit:
    if len(emits) == 1:
        return emits[0]

    def first(values: Values, run: Run) -> Any:
        for emit in emits:
            if (told := emit(values, run)) is not None:
                return told
        return None

    return first


def _all(emits: Sequence[Emit]) -> Emit:
    def items(values: Values, run: Run) -> Any:
        found: list[Any] = []
        for emit in emits:
            told = emit(values, run)
            if type(told) is list:
                found += told
            elif told is not None:
                found.append(told)
        return found or None

    return items


def _emit(branch: Branch) -> Emit:
    once = leaf(branch) if branch.alternatives else _object(branch)
    if branch.when is not None:
        once = _only_when(branch.when, once)
    return once if branch.for_each is None else _for_each(branch.for_each, once)


def _only_when(when: Callable[[Values], bool], emit: Emit) -> Emit:
    return lambda values, run: emit(values, run) if when(values) else None


def _for_each(each: ForEach, emit: Emit) -> Emit:
    def emit_all(values: Values, run: Run) -> Any:
        told = [emit(scope, run) for scope in scopes(each, values)]
        return [one for one in told if one is not None] or None

    return emit_all


def _object(branch: Branch) -> Emit:
    """An object is written when a source of its own says something; constants and references only dress it."""
    live = {key: child for key, child in branch.children.items() if child.live}
    dressing = {key: child for key, child in branch.children.items() if not child.live}
    live_fields = fields(Branch(branch.slot, children=live))
    more = fields(Branch(branch.slot, children=dressing))
    constants = branch.constants

    def object_(values: Values, run: Run) -> Any:
        told: dict[str, Any] = {}
        for key, _, emit in live_fields:
            if (json := emit(values, run)) is not None:
                told[key] = json
        if not told and live_fields:
            return None
        for key, is_list, emit in more:
            if (json := emit(values, run)) is not None:
                told[key] = told[key] + json if is_list and key in told else json
        return {**constants, **told} if constants else told or None

    return object_


def leaf(branch: Branch) -> Emit:
    return _first([_alternative(branch, one) for one in branch.alternatives])


def _alternative(branch: Branch, one: Alternative) -> Emit:
    emit = _source(branch, one)
    return emit if one.when is None else _only_when(one.when, emit)


def _source(branch: Branch, one: Alternative) -> Emit:  # noqa: PLR0911 — one return for each kind of source
    source = one.source
    if isinstance(source, Constant):
        json = source.json
        return lambda values, run: json
    if isinstance(source, Custodian):
        return lambda values, run: {"reference": f"Organization/{run.context.organization}"}
    if isinstance(source, FromDrafts):
        return _drafts(source, branch.slot.is_list)
    if isinstance(source, Composed):
        return _composed(source)
    if isinstance(source, Derived):
        return _encoded(branch, lambda values: _derive(source, values))
    if isinstance(source, FromItem):
        return _encoded(branch, lambda values: values.get(ITEM))
    return _from_column(branch, source)


def _from_column(branch: Branch, source: FromColumn) -> Emit:
    name, part = source.column, source.part
    transform = source.transform
    if isinstance(transform, Whole):
        return _encoded(branch, lambda values: values.get(name))

    def piece(values: Values) -> Any:
        value = values.get(name)
        return None if value is None else transform.part(value, part)

    return _encoded(branch, piece)


def _encoded(branch: Branch, get: Callable[[Values], Any]) -> Emit:
    encode = codec(branch.slot)[0]
    is_list = branch.slot.is_list

    def emit(values: Values, run: Run) -> Any:
        value = get(values)
        if value is None:
            return None
        if is_list and type(value) is tuple:
            return [told for one in value if (told := encode(one)) is not None] or None
        return encode(value)

    return emit


def _drafts(source: FromDrafts, is_list: bool) -> Emit:
    def emit(values: Values, run: Run) -> Any:
        told = [{"reference": f"draft:{local}"} for local in source.locals if local in run.locals]
        run.links += told
        return (told if is_list else told[0]) if told else None

    return emit


def _composed(source: Composed) -> Emit:
    def emit(values: Values, run: Run) -> Any:
        code, on = values.get(source.code), values.get(source.date)
        if code is None:
            return None
        if not YEAR.search(code) and on is not None:
            code = f"{code}{source.separator}{on.value[:4]}"
        return source.prefix + (_digest(f"{run.context.organization}|{code}") if source.digest else code)

    return emit


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=5).hexdigest().upper()


def _derive(source: Derived, values: Values) -> Any:
    return source.derivation([values.get(column) for column in source.columns], source.settings)


def scopes(each: ForEach, values: Values) -> Iterator[Values]:
    """The record's values once for each item, with the item in the place of the whole."""
    if each.derived is not None:
        for item in _derive(each.derived, values) or ():
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
