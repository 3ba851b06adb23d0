"""What is sent along with the matches of a page, by `_include` and `_revinclude`: each through disclosure, like a match.

https://hl7.org/fhir/R4/search.html#revinclude. A reference is followed as it stands in the caller's own view: where the
element is cut out, nothing is included by it. What refers to a match is found by a search of its own, which reads the class
of that element.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Protocol

from hub.errors import TOO_COSTLY_INCLUDE, HubError
from hub.exchange import View
from hub.fhir.query import Include, Match, Query, Target, Token
from hub.fhir.serial import loads
from hub.ports import Found, Stored
from hub.search import index
from hub.search.including import followed, pointing
from hub.search.parameters import PARAMETERS

MOST_INCLUDED = 1000
_CHUNK = 500

Reference = tuple[str, str]


class Reader(Protocol):
    """By whom things are found and seen."""

    def found(self, query: Query) -> Found: ...

    def seen(self, stored: Stored) -> View: ...


def gather(
    page: Sequence[Stored], includes: Sequence[Include], types: Container[str], reader: Reader
) -> tuple[Stored, ...]:
    """Everything that is included on a page, once. `types`: those that may be. Raises TOO_COSTLY_INCLUDE."""
    known = {(one.type, one.id): one for one in page}
    matched = len(known)
    begun: Sequence[Stored] = page
    asked: Sequence[Include] = includes
    while begun and asked:
        new = {(one.type, one.id): one for one in _next(begun, asked, types, reader, known) if _key(one) not in known}
        known |= new
        if len(known) - matched > MOST_INCLUDED:
            raise HubError(TOO_COSTLY_INCLUDE, limit=str(MOST_INCLUDED))
        begun, asked = tuple(new.values()), [one for one in includes if one.iterate]
    return tuple(known.values())[matched:]


def _key(stored: Stored) -> Reference:
    return stored.type, stored.id


def _next(
    begun: Sequence[Stored],
    asked: Sequence[Include],
    types: Container[str],
    reader: Reader,
    known: Container[Reference],
) -> Iterator[Stored]:
    wanted: dict[str, dict[str, None]] = {}
    for type_, id_ in _referred(begun, asked, reader):
        if type_ in types and (type_, id_) not in known:
            wanted.setdefault(type_, {})[id_] = None
    for type_, ids in wanted.items():
        yield from _by(type_, "_id", "token", [Token(None, id_) for id_ in ids], reader)
    by_type: dict[str, list[Target]] = {}
    for one in begun:
        by_type.setdefault(one.type, []).append(Target(one.type, one.id))
    for target, targets in by_type.items():
        for type_, name in dict.fromkeys(pair for one in asked if one.reverse for pair in pointing(one, target)):
            if type_ in types:
                yield from _by(type_, name, "reference", targets, reader)


def _referred(begun: Iterable[Stored], asked: Iterable[Include], reader: Reader) -> Iterator[Reference]:
    forward = [one for one in asked if not one.reverse]
    for stored in begun if forward else ():
        known = PARAMETERS[stored.type]
        names = [(one.target, known[name].kept_as) for one in forward for name in followed(one, stored.type)]
        values = index(loads(reader.seen(stored).text)) if names else {}
        for target, name in names:
            for value in values.get(name, ()):
                type_, _, id_ = value.rpartition("/")
                if target in {"", type_}:
                    yield type_, id_


def _by(type_: str, name: str, kind: str, values: Sequence[Token | Target], reader: Reader) -> Iterator[Stored]:
    for start in range(0, len(values), _CHUNK):
        match = Match(name, kind, tuple(values[start : start + _CHUNK]))  # type: ignore[arg-type]  # token or reference
        found = reader.found(Query(type_, (match,), count=_CHUNK, counted=False))
        yield from found.page
        if found.after is not None:
            raise HubError(TOO_COSTLY_INCLUDE, limit=str(MOST_INCLUDED))
