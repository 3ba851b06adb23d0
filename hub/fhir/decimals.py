"""Numbers kept as they were written: in FHIR the precision is part of what is said, so `1.00` is not `1.0`.

https://hl7.org/fhir/R4/datatypes.html#decimal
"""

import re
from math import isfinite
from typing import Any, Final, Self

import orjson

LONGEST: Final = 1000
"""Characters. No value of care comes near; beyond it lie accidents and attacks."""

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


class Unwritable(ValueError):  # noqa: N818 — said of a number
    """Too long, or too large for any program to compute with. The number is not quoted."""


class Written(float):
    """A number whose text is not what a program would write for its value. It computes, and compares, like any other."""

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> Self:
        if len(text) > LONGEST or not _NUMBER.fullmatch(text) or not isfinite(number := float(text)):
            raise Unwritable
        written = super().__new__(cls, number)
        written.text = text
        return written

    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]
        return (self.text,)  # for copies

    def __deepcopy__(self, _: object) -> Self:
        return self


def real(text: str) -> float:
    """A JSON number with a fraction or an exponent. Raises Unwritable."""
    if len(text) > LONGEST or not isfinite(number := float(text)):
        raise Unwritable
    return number if orjson.dumps(number) == text.encode() else Written(text)


def whole(text: str) -> float:
    """A JSON number without either: an int where 64 bits hold it. Raises Unwritable."""
    if len(text) <= 20 and text != "-0" and -(2**63) <= (number := int(text)) < 2**64:
        return number
    return Written(text)


def decimal(text: str) -> float:
    """The text of a decimal, as R4 writes it. Raises Unwritable."""
    if not _NUMBER.fullmatch(text):
        raise Unwritable
    return whole(text) if text.lstrip("-").isdigit() else real(text)


def fragment(value: Any) -> orjson.Fragment:
    """What orjson asks for a value that it does not know: `orjson.dumps(…, default=fragment)`."""
    if isinstance(value, Written):
        return orjson.Fragment(value.text)
    raise TypeError(type(value).__name__)


def plain(node: Any) -> Any:
    """A copy in which every number is one that any program knows, for those that compute and do not write."""
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(item) for item in node]
    return float(node) if isinstance(node, Written) else node
