"""Leaves as lines: the JSON of one element, by each kind of source, as `hub.mapping.leaves` says it."""

from collections.abc import Callable
from typing import Any

from hub.mapping.compiled.conditions import asked
from hub.mapping.compiled.scope import Scope, Told
from hub.mapping.deciding import ITEM
from hub.mapping.encode import is_plain
from hub.mapping.leaves import encoded, meant
from hub.mapping.plan import (
    Alternative,
    Branch,
    Composed,
    Constant,
    Custodian,
    Derived,
    FromColumn,
    FromDrafts,
    FromItem,
)
from hub.mapping.schema import Slot
from hub.mapping.transforms.whole import Whole


def leaf(branch: Branch, scope: Scope) -> Told:
    """The first of its alternatives that says something."""
    first, *others = branch.alternatives
    told = _alternative(branch.slot, first, scope)
    if not others:
        return told
    program, name = scope.program, scope.program.name("j")
    program.add(f"{name} = {told.text}")
    for one in others:
        with program.under(f"if {name} is None:"):
            program.add(f"{name} = {_alternative(branch.slot, one, scope).text}")
    return Told(name, is_list=None)


def _alternative(slot: Slot, one: Alternative, scope: Scope) -> Told:
    if one.when is None:
        return _source(slot, one, scope)
    program, name = scope.program, scope.program.name("j")
    program.add(f"{name} = None")
    with program.under(f"if {asked(one.when, scope)}:"):
        told = _source(slot, one, scope)
        program.add(f"{name} = {told.text}")
    return Told(name, is_list=told.is_list)


def _source(slot: Slot, one: Alternative, scope: Scope) -> Told:  # noqa: PLR0911 — one return for each kind of source
    source, program = one.source, scope.program
    if isinstance(source, Constant):
        return Told(program.bind(source.json), sure=source.json is not None, is_list=isinstance(source.json, list))
    if isinstance(source, Custodian):
        name = program.name("j")
        program.add(f"{name} = {{reference: custodian}}")
        return Told(name, sure=True)
    if isinstance(source, FromDrafts):
        return _drafts(source, scope, is_list=slot.is_list)
    if isinstance(source, Composed):
        return _composed(source, scope)
    if isinstance(source, Derived):
        return _derived(slot, source, scope)
    if isinstance(source, FromItem):
        return _encoded(slot, ITEM, encoded(slot), scope)
    return _column(slot, source, scope)


def _drafts(source: FromDrafts, scope: Scope, *, is_list: bool) -> Told:
    """References are made anew: whoever gives ids writes them there."""
    program, name = scope.program, scope.program.name("j")
    if any("{" in local for local in source.locals):
        names = f"for local in {program.bind(source.locals)} for one in {program.bind(meant)}(local, locals_)"
        program.add(
            f"{name} = [{{reference: {program.bind('draft:')} + one}} {names}]{'' if is_list else '[:1]'} or None"
        )
        program.add(f"links += {name} or ()")
        return Told(name if is_list else f"({name} and {name}[0])", is_list=is_list)
    program.add(f"{name} = {'[]' if is_list else 'None'}")
    word = "if"
    for local in source.locals:
        with program.under(f"{word} {program.bind(local)} in locals_:"):
            link = f"{{reference: {program.bind(f'draft:{local}')}}}"
            program.add(f"{name}.append({link})" if is_list else f"{name} = {link}")
            if not is_list:
                program.add(f"links.append({name})")
        word = "if" if is_list else "elif"
    if is_list:
        with program.under(f"if {name}:"):
            program.add(f"links += {name}")
        with program.under("else:"):
            program.add(f"{name} = None")
    return Told(name, is_list=is_list)


def _composed(source: Composed, scope: Scope) -> Told:
    program, name = scope.program, scope.program.name("j")
    code, bound = scope.get(source.code), program.bind(source)
    program.add(
        f"{name} = None if {code} is None else compose({bound}, {code}, {scope.get(source.date)}, organization)"
    )
    return Told(name)


def _derived(slot: Slot, source: Derived, scope: Scope) -> Told:
    encode = encoded(slot)

    def work(values: list[Any]) -> Any:
        value = source.derivation(values, source.settings)
        return None if value is None else encode(value)

    program, name = scope.program, scope.program.name("j")
    program.add(f"{name} = {program.bind(work)}([{', '.join(map(scope.get, source.columns))}])")
    return Told(name, is_list=None if slot.is_list else False)


def _column(slot: Slot, source: FromColumn, scope: Scope) -> Told:
    transform, part, encode = source.transform, source.part, encoded(slot)
    if isinstance(transform, Whole):
        return _encoded(slot, source.column, encode, scope)

    def piece(value: Any) -> Any:
        one = transform.part(value, part)
        return None if one is None else encode(one)

    return _encoded(slot, source.column, piece, scope)


def _encoded(slot: Slot, column: str, encode: Callable[[Any], Any], scope: Scope) -> Told:
    value = scope.get(column)
    if column in scope.texts and is_plain(slot):
        return Told(value)
    program, name = scope.program, scope.program.name("j")
    program.add(f"{name} = None if {value} is None else {program.bind(encode)}({value})")
    return Told(name, is_list=None if slot.is_list else False)
