"""The routes of an application, which nearly every test makes anew: how their addresses are read and written is compiled once.

Werkzeug reads each rule that is added to an application, letter by letter, and makes a function of it by way of Python's compiler:
three tenths of a second for all of a hub. What comes of it depends on nothing but the text of the rule and the kinds of its parts, and
is the same in every test.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


def compiled_once() -> None:
    if hasattr(Rule._compile_builder, "__wrapped__"):
        return
    _read_once()
    _written_once()


def _read_once() -> None:
    compiled: Callable[[Rule], None] = Rule.compile
    known: dict[Any, tuple[Any, Any, Any, set[str]]] = {}

    @wraps(compiled)
    def compile_(rule: Rule) -> None:
        domain = rule.host if rule.map.host_matching else rule.subdomain
        key = (domain or "", rule.rule, rule.merge_slashes, *rule.map.converters.items())
        if key not in known:
            compiled(rule)
            known[key] = rule._parts, rule._trace, rule._converters, set(rule.arguments)
            return
        parts, trace, converters, arguments = known[key]
        rule._parts, rule._trace, rule._converters = list(parts), list(trace), dict(converters)
        rule.arguments |= arguments
        rule._build = rule._compile_builder(False).__get__(rule, None)
        rule._build_unknown = rule._compile_builder(True).__get__(rule, None)

    Rule.compile = compile_


def _written_once() -> None:
    compiled: Callable[[Rule, bool], Builder] = Rule._compile_builder
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
