"""Conditions as expressions. One that asks a recurring column alone has been answered with its cell."""

from collections.abc import Sequence
from typing import Any

from hub.mapping.compiled.scope import Scope
from hub.mapping.conditions import Absent, All, Among, Condition, Present


def asked(condition: Condition, scope: Scope) -> str:
    """The expression that is true where the condition holds."""
    if isinstance(condition, Present):
        return f"{scope.get(condition.column)} is not None"
    if isinstance(condition, Absent):
        return f"{scope.get(condition.column)} is None"
    if isinstance(condition, Among):
        return _among(condition, scope)
    if isinstance(condition, All):
        return _joined(condition.inner, " and ", scope) or "True"
    return _joined(condition.inner, " or ", scope) or "False"


def _joined(inner: Sequence[Condition], word: str, scope: Scope) -> str:
    return f"({word.join(asked(one, scope) for one in inner)})" if inner else ""


def _among(condition: Among, scope: Scope) -> str:
    column, holds = condition.column, condition.holds
    if column in scope.recurring and column in scope.read and column not in scope.own:
        return scope.follows(column, holds)
    wanted: Any = scope.program.bind(condition.wanted if column in scope.texts else holds)
    name = scope.get(column)
    return f"{name} in {wanted}" if column in scope.texts else f"{wanted}({name})"
