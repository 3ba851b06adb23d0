"""SMART scopes: which interactions a token allows on which types. No I/O.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html: `system/Task.rus` (v2), `system/Task.read`
(v1). A scope only ever narrows: what a caller sees is still decided by consent.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

_GRAMMAR: Final = re.compile(r"system/(\*|[A-Z][A-Za-z]{0,63})\.(read|write|\*|c?r?u?d?s?)", re.ASCII)
_V1: Final = {"read": "rs", "write": "cud", "*": "cruds"}

LETTERS: Final = {
    "read": "r",
    "vread": "r",
    "search": "s",
    "create": "c",
    "update": "u",
    "patch": "u",
    "delete": "d",
}
"""Interaction → the letter that allows it."""


class NotAScope(ValueError):  # noqa: N818 — the field's word
    """The text is no scope that this server knows."""


class Scope(NamedTuple):
    type: str
    letters: frozenset[str]

    def __str__(self) -> str:
        return f"system/{self.type}.{''.join(letter for letter in 'cruds' if letter in self.letters)}"


@lru_cache(maxsize=1024)
def parse(text: str) -> Scope:
    """One scope. Raises NotAScope."""
    match = _GRAMMAR.fullmatch(text)
    if match is None or not match[2]:
        raise NotAScope("not a SMART system scope")
    return Scope(match[1], frozenset(_V1.get(match[2], match[2])))


def grant(asked: str, registered: Iterable[str]) -> frozenset[str]:
    """The scopes asked for, in v2 spelling, when each is within the registered ones. Raises NotAScope."""
    scopes = [parse(text) for text in asked.split(" ") if text]
    held = frozenset(registered)
    if not scopes or not all(_within(scope, held) for scope in scopes):
        raise NotAScope("no scope, or one that is not registered")
    return frozenset(str(scope) for scope in scopes)


def _within(scope: Scope, held: frozenset[str]) -> bool:
    return scope.letters <= _letters(held, scope.type)


@lru_cache(maxsize=4096)
def _letters(scopes: frozenset[str], type_: str) -> frozenset[str]:
    """All letters that `scopes` give on a type; of `*`, those that are given on every type."""
    covering = (scope for scope in map(parse, scopes) if scope.type in {"*", type_})
    return frozenset().union(*(scope.letters for scope in covering))


def permits(scopes: frozenset[str], type_: str, interaction: str) -> bool:
    """Whether a token with these scopes may do this interaction on this type."""
    return LETTERS[interaction] in _letters(scopes, type_)
