"""Keyed tokens: what an encrypted element is found by. A keyed hash (BLAKE2b, https://www.rfc-editor.org/rfc/rfc7693, three
times as fast as HMAC-SHA-256) with a key of its custodian's own, so that the same name gives other tokens elsewhere, and a
copy of the database gives none of them.

=======  ===========================================================================================================
token    of `system|code`, of the code, and of the system
string   of each word, folded, and of its beginnings from 2 letters to 16; and of the whole text as it is, for `:exact`
date     of the year, the month and the day, as far as the date is known
uri      of the text as it is
others   that there is one
=======  ===========================================================================================================
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from hub.fhir.folding import fold
from hub.fhir.query import Match, Query, Sealed, Span, Token, Word
from hub.search import is_sealed
from hub.search.matching import SHORTEST
from hub.search.parameters import Parameter
from hub.store.sealing import DataKey

LONGEST: Final = 16
LENGTH: Final = 12  # bytes of a token: two of a million values are the same once in a quadrillion
THERE_IS_ONE: Final = ""
SAME_WORDS: Final = {
    **dict.fromkeys(("family", "given"), "name"),
    **dict.fromkeys(("address-city", "address-country", "address-postalcode", "address-state"), "address"),
    **dict.fromkeys(("email", "phone"), "telecom"),
    "component-code": "combo-code",
    "component-value-concept": "combo-value-concept",
}
"""Parameters that read parts of what another reads: the same words, so the same tokens, computed once."""


def stored(key: DataKey, type_: str, one: Parameter, found: Mapping[str, list[Any]]) -> list[bytes]:
    """The tokens of one parameter of one document. `found`: its values in clear."""
    domain, values = _domain(type_, one.name), found[one.kept_as]
    match one.type:
        case "string":
            return list(_strings(key, domain, values, found[f"{one.kept_as}:exact"]))
        case "date":
            texts = _dates(values)
        case "token":
            return [_code(key.material, domain, text) for text in dict.fromkeys(_codes(values))]
        case "uri":
            texts = (_exactly(value) for value in values)
        case _:
            texts = iter((THERE_IS_ONE,))
    return [_token(key.material, domain, text) for text in dict.fromkeys(texts)]


def keyed(query: Query, keys: Sequence[DataKey]) -> Query:
    """The same query with tokens beside each value of an encrypted element."""
    return replace(query, matches=tuple(match(query.type, one, keys) for one in query.matches))


def match(type_: str, one: Match, keys: Sequence[DataKey]) -> Match:
    if one.modifier == "missing" or one.parameter == "_has" or not is_sealed(type_, one.parameter):
        return one
    domain = _domain(type_, one.parameter)
    values = tuple(
        value
        if not isinstance(value, Token | Span | Word)
        else Sealed(value, _asked(value, one.modifier == "exact" or one.type == "uri", domain, keys))
        for value in one.values
    )
    return Match(one.parameter, one.type, values, one.modifier)


def _asked(
    value: Token | Span | Word, exact: bool, domain: str, keys: Sequence[DataKey]
) -> tuple[tuple[bytes, ...], ...]:
    texts = tuple(_texts(value, exact))
    return tuple(tuple(_token(key.material, domain, text) for text in texts) for key in keys) if texts else ()


def _texts(value: Token | Span | Word, exact: bool) -> Iterator[str]:
    """What a document must hold the tokens of; nothing, where it cannot be found so."""
    match value:
        case Token(system=system, code=code):
            yield code if system is None and code is not None else f"{system}|{code or ''}"
        case Span(low=low, high=high):
            yield from _period(low, high)
        case Word(text=text) if exact:
            yield _exactly(text)
        case Word(text=text):
            yield from (f"{word[:LONGEST]}*" for word in fold(text).split())


def _domain(type_: str, name: str) -> str:
    return f"{type_}.{SAME_WORDS.get(name, name)}\x1f"


def _codes(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield value
        system, bar, _ = value.partition("|")
        if bar:
            yield f"{system}|"


def _strings(key: DataKey, domain: str, folded: Iterable[str], exact: Iterable[str]) -> Iterator[bytes]:
    words = dict.fromkeys(word for text in folded for word in text.split())
    yield from dict.fromkeys(token for word in words for token in _beginnings(key.material, domain, word))
    yield from (_token(key.material, domain, _exactly(text)) for text in dict.fromkeys(exact))


@lru_cache(maxsize=65536)
def _beginnings(secret: bytes, domain: str, word: str) -> tuple[bytes, ...]:
    """First names come again and again: a word's tokens are computed once."""
    lengths = range(min(SHORTEST, len(word)), min(len(word), LONGEST) + 1)
    return tuple([_token(secret, domain, f"{word[:length]}*") for length in lengths])


@lru_cache(maxsize=16384)
def _code(secret: bytes, domain: str, text: str) -> bytes:
    """So are the codes of a value set; identifiers come once, and go."""
    return _token(secret, domain, text)


def _exactly(text: str) -> str:
    return f"={text}"


def _dates(values: Iterable[Mapping[str, datetime]]) -> Iterator[str]:
    for value in values:
        for text in _period(value["l"], value["h"]):
            yield from (text[:length] for length in (4, 7, 10) if length <= len(text))


def _period(low: datetime, high: datetime) -> Iterator[str]:
    """The year, month or day that a half-open range is."""
    day = low.date().isoformat()
    if low == low.replace(hour=0, minute=0, second=0, microsecond=0):
        if high == low + timedelta(days=1):
            yield day
        elif low.day == 1 and high == (low + timedelta(days=31)).replace(day=1):
            yield day[:7]
        elif (low.month, low.day) == (1, 1) and high == low.replace(year=low.year + 1):
            yield day[:4]


def _token(secret: bytes, domain: str, text: str) -> bytes:
    hash_ = _begun(secret, domain).copy()
    hash_.update(text.encode())
    return hash_.digest()


@lru_cache(maxsize=1024)
def _begun(secret: bytes, domain: str) -> "hashlib.blake2b":
    """To begin with a key costs more than to hash a word."""
    return hashlib.blake2b(domain.encode(), key=secret[:64], digest_size=LENGTH)
