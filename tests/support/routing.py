"""The routes of an application, which nearly every test makes anew: how their addresses are written is compiled once.

Werkzeug makes a function of each rule that is added to an application, by way of Python's compiler: three tenths of a second for all
of a hub. The function depends on nothing but the parts of the rule, and is the same in every test.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


def compiled_once() -> None:
    compiled: Callable[[Rule, bool], Builder] = Rule._compile_builder
    if hasattr(compiled, "__wrapped__"):
        return
    known: dict[Any, Builder] = {}

    @wraps(compiled)
    def builder(rule: Rule, append_unknown: bool = True) -> Builder:
        if rule.defaults:
            return compiled(rule, append_unknown)
        key = (append_unknown, *rule._trace)
        if key not in known:
            known[key] = compiled(rule, append_unknown)
        return known[key]

    Rule._compile_builder = builder
