"""SMART scopes: which interactions a token allows on which types. No I/O.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html: `system/Task.rus` (v2), `system/Task.read`
(v1), `system/Task.rus?owner=Organization/x` (granular). A person's are `user/…`. A scope only ever narrows: what a caller
sees is still decided by consent.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from hub.oauth.narrowing import NotNarrowed, Pairs, matches, read, written
from hub.ports import Within

_GRAMMAR: Final = re.compile(
    r"(system|user)/(\*|[A-Z][A-Za-z]{0,63})\.(read|write|\*|c?r?u?d?s?)(?:\?([!#-\[\]-~]{1,512}))?",  # RFC 6749 §3.3
    re.ASCII,
)
_V1: Final = {"read": "rs", "write": "cud", "*": "cruds"}

SYSTEM: Final = "system"
USER: Final = "user"

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

NARROWED: Final = {"r": "read", "u": "update", "s": "search"}
"""The letters of a granular scope, and what of `hub.ports.Within` they are. There is nothing yet that a create could match."""


class NotAScope(ValueError):  # noqa: N818 — the field's word
    """The text is no scope that this server knows."""


class Scope(NamedTuple):
    type: str
    letters: frozenset[str]
    where: Pairs = ()
    of: str = SYSTEM

    def __str__(self) -> str:
        letters = "".join(letter for letter in "cruds" if letter in self.letters)
        return f"{self.of}/{self.type}.{letters}{'?' if self.where else ''}{written(self.where)}"


@lru_cache(maxsize=1024)
def parse(text: str) -> Scope:
    """One scope. Raises NotAScope."""
    match = _GRAMMAR.fullmatch(text)
    if match is None or not match[3]:
        raise NotAScope("not a SMART scope of a system or a user")
    of, type_, letters = match[1], match[2], frozenset(_V1.get(match[3], match[3]))
    if match[4] is None:
        return Scope(type_, letters, of=of)
    if not letters <= NARROWED.keys():
        raise NotAScope("what is created or deleted cannot be narrowed")
    try:
        return Scope(type_, letters, read(type_, match[4]), of)
    except NotNarrowed:
        raise NotAScope("not narrowed by a search of this type") from None


def grant(asked: str, registered: Iterable[str]) -> frozenset[str]:
    """The scopes that a system asks for, in v2 spelling, when each is within the registered ones. Raises NotAScope."""
    scopes = [parse(text) for text in asked.split(" ") if text]
    held = frozenset(registered)
    if not scopes or not all(scope.of == SYSTEM and _within(scope, held) for scope in scopes):
        raise NotAScope("no scope, or one that is not registered")
    return frozenset(str(scope) for scope in scopes)


def shared(*held: Iterable[str]) -> frozenset[str]:
    """What all of these allow a person: pair by pair the narrower type, the letters of both, the parameters of both."""
    first, *others = ([one for one in map(parse, texts) if one.of == USER] for texts in held)
    for other in others:
        first = [both for one in first for two in other if (both := _both(one, two))]
    left = frozenset(map(str, first))
    for text in sorted(left):  # one by one: of two that say the same, one stays
        if len(left) > 1 and _within(parse(text), left - {text}):
            left -= {text}
    return left


def _both(one: Scope, two: Scope) -> Scope | None:
    if one.type != two.type and "*" not in (one.type, two.type):
        return None
    type_ = two.type if one.type == "*" else one.type
    where = tuple(sorted({*one.where, *two.where}))
    letters = one.letters & two.letters & (NARROWED.keys() if where else one.letters)
    try:
        return parse(str(Scope(type_, letters, where, USER)))
    except NotAScope:  # no letter is left, or too many parameters
        return None


def _within(scope: Scope, held: frozenset[str]) -> bool:
    """Each letter is given by one that asks for no more than `scope` does: it matches whatever `scope` matches."""
    covering = [
        one
        for one in map(parse, held)
        if one.of == scope.of and one.type in {"*", scope.type} and set(one.where) <= set(scope.where)
    ]
    return all(any(letter in one.letters for one in covering) for letter in scope.letters)


@lru_cache(maxsize=4096)
def _letters(scopes: frozenset[str], type_: str) -> frozenset[str]:
    """All letters that `scopes` give on a type; of `*`, those that are given on every type."""
    covering = (scope for scope in map(parse, scopes) if scope.type in {"*", type_})
    return frozenset().union(*(scope.letters for scope in covering))


def permits(scopes: frozenset[str], type_: str, interaction: str) -> bool:
    """Whether a token with these scopes may do this interaction on this type; on which resources, `narrowings` tells."""
    return LETTERS[interaction] in _letters(scopes, type_)


@lru_cache(maxsize=1024)
def reached(scopes: frozenset[str], types: frozenset[str], interaction: str) -> frozenset[str]:
    """Those of these types on which a token with these scopes may do this interaction."""
    return frozenset(type_ for type_ in types if permits(scopes, type_, interaction))


@lru_cache(maxsize=1024)
def narrowings(scopes: frozenset[str]) -> tuple[Within, ...]:
    """What is reached through granular scopes alone: a scope that is not granular opens the whole type."""
    parsed = [parse(text) for text in sorted(scopes)]
    narrow = [scope for scope in parsed if scope.where]
    whole = frozenset(str(scope) for scope in parsed if not scope.where)
    return tuple(
        Within(type_, NARROWED[letter], tuple(matches(type_, one.where) for one in reaching))
        for type_ in sorted({scope.type for scope in narrow})
        for letter in NARROWED.keys() - _letters(whole, type_)
        if (reaching := [one for one in narrow if one.type == type_ and letter in one.letters])
    )
