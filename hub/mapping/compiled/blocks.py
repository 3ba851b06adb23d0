"""Checks and drafts, as lines."""

from typing import Final

from hub.fhir.canonicals import profile
from hub.mapping.cells import Places
from hub.mapping.compiled.conditions import asked
from hub.mapping.compiled.elements import put
from hub.mapping.compiled.leaves import leaf
from hub.mapping.compiled.scope import Scope
from hub.mapping.forward import named, numbered, report_missing, required_of, stem_and_key, told_by
from hub.mapping.plan import Block, Check


def check(one: Check, where: Places, scope: Scope) -> None:
    program, tell = scope.program, scope.program.bind(told_by(one, where))
    program.add("holds = False")
    if one.for_each is None:
        program.add(f"holds = {asked(one.when, scope)}")
    else:
        with scope.each(one.for_each) as inner:
            program.add(f"holds = holds or {asked(one.when, inner)}")
    with program.under("if holds:"):
        program.add(f"{tell}(run)")


def block(one: Block, scope: Scope) -> None:
    """Add the drafts that it makes of a record's values."""
    if one.for_each is None:
        _where(one, scope)
        return
    scope.program.add("mine = {}")
    with scope.each(one.for_each) as inner:
        _where(one, inner)


def _where(one: Block, scope: Scope) -> None:
    condition = asked(one.when, scope) if one.when is not None else "True"
    with scope.program.under(f"if {condition}:"), scope.program.under(f"if {_is_named(one, scope)}:"):
        _draft(one, scope)


def _is_named(one: Block, scope: Scope) -> str:
    """Whether no earlier block has made it; its name is `local` then."""
    program, (stem, key) = scope.program, stem_and_key(one.local)
    name = program.bind(stem)
    if one.for_each is None and not key:
        program.add(f"local = {name}")
        return "local not in locals_"
    mine = "mine" if one.for_each else "{}"
    call = f"named({name}, {scope.get(key)}, {mine}, locals_)" if key else f"numbered({name}, {mine}, locals_)"
    program.add(f"local = {call}")
    return "local"


def _draft(one: Block, scope: Scope) -> None:
    program, resource = scope.program, scope.program.name("r")
    bind, required = program.bind, required_of(one.root)
    fixed = "".join(f", {bind(key)}: {bind(json)}" for key, json in one.root.constants.items())
    meta = f"{{{bind('profile')}: [{bind(profile(one.profile))}]}}"
    program.add("locals_.add(local)")
    program.add(f"{resource} = {{{bind('resourceType')}: {bind(one.root.slot.type)}, {bind('meta')}: {meta}{fixed}}}")
    program.add("missing = False")
    put(one.root, resource, scope, frozenset(key for key, _, _ in required))
    with program.under("if missing:"):
        program.add(f"{bind(report_missing(required))}({resource}, run)")
    identity = _identity(one, scope)
    program.add(f"drafts.append(new(Draft, (local, {identity}, {resource})))")


def _identity(one: Block, scope: Scope) -> str:
    if one.identity is None:
        return "None"
    program, name = scope.program, scope.program.name("j")
    told = leaf(one.identity, scope)
    owner = program.remember(lambda context: f"{context.organization}|{one.profile}|")
    program.add(f"{name} = f'{{{owner}}}{{{told.text}}}' if {told.text} else None")
    return name


BOUND: Final = {"named": named, "numbered": numbered}
