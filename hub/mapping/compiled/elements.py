"""Elements as lines: objects, lists and what is told once for each item, as `hub.mapping.elements` says them.

What follows from one or two recurring columns alone is not written at all: it is worked out once for each of their values.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hub.mapping.compiled.conditions import asked
from hub.mapping.compiled.leaves import leaf
from hub.mapping.compiled.scope import Scope, Told
from hub.mapping.deciding import deciding
from hub.mapping.elements import NOBODY, divided, element, properties, property_of
from hub.mapping.leaves import Emit
from hub.mapping.plan import Branch
from hub.mapping.remembered import Remembered


def put(branch: Branch, into: str, scope: Scope, required: frozenset[str] = frozenset()) -> None:
    """Set the properties that have something to say. One that is required and says nothing makes `missing` true."""
    for key, children in properties(branch):
        _set(into, key, _property(children, scope), scope, is_required=key in required)


def _set(into: str, key: str, told: Told, scope: Scope, *, is_required: bool = False) -> None:
    program, name = scope.program, scope.program.bind(key)
    if told.sure:
        program.add(f"{into}[{name}] = {told.text}")
        return
    with program.under(f"if {told.text} is not None:"):
        program.add(f"{into}[{name}] = {told.text}")
    if is_required:
        with program.under("else:"):
            program.add("missing = True")


def _property(children: Sequence[Branch], scope: Scope) -> Told:
    first, *others = children
    if first.slot.is_list:
        return _remembered(property_of(children), children, scope) or _list(children, scope)
    if not others:
        return _element(first, scope)
    program, name = scope.program, scope.program.name("j")
    program.add(f"{name} = {_element(first, scope).text}")
    for one in others:
        with program.under(f"if {name} is None:"):
            program.add(f"{name} = {_element(one, scope).text}")
    return Told(name, is_list=None)


def _remembered(emit: Emit, decided: Sequence[Branch], scope: Scope) -> Told | None:
    """Where one recurring column, or two, and nothing else decide."""
    by = sorted(frozenset[str]().union(*map(deciding, decided)))
    if not scope.recurring.issuperset(by) or not 1 <= len(by) <= 2:
        return None
    program, name = scope.program, scope.program.name("j")
    if len(by) == 1:
        one = by[0]
        program.add(f"{name} = {scope.follows(one, lambda value: emit({one: value}, NOBODY))}")
    else:
        one, other = by
        memory = program.remember(lambda context: Remembered(lambda both: emit({one: both[0], other: both[1]}, NOBODY)))
        program.add(f"{name} = {memory}[{scope.get(one)}, {scope.get(other)}]")
    return Told(name, is_list=None)


def _list(children: Sequence[Branch], scope: Scope) -> Told:
    program, name = scope.program, scope.program.name("j")
    told = _element(children[0], scope)
    if len(children) == 1 and told.is_list:
        return told
    program.add(f"{name} = []")
    _append(name, told, scope)
    for child in children[1:]:
        _append(name, _element(child, scope), scope)
    program.add(f"{name} = {name} or None")
    return Told(name, is_list=True)


def _append(name: str, told: Told, scope: Scope) -> None:
    program = scope.program
    with program.under("if True:" if told.sure else f"if {told.text} is not None:"):
        if told.is_list is None:
            program.add(f"{name} += {told.text} if type({told.text}) is list else [{told.text}]")
        else:
            program.add(f"{name} += {told.text}" if told.is_list else f"{name}.append({told.text})")


def _element(branch: Branch, scope: Scope) -> Told:
    known = _remembered(element(branch), [branch], scope)
    if known:
        return known
    if branch.for_each is not None:
        return _for_each(branch, scope)
    return _when(branch, scope)


def _for_each(branch: Branch, scope: Scope) -> Told:
    assert branch.for_each is not None
    program, name = scope.program, scope.program.name("j")
    program.add(f"{name} = []")
    with scope.each(branch.for_each) as inner:
        told = _when(branch, inner)
        with program.under(f"if {told.text} is not None:"):
            program.add(f"{name}.append({told.text})")
    program.add(f"{name} = {name} or None")
    return Told(name, is_list=True)


def _when(branch: Branch, scope: Scope) -> Told:
    if branch.when is None:
        return _once(branch, scope)
    program, name = scope.program, scope.program.name("j")
    program.add(f"{name} = None")
    with program.under(f"if {asked(branch.when, scope)}:"):
        told = _once(branch, scope)
        program.add(f"{name} = {told.text}")
    return Told(name, is_list=told.is_list)


def _once(branch: Branch, scope: Scope) -> Told:
    return leaf(branch, scope) if branch.alternatives else _object(branch, scope)


def _object(branch: Branch, scope: Scope) -> Told:
    """Its own sources first: it is written when one of them says something, and then dressed."""
    fixed, live, dress = divided(branch)
    keys = {key for key, _ in properties(live)}
    told = [(key, _property(children, scope)) for key, children in properties(live)]
    program, name = scope.program, scope.program.name("j")
    program.add(f"{name} = None")
    with _where_told(told, fixed, scope):
        program.add(f"{name} = {_display(fixed, told, scope)}")
        if len(told) > 1:
            for key, one in told:
                _set(name, key, one, scope)
        _dress(name, dress, keys | fixed.keys(), scope)
        if not told and not fixed:
            program.add(f"{name} = {name} or None")
    return Told(name)


@contextmanager
def _where_told(told: Sequence[tuple[str, Told]], fixed: dict[str, Any], scope: Scope) -> Iterator[None]:
    """Where one of the properties says something that is not fixed; always, where none is live."""
    counted = [one for key, one in told if key not in fixed]
    conditions = (
        ["True"] if not told or any(one.sure for one in counted) else [f"{one.text} is not None" for one in counted]
    )
    with scope.program.under(f"if {' or '.join(conditions) or 'False'}:"):
        yield


def _display(fixed: dict[str, Any], told: Sequence[tuple[str, Told]], scope: Scope) -> str:
    bind = scope.program.bind
    pairs = [f"{bind(key)}: {bind(json)}" for key, json in fixed.items()]
    if len(told) == 1:
        key, one = told[0]
        pairs.append(f"{bind(key)}: {one.text}")
    return f"{{{', '.join(pairs)}}}"


def _dress(name: str, dress: Branch, taken: set[str], scope: Scope) -> None:
    """Lists go on from what stands there; anything else takes its place."""
    for key, children in properties(dress):
        told = _property(children, scope)
        if key not in taken:
            _set(name, key, told, scope)
            continue
        bound = scope.program.bind(key)
        with scope.program.under(f"if {told.text} is not None:"):
            scope.program.add(f"{name}[{bound}] = dressed({name}.get({bound}), {told.text})")
