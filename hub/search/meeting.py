"""Whether a search would find a resource that is not stored yet, told from its values alone.

https://hl7.org/fhir/R4/search.html#ptypes. A chain and `_has` take what is stored to be told: of such a match, and of a number, a
composite and a place, it is said that it does not hold. `ap` of a date is not widened.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from hub.fhir.folding import fold
from hub.fhir.query import Match, Query, Span, Target, Token, Value, Word
from hub.search.parameters import parameter
from hub.search.sealed import is_sealed
from hub.search.values import Found

_HOLDS: Final[Mapping[str, Callable[[Span, Any, Any], bool]]] = {
    "eq": lambda span, low, high: span.low <= low and high <= span.high,
    "ne": lambda span, low, high: low < span.low or span.high < high,
    "gt": lambda span, _, high: high > span.high,
    "ge": lambda span, low, high: high > span.high or (span.low <= low and high <= span.high),
    "lt": lambda span, low, _: low < span.low,
    "le": lambda span, low, high: low < span.low or (span.low <= low and high <= span.high),
    "sa": lambda span, low, _: low >= span.high,
    "eb": lambda span, _, high: high <= span.low,
    "ap": lambda span, low, high: low < span.high and high > span.low,
}
"""Prefix → whether it holds of a stored range [low, high)."""


def meets(query: Query, found: Found) -> bool:
    """Whether what a resource of the query's type is found by (`index`) meets every match of it."""
    return bool(query.matches) and all(_is_met(query.type, match, found) for match in query.matches)


class Unstored:
    """Some resources of one type, each by a name: what meets one of many queries is found without asking each of each."""

    def __init__(self, found: Mapping[str, Found]) -> None:
        self._found = found
        self._holders: dict[tuple[str, str], set[str]] = {}
        for name, fields in found.items():
            for field, values in fields.items():
                for value in values:
                    if isinstance(value, str):
                        self._holders.setdefault((field, value), set()).add(name)

    def meeting(self, query: Query) -> set[str]:
        """The names of those that meet it."""
        wanted = _one_of(query)
        some = self._found if wanted is None else {name for one in wanted for name in self._holders.get(one, ())}
        return {name for name in some if meets(query, self._found[name])}


def _one_of(query: Query) -> set[tuple[str, str]] | None:
    """Fields with a value, of which whatever meets the query has one; None where no match of it says so."""
    for match in query.matches:
        known = parameter(query.type, match.parameter)
        texts = [_equal(value) for value in match.values]
        if known is not None and match.modifier is None and all(texts):
            return {(known.kept_as, text) for text in texts}
    return None


def _equal(value: Value) -> str:
    """The text that is kept of whatever has this value; "" where there is no such one text."""
    match value:
        case Token(system=system, code=str(code)):
            return code if system is None else f"{system}|{code}"
        case Target(type=type_, id=id_):
            return f"{type_}/{id_}" if type_ else id_
        case _:
            return ""


def _is_met(type_: str, match: Match, found: Found) -> bool:
    known = parameter(type_, match.parameter)
    if known is None or match.parameter in {"_id", "_lastUpdated"}:  # which nobody knows of it yet
        return False
    if match.modifier == "missing":
        is_there = any(f"{known.kept_as}{beside}" in found for beside in _ALONE)
        return match.values == (Word("false" if is_there else "true"),)
    kept = found.get(known.kept_as + (f":{match.modifier}" if match.modifier in _BESIDE else ""), ())
    by_words = match.type == "string" and is_sealed(type_, known.name)
    is_met = any(_finds(value, match, kept, by_words=by_words) for value in match.values)
    return is_met != (match.modifier == "not")


_BESIDE: Final = frozenset({"exact", "identifier", "of-type", "text"})
"""Modifiers whose values are kept beside the others."""
_ALONE: Final = ("", ":text", ":identifier")
"""A concept may have words alone, a reference an identifier alone."""


def _finds(value: Value, match: Match, kept: Sequence[Any], *, by_words: bool) -> bool:
    """`by_words`: of what is encrypted, each word is found by its beginning."""
    match value:
        case Token(system=system, code=None):
            return any(one.startswith(f"{system}|") for one in kept)
        case Token() | Target():
            return _equal(value) in kept
        case Span():
            return any(_HOLDS[value.prefix](value, one["l"], one["h"]) for one in kept)
        case Word(text=text):
            if by_words and match.modifier is None:
                return any(_begins_words(one, text) for one in kept)
            return any(_says(str(one), text, match) for one in kept)
        case _:
            return False


def _says(kept: str, text: str, match: Match) -> bool:
    """Text that folds to nothing is found nowhere."""
    folded = fold(text)
    if match.modifier == "contains":
        return bool(folded) and folded in kept
    if match.modifier == "text" or (match.type == "string" and match.modifier is None):
        return bool(folded) and kept.startswith(folded)
    below = f"{text.rstrip('/')}/" if match.modifier == "below" else f"{text}|"
    return kept == text or (match.modifier in {"below", "versioned"} and kept.startswith(below))


def _begins_words(kept: str, text: str) -> bool:
    asked = fold(text).split()
    return bool(asked) and all(any(word.startswith(one) for word in kept.split()) for one in asked)
