"""JSON text from elsewhere, read so that nothing is silently dropped or bent: RFC 7493 (I-JSON), and FHIR on top of it.

https://hl7.org/fhir/R4/json.html. What is refused is said by a word and, where known, by line and column: never by the text.
"""

import json
from collections.abc import Callable
from typing import Any, Final

import orjson

from hub.fhir.decimals import Unwritable, fragment, real, whole

DEEPEST: Final = 64
LONG: Final = 500_000  # bytes: of a longer text, what it holds and what would be written again are not held at once
_WHITE: Final = b" \t\r\n"
_NESTING: Final = (dict, list)


class NotReadable(ValueError):  # noqa: N818 — said of a text, as in `raise NotReadable("not-json", line=3)`
    """`why`: encoding, not-json, duplicate-names, number, letters or too-deep."""

    def __init__(self, why: str, line: int = 0, column: int = 0) -> None:
        super().__init__(why)
        self.why = why
        self.line = line
        self.column = column


def read(text: bytes) -> Any:
    """JSON data that can be written again as it was read."""
    parsed = _plainly(text)
    return _carefully(text) if parsed is None else parsed


def _plainly(text: bytes) -> Any:
    """The same of what would be written again byte by byte, but for white space: nearly all that comes, and twice as fast. None
    of anything else, as where a name stands twice or a number has digits that would be lost."""
    if len(text) > LONG:
        return None
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    again = orjson.dumps(parsed)
    alike = again == text or again.translate(None, _WHITE) == text.translate(None, _WHITE)
    return parsed if alike and not deeper_than(parsed, DEEPEST) else None


def _carefully(text: bytes) -> Any:
    try:
        parsed = json.loads(
            text.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_float=_number(real),
            parse_constant=_constant,
            parse_int=_number(whole),
        )
    except NotReadable:
        raise
    except UnicodeDecodeError:
        raise NotReadable("encoding") from None  # the cause would quote the text, here and below
    except json.JSONDecodeError as problem:
        raise NotReadable("not-json", problem.lineno, problem.colno) from None
    except RecursionError:
        raise NotReadable("too-deep") from None
    if deeper_than(parsed, DEEPEST):
        raise NotReadable("too-deep")
    try:
        orjson.dumps(parsed, default=fragment)
    except TypeError:  # halves of a surrogate pair: all else was looked at above
        raise NotReadable("letters") from None
    return parsed


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotReadable("duplicate-names")
    return found


def _constant(_: str) -> float:
    """NaN and Infinity would be written again as null."""
    raise NotReadable("number")


def _number(parse: Callable[[str], float]) -> Callable[[str], float]:
    """A number that no program could compute with is refused, any other is kept as it was written."""

    def parsed(text: str) -> float:
        try:
            return parse(text)
        except Unwritable:
            raise NotReadable("number") from None

    return parsed


def deeper_than(node: Any, levels: int) -> bool:
    """Whether lists and objects are nested below this many others."""
    layer = [node] if node.__class__ in _NESTING else []
    for _ in range(levels - 1):
        layer = [
            child
            for parent in layer
            for child in (parent.values() if parent.__class__ is dict else parent)
            if child.__class__ in _NESTING
        ]
        if not layer:
            return False
    return any(layer)
