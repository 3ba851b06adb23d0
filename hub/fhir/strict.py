"""JSON text from elsewhere, read so that nothing is silently dropped or bent: RFC 7493 (I-JSON), and FHIR on top of it.

https://hl7.org/fhir/R4/json.html. What is refused is said by a word and, where known, by line and column: never by the text.
"""

import json
from math import isfinite
from typing import Any, Final

import orjson

DEEPEST: Final = 64


class NotReadable(ValueError):  # noqa: N818 — said of a text, as in `raise NotReadable("not-json", line=3)`
    """`why`: encoding, not-json, duplicate-names, number, letters or too-deep."""

    def __init__(self, why: str, line: int = 0, column: int = 0) -> None:
        super().__init__(why)
        self.why = why
        self.line = line
        self.column = column


def read(text: bytes) -> Any:
    """JSON data that can be written again as it was read."""
    try:
        parsed = json.loads(
            text.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_float=_real,
            parse_constant=_real,
            parse_int=_whole,
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
        orjson.dumps(parsed)
    except TypeError:  # halves of a surrogate pair: all else was looked at above
        raise NotReadable("letters") from None
    return parsed


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotReadable("duplicate-names")
    return found


def _real(text: str) -> float:
    """Neither NaN nor a number that overflows into infinity: both would be written again as null."""
    number = float(text)
    if not isfinite(number):
        raise NotReadable("number")
    return number


def _whole(text: str) -> int:
    """Not beyond 64 bits: few programs can hold it."""
    if len(text) > 20 or not -(2**63) <= (number := int(text)) < 2**64:
        raise NotReadable("number")
    return number


def deeper_than(node: Any, levels: int) -> bool:
    """Whether lists and objects are nested below this many others."""
    layer = [node]
    for _ in range(levels):
        layer = [
            child
            for parent in layer
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not layer:
            return False
    return True
